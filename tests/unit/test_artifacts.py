"""The consumer applies what was written, one number or many, and depends on nothing."""

import ast
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders.integrating import blocks_of, drawn, inputs, settings
from model_ratchet import artifacts as module
from model_ratchet.artifacts import Artifacts
from model_ratchet.documents.inherited import MapFields
from model_ratchet.engine.integrate import artifacts
from model_ratchet.engine.integrate.shared import as_map
from model_ratchet.engine.integrate.text import text
from model_ratchet.stats.edge import EdgeModel

GRID = np.linspace(0.0, 1.0, 41)
MAPS: dict[str, dict[str, Any]] = {
    "identity": {"method": "identity"},
    "temperature": {"method": "temperature", "b": 0.8},
    "logistic": {"method": "logistic", "a": -0.3, "b": 0.7},
    "beta": {"method": "beta", "a": 0.8, "b": 1.2, "c": -0.2},
    "isotonic": {"method": "isotonic", "knots": [[0.1, 0.0], [0.4, 0.35], [0.5, 0.35], [0.9, 1.0]]},
}
EDGE: dict[str, Any] = {
    "a": 0.1,
    "c": 0.4,
    "b": 0.6,
    "covariance": [[0.01, 0.001, 0.0], [0.001, 0.04, -0.02], [0.0, -0.02, 0.05]],
    "model_weight": 0.6,
}


def served(calibration: str = "logistic", edge: dict[str, Any] | None = EDGE, **optimizer: Any) -> Artifacts:
    head = {"apiVersion": "ratchet/v1", "model": "props", "version": "v1"}
    return Artifacts(
        {
            **head,
            "kind": "Calibration",
            "overall": {"map": MAPS["temperature"]},
            "segments": {"nba": {"map": MAPS[calibration]}},
        },
        {
            **head,
            "kind": "Confidence",
            "recalibration": {"map": MAPS["identity"]},
            "edge_model": edge,
            "edge_models": {"nba": edge, "nfl": None},
            "evaluation": {
                "components": {"model": 0.3, "data": 0.1, "risk": 0.6},
                "tiers": {"medium": 0.55, "high": 0.75},
            },
        },
        {
            **head,
            "kind": "Optimizer",
            "weights": {"nba": 1.0},
            "model_weights": {"nba": 0.6, "nfl": None},
            "kelly": {"fraction": 0.25, "cap_per_bet": 0.05},
            **optimizer,
        },
    )


@pytest.mark.parametrize("method", MAPS)
def test_a_number_and_an_array_are_calibrated_alike_and_as_they_were_fitted(method: str) -> None:
    found, made = served(method), as_map(MapFields(**MAPS[method]) if method != "isotonic" else knots())
    many = found.calibrate(GRID, "nba")
    np.testing.assert_allclose(many, [found.calibrate(float(p), "nba") for p in GRID], rtol=1e-12)
    np.testing.assert_allclose(many, made(GRID), rtol=1e-12)
    assert many.shape == GRID.shape


def knots() -> MapFields:
    return MapFields(method="isotonic", knots=((0.1, 0.0), (0.4, 0.35), (0.5, 0.35), (0.9, 1.0)))


def test_a_segment_that_is_not_known_takes_the_map_of_all_events() -> None:
    found = served()
    assert found.calibrate(0.7, "tennis") == found.calibrate(0.7) != found.calibrate(0.7, "nba")


