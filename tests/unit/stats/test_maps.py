"""Calibration maps: fitted as the reference libraries fit them, shrunk, and never harmful."""

import numpy as np
import pytest
from numpy.typing import NDArray

from builders.games import PRESENT, WHY, expected, games
from model_ratchet.stats.forecast import brier, ece, log_loss
from model_ratchet.stats.maps import (
    IDENTITY,
    NAMES,
    Cells,
    Map,
    Parametric,
    Prior,
    fit,
    isotonic,
    logit,
    losses,
    sigmoid,
    venn_abers,
)

FAMILIES: tuple[Parametric, ...] = ("temperature", "logistic", "beta")
real = pytest.mark.skipif(not PRESENT, reason=WHY)


def drawn(n: int, a: float, b: float, seed: int = 1) -> Cells:
    """Events of which logit P = a + b·logit p."""
    generator = np.random.default_rng(seed)
    p = generator.uniform(0.02, 0.98, n)
    return Cells.of(p, generator.random(n) < sigmoid(a + b * logit(p)))


def halves() -> tuple[Cells, NDArray[np.float64], NDArray[np.float64]]:
    p, y, _ = games()
    half = len(p) // 2
    return Cells.of(p[:half], y[:half]), p[half:], y[half:]


@real
def test_logistic_is_that_of_the_reference() -> None:
    first, p, y = halves()
    found, want = fit("logistic", first), expected("platt")
    assert found is not None
    assert found.map.coefficients == pytest.approx((want["a"], want["b"]), abs=1e-6)
    assert found.errors == pytest.approx((want["se_a"], want["se_b"]), abs=1e-6)
    q = found.map(p)
    assert log_loss(p, y) == pytest.approx(want["heldout_logloss_raw"], abs=1e-6)
    assert log_loss(q, y) == pytest.approx(want["heldout_logloss"], abs=1e-6)
    assert brier(q, y) == pytest.approx(want["heldout_brier"], abs=1e-6)
    assert ece(q, y) == pytest.approx(want["heldout_ece10"], abs=1e-6)


@real
def test_temperature_is_that_of_the_reference() -> None:
    first, p, y = halves()
    found, want = fit("temperature", first), expected("temperature")
    assert found is not None
    assert 1 / found.map.coefficients[0] == pytest.approx(want["T"], abs=1e-6)
    assert log_loss(found.map(p), y) == pytest.approx(want["heldout_logloss"], abs=1e-6)
    assert ece(found.map(p), y) == pytest.approx(want["heldout_ece10"], abs=1e-6)


@real
def test_beta_is_the_exact_maximum() -> None:
    first, p, y = halves()
    found, want = fit("beta", first), expected("beta")
    assert found is not None
    assert found.map.coefficients == pytest.approx(want["mle_abc"], abs=1e-5)
    assert found.map.coefficients == pytest.approx(want["betacal_abc"], abs=1e-2)
    q = found.map(p)
    assert log_loss(q, y) == pytest.approx(want["heldout_logloss"], abs=2e-5)
    assert brier(q, y) == pytest.approx(want["heldout_brier"], abs=2e-5)
    a, b, c = want["betacal_abc"]
    theirs = Map("beta", (a, b, c))(p)  # one event lies between the two at the edge of a bin
    assert log_loss(theirs, y) == pytest.approx(want["heldout_logloss"], abs=1e-9)
    assert brier(theirs, y) == pytest.approx(want["heldout_brier"], abs=1e-9)
    assert ece(theirs, y) == pytest.approx(want["heldout_ece10"], abs=1e-9)


@real
def test_isotonic_is_that_of_the_reference() -> None:
    first, p, y = halves()
    found, want = isotonic(first), expected("isotonic")
    assert len(found.knots) == want["n_thresholds"]
    np.testing.assert_allclose(found([0.35, 0.5, 0.65]), want["q_at_0_35_0_5_0_65"], atol=1e-9)
    xs, qs = np.array(found.knots).T
    q = np.interp(p, xs, qs)
    assert brier(q, y) == pytest.approx(want["heldout_brier"], abs=1e-9)
    # its bins are closed on the left, and 73 of the values lie on an edge
    place = np.clip(np.searchsorted(np.linspace(0, 1, 11), q, side="right") - 1, 0, 9)
    assert np.abs(np.bincount(place, q - y)).sum() / len(q) == pytest.approx(want["heldout_ece10"], abs=1e-9)


@real
def test_venn_abers_is_that_of_the_reference() -> None:
    first, p, y = halves()
    want = expected("venn-abers")
    low, high = venn_abers(first, [0.35, 0.5, 0.65])
    np.testing.assert_allclose(np.stack([low, high], axis=1), want["p0_p1_at_0_35_0_5_0_65"], atol=1e-6)
    np.testing.assert_allclose(high / (1 - low + high), want["merged_at"], atol=1e-6)
    low, high = venn_abers(first, p)
    assert brier(high / (1 - low + high), y) == pytest.approx(want["heldout_brier"], abs=1e-6)
    assert float((high - low).mean()) == pytest.approx(want["mean_width"], abs=1e-6)


