"""The rules of the policy: each looks at one thing, and says in words what it saw."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tqb.changes import COMPARED, Evidence, sign_test, weigh
from tqb.gate import words
from tqb.stats import holm
from tqb.text import count
from tqb.types import ComparedItem, Comparison, Finding, Policy, Rule

KINDS = ("language", "category", "difficulty")
"""What slices are cut by."""

SLICES = 0.2
"""Share of `Policy.alpha` that is left to the slices, a second look at the same answers."""

NO_BASELINE = "there is no baseline"
NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at: what a run answered, or would have, had no call failed."""

    policy: Policy
    comparison: Comparison | None
    passed: int
    n: int
    """Answers scored; at least one."""
    latencies_s: tuple[float, ...]
    completions: tuple[float, ...]
    """Completion tokens of the answers that carried a count."""
    findings: tuple[Finding, ...] = ()

    @property
    def items(self) -> Sequence[ComparedItem]:
        """All items of the comparison."""
        return self.comparison.items if self.comparison else ()

    @property
    def against(self) -> Comparison | None:
        """The comparison, where there is a baseline."""
        return self.comparison if self.comparison and self.comparison.baseline else None


def apply(case: Case) -> tuple[Rule, ...]:
    """Apply all rules, those that are not in force included."""
    return tuple(rule(case) for rule in RULES)


def must_pass(item: ComparedItem, policy: Policy) -> bool:
    """Whether a compared item may not fail."""
    return may_not_fail(item.pack, item.item_id, item.tags, policy)


def may_not_fail(pack: str, item_id: str, tags: Mapping[str, str], policy: Policy) -> bool:
    """Whether an item may not fail: by the tag ``critical``, or by `Policy.must_pass`."""
    if tags.get("critical") == "true":
        return True
    return bool(policy.must_pass) and not names_of(pack, item_id, tags).isdisjoint(policy.must_pass)


def names_of(pack: str, item_id: str, tags: Mapping[str, str]) -> set[str]:
    """Return what `Policy.must_pass` may call an item."""
    return {item_id, f"{pack}/{item_id}", *(f"{key}={value}" for key, value in tags.items())}


def _must_pass(case: Case) -> Rule:
    items = [item for item in case.items if item.after and must_pass(item, case.policy)]
    if not items:
        return _not_applied("must-pass", "no item is marked as one that must pass")
    failing = [item.key for item in items if _fails(item)]
    said = (
        f"{len(failing)} of {count(len(items), 'must-pass item')} "
        f"fail{'s' if len(failing) == 1 else ''}: {words.listed(failing)}"
        if failing
        else f"{count(len(items), 'must-pass item')}: none fails"
    )
    return _rule("must-pass", 0, len(failing), bool(failing), said)


def _fails(item: ComparedItem) -> bool:
    """Whether it was answered wrongly, and never rightly when it was asked again."""
    after, again = item.after, item.again
    failed = after is not None and after.n > 0 and not after.passing
    return failed and not (again and (again.passed or not again.n))


def _drop(case: Case) -> Rule:
    comparison, policy = case.against, case.policy
    if comparison is None:
        return _not_applied("paired-test", NO_BASELINE, policy.alpha)
    evidence = _weigh(comparison, comparison.items, policy)
    failed = evidence.is_drop(policy.alpha)
    said = words.drop(comparison, evidence, policy)
    return _rule("paired-test", policy.alpha, evidence.p_value, failed, said)


def _max_drop(case: Case) -> Rule:
    comparison, limit = case.against, case.policy.max_drop
    if comparison is None:
        return _not_applied("max-drop", NO_BASELINE, limit)
    evidence = _weigh(comparison, comparison.items, case.policy)
    said = words.max_drop(comparison, evidence, case.policy)
    failed = evidence.drop > limit or evidence.lost_all
    return _rule("max-drop", limit, evidence.drop, failed, said)


def _weigh(comparison: Comparison, items: Sequence[ComparedItem], policy: Policy) -> Evidence:
    return weigh(items, policy.tolerate, fresh_repeats=comparison.fresh_repeats)


def _max_broken(case: Case) -> Rule:
    comparison, limit = case.against, case.policy.max_broken
    if limit is None or comparison is None:
        return _not_applied("max-broken", NOT_SET if limit is None else NO_BASELINE, limit)
    broken = comparison.counts.get("broken", 0)
    failed = broken > limit
    said = f"{count(broken, 'item')} broken, --max-broken allows {limit}"
    return _rule("max-broken", limit, broken, failed, said)