@pytest.mark.parametrize("method", MAPS)
@pytest.mark.parametrize("p", [1.2, -0.1, math.nan], ids=["above", "below", "nan"])
def test_what_is_no_probability_is_refused(method: str, p: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        served(method).calibrate(p, "nba")
    with pytest.raises(ValueError, match="outside"):
        served(method).calibrate(np.array([0.5, p]), "nba")


def test_the_confidence_in_an_edge_is_that_of_the_regression() -> None:
    first, second, third = ((row[0], row[1], row[2]) for row in EDGE["covariance"])
    model = EdgeModel(a=0.1, c=0.4, b=0.6, covariance=(first, second, third), statistic=1, p_value=1, events=1)
    market, p, odds = np.array([0.5, 0.3, 0.8]), np.array([0.6, 0.35, 0.75]), np.array([2.0, 3.1, 1.3])
    many = served().confidence({"market": market, "p": p, "odds": odds, "segment": "nba"})
    np.testing.assert_allclose(many, model.confidence(market, p, odds), rtol=1e-9)
    for index in range(3):
        edge = {"market": float(market[index]), "p": float(p[index]), "odds": float(odds[index])}
        assert served().confidence(edge) == pytest.approx(many[index], rel=1e-12)


def test_where_no_regression_was_fitted_there_is_no_confidence() -> None:
    assert served(edge=None).confidence({"market": 0.5, "p": 0.6, "odds": 2.0, "segment": "nba"}) is None


@pytest.mark.parametrize(
    "edge", [{"market": 0.5, "p": 0.6, "odds": 1.0}, {"market": 1.5, "p": 0.6, "odds": 2.0}], ids=["odds", "market"]
)
def test_what_is_no_offer_is_refused(edge: dict[str, float]) -> None:
    for asked in (served().confidence, served().stake):
        with pytest.raises(ValueError, match=r"above 1|outside"):
            asked(edge)
    with pytest.raises(ValueError, match=r"above 1|outside"):
        served().confidence({name: np.array([value]) for name, value in edge.items()})


def test_a_component_that_is_not_known_counts_for_nothing() -> None:
    found = served()
    assert found.score({"model": 0.8, "data": 0.4, "risk": 0.5}) == pytest.approx(0.58)
    assert found.score({"model": 0.8, "data": 0.4, "risk": None}) == pytest.approx(0.7)
    assert found.score({"model": None}) is None
    with pytest.raises(ValueError, match="no component is called luck"):
        found.score({"luck": 1.0})


def test_a_confidence_is_in_the_highest_tier_that_it_reaches() -> None:
    assert [served().tier(value) for value in (0.9, 0.75, 0.6, 0.5)] == ["high", "high", "medium", None]


def test_weights_are_a_copy_and_none_where_there_are_none() -> None:
    found = served()
    weights = found.weights()
    assert weights == {"nba": 1.0}
    weights.clear()
    assert found.weights() == {"nba": 1.0}
    assert served(weights=None).weights() is None


def test_a_stake_is_a_fraction_of_kelly_towards_the_market_and_capped() -> None:
    found = served("identity")
    chance = 0.6 * 0.6 + 0.4 * 0.5
    assert found.stake({"p": 0.6, "market": 0.5, "odds": 2.0, "segment": "nba"}) == pytest.approx(
        0.25 * (2 * chance - 1)
    )
    assert found.stake({"p": 0.99, "market": 0.5, "odds": 2.0, "segment": "nba"}) == 0.05
    assert found.stake({"p": 0.99, "market": 0.5, "odds": 1.9, "segment": "nfl"}) == 0


def test_the_files_that_are_written_are_those_that_are_read(tmp_path: Path) -> None:
    found = artifacts(inputs({"nba": drawn(3000, -0.4, 0.7, 1), "no": drawn(30, 0, 1, 2)}))
    for name, value in found.items():
        (tmp_path / f"{name}.yaml").write_text(text(value, "schema"), encoding="utf-8")
    loaded = Artifacts.load(tmp_path)
    assert (loaded.model, loaded.version) == ("props", "v1.0.0_20250601_090000")
    made = as_map(MapFields.model_validate_json(json.dumps(found["calibration"]["segments"]["nba"]["map"])))
    np.testing.assert_allclose(loaded.calibrate(GRID, "nba"), made(GRID), rtol=1e-12)
    assert loaded.pick(0.2) == pytest.approx(max(loaded.calibrate(0.2), 1 - loaded.calibrate(0.2)))
    np.testing.assert_allclose(loaded.pick(GRID), [loaded.pick(float(p)) for p in GRID])


def test_what_is_no_artefact_is_refused(tmp_path: Path) -> None:
    found = artifacts(inputs({"nba": drawn(100, 0, 1, 1)}))
    with pytest.raises(ValueError, match="no Calibration"):
        Artifacts(found["confidence"], found["confidence"], found["optimizer"])
    with pytest.raises(ValueError, match="several versions"):
        Artifacts(found["calibration"], found["confidence"], {**found["optimizer"], "version": "v9"})
    (tmp_path / "calibration.yaml").write_text("a: [")
    with pytest.raises(ValueError, match="no YAML"):
        Artifacts.load(tmp_path)
    with pytest.raises(ValueError, match="no map is called magic"):
        served_with({"method": "magic"})


def served_with(held: dict[str, Any]) -> Artifacts:
    MAPS["magic"] = held
    try:
        return served("magic")
    finally:
        del MAPS["magic"]


def test_it_stands_alone() -> None:
    """Outside of functions it imports the standard library and PyYAML, and nowhere anything of this package."""
    tree = ast.parse(Path(module.__file__).read_text())
    top = {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    top |= {name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names}
    assert top == {"__future__", "bisect", "collections.abc", "math", "pathlib", "typing", "yaml"}
    everywhere = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert everywhere == {"yaml", "numpy"}


def test_the_settings_of_the_builder_are_a_document() -> None:
    assert settings().calibration.method == "logistic"
    assert len(blocks_of({"nba": drawn(5, 0, 1, 1)})) == 10
