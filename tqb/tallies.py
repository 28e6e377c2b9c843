"""Counts and figures of the results of a run, or of a slice of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tqb import stats
from tqb.types import Latency, Outcome, Passes, Result, Tally


def tally(results: Iterable[Result]) -> Tally:
    """Count outcomes; failed calls stand beside the accuracy."""
    return tally_of(Counter(r.outcome for r in results))


def tally_of(counts: Mapping[Outcome, int]) -> Tally:
    """Make a tally of so many outcomes, as a `Counter` has them."""
    n = counts["pass"] + counts["fail"]
    accuracy = rounded(counts["pass"] / n) if n else None
    return Tally(n=n, passed=counts["pass"], errors=counts["error"], accuracy=accuracy)


def tallies_of(counts: Mapping[str, Mapping[Outcome, int]]) -> dict[str, Tally]:
    """Make a tally of the outcomes of each slice, by its name."""
    return {name: tally_of(counts[name]) for name in sorted(counts)}


def interval(whole: Tally, items: Iterable[Passes]) -> tuple[float, float] | None:
    """Return Wilson's interval; answers to one item are not independent, so they count as one."""
    answered = sum(item.n > 0 for item in items)
    if not answered:
        return None
    low, high = stats.wilson(round(whole.passed / whole.n * answered), answered)
    return rounded(low), rounded(high)


def latency(seconds: Sequence[float]) -> Latency | None:
    """Percentiles by nearest rank: the smallest value that `p` of all values do not exceed."""
    if not seconds:
        return None
    ordered = sorted(seconds)

    def rank(p: float) -> float:
        return rounded(ordered[max(0, math.ceil(p * len(ordered)) - 1)])

    return Latency(p50=rank(0.5), p95=rank(0.95), max=rounded(ordered[-1]))


def rounded(value: float, digits: int = 6) -> float:
    """Round as reports do, so that they are the same on every machine."""
    return round(value, digits)
