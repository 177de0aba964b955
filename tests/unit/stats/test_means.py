"""log_ratio: against the paired t-test of scipy on the logarithms."""

import numpy as np
import pytest
from scipy import stats

from model_ratchet.core.units import Scale
from model_ratchet.stats.means import log_ratio

PAIRS = [(200.0, 210.0), (180.0, 171.0), (220.0, 260.0), (190.0, 205.0)]


def test_the_ratio_is_the_paired_t_test_of_the_logarithms() -> None:
    found = log_ratio(PAIRS, level=0.98)
    before, after = np.log(np.array(PAIRS)).T
    theirs = stats.ttest_rel(after, before)
    assert (found.value, found.baseline, found.candidate) == pytest.approx(
        (np.exp((after - before).mean()), stats.gmean(np.exp(before)), stats.gmean(np.exp(after)))
    )
    assert (found.low, found.high) == pytest.approx(tuple(np.exp(theirs.confidence_interval(0.98))))
    assert (found.lower_bound, found.upper_bound) == pytest.approx(tuple(np.exp(theirs.confidence_interval(0.90))))
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert (found.n, found.clusters, found.scale) == (4, 4, Scale.RATIO)


def test_two_hours_are_enough_and_one_is_not() -> None:
    assert log_ratio(PAIRS[:2], level=0.9).n == 2
    with pytest.raises(ValueError, match="at least 2"):
        log_ratio(PAIRS[:1], level=0.9)


def test_hours_that_all_double_have_no_variance_and_no_p_value() -> None:
    found = log_ratio([(1.0, 2.0), (4.0, 8.0)], level=0.9)
    assert (found.low, found.high, found.p_value) == pytest.approx((2, 2, None))


@pytest.mark.parametrize("pair", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)], ids=["before", "after", "negative"])
def test_what_has_no_logarithm_has_no_ratio(pair: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        log_ratio([*PAIRS, pair], level=0.9)
