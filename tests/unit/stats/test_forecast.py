"""Forecasts: scores, calibration and discrimination against their definitions, simulations and worked values."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy import stats

from model_ratchet.stats import auc, blocks, forecast

P = np.array([0.8, 0.3, 0.6, 0.4, 0.9])
Y = np.array([1, 0, 0, 1, 1])


def events(n: int, seed: int, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts and outcomes; perfectly calibrated with a slope of 1, too sure of themselves below it."""
    random = np.random.default_rng(seed)
    logit = random.normal(0, 1.2, n)
    return 1 / (1 + np.exp(-logit)), (random.random(n) < 1 / (1 + np.exp(-slope * logit))).astype(int)


def test_the_worked_values_of_the_docstrings_are_right() -> None:
    assert forecast.brier([0.8, 0.3], [1, 0]) == pytest.approx(0.065)
    assert forecast.log_loss([0.8, 0.3], [1, 0]) == pytest.approx(0.289909, abs=1e-6)
    assert forecast.ece([0.8, 0.9, 0.3], [1, 0, 0]) == pytest.approx(0.466667, abs=1e-6)
    assert forecast.mce([0.8, 0.9, 0.3], [1, 0, 0]) == pytest.approx(0.9)
    assert auc.auc([0.8, 0.3, 0.6, 0.4], [1, 0, 0, 1]) == 0.75
    found = forecast.corp([0.8, 0.3, 0.6], [1, 0, 0])
    assert found.score == pytest.approx(0.163333, abs=1e-6)
    assert found.miscalibration == pytest.approx(0.163333, abs=1e-6)
    assert found.discrimination == pytest.approx(0.222222, abs=1e-6)
    assert found.uncertainty == pytest.approx(0.222222, abs=1e-6)


@pytest.mark.parametrize("weighted", [forecast.brier, forecast.log_loss, forecast.ece, forecast.mce])
def test_a_weight_of_two_is_the_event_twice_and_one_of_zero_is_no_event(weighted: Callable[..., float]) -> None:
    twice = weighted(np.r_[P[:3], P[0]], np.r_[Y[:3], Y[0]])
    assert weighted(P, Y, [2, 1, 1, 0, 0]) == pytest.approx(twice, rel=1e-12)


def test_a_weight_is_a_number_of_events_to_the_test_of_calibration() -> None:
    twice = forecast.spiegelhalter(np.r_[P[:3], P[0]], np.r_[Y[:3], Y[0]])
    assert forecast.spiegelhalter(P, Y, [2, 1, 1, 0, 0]) == pytest.approx(twice, rel=1e-12)


def test_a_decomposition_adds_up_and_takes_weights() -> None:
    p, y = events(400, 1)
    found = forecast.corp(p, y)
    assert found.score == pytest.approx(found.miscalibration - found.discrimination + found.uncertainty, abs=1e-12)
    assert found.score == pytest.approx(forecast.brier(p, y), abs=1e-12)
    weights = np.random.default_rng(2).integers(0, 3, len(p))
    assert forecast.corp(p, y, weights).miscalibration == pytest.approx(
        forecast.corp(p.repeat(weights), y.repeat(weights)).miscalibration, abs=1e-12
    )


@pytest.mark.parametrize(
    ("p", "place"),
    [(0.0, 0), (0.1, 0), (0.1000001, 1), (0.3, 2), (0.1 + 0.2, 2), (0.7, 6), (1.0, 9)],
    ids=["zero", "edge", "above", "three", "sum", "seven", "one"],
)
def test_bins_are_closed_on_the_right_at_their_decimal_edges(p: float, place: int) -> None:
    assert forecast.bin_of(np.array([p])).tolist() == [place]


def test_a_reliability_bin_holds_its_events_with_wilson_bounds() -> None:
    first, *_, last = forecast.reliability(P, Y)
    assert (first.index, first.n, first.mean_p, first.frequency) == (2, 1, 0.3, 0.0)
    assert (last.index, last.n, last.frequency, last.high) == (8, 1, 1.0, 1.0)
    assert last.low == pytest.approx(0.206549, abs=1e-6)


def test_the_error_of_a_perfect_model_is_that_of_chance() -> None:
    # a model that is right shows an error all the same, and its place in the null distribution is uniform
    places = []
    for seed in range(200):
        p, y = events(300, seed)
        places.append(forecast.ece_null(p, y, seed=seed, simulations=99).p_value)
    assert stats.kstest(places, "uniform").pvalue > 0.01
    assert np.mean(np.array(places) <= 0.05) < 0.1


def test_the_error_of_a_model_too_sure_of_itself_is_not() -> None:
    p, y = events(2000, 3, slope=0.6)
    null = forecast.ece_null(p, y, seed=1)
    assert forecast.ece(p, y) > null.critical > null.mean > 0
    assert null.p_value == 1 / (forecast.SIMULATIONS + 1)
    assert forecast.ece_null(p, y, seed=1) == null


def test_spiegelhalter_holds_its_level_and_finds_overconfidence() -> None:
    found = [forecast.spiegelhalter(*events(300, seed)) for seed in range(300)]
    assert stats.kstest([one[1] for one in found if one is not None], "uniform").pvalue > 0.01
    sure = forecast.spiegelhalter(*events(2000, 3, slope=0.6))
    assert sure is not None
    assert sure[0] > 4
    assert forecast.spiegelhalter([0.5, 1.0, 0.0], [1, 1, 0]) is None


