"""The items of a run as the page has them: every text visible, long ones cut, and in few bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tqb.changes import by_item, count_passes
from tqb.formats.page.difference import Mark, Part, difference
from tqb.formats.page.visible import link_to, visible
from tqb.types import Change, ComparedItem, Outcome, Passes, Report, Result

MOST_ITEMS = 100_000
"""Items on a page; what did not pass comes first, the rest is counted."""
FEW_ITEMS = 500
"""Items up to which every text has room, and all stand on the page without its script."""
SHORT = 200
"""Characters of a text that always stand there."""
LONG = 20_000
"""Characters of a text of a small run, or of an item that did not pass."""
ROOM = 8_000_000
"""Characters beyond `SHORT` of all texts together."""

_WORST: tuple[Change | Outcome, ...] = (
    "broken",
    "flaky",
    "recovered",
    "inconclusive",
    "fail",
    "error",
    "skipped",
    "pass",
)
_MARKS: tuple[Mark, ...] = ("same", "missing", "extra")


@dataclass(frozen=True, slots=True)
class Shown:
    """A text, or its beginning."""

    text: str
    chars: int = 0
    """Characters of the whole, where it was cut; else 0."""


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """One answer to an item, or why there is none."""

    outcome: Outcome
    name: str
    """Which of several it is; empty for the only one."""
    text: Shown | None
    why: str
    matched_by: str
    judgement: str
    parts: tuple[Part, ...]
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_s: float | None
    symptoms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageItem:
    """An item with all that was answered."""

    key: str
    link: str
    pack: str
    outcome: Outcome
    change: str
    """Since the baseline; empty without one."""
    language: str
    category: str
    difficulty: str
    question: Shown
    expected: Shown
    passes: str
    """``2/3`` where it was asked several times, else empty; so for the next."""
    then: str
    """In the baseline."""
    answers: tuple[PageAnswer, ...]


class _Room:
    """How many characters long texts may still take, each in its turn."""

    def __init__(self, room: int) -> None:
        self.left = room

    def fit(self, text: str, *, whole: bool) -> Shown:
        limit = SHORT + min(self.left, LONG - SHORT) if whole else SHORT
        head = text[:limit]
        self.left -= max(0, len(head) - SHORT)
        return Shown(visible(head), len(text) if len(text) > limit else 0)


def page_items(report: Report) -> list[PageItem]:
    """Return the items, the worst first, and of those alike in the order of the run."""
    results = by_item(report.results)
    again = by_item(report.confirmation.results if report.confirmation else ())
    compared = {(one.pack, one.item_id): one for one in _compared(report)}
    room = _Room(ROOM)
    few = len(results) <= FEW_ITEMS
    order: list[tuple[int, tuple[str, str]]] = []
    for key, repeats in results.items():
        outcome = _outcome(repeats, count_passes(repeats))
        change = compared[key].change if key in compared else ""
        order.append((min(_rank(outcome), _rank(change)), key))
    order.sort(key=lambda one: one[0])
    return [
        _item(results[key], again.get(key, ()), compared.get(key), room, few=few)
        for _, key in order[:MOST_ITEMS]
    ]


def _compared(report: Report) -> Sequence[ComparedItem]:
    """Return the items as compared; without a baseline there is nothing to tell of them."""
    comparison = report.comparison
    return comparison.items if comparison and comparison.baseline is not None else ()


def _rank(name: str) -> int:
    return _WORST.index(name) if name in _WORST else len(_WORST)


def _outcome(repeats: Iterable[Result], passes: Passes) -> Outcome:
    """Pass where more than half of the answers did; without an answer why there is none."""
    if passes.n:
        return "pass" if passes.passing else "fail"
    return "error" if any(one.outcome == "error" for one in repeats) else "skipped"


def _item(
    repeats: list[Result],
    again: Iterable[Result],
    compared: ComparedItem | None,
    room: _Room,
    *,
    few: bool,
) -> PageItem:
    first, passes = repeats[0], count_passes(repeats)
    asked = [*repeats, *again]
    whole = few or any(one.outcome != "pass" for one in asked)
    names = [f"Repeat {one.repeat + 1}" for one in repeats] if len(asked) > 1 else [""]
    names += [f"Asked again, {n}" for n in range(1, len(asked) - len(repeats) + 1)]
    key = visible(first.key)
    return PageItem(
        key=key,
        link=link_to(key),
        pack=visible(first.pack),
        outcome=_outcome(repeats, passes),
        change=compared.change if compared else "",
        language=visible(first.language),
        category=visible(first.tags.get("category", "")),
        difficulty=visible(first.tags.get("difficulty", "")),
        question=room.fit(first.question, whole=whole),
        expected=room.fit(" | ".join(first.targets), whole=whole),
        passes=str(passes) if len(repeats) > 1 else "",
        then=str(compared.before) if compared and compared.before and compared.before.n > 1 else "",
        answers=tuple(
            _answer(one, name, room, whole=few or one.outcome != "pass")
            for one, name in zip(asked, names, strict=True)
        ),
    )


def _answer(result: Result, name: str, room: _Room, *, whole: bool) -> PageAnswer:
    why, judged = result.explanation, result.judgement
    if result.failure:
        why = f"{result.failure.kind}: {result.failure.message}"
    failed = result.outcome == "fail" and result.answer
    parts = difference(result.answer or "", result.targets) if failed else ()
    latency = result.latency_s
    return PageAnswer(
        outcome=result.outcome,
        name=name,
        text=None if result.answer is None else room.fit(result.answer, whole=whole),
        why=room.fit(why, whole=whole).text,
        matched_by=visible(result.matched_by or ""),
        judgement=room.fit(judged.reason or str(judged.passed), whole=whole).text if judged else "",
        parts=tuple((mark, visible(text)) for mark, text in parts),
        finish_reason=visible(result.finish_reason or ""),
        prompt_tokens=result.prompt_tokens,
        completion_tokens=result.completion_tokens,
        latency_s=None if latency is None else round(latency, 3),
        symptoms=tuple(map(visible, result.symptoms)),
    )


def compact(items: Iterable[PageItem]) -> Mapping[str, object]:
    """Put items into lists for the script: repeated strings once, nothing for what is empty.

    ``page.js`` names the places of the values, in their order.
    """
    strings: dict[str, int] = {"": 0}

    def of(text: str) -> int:
        return strings.setdefault(text, len(strings))

    def answer(one: PageAnswer) -> list[object]:
        marks = [value for mark, text in one.parts for value in (_MARKS.index(mark), text)]
        return _trimmed(
            of(one.outcome),
            one.text.text if one.text else None,
            of(one.why),
            of(one.matched_by),
            one.prompt_tokens,
            one.completion_tokens,
            one.latency_s,
            of(one.finish_reason),
            [of(sign) for sign in one.symptoms] or None,
            marks or None,
            one.text.chars if one.text else 0,
            of(one.name),
            of(one.judgement),
        )

    def item(one: PageItem) -> list[object]:
        return _trimmed(
            of(one.pack),
            one.key[len(one.pack) + 1 :],
            of(one.outcome),
            of(one.change),
            of(one.language),
            of(one.category),
            of(one.difficulty),
            one.question.text,
            of(one.expected.text),
            [answer(each) for each in one.answers],
            of(one.passes),
            of(one.then),
            one.question.chars,
            one.expected.chars,
        )

    rows = [item(one) for one in items]
    return {"strings": list(strings), "items": rows}


def _trimmed(*values: object) -> list[object]:
    row = list(values)
    while row and not row[-1]:
        row.pop()
    return row
