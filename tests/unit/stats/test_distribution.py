"""distance: against the normal approximation of two large samples."""

from math import sqrt

import pytest
from scipy.stats import norm

from model_ratchet.core.evidence import Categories
from model_ratchet.stats.distribution import distance


def mix(**counts: int) -> Categories:
    return Categories(counts=tuple(sorted(counts.items())))


def test_two_categories_far_apart_have_the_interval_of_a_difference_of_rates() -> None:
    found = distance(mix(a=12_000, b=8_000), mix(a=4_500, b=5_500), level=0.98, seed=1)
    error = sqrt(0.24 / 20_000 + 0.2475 / 10_000)
    assert (found.value, found.n) == pytest.approx((0.15, 10_000))
    assert (found.low, found.high) == pytest.approx(
        (0.15 - norm.ppf(0.99) * error, 0.15 + norm.ppf(0.99) * error), abs=1e-3
    )
    bounds = (0.15 - norm.ppf(0.95) * error, 0.15 + norm.ppf(0.95) * error)
    assert (found.lower_bound, found.upper_bound) == pytest.approx(bounds, abs=1e-3)


def test_a_category_of_one_side_counts_with_its_rows() -> None:
    assert distance(mix(a=5, b=5), mix(a=5, c=5), level=0.9, seed=1).value == pytest.approx(0.5)


def test_equal_mixes_may_be_apart_by_chance_and_need_not_be() -> None:
    found = distance(mix(a=50, b=50), mix(a=50, b=50), level=0.9, seed=1)
    assert (found.value, found.low, found.lower_bound) == (0, 0, 0)
    assert found.high == found.upper_bound == pytest.approx(norm.ppf(0.975) * sqrt(0.25 / 50), abs=0.02)


@pytest.mark.parametrize("empty", [0, 1], ids=["baseline", "candidate"])
def test_a_side_without_rows_has_no_distance(empty: int) -> None:
    sides = [mix(a=10), mix(a=10)]
    sides[empty] = mix(a=0)
    with pytest.raises(ValueError, match="both sides"):
        distance(*sides, level=0.9, seed=1)


def test_one_row_on_each_side_is_enough() -> None:
    assert distance(mix(a=1), mix(a=1), level=0.9, seed=1).n == 1
