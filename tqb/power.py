"""How small a drop a pack can show: the power of `tqb.stats.paired_test`, before anything is asked.

The model, in which everything is computed exactly, without simulation:

- Each of n items is, independently of the others, one of three kinds.
- With probability `drop` it breaks: all its answers passed before, all fail now.
- With probability u = 2 · noise · (2r − 1) / r it is unsteady: r of its 2r answers pass, whatever
  is changed, and which of them were given before and which now is chance.
- Otherwise it is steady: it always passes, or always fails.

r is `repeats`: the answers to each item before, and as many now, each drawn afresh. `noise`, under
1/4, is the chance that an item passes once and fails when it is asked again with nothing changed:
the mean of p · (1 − p) over items that pass with probability p. With r = 1 the unsteady items are
the discordant pairs of the sign test: `noise` of the items break by chance, and as many mend. With
r > 1 the u is such that the sum of passes varies as much as with answers that pass or fail
independently. The accuracy before plays no part, save that no more can break than passes.

Probabilities and shares are between 0 and 1; `alpha` is the level of the test, `power` the wanted
chance to see the drop. ValueError says which number is out of range.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import mul

NEGLIGIBLE = 1e-20
"""Chances under this are left out of the tables."""
ROUNDING = 1e-9
"""Numbers this near are equal, but for rounding errors."""
STEP = 1e-4
"""Precision of a drop: a hundredth of a point."""


def power_of(
    items: int, drop: float, *, noise: float, repeats: int = 1, alpha: float = 0.05
) -> float:
    """Return the chance that the paired test, at this level, sees this drop in accuracy."""
    _check(items, noise, repeats, alpha)
    unsteady = _unsteady(noise, repeats)
    most = 1 - unsteady
    if not 0 <= drop <= most + ROUNDING:
        raise ValueError(f"drop {drop} is not between 0 and {most:g}: the rest is unsteady")
    sums = _null_sums(repeats, alpha)
    seen = 0.0
    for moved, chance in _binomial(items, unsteady):
        broken = _binomial(items - moved, min(1.0, drop / most))
        seen += chance * sums.seen(moved, broken)
    return min(1.0, seen)


def detectable_drop(
    items: int, *, noise: float, repeats: int = 1, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the smallest drop in accuracy seen with this power, to 0.0001; None where none is."""
    _check(items, noise, repeats, alpha, power)

    def enough(steps: int) -> bool:
        drop = steps * STEP
        return power_of(items, drop, noise=noise, repeats=repeats, alpha=alpha) >= power

    steps = _first(enough, int((1 - _unsteady(noise, repeats)) / STEP + ROUNDING))
    return None if steps is None else round(steps * STEP, 4)


def items_needed(
    drop: float,
    *,
    noise: float,
    repeats: int = 1,
    alpha: float = 0.05,
    power: float = 0.8,
    most: int = 5_000,
) -> int | None:
    """Return how many items see this drop with this power; None where it takes more than `most`.

    With one item less the power is too small. As p-values are few, the power saws a little as items
    are added, so that a number a few items smaller may do as well.
    """
    _check(1, noise, repeats, alpha, power)

    def enough(items: int) -> bool:
        return power_of(items, drop, noise=noise, repeats=repeats, alpha=alpha) >= power

    return _first(enough, most)


def repeats_needed(
    items: int,
    drop: float,
    *,
    noise: float,
    alpha: float = 0.05,
    power: float = 0.8,
    most: int = 10,
) -> int | None:
    """Return the fewest repeats that see this drop with this power; None where `most` do not."""
    _check(items, noise, 1, alpha, power)
    for repeats in range(1, most + 1):
        if power_of(items, drop, noise=noise, repeats=repeats, alpha=alpha) >= power:
            return repeats
    return None


