"""What seems broken is asked again: which items, how often, and what that makes of them.

`plan` and `settle` are pure. A run alternates them until there is nothing left to ask::

    while wave := plan(comparison, policy, asked=requests_of_the_run):
        comparison = settle(comparison, answers_to(wave))

First come the items that seem broken, and must-pass items that fail. Those that seem fixed follow
only where the broken ones alone would fail the run: one kind of noise is then put to the same
proof as the other, and most runs are spared the requests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tqb.changes import BEYOND, change_of, count_changes, margin_test, sign_test, weigh
from tqb.gate.rules import must_pass
from tqb.spool import spooled
from tqb.types import ComparedItem, Comparison, Passes, Policy

CLEAR = 0.001
"""A change that chance brings in so few runs is clear: asking again would not alter the verdict."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Items to be asked again at one time."""

    keys: tuple[str, ...]
    """``pack/item``, those that must pass first."""
    times: int
    """How often each."""

    def __bool__(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self.keys)


NOTHING = Wave((), 0)


def plan_shard(comparison: Comparison, policy: Policy, *, items: int, asked: int) -> Wave:
    """Choose what a shard asks again next: all that `plan` could choose of it for the whole run.

    That depends on what the other shards find, so each kind of item is asked as often as if there
    were no other. `items` and `asked` are those of the whole run.
    """
    limit = asked if policy.confirm_limit is None else policy.confirm_limit
    chosen = _failing_must_pass(_open(comparison), policy)
    if not chosen and not _surely_clear(comparison, policy, items):
        fixed = [item for item in _open(comparison) if item.change == "fixed"]
        chosen = _broken(comparison, policy) or fixed
    if not (chosen and limit and policy.confirm):
        return NOTHING
    times = max(1, min(policy.confirm, limit // len(chosen)))
    return Wave(tuple(item.key for item in chosen), times)


def _surely_clear(comparison: Comparison, policy: Policy, items: int) -> bool:
    """Whether the whole run is clear, even if each item that can be fixed elsewhere is."""
    if comparison.fresh_repeats:
        return False
    elsewhere = (item.before for item in comparison.items if item.change == "removed")
    fixable = sum(1 for before in elsewhere if before and not before.passing)
    broken = comparison.counts.get("broken", 0)
    fixed = min(comparison.counts.get("fixed", 0) + fixable, items - broken)
    if sign_test(broken, fixed) > min(CLEAR, policy.alpha):
        return False
    return not policy.tolerate or margin_test(broken, fixed, items, policy.tolerate) <= BEYOND


def plan(comparison: Comparison, policy: Policy, *, asked: int) -> Wave:
    """Choose what is to be asked again next; nothing where all is settled or may cost no more.

    `asked` is the number of requests the run had before any confirmation. Where the limit
    allows fewer than `Policy.confirm` times each, each is asked less often, and what does not fit
    even once stays as it seemed.
    """
    limit = asked if policy.confirm_limit is None else policy.confirm_limit
    left = limit - sum(item.again.n + item.again.errors for item in comparison.items if item.again)
    items = _seemingly_broken(comparison, policy) or _seemingly_fixed(comparison, policy)
    items = sorted(items, key=lambda item: not must_pass(item, policy))[: max(0, left)]
    if not items or not policy.confirm:
        return NOTHING
    return Wave(tuple(item.key for item in items), min(policy.confirm, left // len(items)))


def _seemingly_broken(comparison: Comparison, policy: Policy) -> list[ComparedItem]:
    critical = _failing_must_pass(_open(comparison), policy)
    if is_clear(comparison, policy):
        return critical
    return critical + _broken(comparison, policy)


def _open(comparison: Comparison) -> Iterator[ComparedItem]:
    """Yield the items that were not asked again yet."""
    return (item for item in comparison.items if item.again is None)


def _failing_must_pass(items: Iterable[ComparedItem], policy: Policy) -> list[ComparedItem]:
    return [
        item
        for item in items
        if item.after and item.after.n and not item.after.passing and must_pass(item, policy)
    ]


def _broken(comparison: Comparison, policy: Policy) -> list[ComparedItem]:
    if not comparison.counts.get("broken"):
        return []
    items = _open(comparison)
    return [item for item in items if item.change == "broken" and not must_pass(item, policy)]


def _seemingly_fixed(comparison: Comparison, policy: Policy) -> list[ComparedItem]:
    broken = comparison.counts.get("broken", 0)
    if sign_test(broken, 0) > policy.alpha or is_clear(comparison, policy):
        return []
    return [item for item in _open(comparison) if item.change == "fixed"]


def is_clear(comparison: Comparison, policy: Policy) -> bool:
    """Whether so much seems broken that asking again could only cost money."""
    if comparison.baseline is None:
        return False
    evidence = weigh(comparison.items, policy.tolerate, fresh_repeats=comparison.fresh_repeats)
    return evidence.p_value <= CLEAR and evidence.is_drop(policy.alpha)


def set_aside(comparison: Comparison, flaky: Collection[str], policy: Policy) -> Comparison:
    """Count the changes of items that are known to flake neither way; of must-pass items, they do.

    `flaky` has their keys.
    """
    if not flaky:
        return comparison
    items = spooled(
        replace(item, change="flaky")
        if item.change in ("broken", "fixed") and item.key in flaky and not must_pass(item, policy)
        else item
        for item in comparison.items
    )
    return replace(comparison, items=items, counts=count_changes(items))


def settle(comparison: Comparison, answers: Mapping[str, Passes]) -> Comparison:
    """Join what the items did when they were asked again, by key, and name the changes anew."""
    items = spooled(
        _settled(item, answers[item.key]) if item.key in answers else item
        for item in comparison.items
    )
    return replace(comparison, items=items, counts=count_changes(items))


def _settled(item: ComparedItem, again: Passes) -> ComparedItem:
    change = item.change
    if item.before and item.after and change in ("broken", "fixed"):
        change = change_of(item.before, item.after, again)
    return replace(item, again=again, change=change)
