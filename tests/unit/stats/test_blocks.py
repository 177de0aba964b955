"""Blocks: which percentiles are taken, and what an estimate makes of them."""

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from model_ratchet.stats.blocks import Drawn, block_bootstrap, difference


def test_the_percentiles_are_moved_out_by_the_number_of_blocks() -> None:
    """Of draws that are spread evenly over 0 to 1 the percentile is the share that is cut off (Hesterberg 2015)."""
    drawn = block_bootstrap(lambda draws: np.linspace(0, 1, len(draws)), 5, level=0.98, seed=1)

    def tail(share: float) -> float:
        return float(stats.norm.cdf(sqrt(5 / 4) * stats.t(4).ppf(share)))

    assert (drawn.low, drawn.high) == pytest.approx((tail(0.01), 1 - tail(0.01)))
    assert (drawn.lower, drawn.upper) == pytest.approx((tail(0.05), 1 - tail(0.05)))
    assert drawn.deviation == pytest.approx(sqrt(1 / 12) * sqrt(5 / 4), rel=1e-3)


def test_two_blocks_are_enough() -> None:
    assert block_bootstrap(lambda draws: draws[:, 0], 2, level=0.9, seed=1).high == pytest.approx(2)


def test_an_interval_holds_the_difference_that_was_seen() -> None:
    within = difference(Drawn(-0.3, 0.4, -0.2, 0.3, 0.1), (0.5, 0.6), level=0.9, n=7, blocks=3, method="loss")
    assert (within.value, within.low, within.high) == pytest.approx((0.1, -0.3, 0.4))
    assert (within.lower_bound, within.upper_bound) == (-0.2, 0.3)
    assert (within.baseline, within.candidate, within.n, within.clusters) == (0.5, 0.6, 7, 3)
    beside = difference(Drawn(-0.3, 0.4, -0.2, 0.3, 0.1), (0.0, 0.5), level=0.9, n=7, blocks=3, method="loss")
    assert (beside.high, beside.upper_bound) == (0.5, 0.5)
    below = difference(Drawn(-0.3, 0.4, -0.2, 0.3, 0.1), (0.5, 0.0), level=0.9, n=7, blocks=3, method="loss")
    assert (below.low, below.lower_bound) == (-0.5, -0.5)
