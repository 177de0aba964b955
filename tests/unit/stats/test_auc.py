"""Differences of areas: the errors, bounds and p-values against loops over pairs and Student's t."""

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from model_ratchet.stats.auc import Placed, auc_difference, auc_difference_by_group
from model_ratchet.stats.tails import critical

Y = np.array([1, 1, 1, 0, 0, 0, 0])
BASELINE = np.array([0.9, 0.4, 0.3, 0.8, 0.3, 0.2, 0.1])
CANDIDATE = np.array([0.9, 0.8, 0.5, 0.6, 0.3, 0.2, 0.5])


def test_a_difference_of_areas_has_the_error_of_its_placements() -> None:
    def wins(p: np.ndarray) -> np.ndarray:
        """Of each pair of an event that came (rows) and one that did not: 1 in order, ½ tied."""
        ahead = p[Y == 1][:, None] - p[Y == 0][None, :]
        return np.asarray((ahead > 0) + (ahead == 0) / 2)

    gaps = wins(CANDIDATE) - wins(BASELINE)
    error = sqrt(gaps.mean(axis=1).var(ddof=1) / 3 + gaps.mean(axis=0).var(ddof=1) / 4)
    found = auc_difference(BASELINE, CANDIDATE, Y, level=0.98)
    value, z = float(gaps.mean()), (critical(0.98), critical(0.9))
    assert (found.value, found.n, found.clusters) == pytest.approx((value, 7, None))
    assert (found.baseline, found.candidate) == pytest.approx((wins(BASELINE).mean(), wins(CANDIDATE).mean()))
    assert (found.low, found.high) == pytest.approx((value - z[0] * error, value + z[0] * error))
    assert (found.lower_bound, found.upper_bound) == pytest.approx((value - z[1] * error, value + z[1] * error))
    assert found.p_value == pytest.approx(2 * stats.norm.sf(value / error))


@pytest.mark.parametrize("y", [[1, 0, 0, 0], [1, 1, 1, 0]], ids=["came", "stayed-away"])
def test_a_difference_needs_two_events_of_each_class(y: list[int]) -> None:
    p = [0.4, 0.3, 0.2, 0.1]
    with pytest.raises(ValueError, match="two events"):
        auc_difference(p, p, y, level=0.9)


def test_the_same_forecasts_differ_by_nothing_and_have_no_p_value() -> None:
    found = auc_difference(BASELINE, BASELINE, Y, level=0.9)
    assert (found.value, found.low, found.high, found.p_value) == (0, 0, 0, None)


@pytest.mark.parametrize("groups", [2, 3])
def test_a_difference_by_group_has_student_s_t_with_a_degree_less_than_groups(groups: int) -> None:
    baseline = Placed(0.7, np.array([0.01, -0.02, 0.01])[:groups], 0.0)
    candidate = Placed(0.8, np.array([0.0, 0.03, -0.03])[:groups], 0.0)
    error = sqrt(sum([0.01**2, 0.05**2, 0.04**2][:groups]) * groups / (groups - 1))
    t = stats.t(groups - 1)
    found = auc_difference_by_group(baseline, candidate, level=0.98, n=300)
    assert (found.value, found.baseline, found.candidate) == pytest.approx((0.1, 0.7, 0.8))
    assert (found.low, found.high) == pytest.approx((0.1 - t.ppf(0.99) * error, 0.1 + t.ppf(0.99) * error))
    bounds = (0.1 - t.ppf(0.95) * error, 0.1 + t.ppf(0.95) * error)
    assert (found.lower_bound, found.upper_bound) == pytest.approx(bounds)
    assert (found.p_value, found.clusters, found.n) == pytest.approx((2 * t.sf(0.1 / error), groups, 300))


@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 3)], ids=["one", "unequal"])
def test_one_group_or_other_groups_can_not_be_paired(before: int, after: int) -> None:
    arms = [Placed(0.7, np.zeros(groups), 0.0) for groups in (before, after)]
    with pytest.raises(ValueError, match=f"{before} and {after} groups"):
        auc_difference_by_group(*arms, level=0.9, n=10)