def test_the_logarithm_of_a_certain_error_is_bounded() -> None:
    assert forecast.log_loss([0.0], [1]) == pytest.approx(13.8155, abs=1e-4)
    assert forecast.log_loss([1.0], [1]) == pytest.approx(1e-6, rel=1e-3)


@pytest.mark.parametrize("function", [forecast.brier, forecast.ece, forecast.corp, forecast.spiegelhalter])
@pytest.mark.parametrize(
    ("p", "y", "weights"),
    [
        ([], [], None),
        ([0.5, 1.1], [0, 1], None),
        ([0.5, -0.1], [0, 1], None),
        ([0.5, float("nan")], [0, 1], None),
        ([0.5, 0.5], [0, 0.5], None),
        ([0.5, 0.5], [0, float("nan")], None),
        ([0.5, 0.5], [0], None),
        ([0.5, 0.5], [0, 1], [0, 0]),
        ([0.5, 0.5], [0, 1], [1, -1]),
        ([0.5, 0.5], [0, 1], [1, float("inf")]),
    ],
    ids=["empty", "above", "below", "nan", "tie", "unknown", "short", "massless", "negative", "infinite"],
)
def test_what_is_no_forecast_is_refused(
    function: Callable[..., object], p: list[float], y: list[float], weights: list[float] | None
) -> None:
    with pytest.raises(ValueError, match=r"."):
        function(p, y, weights)


@pytest.mark.parametrize("y", [[1, 1], [0, 0]], ids=["came", "stayed-away"])
def test_outcomes_of_one_class_have_no_auc(y: list[int]) -> None:
    with pytest.raises(ValueError, match="both classes"):
        auc.auc([0.4, 0.6], y)


def test_an_auc_is_the_share_of_pairs_in_order() -> None:
    p, y = events(200, 4)
    p = p.round(2)
    pairs = p[y == 1][:, None] - p[y == 0][None, :]
    assert auc.auc(p, y) == pytest.approx(((pairs > 0) + (pairs == 0) / 2).mean(), abs=1e-12)


def test_the_interval_of_a_difference_of_aucs_covers_it_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        y = random.integers(0, 2, 200)
        shared = random.normal(0, 1, 200)
        p = [stats.norm.cdf(y * shift + shared + random.normal(0, 0.5, 200)) for shift in (1.0, 1.0)]
        found = auc.auc_difference(p[0], p[1], y, level=0.9)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0 <= found.high
    assert 0.86 <= covered / 400 <= 0.94


def test_groups_of_one_event_each_give_the_interval_of_delong() -> None:
    p, y = events(600, 6)
    other = np.clip(p + np.random.default_rng(7).normal(0, 0.1, len(p)), 0, 1)
    exact = auc.auc_difference(other, p, y, level=0.95)
    found = []
    for of in (other, p):
        values, place = np.unique(of, return_inverse=True)
        table = np.eye(len(values))[place]
        found.append(auc.placed(table * y[:, None], table * (1 - y)[:, None]))
    grouped = auc.auc_difference_by_group(*found, level=0.95, n=len(p))
    assert grouped.value == pytest.approx(exact.value, abs=1e-9)
    assert grouped.low == pytest.approx(exact.low, rel=0.01)
    assert grouped.p_value == pytest.approx(exact.p_value, rel=0.05)
    assert found[1].influence.sum() == pytest.approx(0, abs=1e-9)


def test_bins_bracket_the_auc_of_the_events() -> None:
    p, y = events(500, 8)
    place = forecast.bin_of(p, 20)
    table = np.eye(20)[place]
    found = auc.placed((table * y[:, None]).sum(axis=0)[None], (table * (1 - y)[:, None]).sum(axis=0)[None])
    assert found.unclear > 0
    assert abs(found.auc - auc.auc(p, y)) <= found.unclear


def test_groups_that_move_together_widen_the_interval() -> None:
    p, y = events(600, 9)
    other = p**1.3
    tables = [(np.eye(960)[forecast.bin_of(of, 960)], y) for of in (other, p)]
    by_event = [auc.placed(table * y[:, None], table * (1 - y)[:, None]) for table, y in tables]
    doubled = [auc.placed(2 * table * y[:, None], 2 * table * (1 - y)[:, None]) for table, y in tables]
    single = auc.auc_difference_by_group(*by_event, level=0.95, n=600)
    twice = auc.auc_difference_by_group(*doubled, level=0.95, n=1200)
    assert (twice.low, twice.high) == (single.low, single.high)


@pytest.mark.parametrize("count", [7, 30])
def test_a_block_bootstrap_covers_a_mean_even_with_few_blocks(count: int) -> None:
    random = np.random.default_rng(10)
    covered = 0
    for seed in range(300):
        values = random.normal(0, 1 / count, count)
        drawn = blocks.block_bootstrap(partial(np.dot, b=values), count, level=0.95, seed=seed)
        covered += drawn.low <= 0 <= drawn.high
    assert 0.92 <= covered / 300 <= 0.99


def test_a_block_bootstrap_leaves_draws_without_a_value_out() -> None:
    hits = np.array([0.0, 0.0, 1.0, 1.0])

    def share(draws: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((draws @ hits) / (draws @ hits))

    drawn = blocks.block_bootstrap(share, 4, level=0.9, seed=1)
    assert (drawn.low, drawn.high, drawn.deviation) == (1.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="no draw"):
        blocks.block_bootstrap(lambda draws: np.full(len(draws), np.nan), 4, level=0.9, seed=1)
    with pytest.raises(ValueError, match="1 blocks"):
        blocks.block_bootstrap(share, 1, level=0.9, seed=1)
