"""Forecasts by bins of 1/960 against the same forecasts one by one."""

import numpy as np
import pytest

from builders.wagers import tabled
from model_ratchet.core.scored import Scores
from model_ratchet.stats import auc, forecast, score_tables

DAYS = 12


def events(seed: int, n: int = 1200, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecasts, outcomes and days; a slope below 1 makes the forecasts too sure of themselves."""
    random = np.random.default_rng(seed)
    logit = random.normal(0, 1.2, n)
    y = random.random(n) < 1 / (1 + np.exp(-slope * logit))
    return 1 / (1 + np.exp(-logit)), y.astype(int), np.arange(n) % DAYS


def by_day(p: np.ndarray, y: np.ndarray, day: np.ndarray) -> list[Scores]:
    return [tabled(p[day == one], y[day == one]) for one in range(DAYS)]


@pytest.mark.parametrize("bins", [10, 15, 20, 960])
def test_the_calibration_error_of_the_table_is_that_of_the_events(bins: int) -> None:
    p, y, day = events(1)
    whole = score_tables.whole(by_day(p, y, day))
    assert score_tables.ece(whole, bins) == pytest.approx(forecast.ece(p, y, bins=bins), abs=2e-9)


def test_spiegelhalter_s_statistic_is_that_of_the_events() -> None:
    p, y, _ = events(2, slope=0.8)
    found, expected = score_tables.spiegelhalter(tabled(p, y)), forecast.spiegelhalter(p, y)
    assert found == pytest.approx(expected, abs=1e-6)


def test_the_decomposition_brackets_the_miscalibration() -> None:
    p, y, _ = events(3, n=20_000, slope=0.7)
    found, exact = score_tables.corp(tabled(p, y)), forecast.corp(p, y)
    assert found.miscalibration <= exact.miscalibration
    assert found.miscalibration == pytest.approx(exact.miscalibration, rel=0.05)
    assert found.score == pytest.approx(found.miscalibration - found.discrimination + found.uncertainty, abs=1e-8)


def test_the_null_of_the_table_is_that_of_the_events() -> None:
    p, y, _ = events(4)
    found = score_tables.ece_null(tabled(p, y), level=0.95, seed=1)
    exact = forecast.ece_null(p, y, seed=1)
    assert found.mean == pytest.approx(exact.mean, rel=0.03)
    assert found.critical == pytest.approx(exact.critical, rel=0.05)
    assert found == score_tables.ece_null(tabled(p, y), level=0.95, seed=1)


def test_the_difference_of_areas_lies_within_what_the_bins_leave_unclear() -> None:
    p, y, day = events(5)
    other = np.clip(p + np.random.default_rng(6).normal(0, 0.1, len(p)), 0, 1)
    found, unclear = score_tables.auc_difference(by_day(other, y, day), by_day(p, y, day), level=0.95)
    assert 0 < unclear < 0.002
    assert abs(found.value - (auc.auc(p, y) - auc.auc(other, y))) <= unclear
    assert (found.clusters, found.n) == (DAYS, len(p))


@pytest.mark.parametrize("measure", ["ece", "mcb"])
def test_a_candidate_too_sure_of_itself_is_worse_calibrated(measure: score_tables.Measure) -> None:
    p, y, day = events(7, n=6000)
    sure = 1 / (1 + np.exp(-2.0 * np.log(p / (1 - p))))
    days = by_day(p, y, day), by_day(sure, y, day)
    found = score_tables.calibration_difference(*days, measure, level=0.95, seed=1)
    assert found.low is not None
    assert found.low > 0
    exact = {
        "ece": forecast.ece(sure, y) - forecast.ece(p, y),
        "mcb": forecast.corp(sure, y).miscalibration - forecast.corp(p, y).miscalibration,
    }
    assert found.value == pytest.approx(exact[measure], abs=2e-3)
    assert score_tables.calibration_difference(*days, measure, level=0.95, seed=1) == found
    back = score_tables.calibration_difference(days[1], days[0], measure, level=0.95, seed=1)
    assert back.value == pytest.approx(-found.value, abs=1e-12)
    assert (
        found.method == {"ece": "ECE in 10 bins", "mcb": "CORP miscalibration"}[measure] + ", block bootstrap over days"
    )


def test_one_bin_holds_every_event() -> None:
    p, y, day = events(8)
    tables = by_day(p, y, day)
    assert score_tables.ece(tables[0], 1) == pytest.approx(forecast.ece(p[day == 0], y[day == 0], bins=1), abs=2e-3)


def test_what_can_not_be_compared_is_refused() -> None:
    p, y, day = events(8)
    days = by_day(p, y, day)
    with pytest.raises(ValueError, match="paired"):
        score_tables.auc_difference(days[1:], days, level=0.95)
    with pytest.raises(ValueError, match="both classes"):
        score_tables.auc_difference(by_day(p, y * 0, day), by_day(p, y * 0, day), level=0.95)
    with pytest.raises(ValueError, match="7 bins"):
        score_tables.ece(days[0], 7)
    empty = Scores(bins=(), brier=0, log_loss=0, spread=0, variance=0)
    with pytest.raises(ValueError, match="no row"):
        score_tables.ece_null(empty, level=0.95, seed=1)
    with pytest.raises(ValueError, match="no day"):
        score_tables.whole([])
