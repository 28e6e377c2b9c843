"""What did not pass, in the order in which a reader wants it: shared by the outputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tqb.spool import Spool
from tqb.types import Change, Report, Result

Kind = Literal["broken", "unsettled", "failed", "still_failing"]

TITLES: Mapping[Kind, str] = {
    "broken": "Broken: passed in the baseline",
    "unsettled": "Failed once: not when asked again",
    "failed": "Failed",
    "still_failing": "Failed in the baseline too",
}


@dataclass(frozen=True, slots=True)
class Section:
    """The wrong answers to items of one fate."""

    kind: Kind
    results: Sequence[Result]

    @property
    def title(self) -> str:
        """What the reader is told of them."""
        return TITLES[self.kind]

    @property
    def items(self) -> dict[str, list[Result]]:
        """The wrong answers by item; an item asked several times may have several."""
        found: dict[str, list[Result]] = {}
        for result in self.results:
            found.setdefault(result.key, []).append(result)
        return found


def sections(report: Report) -> dict[Kind, Section]:
    """Return the wrong answers by what became of their items since the baseline, worst first."""
    fates = {
        item.key: FATES[item.change]
        for item in (report.comparison.items if report.comparison else ())
        if item.change in FATES
    }
    wrong: dict[Kind, Spool[Result]] = {kind: Spool() for kind in TITLES}
    for result in report.results:
        if result.outcome == "fail":
            wrong[fates.get(result.key, "failed")].append(result)
    return {kind: Section(kind, results.whole()) for kind, results in wrong.items()}


FATES: Mapping[Change, Kind] = {
    "broken": "broken",
    "flaky": "unsettled",
    "recovered": "unsettled",
    "still_failing": "still_failing",
}
"""What became of items whose wrong answers are not told with all others."""


@dataclass(frozen=True, slots=True)
class FailedCalls:
    """Calls that failed alike."""

    kind: str
    message: str
    keys: tuple[str, ...]

    @property
    def named(self) -> str:
        """The first items, and how many more there are."""
        more = f" and {len(self.keys) - 3} more" if len(self.keys) > 3 else ""
        return ", ".join(self.keys[:3]) + more


def failed_calls(results: Iterable[Result]) -> list[FailedCalls]:
    """Put failed calls of one kind and message together, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in results:
        if result.outcome == "error" and result.failure:
            groups[result.failure.kind, result.failure.message].append(result.key)
    largest = sorted(groups.items(), key=lambda pair: -len(pair[1]))
    return [FailedCalls(kind, message, tuple(keys)) for (kind, message), keys in largest]


def asked_name(result: Result) -> str:
    """Return the item's id, and which repeat it was unless it was the first."""
    return result.item_id + (f" #{result.repeat + 1}" if result.repeat else "")


def told(result: Result) -> dict[str, str]:
    """Return what a reader needs to judge an answer, by label, as it came: nothing is escaped."""
    why = result.explanation
    if result.symptoms:
        why += f" ({', '.join(result.symptoms)})"
    return {
        "question": result.question,
        "expected": " | ".join(result.targets),
        "answer": result.answer or "",
        "why": why,
    }


def paths(report: Report) -> dict[str, str]:
    """Return the items file of each pack; empty where an older report does not know it."""
    return {pack.name: pack.path for pack in report.run.packs}
