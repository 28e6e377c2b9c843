"""Statistics: equal to the reference implementations, and sound where there are none."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import StratifiedTable, mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from tqb.stats import (
    Counts,
    holm,
    margin_test,
    mean_pass_at_k,
    mean_pass_hat_k,
    paired_interval,
    paired_test,
    pass_at_k,
    pass_hat_k,
    sign_test,
    wilson,
)

SMALL = st.integers(0, 60)
CHANCES = st.floats(0, 1)


@st.composite
def part_of_a_whole(draw: st.DrawFn, most: int = 60, least: int = 1) -> tuple[int, int]:
    """Draw how many of how many."""
    whole = draw(st.integers(least, most))
    return draw(st.integers(0, whole)), whole


PAIRED = st.tuples(part_of_a_whole(6, 0), part_of_a_whole(6, 0)).map(lambda two: two[0] + two[1])
ITEMS = st.lists(PAIRED, max_size=12)


@settings(deadline=None)
@given(part_of_a_whole(), st.floats(0.5, 0.999))
def test_wilson(counts: tuple[int, int], confidence: float) -> None:
    """The interval is that of scipy and of statsmodels, and holds the rate."""
    passed, n = counts
    low, high = wilson(passed, n, confidence)
    peer = scipy_stats.binomtest(passed, n).proportion_ci(confidence, method="wilson")
    other = proportion_confint(passed, n, 1 - confidence, method="wilson")
    assert (low, high) == pytest.approx((peer.low, peer.high), abs=1e-12)
    assert (low, high) == pytest.approx(other, abs=1e-12)
    assert 0 <= low <= passed / n <= high <= 1


def test_wilson_of_nothing() -> None:
    """With no answers, any rate is possible."""
    assert wilson(0, 0) == (0, 1)


@settings(deadline=None)
@given(SMALL, SMALL)
def test_sign_test(broken: int, fixed: int) -> None:
    """The p-value is that of scipy's binomial test and half of statsmodels' exact McNemar test."""
    p_value = sign_test(broken, fixed)
    if broken + fixed:
        peer = scipy_stats.binomtest(broken, broken + fixed, alternative="greater").pvalue
        assert p_value == pytest.approx(peer, rel=1e-9)
    if broken > fixed:
        two_sided = mcnemar([[0, broken], [fixed, 0]], exact=True).pvalue
        assert p_value == pytest.approx(two_sided / 2, rel=1e-9)
    assert sign_test(broken + 1, fixed) <= p_value <= 1  # equal where both round to 1
    assert sign_test(broken, fixed + 1) >= p_value
    assert broken <= fixed or sign_test(broken + 1, fixed) < p_value


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 400), st.floats(0.001, 0.5))
def test_margin_test(broken: int, fixed: int, same: int, margin: float) -> None:
    """Its variance is that of the likeliest shares under the null hypothesis; it is monotone."""
    n = broken + fixed + same

    def unlikeliness(share: float) -> float:
        return -float(
            scipy_stats.multinomial.logpmf(
                [broken, fixed, same], n, [share + margin, share, 1 - 2 * share - margin]
            )
        )

    bounds = (1e-12, (1 - margin) / 2 - 1e-12)
    found = optimize.minimize_scalar(
        unlikeliness, bounds=bounds, method="bounded", options={"xatol": 1e-12}
    )
    variance = n * (2 * found.x + margin * (1 - margin))
    peer = scipy_stats.norm.sf((broken - fixed - n * margin) / math.sqrt(variance))
    p_value = margin_test(broken, fixed, n, margin)
    assert p_value == pytest.approx(peer, rel=1e-3, abs=1e-6)
    assert margin_test(broken + 1, fixed, n, margin) <= p_value
    assert margin_test(broken, fixed + 1, n, margin) >= p_value


def test_margin_test_without_a_margin_is_mcnemars() -> None:
    """With a margin of 0 it is McNemar's test, uncorrected and one-sided."""
    two_sided = mcnemar([[0, 9], [3, 0]], exact=False, correction=False).pvalue
    assert margin_test(9, 3, 50, 0) == pytest.approx(two_sided / 2)
    assert margin_test(0, 0, 50, 0) == margin_test(0, 0, 0, 0.1) == 1
    for wrong in ((-1, 0, 5, 0.1), (3, 3, 5, 0.1), (1, 1, 5, 1.0)):
        with pytest.raises(ValueError, match=r"cannot be|not between"):
            margin_test(*wrong)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 400), st.floats(0.5, 0.99))
