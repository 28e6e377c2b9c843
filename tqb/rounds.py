"""What became of each item between two runs, for a person who looks on: answers, not statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tqb.changes import by_item, count_passes
from tqb.types import Report, Result

Event = Literal["broken", "unanswered", "fixed", "answered", "answer", "edited", "new", "removed"]
"""`answer` is another answer that is as right or as wrong, `edited` another question."""

EVENTS: tuple[Event, ...] = Event.__args__  # type: ignore[attr-defined]
"""In the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An item that is not what it was in the run before."""

    event: Event
    before: Result | None
    """The first wrong answer, else the first; None for a new item."""
    after: Result | None
    """None for a removed item."""

    @property
    def key(self) -> str:
        """``pack/item``."""
        item = self.after or self.before
        return item.key if item else ""


def differences(before: Report, after: Report) -> tuple[Difference, ...]:
    """Return the items that differ between two runs, worst first; what was asked again is left out.

    An item passes when more than half of its answers pass.
    """
    was, now = by_item(before.results), by_item(after.results)
    found = []
    for key in now | was:
        one, other = was.get(key, []), now.get(key, [])
        event = _event(one, other)
        if event:
            found.append(Difference(event, _shown(one), _shown(other)))
    return tuple(sorted(found, key=lambda difference: EVENTS.index(difference.event)))


def _event(was: Sequence[Result], now: Sequence[Result]) -> Event | None:
    if not was or not now:
        return "removed" if was else "new"
    if was[0].question_sha256 != now[0].question_sha256:
        return "edited"
    before, after = count_passes(was), count_passes(now)
    if not before.n or not after.n:
        return "unanswered" if before.n else "answered" if after.n else None
    if before.passing != after.passing:
        return "broken" if before.passing else "fixed"
    return "answer" if [r.answer for r in was] != [r.answer for r in now] else None


def _shown(results: Sequence[Result]) -> Result | None:
    wrong = (result for result in results if result.outcome != "pass")
    return next(wrong, results[0] if results else None)
