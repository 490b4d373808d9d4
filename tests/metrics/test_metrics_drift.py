"""Drift in numbers: against SciPy, NumPy and the formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harnn.metrics import (
    RatioSums,
    VectorSums,
    benjamini_hochberg,
    histogram_shift,
    in_spreads,
    label_shift,
    mean_distance,
    newcombe_interval,
    share_p_values,
    squared_distance,
    stability,
    wilson_interval,
)

Z99 = stats.norm.ppf(0.995)


def test_benjamini_hochberg_is_that_of_scipy() -> None:
    rng = np.random.default_rng(1)
    for p_values in (rng.random(50), rng.random(50) ** 4, [0.01, 0.01, 0.5], [1.0]):
        expected = stats.false_discovery_control(p_values)
        assert benjamini_hochberg(p_values) == pytest.approx(expected)
    assert benjamini_hochberg([]).tolist() == []
    for wrong in ([1.5], [math.nan], [[0.1]]):
        with pytest.raises(ValueError, match=r"^Expected a list of p-values from 0 to 1\.$"):
            benjamini_hochberg(wrong)


def test_intervals_of_other_levels() -> None:
    found = stats.binomtest(7, 30).proportion_ci(0.99, method="wilson")
    assert wilson_interval(7, 30, z=Z99) == pytest.approx((found.low, found.high))
    low, high = newcombe_interval(7, 30, 3, 40, z=Z99)
    usual = newcombe_interval(7, 30, 3, 40)
    assert low < usual[0] < usual[1] < high


def test_shares_of_frequent_labels_are_tested_as_by_the_normal_distribution() -> None:
    found = share_p_values([30, 40], 100, [60, 44], 120)
    z = label_shift([30, 40], 100, [60, 44], 120).z
    assert found == pytest.approx(2 * stats.norm.sf(np.abs(z)))


@pytest.mark.parametrize(("before", "now"), [(0, 0), (4, 0), (0, 4), (3, 1), (1, 6), (2, 2)])
def test_shares_of_rare_labels_are_tested_exactly(before: int, now: int) -> None:
    (found,) = share_p_values([before], 300, [now], 200)
    part = 200 / 500
    tails = (
        stats.binom.cdf(now, before + now, part),
        stats.binom.sf(now - 1, before + now, part),
    )
    assert found == pytest.approx(min(1, 2 * min(tails)))
    exact = stats.fisher_exact(np.array([[before, 300 - before], [now, 200 - now]])).pvalue
    assert found >= exact - 1e-9 or found == pytest.approx(exact, abs=0.1)


def test_false_alarms_of_shares_are_few() -> None:
    rng = np.random.default_rng(2)
    shares = np.array([0.001, 0.01, 0.1, 0.5, 0.98])
    wrong = np.zeros(5)
    for _ in range(400):
        before, now = rng.binomial(300, shares), rng.binomial(200, shares)
        wrong += share_p_values(before, 300, now, 200) < 0.05
    assert (wrong / 400 < 0.085).all()


def test_the_index_of_two_histograms() -> None:
    before, now = np.array([500, 300, 200]), np.array([200, 200, 100])
    found = histogram_shift(before, now, most_bins=10)
    then, today = (before + 0.5) / 1001.5, (now + 0.5) / 501.5
    index = np.sum((today - then) * np.log(today / then))
    chance = 2 * (1 / 1000 + 1 / 500)
    assert found.stability == pytest.approx(index - chance)
    assert stability(before, now) == pytest.approx(found.stability)
    scale = 1000 * 500 / 1500
    for end, share in ((found.low, 0.975), (found.high, 0.025)):
        assert stats.ncx2.cdf(index * scale, 2, end * scale) == pytest.approx(share, abs=1e-6)
    samples = (np.repeat([0, 1, 2], before), np.repeat([0, 1, 2], now))
    expected = stats.ks_2samp(*samples, method="asymp")
    assert found.distance == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue, rel=0.2)


def test_the_index_does_not_ask_for_the_order_of_things_without_one() -> None:
    rng = np.random.default_rng(3)
    before, now = rng.integers(0, 40, 12), rng.integers(0, 40, 12)
    order = rng.permutation(12)
    found = histogram_shift(before, now, most_bins=None)
    other = histogram_shift(before[order], now[order], most_bins=None)
    assert found[:3] == pytest.approx(other[:3])


@pytest.mark.parametrize("most_bins", [10, None])
def test_intervals_of_the_index_hold(most_bins: int | None) -> None:
    rng = np.random.default_rng(4)
    then = np.full(10, 0.1)
    for today in (then, np.linspace(0.7, 1.3, 10) / 10):
        true = float(np.sum((today - then) * np.log(today / then)))
        held = 0
        for _ in range(300):
            before, now = rng.multinomial(800, then), rng.multinomial(500, today)
            found = histogram_shift(before, now, most_bins=most_bins)
            held += found.low <= true <= found.high
        assert held / 300 > 0.92


def test_histograms_of_one_bin_are_alike() -> None:
    found = histogram_shift([0, 50, 0], [0, 40, 0])
    assert found[:2] == (0, 0)
    assert 0 < found.high < 1
    assert found[3:] == (0, 1)
    for wrong in (([1, 2], [0, 0]), ([[1]], [[1]])):
        with pytest.raises(ValueError, match="Expected two histograms"):
            histogram_shift(*wrong)


def test_ratios_and_their_variance() -> None:
    rng = np.random.default_rng(5)
    bottoms = rng.integers(20, 60, 400)
    tops = rng.binomial(bottoms, rng.beta(2, 8, 400))
    sums = RatioSums.of(tops[:150], bottoms[:150]) + RatioSums.of(tops[150:], bottoms[150:])
    assert sums == RatioSums.of(tops, bottoms)
    ratio = tops.sum() / bottoms.sum()
    assert sums.value == pytest.approx(ratio)
    rest = tops - ratio * bottoms
    assert sums.variance == pytest.approx(rest.var(ddof=1) * 400 / bottoms.sum() ** 2)
    draws = [
        tops[rows].sum() / bottoms[rows].sum() for rows in rng.integers(0, 400, size=(2_000, 400))
    ]
    assert math.sqrt(sums.variance) == pytest.approx(np.std(draws), rel=0.1)


def test_changes_of_ratios() -> None:
    before, now = RatioSums.of([1, 2, 1, 2], [10] * 4), RatioSums.of([3, 4, 3, 4], [10] * 4)
    found = before.change_to(now)
    assert found is not None
    spread = stats.norm.ppf(0.975) * math.sqrt(before.variance + now.variance)
    assert found == pytest.approx((0.2, 0.2 - spread, 0.2 + spread))
    assert before.change_to(RatioSums()) is None
    one = before.change_to(RatioSums.of([1], [2]))
    assert one is not None
    assert one.low == -math.inf


def test_distances_of_means() -> None:
    rng = np.random.default_rng(6)
    first = rng.normal(size=(200, 8)).astype(np.float32)
    second = (rng.normal(size=(100, 8)) + 0.5).astype(np.float32)
    before = VectorSums.of(first[:50], products=False) + VectorSums.of(first[50:])
    now = VectorSums.of(second[:30]) + VectorSums.of(second[30:])
    # Chen and Qin: sums over different pairs within, and over all pairs between.
    one, two = first.astype(float), second.astype(float)
    within = sum(
        ((x.sum(axis=0) ** 2).sum() - (x**2).sum()) / (len(x) * (len(x) - 1)) for x in (one, two)
    )
    between = 2 * float(one.mean(axis=0) @ two.mean(axis=0))
    assert squared_distance(before, now) == pytest.approx(within - between, abs=1e-6)
    assert before.spread == pytest.approx(one.var(axis=0, ddof=1).sum())
    found = mean_distance(before, now)
    assert found.value == pytest.approx(in_spreads(within - between, before))
    assert found.low < found.value < found.high
    assert found.low > 0
    with pytest.raises(ValueError, match="products"):
        mean_distance(now, before)
    with pytest.raises(ValueError, match="two samples"):
        squared_distance(before, VectorSums.of(second[:1]))


def test_means_that_are_alike_are_rarely_told_apart() -> None:
    rng, wrong = np.random.default_rng(7), 0
    scales = np.linspace(3, 0.1, 32)
    for _ in range(200):
        first, second = (
            VectorSums.of((rng.normal(size=(n, 32)) * scales).astype(np.float32))
            for n in (150, 100)
        )
        wrong += mean_distance(first, second).low > 0
    assert wrong / 200 < 0.06