def test_paired_interval(gained: int, lost: int, same: int, confidence: float) -> None:
    """Its bounds are the differences that the test of margins is just about to reject."""
    n = gained + lost + same
    low, high = paired_interval(gained, lost, n, confidence)
    assert paired_interval(lost, gained, n, confidence) == pytest.approx((-high, -low), abs=1e-9)
    if n == 0:
        assert (low, high) == (-1, 1)
        return
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    tail = (1 - confidence) / 2
    for bound, p_value in ((low, tail), (high, 1 - tail)):
        if 0 < bound < 0.999:
            assert margin_test(gained, lost, n, bound) == pytest.approx(p_value, abs=1e-6)
        elif -0.999 < bound < 0:
            assert margin_test(lost, gained, n, -bound) == pytest.approx(1 - p_value, abs=1e-6)


def test_paired_interval_of_published_and_impossible_counts() -> None:
    """9 items of 52 on one side alone: 9.2 to 29.7 points; counts that cannot be are refused."""
    assert paired_interval(9, 0, 52) == pytest.approx((0.0924, 0.2973), abs=1e-4)
    for wrong in ((-1, 0, 5, 0.95), (3, 3, 5, 0.95), (1, 1, 5, 1.0)):
        with pytest.raises(ValueError, match=r"cannot be|not between"):
            paired_interval(*wrong)


@pytest.mark.parametrize(("broken", "fixed"), [(9500, 9400), (10_000, 9000), (300, 0)])
def test_sign_test_of_many(broken: int, fixed: int) -> None:
    """It stays exact where there are thousands."""
    peer = scipy_stats.binomtest(broken, broken + fixed, alternative="greater").pvalue
    assert sign_test(broken, fixed) == pytest.approx(peer, rel=1e-6)


def test_sign_test_of_few() -> None:
    """Five broken items and none fixed are the least that is significant at 0.05."""
    assert (sign_test(0, 0), sign_test(4, 0), sign_test(5, 0)) == (1, 0.0625, 0.03125)


@settings(deadline=None)
@given(SMALL, SMALL, SMALL)
def test_paired_test_of_single_answers_is_the_sign_test(
    broken: int, fixed: int, unchanged: int
) -> None:
    """With one answer before and one now, both tests are one."""
    items = [(1, 1, 0, 1)] * broken + [(0, 1, 1, 1)] * fixed + [(1, 1, 1, 1)] * unchanged
    assert paired_test(items) == pytest.approx(sign_test(broken, fixed), rel=1e-9)


@settings(deadline=None)
@given(part_of_a_whole(40), part_of_a_whole(40))
def test_paired_test_of_one_item_is_fishers(before: tuple[int, int], now: tuple[int, int]) -> None:
    """One item is one table of two by two."""
    table = [[now[0], now[1] - now[0]], [before[0], before[1] - before[0]]]
    peer = scipy_stats.fisher_exact(table, alternative="less").pvalue
    assert paired_test([before + now]) == pytest.approx(peer, rel=1e-9)


def exact(items: list[Counts]) -> float:
    """Add up all ways in which the answers could have fallen, in whole numbers."""
    ways, all_ways = {0: 1}, 1
    for before, asked_before, now, asked_now in items:
        total = before + now
        all_ways *= math.comb(asked_before + asked_now, total)
        wider: dict[int, int] = {}
        for passes, so_far in ways.items():
            for k in range(min(asked_now, total) + 1):
                more = math.comb(asked_now, k) * math.comb(asked_before, total - k)
                wider[passes + k] = wider.get(passes + k, 0) + so_far * more
        ways = wider
    seen = sum(item[2] for item in items)
    return float(Fraction(sum(n for k, n in ways.items() if k <= seen), all_ways))


@settings(deadline=None)
@given(ITEMS)
def test_paired_test_is_exact(items: list[Counts]) -> None:
    """It is the sum over all ways to share each item's passes between before and now."""
    assert paired_test(items) == pytest.approx(exact(items), rel=1e-9)


@settings(deadline=None)
@given(ITEMS, st.data())
def test_fewer_passes_never_raise_the_p_value(items: list[Counts], data: st.DataObject) -> None:
    """A pass moved from now to before, in any item, makes the drop no less significant."""
    movable = [place for place, (k0, n0, k1, _) in enumerate(items) if k0 < n0 and k1 > 0]
    if not movable:
        return
    place = data.draw(st.sampled_from(movable))
    k0, n0, k1, n1 = items[place]
    worse = [*items[:place], (k0 + 1, n0, k1 - 1, n1), *items[place + 1 :]]
    assert 0 < paired_test(worse) <= paired_test(items) <= 1


def noisy(items: int, repeats: int, drop: float) -> list[Counts]:
    """Make items that pass half of the time before, and less often now."""
    draw = random.Random(7)

    def passes(rate: float) -> int:
        return sum(draw.random() < rate for _ in range(repeats))

    return [(passes(0.5), repeats, passes(0.5 - drop), repeats) for _ in range(items)]


