"""Exact tests, intervals and rates for few items: pure functions of counts.

Counts in, numbers out; the standard library alone. Probabilities lie between 0 and 1. Every
function raises ValueError on counts that cannot be, such as more passes than answers.
"""

from __future__ import annotations

import cmath
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from statistics import NormalDist

Counts = tuple[int, int, int, int]
"""One item: passes before, answers before, passes now, answers now."""

Part = tuple[float, ...]
"""Logarithms of the chances (times a constant) of 0, 1, 2, … passes of one item."""

LOWEST_TILT = -64.0
"""With weights exp(−64 · k) next to nothing is left but k = 0."""
DIGITS = 10
"""Significant digits of `paired_test`: what is left of a float after sums over 1000 items."""


def wilson(passed: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a pass rate, low and high (Wilson 1927).

    `passed` of `n` answers; `confidence` is between 0 and 1, both excluded. With no answers nothing
    is known: (0, 1).
    """
    _check_counts(passed, n)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, shrink = passed / n, 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if passed == 0 else max(0.0, centre - half)
    high = 1.0 if passed == n else min(1.0, centre + half)
    return low, high


def sign_test(broken: int, fixed: int) -> float:
    """Return the one-sided exact p-value of a drop, each item answered once before and once now.

    P(X ≥ broken) for X ~ Binomial(broken + fixed, 1/2): the exact form of McNemar's test (McNemar
    1947). Items that did not change say nothing. 1 when none changed.
    """
    if broken < 0 or fixed < 0:
        raise ValueError(f"{broken} broken and {fixed} fixed items: neither can be under 0")
    changed = broken + fixed
    as_many, ways = 0, 1
    for k in range(changed, broken - 1, -1):  # ways to choose k: each follows from the one before
        as_many += ways
        ways = ways * k // (changed - k + 1)
    return as_many / (1 << changed)


def margin_test(broken: int, fixed: int, n: int, margin: float) -> float:
    """Return the one-sided p-value of a drop beyond a margin, `n` items answered before and now.

    The null hypothesis: the share of broken items exceeds that of fixed ones by `margin`, 0 to 1,
    at most. The score test of Tango (1998) by the normal distribution; without a margin it is
    McNemar's (1947), uncorrected. 1 where no item tells anything.
    """
    if not 0 <= margin < 1:
        raise ValueError(f"the margin {margin} is not between 0 and 1")
    score = _drop_score(broken, fixed, n, margin)
    return 1.0 if score is None else NormalDist().cdf(-score)


def paired_interval(
    gained: int, lost: int, n: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the score interval of a paired difference of rates, low and high (Tango 1998).

    Of `n` items `gained` pass on the first side alone and `lost` on the second; the difference is
    (gained − lost) / n, between −1 and 1. It holds all differences that the score test does not
    reject. `confidence` is between 0 and 1, both excluded. With no items nothing is known: (−1, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    if n == 0:
        _check_changes(gained, lost, n)
        return -1.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    high = _largest_drop(gained, lost, n, z)
    return -_largest_drop(lost, gained, n, z), high


def _largest_drop(broken: int, fixed: int, n: int, z: float) -> float:
    """Return the largest true drop, −1 to 1, of which the one seen is not `z` too small."""
    low, high = (broken - fixed) / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        score = (
            _drop_score(broken, fixed, n, middle)
            if middle >= 0
            else _negated(_drop_score(fixed, broken, n, -middle))
        )
        if score is not None and score < -z:
            high = middle
        else:
            low = middle
    return round((low + high) / 2, 12)


def _negated(score: float | None) -> float | None:
    return None if score is None else -score


def _drop_score(broken: int, fixed: int, n: int, drop: float) -> float | None:
    """Return the score of a drop seen against a true one of 0 to 1 (Tango 1998); None if none."""
    _check_changes(broken, fixed, n)
    slope = (2 * n - broken + fixed) * drop - (broken + fixed)
    root = math.sqrt(slope * slope + 8 * n * fixed * drop * (1 - drop))
    variance = (root - slope) / 2 + n * drop * (1 - drop)
    return (broken - fixed - n * drop) / math.sqrt(variance) if variance > 0 else None


def _check_changes(broken: int, fixed: int, n: int) -> None:
    if not (broken >= 0 and fixed >= 0 and broken + fixed <= n):
        raise ValueError(f"{broken} broken and {fixed} fixed of {n} items cannot be")


def paired_test(items: Iterable[Counts]) -> float:
    """Return the one-sided exact p-value of a drop, each item answered any number of times.

    The null hypothesis: which of an item's answers were given before and which now is chance. Then
    the passes now of an item with k₀ of n₀ passes before and k₁ of n₁ now are hypergeometric, given
    k₀ + k₁; the p-value is the chance that their sum over all items is as small as seen or smaller.
    This is the exact form of the test of Mantel and Haenszel (1959) with items as strata, one-sided
    (Mehta, Patel and Gray 1985); with one answer each time it is `sign_test`. Items that always
    pass or always fail say nothing.

    It takes an item's answers as independent draws: answers repeated from a cache, or by a model
    without randomness, are one answer, and are to be counted once.

    Right to 10 significant digits and rounded to them, so that 1/20 is 0.05. Made from the
    characteristic function (Pagano and Tritchler 1983), tilted so that the smallest p-values keep
    their digits (Keich 2005): the time grows with the number of kinds of item, not of items.
    """
    parts: Counter[Part] = Counter()
    passes = 0
    for before, asked_before, now, asked_now in items:
        _check_counts(before, asked_before)
        _check_counts(now, asked_now)
        total = before + now
        passes += now - max(0, total - asked_before)
        part = _passes_now(asked_before, asked_now, total)
        if len(part) > 1:
            parts[part] += 1
    return float(f"{_at_most(parts, passes):.{DIGITS}g}")


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return adjusted p-values in the order given (Holm 1979).

    The chance that any true null hypothesis is rejected by `adjusted ≤ alpha` is alpha at most,
    however the tests depend on each other.
    """
    for name, p_value in p_values.items():
        if not 0 <= p_value <= 1:
            raise ValueError(f"the p-value {p_value} of {name!r} is not between 0 and 1")
    adjusted = dict(p_values)
    least = 0.0
    for rank, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = least
    return adjusted


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that at least one of k answers passes, when c of n did.

    1 − C(n − c, k) / C(n, k), unbiased (Chen et al. 2021, "Evaluating large language models trained
    on code"). k is between 1 and n.
    """
    _check_draw(n, c, k)
    return 1 - math.comb(n - c, k) / math.comb(n, k)


def pass_hat_k(n: int, c: int, k: int) -> float:
    """Return the chance that all of k answers pass, when c of n did; written pass^k.

    C(c, k) / C(n, k), unbiased (Yao et al. 2024, "τ-bench"). k is between 1 and n.
    """
    _check_draw(n, c, k)
    return math.comb(c, k) / math.comb(n, k)


def mean_pass_at_k(items: Iterable[tuple[int, int]], k: int) -> float:
    """Return the mean of `pass_at_k` over items, each (n, c); there must be at least one."""
    return _mean([pass_at_k(n, c, k) for n, c in items])


def mean_pass_hat_k(items: Iterable[tuple[int, int]], k: int) -> float:
    """Return the mean of `pass_hat_k` over items, each (n, c); there must be at least one."""
    return _mean([pass_hat_k(n, c, k) for n, c in items])


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise ValueError("the mean over no items does not exist")
    return math.fsum(values) / len(values)


def _check_counts(passed: int, n: int) -> None:
    if not 0 <= passed <= n:
        raise ValueError(f"{passed} of {n} answers cannot have passed")


def _check_draw(n: int, c: int, k: int) -> None:
    _check_counts(c, n)
    if not 1 <= k <= n:
        raise ValueError(f"{k} of {n} answers cannot be drawn: k is between 1 and n")


@lru_cache(maxsize=1024)
def _passes_now(asked_before: int, asked_now: int, total: int) -> Part:
    """Return the hypergeometric chances of the passes now, from the fewest possible upwards."""
    fewest, most = max(0, total - asked_before), min(asked_now, total)
    ways = (
        math.comb(asked_now, k) * math.comb(asked_before, total - k)
        for k in range(fewest, most + 1)
    )
    everything = math.log(math.comb(asked_before + asked_now, total))
    return tuple(math.log(way) - everything for way in ways)


def _at_most(parts: Mapping[Part, int], seen: int) -> float:
    """Return P(S ≤ seen) for the sum S of independent parts, each taken so many times."""
    largest = sum(times * (len(part) - 1) for part, times in parts.items())
    if seen >= largest:
        return 1.0
    if _mean_of_sum(parts, 0.0) < seen:
        mirrored = {part[::-1]: times for part, times in parts.items()}
        return 1.0 - _at_most(mirrored, largest - seen - 1)
    return _lower_tail(parts, seen, largest)


def _lower_tail(parts: Mapping[Part, int], seen: int, largest: int) -> float:
    """Return P(S ≤ seen) where `seen` is no more than the mean of S.

    With weights exp(tilt · s), tilt ≤ 0, the mean of S lies at `seen`; Fourier inversion of the
    tilted chances, times exp(tilt · (seen − s)) for s = seen, seen − 1, …, gives the sum. It runs
    over one window around `seen`, beyond which lies less than exp(−40).
    """
    tilt = _tilt_towards(parts, seen + 0.5)
    tilted = [(*_tilted(part, tilt), times) for part, times in parts.items()]
    reach = min(largest, _reach(tilted))
    depth, window = min(seen, reach) + 1, 2 * reach + 1
    scale = math.fsum(times * log_total for _, log_total, times in tilted) - tilt * seen
    first, *others = (
        _term(tilted, index / window, tilt, seen, depth) for index in range(reach + 1)
    )
    share = (first + 2 * math.fsum(others)) / window
    return min(1.0, max(0.0, share) * math.exp(scale))


def _tilt_towards(parts: Mapping[Part, int], mean: float) -> float:
    """Return the tilt, 0 or under, at which the sum has this mean."""
    low, high = LOWEST_TILT, 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _mean_of_sum(parts, middle) < mean else (low, middle)
    return high


def _mean_of_sum(parts: Mapping[Part, int], tilt: float) -> float:
    return sum(_mean_of(_tilted(part, tilt)[0]) * times for part, times in parts.items())


def _tilted(part: Part, tilt: float) -> tuple[list[float], float]:
    """Return the chances weighted by exp(tilt · k), and the logarithm of what they summed to."""
    logs = [chance + tilt * k for k, chance in enumerate(part)]
    largest = max(logs)
    weights = [math.exp(log - largest) for log in logs]
    total = math.fsum(weights)
    return [weight / total for weight in weights], largest + math.log(total)


def _mean_of(chances: Sequence[float]) -> float:
    return sum(k * chance for k, chance in enumerate(chances))


def _reach(tilted: Sequence[tuple[list[float], float, int]]) -> int:
    """Return how far from its mean the sum strays but for exp(−40) (Bernstein's inequality)."""
    variance = 0.0
    for chances, _, times in tilted:
        mean = _mean_of(chances)
        variance += times * sum((k - mean) ** 2 * chance for k, chance in enumerate(chances))
    widest = max(len(chances) for chances, _, _ in tilted)
    return math.ceil(9 * math.sqrt(variance) + 27 * widest)


def _term(
    tilted: Sequence[tuple[list[float], float, int]],
    turn: float,
    tilt: float,
    seen: int,
    depth: int,
) -> float:
    """Return one frequency's part in the sum: transform × geometric series over `depth` values."""
    point = cmath.exp(2j * math.pi * turn)
    value = point**-seen
    for chances, _, times in tilted:
        transform = 0j
        for chance in reversed(chances):
            transform = transform * point + chance
        value *= transform**times
    return (value * _series(tilt, turn, depth)).real


def _series(tilt: float, turn: float, depth: int) -> complex:
    """Return the sum of exp((tilt + 2πi · turn) · j) for j from 0 up to, not including, `depth`."""
    if turn == 0:
        return math.expm1(tilt * depth) / math.expm1(tilt) if tilt else depth
    ratio = cmath.exp(complex(tilt, 2 * math.pi * turn))
    return (1 - ratio**depth) / (1 - ratio)
