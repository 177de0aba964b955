"""Calibration maps, Venn–Abers predictors and portfolios beside the libraries that are known for them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders.integrating import drawn
from components import absent, oracle
from model_ratchet.stats.maps import Cells, fit, isotonic, venn_abers
from model_ratchet.stats.portfolio import ledoit_wolf, mean_variance

PYTHON = Path(__file__).parents[2] / ".venv-oracles" / "bin" / "python"
ASKED = np.array([0.12, 0.35, 0.5, 0.61, 0.88])
RETURNS = np.random.default_rng(8).normal([0.05, 0.02, 0.01], [0.3, 0.2, 0.1], (40, 3))


@pytest.fixture(scope="module")
def answers() -> Any:
    if not PYTHON.exists():
        absent("what maps and portfolios are compared with", "make components (requirements/oracles.txt)")
    p, y = sample()
    given = {"p": p.tolist(), "y": y.tolist(), "asked": ASKED.tolist(), "returns": RETURNS.tolist()}
    done = subprocess.run(
        [PYTHON, "-W", "ignore", oracle.__file__], input=json.dumps(given), capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sample() -> tuple[Any, Any]:
    return drawn(1_500, -0.3, 0.8, 11)


def cells() -> Cells:
    return Cells.of(*sample())


def test_parametric_maps_are_the_maxima_of_the_likelihood(answers: Any) -> None:
    logistic, temperature, beta = fit("logistic", cells()), fit("temperature", cells()), fit("beta", cells())
    assert logistic is not None
    assert temperature is not None
    assert beta is not None
    assert logistic.map.coefficients == pytest.approx(answers["logistic"], abs=1e-8)
    assert logistic.errors == pytest.approx(answers["logistic_errors"], abs=1e-6)
    assert temperature.map.coefficients == pytest.approx(answers["temperature"], abs=1e-8)
    assert beta.map.coefficients == pytest.approx(answers["beta"], abs=1e-6)
    np.testing.assert_allclose(beta.map(ASKED), answers["betacal"], atol=2e-3)  # which stops before its minimum


def test_isotonic_maps_are_equal(answers: Any) -> None:
    np.testing.assert_allclose(isotonic(cells())(ASKED), answers["isotonic"], atol=1e-12)


def test_venn_abers_predictors_are_equal(answers: Any) -> None:
    np.testing.assert_allclose(np.stack(venn_abers(cells(), ASKED), axis=1), answers["venn_abers"], atol=1e-9)


def test_the_covariance_and_the_weights_are_equal(answers: Any) -> None:
    covariance, shrinkage = ledoit_wolf(RETURNS)
    np.testing.assert_allclose(covariance, answers["covariance"], rtol=1e-12)
    assert shrinkage == pytest.approx(answers["shrinkage"], rel=1e-12)
    weights = mean_variance(RETURNS.mean(axis=0), covariance, risk_aversion=2.0, most=0.6)
    np.testing.assert_allclose(weights, answers["weights"], atol=1e-5)
