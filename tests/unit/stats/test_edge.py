"""Edge, Kelly and portfolio: against closed forms, other solvers and simulation."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize
from sklearn.covariance import ledoit_wolf as sklearn_ledoit_wolf

from model_ratchet.stats.edge import EdgeModel, edge_model
from model_ratchet.stats.kelly import kelly, kelly_exclusive, towards_market
from model_ratchet.stats.maps import Floats, logit, sigmoid
from model_ratchet.stats.portfolio import ledoit_wolf, mean_variance


def bets(n: int, c: float, b: float, seed: int = 2) -> tuple[Floats, Floats, Floats, Floats]:
    """Market and model probabilities, events, and outcomes of which logit P = c·logit(market) + b·logit(model)."""
    generator = np.random.default_rng(seed)
    market = generator.uniform(0.2, 0.8, n)
    model = sigmoid(logit(market) + generator.normal(0, 0.5, n))
    y = (generator.random(n) < sigmoid(c * logit(market) + b * logit(model))).astype(float)
    return market, model, np.ones(n), y


def test_a_model_that_knows_more_than_the_market_is_seen_to() -> None:
    found = edge_model(*bets(8_000, 0.4, 0.6))
    assert found is not None
    assert found.p_value < 1e-6
    assert found.b == pytest.approx(0.6, abs=4 * found.covariance[2][2] ** 0.5)
    assert found.model_weight == pytest.approx(found.b / (found.b + found.c))


def test_a_model_that_knows_nothing_more_is_called_better_as_often_as_the_level_says() -> None:
    tests = [edge_model(*bets(400, 1.0, 0.0, seed)) for seed in range(200)]
    share = np.mean([one is not None and one.p_value < 0.05 for one in tests])
    assert 0.015 <= share <= 0.095


def test_a_model_that_points_the_wrong_way_has_no_weight() -> None:
    found = edge_model(*bets(8_000, 1.0, -0.5))
    assert found is not None
    assert found.b < 0
    assert found.model_weight == 0


def test_where_neither_says_anything_the_model_has_no_weight() -> None:
    ones = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    nothing = EdgeModel(a=0.0, c=-1.0, b=0.0, covariance=ones, statistic=0.0, p_value=1.0, events=100)
    assert nothing.model_weight == 0


def test_the_confidence_is_a_half_where_the_offer_is_fair_and_grows_with_the_price() -> None:
    found = edge_model(*bets(4_000, 0.4, 0.6))
    assert found is not None
    eta = found.a + found.c * logit(0.5) + found.b * logit(0.6)
    fair = float(1 / sigmoid(np.asarray(eta)))
    confidence = found.confidence([0.5, 0.5, 0.5], [0.6, 0.6, 0.6], [fair * 0.9, fair, fair * 1.1])
    assert confidence[1] == pytest.approx(0.5)
    assert confidence[0] < 0.05
    assert confidence[2] > 0.95


def test_the_confidence_has_the_spread_of_the_coefficients() -> None:
    """By simulation: draws of the coefficients from their covariance exceed the price as often as the delta method says."""
    found = edge_model(*bets(500, 0.4, 0.6))
    assert found is not None
    draws = np.random.default_rng(0).multivariate_normal([found.a, found.c, found.b], found.covariance, 100_000)
    eta = draws @ np.array([1.0, float(logit(0.45)), float(logit(0.6))])
    expected = np.mean(eta > float(logit(1 / 1.8)))
    assert float(found.confidence(0.45, 0.6, 1.8)) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("y", [0.0, 1.0], ids=["none", "all"])
def test_one_class_shows_no_edge(y: float) -> None:
    market, model, n, _ = bets(50, 1, 0)
    assert edge_model(market, model, n, np.full(50, y)) is None


def test_a_model_that_repeats_the_market_can_not_be_told_from_it() -> None:
    market, _, n, y = bets(50, 1, 0)
    assert edge_model(market, market, n, y) is None


def test_odds_of_one_are_no_offer() -> None:
    found = edge_model(*bets(500, 0.4, 0.6))
    assert found is not None
    with pytest.raises(ValueError, match="above 1"):
        found.confidence(0.5, 0.6, 1.0)


def test_a_certain_and_an_impossible_outcome_are_probabilities() -> None:
    np.testing.assert_allclose(kelly([0.0, 1.0], [2.0, 2.0]), [0, 1])


def test_a_long_shot_makes_a_likely_outcome_worth_taking() -> None:
    """0.3·4 comes first and leaves the reserve rate 0.7/0.75, below 0.5·1.9, which alone has no edge."""
    np.testing.assert_allclose(kelly_exclusive([0.5, 0.3], [1.9, 4.0]), [0.5 - 8 / 17, 0.3 - 3.8 / 17], atol=1e-12)


def test_no_outcome_is_taken_that_leaves_nothing_in_reserve() -> None:
    """Both have an edge, and the bookmaker none: the first is bet alone."""
    np.testing.assert_allclose(kelly_exclusive([0.5, 0.5], [2.5, 1.6]), [1 / 6, 0.0], atol=1e-12)


def test_one_bet_alone_takes_its_edge_over_what_it_pays() -> None:
    np.testing.assert_allclose(kelly([0.55, 0.5, 0.3], [2.0, 2.0, 2.5]), [0.1, 0.0, 0.0], atol=1e-12)


@pytest.mark.parametrize(
    ("p", "odds", "taken"),
    [
        ([0.5, 0.25, 0.25], [2.2, 3.2, 3.4], 1),
        ([0.5, 0.3, 0.2], [2.2, 3.2, 3.4], 2),
        ([0.4, 0.3, 0.2], [2.8, 3.6, 5.4], 3),
        ([0.2, 0.3, 0.5], [2.0, 2.0, 1.9], 0),
    ],
    ids=["one", "two", "three", "none"],
)
def test_exclusive_bets_make_the_bankroll_grow_fastest(p: list[float], odds: list[float], taken: int) -> None:
    chance, offered = np.array(p), np.array(odds)
    lost = max(0.0, 1 - chance.sum())

    def growth(shares: Floats) -> float:
        kept = 1 - shares.sum()
        return float((chance * np.log(kept + shares * offered)).sum() + lost * np.log(kept))

    found = kelly_exclusive(p, odds)
    assert (found > 0).sum() == taken
    grid = np.linspace(-0.02, 0.02, 9)
    for step in np.stack(np.meshgrid(grid, grid, grid), axis=-1).reshape(-1, 3):
        assert growth(np.clip(found + step, 0, 0.9)) <= growth(found) + 1e-12


def test_what_can_not_be_is_refused() -> None:
    with pytest.raises(ValueError, match="up to 1"):
        kelly_exclusive([0.7, 0.6], [2.0, 2.0])
    with pytest.raises(ValueError, match="outside"):
        kelly(1.1, 2.0)
    with pytest.raises(ValueError, match="above 1"):
        kelly(0.5, 1.0)
    with pytest.raises(ValueError, match="weight"):
        towards_market(0.5, 0.5, 1.5)


def test_the_market_takes_what_the_model_is_not_lent() -> None:
    np.testing.assert_allclose(towards_market([0.6], [0.5], 0.25), [0.525])


def test_weights_are_those_of_another_solver() -> None:
    generator = np.random.default_rng(4)
    for k, most in ((2, 1.0), (5, 0.4), (9, 0.2), (3, 1 / 3)):
        root = generator.normal(size=(k + 3, k))
        risk, gains = root.T @ root / 10, generator.normal(0, 0.3, k)
        found = mean_variance(gains, risk, risk_aversion=2.0, most=most)

        def loss(w: Floats, risk: Floats = risk, gains: Floats = gains) -> float:
            return float(w @ risk @ w - gains @ w)

        bounds, whole = [(0.0, most)] * k, LinearConstraint(np.ones(k), 1, 1)
        other = minimize(loss, np.full(k, 1 / k), method="SLSQP", bounds=bounds, constraints=whole, tol=1e-14).x
        assert found.sum() == pytest.approx(1)
        assert found.min() >= 0
        assert found.max() <= most + 1e-12
        assert loss(found) <= loss(other) + 1e-9


def test_two_uncorrelated_sleeves_share_by_their_variances() -> None:
    np.testing.assert_allclose(mean_variance([0, 0], [[1, 0], [0, 4]], risk_aversion=1.0), [0.8, 0.2])


def test_weights_that_can_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        mean_variance([0.1, 0.2], np.eye(2), risk_aversion=1.0, most=0.4)
    with pytest.raises(ValueError, match="positive definite"):
        mean_variance([0.1, 0.2], np.ones((2, 2)), risk_aversion=1.0)


def test_returns_that_show_no_difference_are_shrunk_whole() -> None:
    covariance, shrinkage = ledoit_wolf([[1, 1], [-1, -1], [1, -1], [-1, 1]])
    assert shrinkage == 1
    np.testing.assert_allclose(covariance, np.eye(2))


def test_returns_are_shrunk_as_by_another_library() -> None:
    returns = np.random.default_rng(3).normal(0.001, 0.01, size=(30, 4)) * [1, 1, 2, 3]
    theirs, share = sklearn_ledoit_wolf(returns)
    covariance, shrinkage = ledoit_wolf(returns)
    assert 0.1 < shrinkage < 0.9
    assert shrinkage == pytest.approx(share)
    np.testing.assert_allclose(covariance, theirs)


def test_many_periods_are_believed() -> None:
    returns = np.random.default_rng(0).normal(size=(20_000, 3)) * [1, 2, 3]
    covariance, shrinkage = ledoit_wolf(returns)
    assert shrinkage < 0.01
    np.testing.assert_allclose(np.diag(covariance), [1, 4, 9], rtol=0.05)


def test_one_period_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="two periods"):
        ledoit_wolf([[0.1, 0.2]])
