"""combine: one stratum is itself, and of several the interval is that of a sum of normals."""

from dataclasses import replace
from math import sqrt

import pytest
from scipy.stats import norm

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.units import Scale
from model_ratchet.stats.strata import combine


def normal(value: float, error: float, *, n: int = 100, clusters: int | None = 5) -> Estimate:
    z, one_sided = norm.ppf(0.99), norm.ppf(0.95)
    return Estimate(
        value=value,
        low=value - z * error,
        high=value + z * error,
        level=0.98,
        n=n,
        method="difference",
        scale=Scale.ABSOLUTE,
        lower_bound=value - one_sided * error,
        upper_bound=value + one_sided * error,
        baseline=0.5,
        candidate=0.5 + value,
        clusters=clusters,
    )


def test_parts_with_normal_errors_add_their_weighted_variances() -> None:
    found = combine([(30, normal(0.02, 0.01)), (10, normal(0.06, 0.02, n=40))], level=0.98)
    error = sqrt((0.75 * 0.01) ** 2 + (0.25 * 0.02) ** 2)
    assert (found.value, found.n, found.clusters) == pytest.approx((0.03, 140, 10))
    assert (found.low, found.high) == pytest.approx((0.03 - norm.ppf(0.99) * error, 0.03 + norm.ppf(0.99) * error))
    bounds = (0.03 - norm.ppf(0.95) * error, 0.03 + norm.ppf(0.95) * error)
    assert (found.lower_bound, found.upper_bound) == pytest.approx(bounds)
    assert found.p_value == pytest.approx(2 * norm.sf(0.03 / error))
    assert (found.baseline, found.candidate) == pytest.approx((0.5, 0.53))


def test_each_side_has_its_own_distance() -> None:
    lopsided = replace(normal(0.02, 0.01), low=0.01, high=0.05, lower_bound=0.015, upper_bound=0.04)
    found = combine([(1, lopsided), (1, lopsided)], level=0.98)
    assert (found.low, found.high) == pytest.approx((0.02 - 0.01 / sqrt(2), 0.02 + 0.03 / sqrt(2)))
    assert (found.lower_bound, found.upper_bound) == pytest.approx((0.02 - 0.005 / sqrt(2), 0.02 + 0.02 / sqrt(2)))


def test_what_a_part_does_not_know_the_whole_does_not_either() -> None:
    found = combine(
        [(1, normal(0.02, 0.01)), (1, replace(normal(0.02, 0.01, clusters=None), baseline=None))], level=0.98
    )
    assert (found.clusters, found.baseline, found.candidate) == pytest.approx((None, None, 0.52))
    with pytest.raises(ValueError, match="no upper_bound"):
        combine([(1, replace(normal(0.02, 0.01), upper_bound=None))], level=0.98)


def test_parts_without_any_spread_have_no_p_value() -> None:
    assert combine([(1, normal(0.02, 0.0))], level=0.98).p_value is None


@pytest.mark.parametrize("weights", [[], [0.0]], ids=["no-part", "no-weight"])
def test_nothing_can_not_be_combined(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        combine([(weight, normal(0.02, 0.01)) for weight in weights], level=0.98)
