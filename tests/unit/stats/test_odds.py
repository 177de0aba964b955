"""Odds without the bookmaker's margin."""

import numpy as np
import pytest

from model_ratchet.stats.odds import DevigMethod, insiders, power, proportional, shin, without_margin

THREE = [[2.5, 3.3, 3.1], [1.2, 7.5, 15.0]]
METHODS: tuple[DevigMethod, ...] = ("proportional", "power", "shin")


@pytest.mark.parametrize("method", METHODS)
def test_the_probabilities_of_an_event_sum_to_one_and_keep_their_order(method: DevigMethod) -> None:
    found = without_margin(THREE, method)
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-12)
    assert (np.argsort(found, -1) == np.argsort(1 / np.array(THREE), -1)).all()


@pytest.mark.parametrize("method", METHODS)
def test_one_event_alone_is_as_among_others(method: DevigMethod) -> None:
    np.testing.assert_array_equal(without_margin(THREE[1], method), without_margin(THREE, method)[1])


@pytest.mark.parametrize("method", METHODS)
def test_odds_without_a_margin_imply_their_inverses(method: DevigMethod) -> None:
    np.testing.assert_allclose(without_margin([1.5, 3.0], method), [2 / 3, 1 / 3], rtol=1e-12)
    np.testing.assert_allclose(without_margin([2.5, 2.5], method), [0.5, 0.5], rtol=1e-12)


def test_the_share_of_the_margin_is_the_same_in_proportion() -> None:
    np.testing.assert_allclose(proportional([1.25, 4.0]), [0.8 / 1.05, 0.25 / 1.05])


def test_the_power_is_the_same_for_every_outcome() -> None:
    implied = 1 / np.array(THREE)
    exponents = np.log(power(THREE)) / np.log(implied)
    np.testing.assert_allclose(exponents, np.repeat(exponents[:, :1], 3, axis=1), rtol=1e-9)
    assert (exponents > 1).all()


def test_a_margin_of_a_half_is_found_too() -> None:
    np.testing.assert_allclose(power([1.05, 1.05, 1.05]).sum(), 1, rtol=1e-12)


def test_shin_takes_the_margin_of_two_outcomes_in_equal_parts() -> None:
    """With two outcomes the model has the closed form π − (Π − 1)/2 (Jullien & Salanié 1994)."""
    odds = np.array([[1.3, 3.4], [1.9, 1.9], [1.05, 11.0]])
    implied = 1 / odds
    np.testing.assert_allclose(shin(odds), implied - (implied.sum(-1, keepdims=True) - 1) / 2, atol=1e-12)


def test_shin_takes_more_from_long_shots_than_the_proportion_does() -> None:
    assert (shin(THREE)[:, 2] < proportional(THREE)[:, 2]).any()
    assert (insiders(THREE) > 0).all()
    assert insiders([2.5, 2.5]) == 0


@pytest.mark.parametrize(
    "odds", [[1.0, 3.0], [np.nan, 2.0], [np.inf, 2.0], [-2.0, 2.0]], ids=["one", "nan", "inf", "neg"]
)
def test_what_is_no_odds_is_refused(odds: list[float]) -> None:
    with pytest.raises(ValueError, match="above 1"):
        power(odds)


def test_one_outcome_has_no_margin() -> None:
    with pytest.raises(ValueError, match="two outcomes"):
        shin([1.9])
