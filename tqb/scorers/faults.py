"""What keeps an item from ever being answered right, as far as the default scorer can tell."""

from __future__ import annotations

from collections.abc import Iterator

from tqb.scorers.default import score_default
from tqb.scorers.forbidden import refusing
from tqb.scorers.subject import wanted
from tqb.types import Item


def item_faults(item: Item) -> Iterator[str]:
    """Yield, each in one line, what is wrong with an item's targets."""
    label = wanted(item.label, item.lang, item.targets, item.answer_type, item.tolerance)
    if item.answer_type == "number" and label.quantity is None:
        yield f"label {item.label!r} is no number; write one in digits, or change 'answer_type'"
    elif item.tolerance is not None and label.quantity is None and not _is_share(item.tolerance):
        yield f"label {item.label!r} is no number: write 'tolerance' as a share, such as '10%'"
    if item.answer_type == "date" and label.date is None and label.quantity is None:
        yield f"label {item.label!r} is no date; write one, such as 1969-07-20"
    score = refusing(score_default)
    for target in item.targets:
        found = score(target, item)
        if not found.passed:
            yield f"the answer {target!r} would fail: {found.explanation}; mend either"


def _is_share(tolerance: float | str) -> bool:
    return isinstance(tolerance, str) and tolerance.endswith("%")
