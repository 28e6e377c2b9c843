"""Power: what is computed is what happens when answers are drawn."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from tqb.power import detectable_drop, items_needed, power_of, repeats_needed
from tqb.stats import paired_test

Rates = tuple[NDArray[np.float64], NDArray[np.float64]]
"""How often each item passes, before and now."""

NOISE = st.floats(0, 0.24)
REPEATS = st.integers(1, 5)


@pytest.mark.parametrize(("items", "noise"), [(52, 0.0), (52, 0.02), (200, 0.1)])
def test_single_answers_as_drawn(items: int, noise: float) -> None:
    """Asked once, a drop is seen as often as in 100,000 draws of the model, within 0.006."""
    drop = 0.12
    shares = [noise + drop, noise, 1 - 2 * noise - drop]
    broken, fixed, _ = np.random.default_rng(11).multinomial(items, shares, 100_000).T
    seen = scipy_stats.binom.sf(broken - 1, broken + fixed, 0.5) <= 0.05
    assert power_of(items, drop, noise=noise) == pytest.approx(seen.mean(), abs=0.006)


def flaky(draw: Generator, items: int, drop: float, noise: float) -> Rates:
    """Draw items of which some break, and some pass half of the time; the others always pass."""
    kind = draw.choice(3, items, p=[drop, 4 * noise, 1 - drop - 4 * noise])
    return np.array([1, 0.5, 1])[kind], np.array([0, 0.5, 1])[kind]


def erring(draw: Generator, items: int, drop: float, noise: float) -> Rates:
    """Draw items whose answers all come out wrong way round equally seldom."""
    slip = (1 - math.sqrt(1 - 4 * noise)) / 2
    kind = draw.choice(3, items, p=[drop, 0.2, 0.8 - drop])
    return np.array([1 - slip, slip, 1 - slip])[kind], np.array([slip, slip, 1 - slip])[kind]


@pytest.mark.parametrize("repeats", [1, 2, 3, 5])
@pytest.mark.parametrize("drawn", [flaky, erring])
def test_repeats_as_drawn(drawn: Callable[..., Rates], repeats: int) -> None:
    """With answers that pass or fail on their own, a drop is seen as often, within 0.06.

    0.04 of it are three standard errors of 1000 runs, the rest is for the model.
    """
    draw, items, noise = np.random.default_rng(repeats), 52, 0.02
    drop = detectable_drop(items, noise=noise, repeats=repeats)
    assert drop is not None
    seen = 0
    for _ in range(1000):
        before, now = (draw.binomial(repeats, rate) for rate in drawn(draw, items, drop, noise))
        counts = zip(before.tolist(), now.tolist(), strict=True)
        seen += paired_test((k0, repeats, k1, repeats) for k0, k1 in counts) <= 0.05
    assert seen / 1000 == pytest.approx(0.8, abs=0.06)


@settings(deadline=None)
@given(st.integers(1, 150), NOISE, REPEATS, st.floats(0.001, 0.3))
def test_without_a_drop_the_alarm_keeps_its_level(
    items: int, noise: float, repeats: int, alpha: float
) -> None:
    """A pipeline that did not change is suspected no more often than alpha says."""
    assert power_of(items, 0, noise=noise, repeats=repeats, alpha=alpha) <= alpha * (1 + 1e-6)


@settings(deadline=None)
@given(st.integers(1, 100), st.floats(0, 0.1), REPEATS, st.floats(0, 0.6), st.floats(0, 0.6))
def test_a_larger_drop_is_seen_as_often(
    items: int, noise: float, repeats: int, one: float, other: float
) -> None:
    """The power grows with the drop."""
    small, large = (
        power_of(items, drop, noise=noise, repeats=repeats) for drop in sorted((one, other))
    )
    assert 0 <= small <= large + 1e-9 <= 1 + 1e-9


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 200), st.floats(0, 0.1), REPEATS, st.floats(0.5, 0.95))
def test_detectable_drop_is_the_smallest(
    items: int, noise: float, repeats: int, power: float
) -> None:
    """The drop found has the power, and one smaller by a hundredth of a point has not."""
    drop = detectable_drop(items, noise=noise, repeats=repeats, power=power)
    if drop is None:
        assert power_of(items, 0.6, noise=noise, repeats=repeats) < power
        return
    assert power_of(items, drop, noise=noise, repeats=repeats) >= power
    assert power_of(items, drop - 1e-4, noise=noise, repeats=repeats) < power


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("drop", [0.03, 0.1, 0.3])
def test_items_needed_is_its_inverse(drop: float, repeats: int) -> None:
    """The items found see the drop, and with one less it is not seen."""
    items = items_needed(drop, noise=0.02, repeats=repeats)
    assert items is not None
    seen = detectable_drop(items, noise=0.02, repeats=repeats)
    unseen = detectable_drop(items - 1, noise=0.02, repeats=repeats)
    assert seen is not None
    assert unseen is not None
    assert seen <= drop + 1e-4
    assert drop - 1e-4 < unseen


def test_repeats_needed() -> None:
    """The repeats found see the drop, and with one less it is not seen."""
    repeats = repeats_needed(52, 0.1, noise=0.02)
    assert repeats == 2
    assert power_of(52, 0.1, noise=0.02, repeats=1) < 0.8
    assert power_of(52, 0.1, noise=0.02, repeats=2) >= 0.8


def test_what_cannot_be_seen() -> None:
    """Four single answers, a drop too small for the packs allowed, noise too loud for ten times."""
    assert detectable_drop(4, noise=0) is None
    assert detectable_drop(5, noise=0) is not None
    assert items_needed(0.01, noise=0.02, most=500) is None
    assert repeats_needed(10, 0.02, noise=0.1) is None


def test_numbers_out_of_range_are_refused() -> None:
    """Each raises ValueError and is named."""
    with pytest.raises(ValueError, match="0 items"):
        detectable_drop(0, noise=0.1)
    with pytest.raises(ValueError, match=r"noise 0\.25"):
        items_needed(0.1, noise=0.25)
    with pytest.raises(ValueError, match=r"drop 0\.7 is not between 0 and 0\.6"):
        power_of(10, 0.7, noise=0.2)
    with pytest.raises(ValueError, match="power 80"):
        repeats_needed(10, 0.1, noise=0, power=80)