@pytest.mark.parametrize("drop", [-0.02, 0, 0.02, 0.04])
def test_paired_test_of_many(drop: float) -> None:
    """A thousand items ten times: as scipy's hypergeometric chances convolved, near the normal."""
    items = noisy(1000, 10, drop)
    chances = np.array([1.0])
    for before, _, now, _ in items:
        part = scipy_stats.hypergeom(20, before + now, 10).pmf(np.arange(11))
        chances = np.convolve(chances, part)
    p_value = paired_test(items)
    assert p_value == pytest.approx(chances[: sum(item[2] for item in items) + 1].sum(), rel=1e-6)
    tables = [[[k1, n1 - k1], [k0, n0 - k0]] for k0, n0, k1, n1 in items]
    asymptotic = StratifiedTable(np.array(tables).T).test_null_odds(correction=True)
    two_sided = 2 * min(p_value, 1 - p_value)
    assert two_sided == pytest.approx(asymptotic.pvalue, rel=0.05, abs=0.01)


def test_tiny_p_values_keep_their_digits() -> None:
    """Where everything broke, the p-value is one way of all, however many ways there are."""
    for items in (1, 2, 50):
        only_way = 1 / math.comb(20, 10) ** items
        assert paired_test([(10, 10, 0, 10)] * items) == pytest.approx(only_way, rel=1e-9)
    mixed = noisy(120, 5, 0.3)
    assert paired_test(mixed) == pytest.approx(exact(mixed), rel=1e-9)
    assert exact(mixed) < 1e-15


def test_paired_test_meets_its_level_exactly() -> None:
    """A p-value that is 1/20 is 0.05 and not a hair more, and so is one that is a half."""
    assert paired_test([(2, 3, 1, 3)]) == 0.5
    assert paired_test([(3, 3, 0, 3)]) == 0.05
    assert paired_test([(3, 3, 0, 3), (3, 3, 3, 3), (0, 3, 0, 3)]) == 0.05
    assert paired_test([]) == 1


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.sampled_from("abcdefgh"), CHANCES))
def test_holm(p_values: dict[str, float]) -> None:
    """Adjusted p-values are those of statsmodels, no smaller than the raw ones, in their order."""
    adjusted = holm(p_values)
    assert list(adjusted) == list(p_values)
    if p_values:
        peer = multipletests(list(p_values.values()), method="holm")[1]
        assert list(adjusted.values()) == pytest.approx(list(peer), rel=1e-12)
    assert all(p_values[name] <= adjusted[name] <= 1 for name in p_values)
    ranked = sorted(p_values, key=p_values.__getitem__)
    assert all(adjusted[one] <= adjusted[two] for one, two in pairwise(ranked))


@settings(deadline=None)
@given(part_of_a_whole(12), st.data())
def test_pass_at_k_and_pass_hat_k(counts: tuple[int, int], data: st.DataObject) -> None:
    """Both are hypergeometric chances; all pass no more often than one, one than any."""
    c, n = counts
    k = data.draw(st.integers(1, n))
    drawn = scipy_stats.hypergeom(n, c, k)
    assert pass_at_k(n, c, k) == pytest.approx(1 - drawn.pmf(0), abs=1e-12)
    assert pass_hat_k(n, c, k) == pytest.approx(drawn.pmf(k), abs=1e-12)
    assert pass_at_k(n, c, 1) == pytest.approx(c / n)
    assert pass_hat_k(n, c, k) - 1e-12 <= c / n <= pass_at_k(n, c, k) + 1e-12


def test_means_over_items() -> None:
    """An item that always passes and one that passes half the time."""
    assert mean_pass_at_k([(4, 4), (4, 2)], 2) == pytest.approx((1 + 5 / 6) / 2)
    assert mean_pass_hat_k([(4, 4), (4, 2)], 2) == pytest.approx((1 + 1 / 6) / 2)


def test_impossible_counts_are_refused() -> None:
    """Counts that cannot be raise ValueError and say why."""
    with pytest.raises(ValueError, match="3 of 2 answers cannot have passed"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="confidence 95 is not between 0 and 1"):
        wilson(1, 2, 95)
    with pytest.raises(ValueError, match="neither can be under 0"):
        sign_test(-1, 2)
    with pytest.raises(ValueError, match="2 of 1 answers cannot have passed"):
        paired_test([(1, 1, 2, 1)])
    with pytest.raises(ValueError, match="the p-value nan of 'a'"):
        holm({"a": math.nan})
    with pytest.raises(ValueError, match="k is between 1 and n"):
        pass_at_k(3, 1, 4)
    with pytest.raises(ValueError, match="no items"):
        mean_pass_hat_k([], 1)
