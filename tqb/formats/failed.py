"""What did not pass, in the order in which a reader wants it: shared by the outputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tqb.types import Comparison, Report, Result

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
    results: tuple[Result, ...]

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
    changed = _changed_items(report.comparison)
    wrong = [result for result in report.results if result.outcome == "fail"]
    keys: dict[Kind, set[str]] = {
        "broken": changed["broken"],
        "unsettled": changed["flaky"] | changed["recovered"],
        "still_failing": changed["still_failing"],
    }
    keys["failed"] = {result.key for result in wrong}.difference(*keys.values())
    return {
        kind: Section(kind, tuple(result for result in wrong if result.key in keys[kind]))
        for kind in TITLES
    }


def _changed_items(comparison: Comparison | None) -> dict[str, set[str]]:
    """Return the keys of the items by kind of change."""
    changed: dict[str, set[str]] = defaultdict(set)
    for item in comparison.items if comparison else ():
        changed[item.change].add(item.key)
    return changed


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
