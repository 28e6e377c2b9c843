"""Scorers: pure functions of an answer and an item.

`exact` accepts an answer that equals a target once both are normalized, `default` (the default)
also one that says it in the words of the question, `fuzzy` also one that is nearly the same word,
and `tqbpp` gives the figures that TQB++ would give. ``python:package.module:function`` is a scorer
of the user's own. An item's `answer_type` and `tolerance` are for `default` alone; its `forbidden`
strings are for all but `tqbpp`.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from tqb.errors import ConfigError
from tqb.types import Item, Score, Scorer

NAMES = ("default", "exact", "fuzzy", "tqbpp")
DEFAULT = "default"
_LEAST = 0.9


def load_scorer(
    name: str = DEFAULT, *, threshold: float | None = None, rivals: Iterable[str] = ()
) -> Scorer:
    """Return the scorer called `name`, or the user's own at ``python:package.module:function``.

    Args:
        name: one of `NAMES`, or the path of a function.
        threshold: least likeness, 0 to 1, of an answer with a slip in it; None takes that of each
            language. Also the least number that passes of a scorer of the user's own, 0.9 if None.
        rivals: targets of all items; an answer more like one of those is no slip.

    Raises:
        ConfigError: there is no such scorer, it cannot be used, or the threshold is out of range.
    """
    if threshold is not None and not 0 < threshold <= 1:
        raise ConfigError(f"fuzzy-threshold is {threshold:g}; give a number above 0, up to 1")
    if name.startswith("python:"):
        from tqb.scorers.forbidden import refusing
        from tqb.scorers.plugin import plugin_scorer

        return refusing(plugin_scorer(name.removeprefix("python:"), threshold or _LEAST))
    if name in NAMES:
        others = tuple(rivals)
        return _when_needed(lambda: _make(name, threshold, others))
    near = difflib.get_close_matches(name, NAMES, 1)
    known = ", ".join((*NAMES, "python:module:function"))
    hint = f"did you mean {near[0]}?" if near else f"choose one of {known}"
    raise ConfigError(f"there is no scorer {name!r}; {hint}")


def _when_needed(make: Callable[[], Scorer]) -> Scorer:
    """Return a scorer that is imported when it is used first: a run asks before that."""
    made: list[Scorer] = []

    def score(answer: str, item: Item) -> Score:
        if not made:
            made.append(make())
        return made[0](answer, item)

    return score


def _make(name: str, threshold: float | None, rivals: tuple[str, ...]) -> Scorer:
    from tqb.scorers.default import default_scorer
    from tqb.scorers.exact import score_exact
    from tqb.scorers.forbidden import refusing
    from tqb.scorers.fuzzy import fuzzy_scorer
    from tqb.scorers.tqbpp import score_tqbpp

    scorers: dict[str, Scorer] = {
        "default": refusing(default_scorer(threshold, rivals)),
        "exact": refusing(score_exact),
        "fuzzy": refusing(fuzzy_scorer(threshold, rivals)),
        "tqbpp": score_tqbpp,
    }
    return scorers[name]


def item_faults(item: Item) -> Iterator[str]:
    """Yield, each in one line, what is wrong with an item's targets."""
    from tqb.scorers.faults import item_faults as faults

    yield from faults(item)


def preload(name: str, scorer: Scorer, items: Iterable[Item]) -> Iterator[None]:
    """Let a scorer read the tables that wrong answers to these items take it, item by item.

    They are read at the first wrong answer otherwise, and take longer than all other scoring of a
    small run. A scorer of the user's own is left alone: its calls may cost.
    """
    seen: Counter[str] = Counter()
    for item in items if name in NAMES else ():
        seen[item.lang] += 1
        if seen[item.lang] <= _ENOUGH:
            yield
            scorer(item.text, item)


_ENOUGH = 60
"""Items of a language whose questions need what all of them need."""

__all__ = ["DEFAULT", "NAMES", "item_faults", "load_scorer", "preload"]
