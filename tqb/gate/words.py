"""What the gate saw, in words that a person can check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tqb.changes import BEYOND, SEVERAL, Evidence, margin_test, sign_test
from tqb.text import count
from tqb.types import ComparedItem, Comparison, Passes, Policy, Report

SHOWN = 5
"""Names shown of a list."""

MOST_ITEMS = 1_000
"""Items of a pack, beyond which its power would take long to compute."""


def listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def drop(comparison: Comparison, evidence: Evidence, policy: Policy) -> str:
    """Say what broke, what was fixed, and what chance and tolerance have to do with it."""
    said = moved(evidence, _confirmed(comparison.items))
    if not evidence.broken and not comparison.fresh_repeats:
        return said
    what = "so large a drop" if comparison.fresh_repeats else "so lopsided a change"
    said += f"; {what} would come by chance in {percent(evidence.p_value)} of runs"
    if evidence.p_value <= policy.alpha and evidence.p_tolerated > BEYOND:
        said += f", but the drop may be no more than --tolerate {policy.tolerate:g} allows"
    return said


def max_drop(comparison: Comparison, evidence: Evidence, policy: Policy) -> str:
    """Say how far it dropped, and what broke unless the paired test says so."""
    verb = "is over" if evidence.drop > policy.max_drop else "is not over"
    said = f"a drop of {percent(max(0.0, evidence.drop))} {verb} --max-drop {policy.max_drop:g}"
    if evidence.lost_all:
        said = "nothing that passed before passes now"
    if evidence.is_drop(policy.alpha) or not evidence.broken:
        return said
    return f"{moved(evidence, _confirmed(comparison.items))}; {said}"


def moved(evidence: Evidence, confirmed: str = "") -> str:
    """Say how many items broke and how many were fixed."""
    broken, before = evidence.broken, count(evidence.passed_before, "item")
    number = str(broken) if broken else "none"
    verb = "fails" if broken <= 1 else "fail"
    fixed = f"{evidence.fixed or 'none'} that failed now pass{'es' if evidence.fixed <= 1 else ''}"
    return f"{number} of {before} that passed before now {verb}{confirmed}, {fixed}"


def _confirmed(items: Sequence[ComparedItem]) -> str:
    """Say how often the broken items were asked again."""
    again = [item.again for item in items if item.change == "broken"]
    times = [passes.n for passes in again if passes]
    if not times:
        return ""
    each = f"{min(times)} time{'' if min(times) == 1 else 's'} each"
    if len(times) < len(again):
        return f" ({len(times)} of them confirmed {each})"
    return f" (confirmed {each})"


def unsettled(comparison: Comparison) -> Iterator[str]:
    """Say what changed, but not for good."""
    aside = [item.key for item in comparison.items if item.change == "flaky" and not item.again]
    if aside:
        yield (
            f"{count(len(aside), 'item')} changed that flaked in past runs and "
            f"{'is' if len(aside) == 1 else 'are'} set aside by --quarantine: {listed(aside)}"
        )
    flaky, recovered = (comparison.counts.get(change, 0) for change in ("flaky", "recovered"))
    flaky -= len(aside)
    if flaky + recovered:
        kinds = [f"{flaky} flaky"] * bool(flaky) + [f"{recovered} recovered"] * bool(recovered)
        yield (
            f"{count(flaky + recovered, 'item')} changed, but not when asked again: "
            f"{', '.join(kinds)}"
        )


def slices(
    dropped: Sequence[str], found: Mapping[str, Evidence], adjusted: Mapping[str, float]
) -> str:
    """Say which slices dropped."""
    parts = [f"{name}: {moved(found[name])}" for name in dropped[:SHOWN]]
    chance = percent(max(adjusted[name] for name in dropped))
    more = f"; and {len(dropped) - SHOWN} more slices" if len(dropped) > SHOWN else ""
    return (
        "; ".join(parts) + f"{more}; in any of {count(len(found), 'slice')} so lopsided a change "
        f"would come by chance in {chance} of runs"
    )


def percent(share: float) -> str:
    """Render a share as a percentage of two significant digits."""
    if 0 < share < 0.0001:
        return "less than 0.01 %"
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def sensitivity(report: Report, policy: Policy) -> Iterator[str]:
    """Say how small a drop the run could not have told from noise, and what would show it."""
    comparison = report.comparison
    if comparison is None or not comparison.baseline:
        return
    items = [i for i in comparison.items if i.before and i.after and _same(i)]
    if not 1 <= len(items) <= MOST_ITEMS:
        return
    passed = sum(item.before is not None and item.before.passing for item in items)
    if passed < SEVERAL:
        yield f"Only {count(passed, 'item')} passed in the baseline, so hardly anything could break"
        return
    if comparison.fresh_repeats:
        yield from _with_repeats(comparison, len(items), policy)
    else:
        yield _without_repeats(len(items), passed, policy)


def _same(item: ComparedItem) -> bool:
    return item.change != "changed" and bool(item.before and item.before.n)


def _without_repeats(n: int, passed: int, policy: Policy) -> str:
    least, twice = (
        min(least_broken(times * n, policy) or times * n, times * passed) for times in (1, 2)
    )
    said = f"With {count(n, 'item')} a drop smaller than {points(least / n)} "
    said += f"({count(least, 'item')}) could not have been told from noise"
    if twice / (2 * n) < least / n:
        said += f"; {2 * n:,} items would show one of {points(twice / (2 * n))}"
    return said


def least_broken(n: int, policy: Policy) -> int | None:
    """Return the fewest broken items of `n`, none being fixed, that fail; None where none do."""
    for broken in range(1, n + 1):
        certain = sign_test(broken, 0) <= policy.alpha
        beyond = margin_test(broken, 0, n, policy.tolerate) if policy.tolerate else 0.0
        if (certain and beyond <= BEYOND) or broken / n > policy.max_drop:
            return broken
    return None


def _with_repeats(comparison: Comparison, n: int, policy: Policy) -> Iterator[str]:
    from tqb.power import detectable_drop

    noise, repeats = noise_of(comparison.items), _repeats(comparison.items)
    seen, more = (
        detectable_drop(n, noise=noise, repeats=times, alpha=policy.alpha)
        for times in (repeats, 2 * repeats)
    )
    if seen is None:
        return
    floor = max(seen, policy.tolerate)
    said = f"With {count(n, 'item')} asked {count(repeats, 'time')} a drop smaller than "
    said += f"{points(floor)} could hardly have been told from noise"
    if more is not None and max(more, policy.tolerate) < floor:
        said += f"; {2 * repeats} repeats would show one of {points(max(more, policy.tolerate))}"
    yield said


def noise_of(items: Sequence[ComparedItem]) -> float:
    """Estimate the mean of p · (1 − p) over items from answers to one question in one run."""
    sides = [side for item in items for side in (item.before, item.after) if side and side.n > 1]
    spread = [_spread(side) for side in sides]
    return min(0.24, sum(spread) / len(spread)) if spread else 0.0


def _spread(side: Passes) -> float:
    """Return the unbiased estimate of p · (1 − p)."""
    return side.rate * (1 - side.rate) * side.n / (side.n - 1)


def _repeats(items: Sequence[ComparedItem]) -> int:
    """Return the fewest answers to an item, on either side, that most items have."""
    counts = sorted(min(i.before.n, i.after.n) for i in items if i.before and i.after)
    return max(1, counts[len(counts) // 2]) if counts else 1


def points(share: float) -> str:
    """Render a share as percentage points."""
    value = round(100 * share, 1)
    return "1 point" if value == 1 else f"{value:g} points"