def _first(enough: Callable[[int], bool], most: int) -> int | None:
    """Return a number from 1 to `most` that is enough while one less is not; None for none.

    Small numbers are tried first, as large ones take long.
    """
    if most < 1:
        return None
    low, high = 0, 1
    while not enough(high):
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


class _NullSums:
    """Distributions of the passes now of 0, 1, 2, … unsteady items; grown as they are needed.

    An item's passes now are hypergeometric: C(r, k)² / C(2r, r) for k of r.
    """

    def __init__(self, repeats: int, alpha: float) -> None:
        ways = [math.comb(repeats, k) ** 2 for k in range(repeats + 1)]
        self._one = [way / sum(ways) for way in ways]
        self._level = alpha * (1 + ROUNDING)
        self._last: tuple[int, list[float]] = (0, [1.0])
        self._tables: list[tuple[int, array[float]]] = []
        self._critical: list[int] = []

    def seen(self, unsteady: int, broken: Sequence[tuple[int, float]]) -> float:
        """Return the chance that the test sees a drop, given the chances of the broken items.

        The broken items have no passes now, so the sum is that of the unsteady ones alone.
        """
        first, last = broken[0][0], broken[-1][0]
        self._grow(unsteady + last)
        start, table = self._tables[unsteady]
        end = len(table) - 1
        critical = self._critical[unsteady + first : unsteady + last + 1]
        at_most = [table[min(few - start, end)] if few >= start else 0.0 for few in critical]
        return sum(chance * below for (_, chance), below in zip(broken, at_most, strict=True))

    def _grow(self, terms: int) -> None:
        while len(self._tables) <= terms:
            start, chances = self._last
            table = array("d", accumulate(chances))
            below = bisect_right(table, self._level)
            self._tables.append((start, table))
            self._critical.append(start + below - 1 if below else -1)
            self._last = self._convolved(start, chances)

    def _convolved(self, start: int, chances: list[float]) -> tuple[int, list[float]]:
        """Return the distribution with one item more, without its negligible ends."""
        margin = [0.0] * (len(self._one) - 1)
        padded = margin + chances + margin
        width = len(self._one)
        wider = [
            sum(map(mul, self._one, padded[place : place + width]))
            for place in range(len(chances) + width - 1)
        ]
        kept = [place for place, chance in enumerate(wider) if chance > NEGLIGIBLE]
        return start + kept[0], wider[kept[0] : kept[-1] + 1]


@lru_cache(maxsize=2)
def _null_sums(repeats: int, alpha: float) -> _NullSums:
    return _NullSums(repeats, alpha)


def _binomial(n: int, chance: float) -> list[tuple[int, float]]:
    """Return successive numbers and their chances, but for less than exp(−25) (Bernstein)."""
    if chance in (0, 1) or n == 0:
        return [(n if chance == 1 else 0, 1.0)]
    mean, reach = n * chance, 7.1 * math.sqrt(n * chance * (1 - chance)) + 17
    first, last = max(0, math.ceil(mean - reach)), min(n, math.floor(mean + reach))
    ways = math.lgamma(n + 1) - math.lgamma(first + 1) - math.lgamma(n - first + 1)
    value = math.exp(ways + first * math.log(chance) + (n - first) * math.log1p(-chance))
    odds, found = chance / (1 - chance), [(first, value)]
    for k in range(first + 1, last + 1):
        value *= odds * (n - k + 1) / k
        found.append((k, value))
    return found


def _unsteady(noise: float, repeats: int) -> float:
    """Return the share of unsteady items."""
    return 2 * noise * (2 * repeats - 1) / repeats


def _check(items: int, noise: float, repeats: int, alpha: float, power: float = 0.8) -> None:
    if items < 1 or repeats < 1:
        raise ValueError(f"{items} items and {repeats} repeats: there must be one at least")
    if not 0 <= noise < 0.25:
        raise ValueError(f"noise {noise} is not between 0 and 0.25")
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha {alpha} and power {power} must lie between 0 and 1")