def test_venn_abers_of_a_probability_that_was_not_seen_lies_between_its_neighbours() -> None:
    low, high = venn_abers(Cells.of([0.2, 0.4, 0.6, 0.8], [0, 0, 1, 1]), [0.5, 0.1])
    np.testing.assert_allclose(low, [0.0, 0.0])
    np.testing.assert_allclose(high, [1.0, 1 / 3])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_truth_is_found(family: Parametric) -> None:
    found = fit(family, drawn(40_000, 0.0, 0.7))
    assert found is not None
    _, a, b = found.map.beta
    errors = dict(zip(NAMES[family], found.errors, strict=True))
    assert abs(a - 0.7) < 4 * errors.get("a" if family == "beta" else "b", 0.0)
    assert abs(b - 0.7) < 4 * errors["b"]


@pytest.mark.parametrize("family", FAMILIES)
def test_cells_are_as_good_as_the_rows_that_they_hold(family: Parametric) -> None:
    rows = drawn(3_000, -0.3, 1.2)
    rounded = np.round(rows.p, 1)
    known, place = np.unique(rounded, return_inverse=True)
    cells = Cells(known, np.bincount(place).astype(float), np.bincount(place, rows.y).astype(float))
    of_rows, of_cells = fit(family, Cells.of(rounded, rows.y)), fit(family, cells)
    assert of_rows is not None
    assert of_cells is not None
    assert of_cells.map.coefficients == pytest.approx(of_rows.map.coefficients, abs=1e-9)
    assert of_cells.loss == pytest.approx(of_rows.loss, rel=1e-12)


def test_a_negative_coefficient_of_beta_is_zero_and_the_rest_is_fitted_again() -> None:
    p = np.array([0.05, 0.3, 0.5, 0.7, 0.95])
    found = fit("beta", Cells(p, np.full(5, 100.0), np.array([60.0, 40.0, 30.0, 45.0, 99.0])))
    assert found is not None
    a, b, _ = found.map.coefficients
    assert a == 0
    assert b > 0
    assert found.errors[0] == 0


@pytest.mark.parametrize("y", [[1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 1, 1]], ids=["all", "none", "separated"])
def test_events_that_hold_no_fit_have_none_alone_and_one_beside_a_prior(y: list[int]) -> None:
    cells = Cells.of([0.2, 0.4, 0.6, 0.8], y)
    assert fit("logistic", cells) is None
    held = fit("logistic", cells, Prior((0.0, 1.0), (0.1, 0.2)))
    assert held is not None
    assert np.abs(np.array(held.map.coefficients) - [0, 1]).max() < 0.2


def test_a_prior_alone_is_where_its_centre_is() -> None:
    nothing = Cells(np.array([]), np.array([]), np.array([]))
    held = fit("logistic", nothing, Prior((-0.2, 0.8), (0.1, 0.2)))
    assert held is not None
    assert held.map.coefficients == pytest.approx((-0.2, 0.8))
    assert held.errors == pytest.approx((0.1, 0.2))
    assert fit("logistic", nothing) is None


def test_a_larger_family_holds_the_maps_of_a_smaller_one() -> None:
    hot = Map("temperature", (0.8,))
    p = np.linspace(0.01, 0.99, 21)
    for family in FAMILIES:
        same = hot.within(family)
        assert same is not None
        np.testing.assert_allclose(Map(family, same)(p), hot(p), rtol=1e-12)
    assert Map("logistic", (0.1, 0.8)).within("temperature") is None
    assert Map("beta", (1.0, 0.9, 0.0)).within("logistic") is None
    assert Map("isotonic", knots=((0.1, 0.2), (0.9, 0.7))).within("beta") is None
    assert IDENTITY.within("logistic") == (0.0, 1.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_map_stays_within_its_bounds_at_the_ends(family: Parametric) -> None:
    coefficients = {"temperature": (3.0,), "logistic": (5.0, 3.0), "beta": (3.0, 2.0, 5.0)}[family]
    found = Map(family, coefficients)([0.0, 1.0])
    assert (found >= 1e-6).all()
    assert (found <= 1 - 1e-6).all()
    assert np.isfinite(losses(Map(family, coefficients), Cells.of([0.0, 1.0], [1, 0]))).all()


@pytest.mark.parametrize(
    ("p", "n", "y"),
    [([1.2], [1], [1]), ([np.nan], [1], [1]), ([0.5], [0], [0]), ([0.5], [1], [2]), ([0.5, 0.6], [1], [1])],
    ids=["above", "nan", "empty", "more", "shapes"],
)
def test_cells_that_hold_no_events_are_refused(p: list[float], n: list[float], y: list[float]) -> None:
    with pytest.raises(ValueError, match=r"cell|probability"):
        Cells(np.array(p), np.array(n, dtype=float), np.array(y, dtype=float))
