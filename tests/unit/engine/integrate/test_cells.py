"""How good probabilities are, computed from histograms: against numbers made by hand, and exact distributions."""

from itertools import product
from math import comb, log, sqrt

import numpy as np
import pytest

from model_ratchet.core.scored import PARTS, Scores
from model_ratchet.documents.inherited import Quality
from model_ratchet.engine.integrate.cells import Timed, calibration_error_of, counted, quality, reliability, timed
from model_ratchet.engine.integrate.inputs import Block
from model_ratchet.stats.maps import IDENTITY, Map

Z = 1.959963985


def scores(*bins: tuple[float, int, int]) -> Scores:
    """The histogram of forecasts: each probability, how often it was given, and how often the event came."""
    held = tuple((max(1, -(-round(p * PARTS) * 960 // PARTS)), n, came, round(p * PARTS) * n) for p, n, came in bins)
    return Scores(bins=held, brier=0, log_loss=0, spread=0, variance=0)


def block(*bins: tuple[float, int, int], weight: float = 1.0) -> Block:
    return Block(scores={"nba": scores(*bins)}, weight=weight)


ONE, TWO = block((0.2, 4, 1)), block((0.6, 6, 3))


def good(*blocks: Block, calibrate: Map = IDENTITY) -> Quality:
    found = quality(timed((), blocks), calibrate)
    assert found is not None
    return found


def columns(found: Timed) -> list[tuple[float, float, float, int]]:
    """Forecast, events, how many came, and the block of each cell."""
    cells = found.cells
    return list(zip(cells.p.tolist(), cells.n.tolist(), cells.y.tolist(), found.blocks.tolist(), strict=True))


def test_cells_are_the_bins_of_each_block_in_the_order_of_time_weighted_as_their_block() -> None:
    before = block((0.25, 8, 2), weight=0.5)
    found = timed((before,), (block((0.25, 4, 4), (0.5, 2, 1)), TWO))
    assert columns(found) == [(0.25, 4.0, 1.0, 0), (0.25, 4.0, 4.0, 1), (0.5, 2.0, 1.0, 1), (0.6, 6.0, 3.0, 2)]
    assert columns(found.of_stage) == columns(found)[1:]


def test_the_cells_of_a_segment_are_its_own() -> None:
    both = Block(scores={"nba": scores((0.2, 4, 1)), "nfl": scores((0.6, 6, 3))})
    assert columns(timed((), (both, TWO), "nba")) == [(0.2, 4.0, 1.0, 0), (0.6, 6.0, 3.0, 1)]
    assert columns(timed((), (both, TWO), "nfl")) == [(0.6, 6.0, 3.0, 0)]
    assert columns(timed((), (both,), "mlb")) == []
    assert (counted((both, TWO)), counted((both, TWO), "nfl"), counted((both,), "mlb")) == ((16, 7), (6, 3), (0, 0))


def test_scores_have_an_interval_whose_clusters_are_the_blocks() -> None:
    """Squares of 0.76 over 4 events and of 1.56 over 6; both lie 0.168 from what the mean of 0.232 makes of them."""
    found = good(ONE, TWO).brier
    half = Z * sqrt(2 * 0.168**2 * 2 / 1) / 10
    assert (found.value, found.low, found.high) == pytest.approx((0.232, 0.232 - half, 0.232 + half))
    losses = -(log(0.2) + 3 * log(0.8)), -(3 * log(0.6) + 3 * log(0.4))
    mean = sum(losses) / 10
    half = Z * sqrt(2 * ((losses[0] - 4 * mean) ** 2 + (losses[1] - 6 * mean) ** 2)) / 10
    found = good(ONE, TWO).log_loss
    assert (found.value, found.low, found.high) == pytest.approx((mean, mean - half, mean + half))


def test_the_deviation_of_three_blocks_is_that_of_a_sample() -> None:
    """Squares of 0.04, 0.64 and 0.04 of one event each: a mean of 0.24, and a variance of 0.12."""
    found = good(block((0.2, 1, 0)), block((0.2, 1, 1)), block((0.8, 1, 1))).brier
    assert found.high == pytest.approx(0.24 + Z * sqrt(0.12 / 3))


def test_a_single_block_has_no_interval_and_none_reaches_below_zero() -> None:
    alone = good(TWO).brier
    assert alone.value == pytest.approx(0.26)
    assert (alone.low, alone.high) == (None, None)
    unlike = good(block((0.01, 5, 0)), block((0.5, 5, 2)), block((0.01, 5, 0))).brier
    assert unlike.low == 0.0
    assert unlike.high is not None
    assert unlike.high > unlike.value


def test_a_forecast_that_is_sure_and_wrong_costs_a_loss_that_is_bounded() -> None:
    assert good(block((1.0, 1, 0))).log_loss.value == pytest.approx(-log(1e-6))
    assert good(block((0.0, 1, 1))).log_loss.value == pytest.approx(-log(1e-6))


def test_no_event_has_no_quality() -> None:
    assert quality(timed((), (Block(scores={}),))) is None


def test_the_brier_score_falls_apart_by_the_frequencies_that_rise() -> None:
    """Recalibrated to 1 of 4 and 3 of 6 it is 0.225, and for the mean frequency of 0.4 it is 0.24."""
    found = good(ONE, TWO)
    assert (found.miscalibration, found.discrimination, found.uncertainty) == pytest.approx((0.007, 0.015, 0.24))


def test_equal_forecasts_of_several_blocks_are_one_group() -> None:
    """Apart, those of the second block would seem to tell more than the one forecast does: 5 of 10 came."""
    found = good(block((0.5, 5, 1)), block((0.5, 5, 4)))
    assert (found.miscalibration, found.discrimination, found.uncertainty) == pytest.approx((0.0, 0.0, 0.25))


def test_spiegelhalters_z_is_the_sum_of_what_was_off_over_its_deviation() -> None:
    found = good(ONE, TWO)
    z = (0.2 * 0.6 + 0.6 * 0.2) / sqrt(4 * 0.6**2 * 0.16 + 6 * 0.2**2 * 0.24)
    assert found.spiegelhalter_z == pytest.approx(z)
    assert found.spiegelhalter_p == pytest.approx(0.654721, abs=1e-6), "2 (1 − Φ(0.447214))"
    halves = good(block((0.5, 5, 1)))
    assert (halves.spiegelhalter_z, halves.spiegelhalter_p) == (None, None)


def chances() -> list[tuple[float, float]]:
    """Each calibration error that outcomes drawn from the forecasts of ``ONE`` and ``TWO`` have, with its probability."""

    def binomial(k: int, n: int, p: float) -> float:
        return comb(n, k) * p**k * (1 - p) ** (n - k)

    return [
        ((abs(i - 0.8) + abs(j - 3.6)) / 10, binomial(i, 4, 0.2) * binomial(j, 6, 0.6))
        for i, j in product(range(5), range(7))
    ]


def test_the_calibration_error_stands_beside_what_chance_alone_gives() -> None:
    found = good(ONE, TWO).ece
    assert found.value == pytest.approx((0.2 + 0.6) / 10)
    mean = sum(error * share for error, share in chances())
    deviation = sqrt(sum(share * (error - mean) ** 2 for error, share in chances()))
    assert found.chance_mean == pytest.approx(mean, abs=3 * deviation / sqrt(1000)), "of a thousand draws"
    above = sum(share for error, share in chances() if error >= 0.08 - 1e-9)
    assert found.p_value == pytest.approx(above, abs=0.04)
    least = min(error for error, _ in chances() if sum(p for one, p in chances() if one <= error + 1e-9) >= 0.95)
    assert found.chance_95 == pytest.approx(least, abs=0.02)


def test_errors_within_a_bin_cancel_and_those_of_two_bins_do_not() -> None:
    assert good(block((0.51, 2, 1), (0.59, 2, 1))).ece.value == pytest.approx(0.2 / 4)
    assert good(block((0.51, 2, 2), (0.59, 2, 0))).ece.value == pytest.approx((2 * 0.49 - 2 * 0.59 + 0) / -4)
    assert good(block((0.55, 2, 2), (0.65, 2, 0))).ece.value == pytest.approx((2 * 0.45 + 2 * 0.65) / 4)


def test_quality_after_a_map_is_that_of_the_probabilities_that_it_makes() -> None:
    """Odds squared: 0.2 becomes 1/17, and 0.6 becomes 9/13."""
    found = good(ONE, TWO, calibrate=Map("temperature", (2.0,)))
    squares = (16 / 17) ** 2 + 3 / 17**2 + 3 * (4 / 13) ** 2 + 3 * (9 / 13) ** 2
    assert found.brier.value == pytest.approx(squares / 10)
    assert found.ece.value == pytest.approx((1 - 4 / 17 + 6 * 9 / 13 - 3) / 10)


def test_the_bins_of_reliability_are_those_that_hold_an_event_with_the_bounds_of_wilson() -> None:
    low, high = reliability(timed((), (block((0.11, 100, 10), (0.64, 3, 3)), block((0.12, 48, 5)))), IDENTITY)
    assert (low.bin, low.events) == (1, 148)
    assert (low.mean_p, low.frequency) == pytest.approx(((11 + 48 * 0.12) / 148, 15 / 148))
    assert (low.low, low.high) == pytest.approx((0.0624, 0.1605), abs=5e-5), "Newcombe 1998, 15 of 148"
    assert (high.bin, high.events, high.frequency, high.high) == (6, 3, 1.0, 1.0)
    assert high.mean_p == pytest.approx(0.64)
    (single,) = reliability(timed((), (block((0.35, 1, 1)),)), IDENTITY)
    assert (single.bin, single.events, single.frequency) == (3, 1, 1.0)
    (moved,) = reliability(timed((), (block((0.2, 4, 1)),)), Map("temperature", (2.0,)))
    assert moved.bin == 0
    assert moved.mean_p == pytest.approx(1 / 17)


def test_the_calibration_error_of_a_histogram_is_by_tenths() -> None:
    """Bins 1 to 96 are the first tenth, 97 to 192 the second, and 865 to 960 the last."""
    assert calibration_error_of(scores((0.05, 2, 0), (0.1, 2, 1))) == pytest.approx((0.1 + 0.2 - 1) / -4)
    assert calibration_error_of(scores((0.1, 2, 1), (0.101, 2, 0))) == pytest.approx((0.8 + 0.202) / 4)
    assert calibration_error_of(scores((0.9, 1, 0), (0.91, 1, 1), (1.0, 2, 2))) == pytest.approx((0.9 + 0.09) / 4)
    assert calibration_error_of(scores((1.0, 3, 0))) == 1.0


def test_events_that_weigh_less_count_less_in_the_cells_alone() -> None:
    found = timed((block((0.3, 7, 2), weight=0.25),), ())
    assert np.array_equal(found.cells.n, [1.75])
    assert np.array_equal(found.cells.y, [0.5])
    assert len(found.of_stage.cells.p) == 0
