"""Quantiles: exact tests on counts, and estimates from histograms against the sorted values."""

import numpy as np
import pytest
from scipy import stats

from model_ratchet.core.evidence import BucketHistogram, LogHistogram, QuantileCounts
from model_ratchet.stats import quantiles

GROWTH = 1.02


def histogram(seconds: np.ndarray) -> LogHistogram:
    """The histogram of these durations, by the definition of its buckets."""
    micros = np.maximum(seconds * 1e6, 1.0)
    keys = np.ceil(np.log(micros) / np.log(GROWTH) - 1e-12).astype(int)
    found, counts = np.unique(keys, return_counts=True)
    return LogHistogram(buckets=tuple((int(key), int(count)) for key, count in zip(found, counts, strict=True)))


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95, 0.99])
def test_a_quantile_of_a_histogram_is_within_a_bucket_of_the_sorted_values(q: float) -> None:
    seconds = np.random.default_rng(1).lognormal(-2, 0.5, 20_000)
    found = quantiles.quantile(histogram(seconds), q, level=0.95)
    assert found.value == pytest.approx(float(np.quantile(seconds, q)), rel=0.025)


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_its_interval_covers_the_truth_as_often_as_it_says(q: float) -> None:
    random = np.random.default_rng(2)
    truth = float(np.exp(-2 + 0.5 * stats.norm.ppf(q)))
    covered = 0
    for _ in range(300):
        found = quantiles.quantile(histogram(random.lognormal(-2, 0.5, 500)), q, level=0.90)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= truth <= found.high
    assert covered / 300 >= 0.88


@pytest.mark.parametrize(("above", "n"), [(0, 59), (0, 58), (3, 200), (20, 200), (49, 1000), (60, 1000)])
def test_the_test_on_counts_is_the_exact_binomial_one(above: int, n: int) -> None:
    counts = QuantileCounts(at_or_below=n - above, n=n, maximum=1.0)
    p_pass, p_fail = quantiles.at_most_p_values(counts, 0.95)
    assert p_pass == pytest.approx(stats.binomtest(above, n, 0.05, alternative="less").pvalue, rel=1e-9)
    assert p_fail == pytest.approx(stats.binomtest(above, n, 0.05, alternative="greater").pvalue, rel=1e-9)


@pytest.mark.parametrize(("quantile", "least"), [(0.95, 59), (0.99, 299), (0.9, 29)])
def test_the_least_rows_are_those_of_wilks(quantile: float, least: int) -> None:
    assert quantiles.least_rows(quantile) == least
    at_least = QuantileCounts(at_or_below=least, n=least, maximum=0.1)
    too_few = QuantileCounts(at_or_below=least - 1, n=least - 1, maximum=0.1)
    assert quantiles.at_most_p_values(at_least, quantile)[0] <= 0.05
    assert quantiles.at_most_p_values(too_few, quantile)[0] > 0.05


def test_the_mean_of_hourly_quantiles_would_pass_a_service_that_is_too_slow() -> None:
    # why percentiles are never averaged: a true p95 of 510 ms, in hours of 20 rows
    random = np.random.default_rng(3)
    sigma = 0.5
    center = np.log(0.510) - sigma * stats.norm.ppf(0.95)
    averaged = counted = 0
    for _ in range(200):
        hours = random.lognormal(center, sigma, (168, 20))
        averaged += float(np.quantile(hours, 0.95, axis=1).mean()) <= 0.5
        below = int((hours <= 0.5).sum())
        counts = QuantileCounts(at_or_below=below, n=hours.size, maximum=1.0)
        counted += quantiles.at_most_p_values(counts, 0.95)[0] <= 0.05
    assert averaged / 200 > 0.5
    assert counted / 200 <= 0.05


def test_a_faster_version_has_a_ratio_below_one_and_an_equal_one_covers_one() -> None:
    random = np.random.default_rng(4)
    base = [histogram(random.lognormal(-2, 0.4, 200)) for _ in range(72)]
    equal = [histogram(random.lognormal(-2, 0.4, 200)) for _ in range(72)]
    faster = [histogram(random.lognormal(-2.2, 0.4, 200)) for _ in range(72)]
    same = quantiles.quantile_ratio(base, equal, 0.95, level=0.95, seed=7)
    better = quantiles.quantile_ratio(base, faster, 0.95, level=0.95, seed=7)
    assert same.low is not None
    assert same.high is not None
    assert same.low < 1 < same.high
    assert better.high is not None
    assert better.high < 1
    assert better.value == pytest.approx(np.exp(-0.2), rel=0.05)
    assert quantiles.quantile_ratio(base, faster, 0.95, level=0.95, seed=7) == better


def test_rows_on_which_side_is_unclear_count_against_either_claim() -> None:
    counts = QuantileCounts(at_or_below=190, n=200, maximum=1.0, unclear=4)
    p_pass, p_fail = quantiles.at_most_p_values(counts, 0.95)
    assert p_pass == pytest.approx(stats.binomtest(190, 200, 0.95, alternative="greater").pvalue, rel=1e-9)
    assert p_fail == pytest.approx(stats.binomtest(194, 200, 0.95, alternative="less").pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("limit", "rows"), [(0.1, (5, 5)), (0.3, (2, 5)), (0.5, (2, 2)), (9.0, (0, 2))], ids=["edge", "in", "last", "open"]
)
def test_the_rows_of_the_bucket_that_holds_a_limit_may_be_above_it(limit: float, rows: tuple[int, int]) -> None:
    assert quantiles.rows_above(BucketHistogram(buckets=((0.1, 7), (0.5, 3), (None, 2))), limit) == rows


def test_a_rank_that_does_not_exist_leaves_the_interval_open() -> None:
    found = quantiles.quantile(LogHistogram(buckets=((500, 1),)), 0.5, level=0.9)
    assert (found.low, found.high) == (None, None)


def test_a_ratio_is_of_seconds_within_their_buckets_and_its_p_value_that_of_the_draws() -> None:
    slow, fast = [LogHistogram(buckets=((600, 40),))] * 5, [LogHistogram(buckets=((590, 40),))] * 5
    found = quantiles.quantile_ratio(slow, fast, 0.95, level=0.9, seed=1)
    assert (found.baseline, found.candidate) == pytest.approx((GROWTH**599.95 / 1e6, GROWTH**589.95 / 1e6), rel=1e-8)
    assert (found.value, found.p_value) == pytest.approx((GROWTH**-10, 1 / 2_000))
    assert quantiles.quantile_ratio(fast, slow, 0.95, level=0.9, seed=1).p_value == 1 / 2_000
    assert quantiles.quantile_ratio(slow, slow, 0.95, level=0.9, seed=1).p_value == 1.0
