"""What became of an item between two runs, and whether chance would do as much: pure functions.

An item that passed before and fails now seems broken, one that failed and now passes seems fixed.
Asked again, a change stands only if every answer bears it out:

    seems broken    fails every time                                      broken
                    passes at least as often as in the baseline           recovered
                    anything between                                      flaky
    seems fixed     passes every time                                     fixed
                    anything else                                         flaky
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from tqb import stats
from tqb.spool import Spool, spooled
from tqb.types import Change, ComparedItem, Comparison, Passes, Report, Result

COMPARED: tuple[Change, ...] = (
    "broken",
    "fixed",
    "flaky",
    "recovered",
    "unchanged",
    "still_failing",
    "inconclusive",
)
"""Changes of items that were asked the same question both times."""

UNSETTLED: tuple[Change, ...] = ("flaky", "recovered")
"""Changes that did not last: they count neither way."""

SEVERAL = 3
"""Items that may not all be lost, however few of the pack they are."""

BEYOND = 0.1
"""Most chance that a drop is within what is tolerated, for it to count as beyond."""

sign_test = lru_cache(maxsize=4096)(stats.sign_test)
margin_test = lru_cache(maxsize=4096)(stats.margin_test)


def by_item(results: Iterable[Result]) -> dict[tuple[str, str], list[Result]]:
    """Group results by pack and item, repeats in their order."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.pack, result.item_id), []).append(result)
    for group in groups.values():
        if len(group) > 1:
            group.sort(key=lambda r: r.repeat)
    return groups


def each_item(results: Sequence[Result]) -> Iterator[list[Result]]:
    """Yield the results of each item, repeats in their order.

    On disk they are in the order of the run, in which those of an item follow each other.
    """
    if isinstance(results, Spool):
        for _, group in groupby(results, lambda r: (r.pack, r.item_id)):
            yield list(group)
    else:
        yield from by_item(results).values()


def count_items(report: Report) -> int:
    """Count the items that were asked."""
    if isinstance(report.results, Spool):
        return len(report.results) // report.run.repeats
    return len({(r.pack, r.item_id) for r in report.results})


passes_of = lru_cache(maxsize=4096)(Passes)
"""Make `Passes`; of many items most have done the same."""


def count_passes(repeats: Iterable[Result]) -> Passes:
    """Count what an item did; what was not asked counts as a failed call."""
    outcomes = [result.outcome for result in repeats]
    passed = outcomes.count("pass")
    scored = passed + outcomes.count("fail")
    return passes_of(passed, scored, len(outcomes) - scored)


def change_of(before: Passes, after: Passes, again: Passes | None = None) -> Change:
    """Name the change of an item that was asked the same question both times.

    `again` are its answers to the confirmation. One that failed calls kept from saying anything is
    `inconclusive`.
    """
    if not before.n or not after.n:
        return "inconclusive"
    if before.passing == after.passing:
        return "unchanged" if after.passing else "still_failing"
    if again is None:
        return "broken" if before.passing else "fixed"
    if before.passing:
        return _settled_broken(before, again)
    if again.passed < again.n:
        return "flaky"
    return "inconclusive" if again.errors else "fixed"


def _settled_broken(before: Passes, again: Passes) -> Change:
    if again.passed:
        return "recovered" if again.rate >= before.rate else "flaky"
    return "inconclusive" if again.errors else "broken"


def count_changes(items: Iterable[ComparedItem]) -> dict[str, int]:
    """Count items by kind of change, sorted by its name."""
    return dict(sorted(Counter(item.change for item in items).items()))


def lacks_answers(items: Iterable[ComparedItem]) -> bool:
    """Whether a call failed that could have brought an answer."""
    return any(part.errors for item in items for part in (item.after, item.again) if part)


def supposed(comparison: Comparison, *, passed: bool) -> Comparison:
    """Return what would stand there had every failed call brought an answer, right or wrong."""
    items = spooled(_supposed_item(item, passed) for item in comparison.items)
    return replace(comparison, items=items, counts=count_changes(items))


def _supposed_item(item: ComparedItem, passed: bool) -> ComparedItem:
    errors = sum(part.errors for part in (item.after, item.again) if part)
    if not errors or item.after is None:
        return item
    after = _filled(item.after, passed)
    again = _filled(item.again, passed) if item.again else None
    change = item.change
    if item.before and change in COMPARED:
        change = change_of(item.before, after, again)
    return replace(item, after=after, again=again, change=change)


def _filled(passes: Passes, passed: bool) -> Passes:
    right = passes.errors if passed else 0
    return Passes(passes.passed + right, passes.n + passes.errors)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a drop in some items."""

    compared: int
    """Items asked the same question both times, answered or not."""
    passed_before: int
    broken: int
    fixed: int
    drop: float
    """Net drop as a share of the compared items."""
    p_value: float
    """Chance of a change as lopsided, or more so, where nothing changed."""
    p_tolerated: float
    """Chance of it where the true drop is just the one that is tolerated."""

    @property
    def lost_all(self) -> bool:
        """Whether nothing that passed before passes now, and that were several items."""
        return self.fixed == 0 and self.broken == self.passed_before >= SEVERAL

    def is_drop(self, alpha: float) -> bool:
        """Whether neither chance nor what is tolerated explains the change."""
        return self.p_value <= alpha and self.p_tolerated <= BEYOND


def weigh(items: Sequence[ComparedItem], tolerate: float, *, fresh_repeats: bool) -> Evidence:
    """Weigh the broken items against the fixed.

    With fresh repeats all answers of the run count (`stats.paired_test`), but for items whose
    change did not last; without, each item counts once (`stats.sign_test`), as repeats of one
    answer are no evidence of their own.
    """
    compared = [item for item in items if item.change in COMPARED and item.before and item.before.n]
    changes = [item.change for item in compared]
    broken, fixed, n = changes.count("broken"), changes.count("fixed"), len(changes)
    if fresh_repeats:
        p_value, drop = _drop_of_rates(compared)
        p_tolerated = 0.0 if drop > tolerate else 1.0
    else:
        p_value, drop = sign_test(broken, fixed), (broken - fixed) / n if n else 0.0
        p_tolerated = margin_test(broken, fixed, n, tolerate) if tolerate else 0.0
    return Evidence(
        compared=n,
        passed_before=sum(1 for item in compared if item.before and item.before.passing),
        broken=broken,
        fixed=fixed,
        drop=drop,
        p_value=p_value,
        p_tolerated=p_tolerated,
    )


def _drop_of_rates(compared: Sequence[ComparedItem]) -> tuple[float, float]:
    """Return the p-value of the paired test and the mean drop of the items' pass rates."""
    pairs = [
        (item.before, item.after)
        for item in compared
        if item.before and item.after and item.after.n and item.change not in UNSETTLED
    ]
    counts = [(was.passed, was.n, now.passed, now.n) for was, now in pairs]
    drop = sum(was.rate - now.rate for was, now in pairs)
    return stats.paired_test(counts), drop / len(compared) if compared else 0.0
