"""Counts and figures of the results of a run, or of a slice of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from tqb import stats
from tqb.types import Latency, Passes, Result, Tally


def tally(results: Iterable[Result]) -> Tally:
    """Count outcomes; failed calls stand beside the accuracy."""
    counts = Counter(r.outcome for r in results)
    n = counts["pass"] + counts["fail"]
    accuracy = rounded(counts["pass"] / n) if n else None
    return Tally(n=n, passed=counts["pass"], errors=counts["error"], accuracy=accuracy)


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