def _slices(case: Case) -> Rule:
    comparison, policy = case.against, case.policy
    if comparison is None:
        return _not_applied("slices", NO_BASELINE, policy.alpha * SLICES)
    found = {
        name: evidence
        for name, items in slices(comparison.items)
        if _can_fail(
            evidence := _weigh(comparison, items, policy), policy, comparison.fresh_repeats
        )
    }
    level = policy.alpha * SLICES
    if not found:
        return _not_applied("slices", "no slice is large enough to be judged", level)
    adjusted = holm({name: max(e.p_value, e.p_tolerated) for name, e in found.items()})
    dropped = [name for name in found if adjusted[name] <= level]
    said = (
        words.slices(dropped, found, adjusted)
        if dropped
        else f"none of {count(len(found), 'slice')} by language, category or difficulty dropped "
        "beyond chance"
    )
    return _rule("slices", level, min(adjusted.values()), bool(dropped), said)


def slices(items: Sequence[ComparedItem]) -> Iterator[tuple[str, list[ComparedItem]]]:
    """Cut the compared items by each kind of slice that has more than one; name and items."""
    compared = [item for item in items if item.change in COMPARED]
    for kind in KINDS:
        groups: dict[str, list[ComparedItem]] = {}
        for item in compared:
            value = item.language if kind == "language" else item.tags.get(kind, "")
            groups.setdefault(value, []).append(item)
        if len(groups) > 1:
            for value in sorted(filter(None, groups)):
                yield f"{kind} {value}", groups[value]


def _can_fail(evidence: Evidence, policy: Policy, fresh_repeats: bool) -> bool:
    """Whether the slice would fail by itself if all that passed in the baseline broke."""
    most = evidence.passed_before
    return most > 0 and (fresh_repeats or sign_test(most, 0) <= policy.alpha * SLICES)


def _fail_under(case: Case) -> Rule:
    floor = case.policy.fail_under
    if floor is None:
        return _not_applied("fail-under", NOT_SET)
    accuracy = case.passed / case.n
    failed = accuracy < floor
    verb = "is under" if failed else "is not under"
    said = f"accuracy {accuracy:.3f} ({case.passed} of {case.n}) {verb} --fail-under {floor:g}"
    return _rule("fail-under", floor, accuracy, failed, said)


def _max_latency(case: Case) -> Rule:
    limit = case.policy.max_latency_p95_s
    return _ceiling("max-latency-p95", limit, case.latencies_s, "latency", " s", "of the answers")


def _max_completion(case: Case) -> Rule:
    limit = case.policy.max_completion_p95
    name = "max-completion-p95"
    return _ceiling(name, limit, case.completions, "completion", " tokens", "with a count")


def _ceiling(
    name: str, limit: float | None, values: Sequence[float], what: str, unit: str, whose: str
) -> Rule:
    if limit is None or not values:
        return _not_applied(name, NOT_SET if limit is None else f"nothing known {whose}", limit)
    seen = p95(values)
    failed = seen > limit
    verb = "is over" if failed else "is not over"
    said = f"{what} p95 {seen:.4g}{unit} {verb} --{name} {limit:g}"
    return _rule(name, limit, seen if math.isfinite(seen) else None, failed, said)


def _fail_on(case: Case) -> Rule:
    families = case.policy.fail_on
    if not families:
        return _not_applied("fail-on", NOT_SET)
    faults = [one for one in case.findings if one.level == "fault" and one.kind in families]
    named = ", ".join(families)
    said = (
        f"--fail-on {faults[0].kind}: {faults[0].summary}"
        if faults
        else f"no fault of --fail-on {named} was found"
    )
    return _rule("fail-on", 0, len(faults), bool(faults), said)


def p95(values: Sequence[float]) -> float:
    """Return the smallest value that 95 % of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[math.ceil(0.95 * len(ordered)) - 1]


def _rule(name: str, threshold: float, saw: float | None, failed: bool, said: str) -> Rule:
    shown = None if saw is None else float(f"{saw:.6g}")
    return Rule(name, threshold, shown, "failed" if failed else "ok", said)


def _not_applied(name: str, why: str, threshold: float | None = None) -> Rule:
    return Rule(name, threshold, None, "not applied", why)


RULES: tuple[Callable[[Case], Rule], ...] = (
    _must_pass,
    _drop,
    _max_drop,
    _max_broken,
    _slices,
    _fail_under,
    _max_latency,
    _max_completion,
    _fail_on,
)
