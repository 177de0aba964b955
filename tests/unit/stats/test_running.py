"""running: sums of what came before, the band of the sequence, and how often it misses the truth at any look."""

from itertools import accumulate

import numpy as np
import pytest

from model_ratchet.core.evidence import Counts, PairedCounts
from model_ratchet.stats.running import Look, running_arms, running_clusters, running_pairs
from model_ratchet.stats.sequential import confidence_sequence_halfwidth


def pairs(only_baseline: int, only_candidate: int, n: int) -> PairedCounts:
    rest = n - only_baseline - only_candidate
    return PairedCounts(both=rest, only_baseline=only_baseline, only_candidate=only_candidate, neither=0)


def test_each_look_holds_all_pairs_so_far() -> None:
    looks = running_pairs([pairs(3, 5, 60), pairs(0, 4, 40), pairs(10, 0, 100)], alpha=0.05)
    assert [(one.value, one.n) for one in looks if one is not None] == [(2 / 60, 60), (6 / 100, 100), (-4 / 200, 200)]
    assert [one is not None and one.low is not None for one in looks] == [False, True, True]


def test_the_band_of_pairs_is_that_of_their_differences_one_by_one() -> None:
    looks = running_pairs([pairs(8, 20, 150), pairs(10, 30, 150)], alpha=0.05)
    differences = np.array([1] * 50 + [-1] * 18 + [0] * 232)
    half = confidence_sequence_halfwidth(300, float(differences.var()), 0.05, 300)
    last = looks[-1]
    assert last is not None
    assert (last.low, last.high) == pytest.approx((differences.mean() - half, differences.mean() + half))


def test_too_few_rows_have_a_value_and_no_band_and_none_have_neither() -> None:
    assert running_pairs([pairs(0, 0, 0), pairs(1, 2, 99)], alpha=0.05) == (
        None,
        Look(value=1 / 99, low=None, high=None, n=99),
    )
    nothing, some = Counts(successes=0, n=0), Counts(successes=9, n=10)
    assert running_arms([(nothing, some), (some, some)], alpha=0.05) == (None, Look(value=0, low=None, high=None, n=10))
    assert running_pairs([], alpha=0.05) == running_arms([], alpha=0.05) == running_clusters([], alpha=0.05) == ()


def test_arms_of_unequal_size_have_the_band_of_the_difference_of_their_means() -> None:
    (look,) = running_arms([(Counts(successes=700, n=1_000), Counts(successes=160, n=200))], alpha=0.05)
    assert look is not None
    assert look.value == pytest.approx(0.1)
    assert look.n == 200
    variance = 200 * (0.7 * 0.3 / 1_000 + 0.8 * 0.2 / 200)
    half = confidence_sequence_halfwidth(200, variance, 0.05, 200)
    assert (look.low, look.high) == pytest.approx((0.1 - half, 0.1 + half))


def test_clusters_of_one_size_are_observations() -> None:
    days = [0.01, 0.03, 0.02, 0.05, 0.04, 0.03]
    looks = running_clusters([(100, day) for day in days], alpha=0.05)
    assert [one.value for one in looks if one is not None] == pytest.approx(
        [s / (n + 1) for n, s in enumerate(accumulate(days))]
    )
    assert [one is not None and one.low is not None for one in looks] == [False] * 4 + [True] * 2
    last = looks[-1]
    assert last is not None
    half = confidence_sequence_halfwidth(6, float(np.var(days)) * 6 / 3, 0.05, 6)
    assert (last.low, last.high) == pytest.approx((0.03 - half, 0.03 + half))


def test_a_large_cluster_weighs_by_its_rows() -> None:
    *_, last = running_clusters([(100, 0.0), (300, 0.04)], alpha=0.05)
    assert last is not None
    assert last.value == pytest.approx(0.03)
    assert last.n == 400


@pytest.mark.parametrize("days", [7, 16, 60])
def test_a_band_over_days_misses_the_truth_at_no_look_more_often_than_it_may(days: int) -> None:
    """Days differ by 3 points around a gain of 2, and hold 500 to 1,500 rows."""
    generator = np.random.default_rng(20_250_801)
    runs = 600
    missed = 0
    for _ in range(runs):
        clusters = zip(generator.integers(500, 1500, days), generator.normal(0.02, 0.03, days), strict=True)
        looks = running_clusters([(int(n), float(change)) for n, change in clusters], alpha=0.05)
        bands = [
            (one.low, one.high) for one in looks if one is not None and one.low is not None and one.high is not None
        ]
        missed += any(not low <= 0.02 <= high for low, high in bands)
    assert missed / runs <= 0.05 + 2 * (0.05 * 0.95 / runs) ** 0.5
    assert missed > 0  # it is no band that never ends
