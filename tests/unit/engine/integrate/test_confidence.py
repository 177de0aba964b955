"""How sure a version may be of its picks and edges: from few events made by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from builders.integrating import V1, V2, inputs, settings
from model_ratchet.core.offers import Offers
from model_ratchet.core.scored import PARTS
from model_ratchet.documents.inherited import Confidence
from model_ratchet.engine.integrate.calibration import calibration
from model_ratchet.engine.integrate.confidence import confidence
from model_ratchet.engine.integrate.inputs import Inherited, Inputs

P = np.array([0.3] * 10 + [0.8] * 5)
CAME = np.array([1, 1] + [0] * 8 + [1] * 4 + [0])
EVENTS = inputs({"nba": (P, CAME)})
"""Of ten at 0.3 two came, and of five at 0.8 four."""
CALIBRATED = calibration(EVENTS)


def made(given: Inputs = EVENTS, **asked: Any) -> Confidence:
    return confidence(replace(given, settings=settings(**asked)), CALIBRATED)


def test_a_pick_is_the_likelier_outcome_and_in_the_highest_tier_that_it_reaches() -> None:
    found = made(confidence={"tiers": {"low": 0.5, "high": 0.8, "medium": 0.65}})
    told = [(one.tier, one.at_least, one.picks, one.right) for one in found.tiers]
    assert told == [("high", 0.8, 5, 4), ("medium", 0.65, 10, 8), ("low", 0.5, 0, 0)]
    high, medium, low = found.tiers
    assert (high.expected, high.rate, medium.expected, medium.rate) == pytest.approx((0.8, 0.8, 0.7, 0.8))
    assert (high.low, high.high) == pytest.approx((0.2836, 0.9949), abs=5e-5), "Clopper–Pearson, 4 of 5"
    assert (low.expected, low.rate, low.low, low.high) == (None, None, 0.0, 1.0)
    assert found.recalibration.events == 15


def test_a_pick_of_one_half_is_that_the_event_comes() -> None:
    given = inputs({"nba": (np.full(8, 0.5), np.array([1, 1, 1, 1, 1, 1, 0, 0]))})
    (tier,) = confidence(
        replace(given, settings=settings(confidence={"tiers": {"any": 0.5}})), calibration(given)
    ).tiers
    assert (tier.picks, tier.right) == (8, 6)


ASKED = {"components": {"model": 0.6}, "tiers": {"high": 0.75}}


def after(**asked: Any) -> Confidence:
    """That of the next version, where the first one laid down ``ASKED``."""
    before = made(confidence=ASKED)
    return made(replace(EVENTS, version=V2, inherited=Inherited(version=V1, confidence=before)), **asked)


@pytest.mark.parametrize(
    ("asked", "tells"),
    [
        ({}, False),
        (ASKED, False),
        ({**ASKED, "tiers": {"high": 0.8}}, True),
        ({"tiers": {"high": 0.75}}, True),
    ],
    ids=["nothing", "the-same", "another", "less"],
)
def test_how_an_edge_is_scored_is_carried_over_and_what_the_model_file_says_otherwise_is_told(
    asked: dict[str, Any], tells: bool
) -> None:
    found = after(confidence=asked)
    assert (str(found.evaluation.laid_down_by), found.evaluation.tiers) == (V1, {"high": 0.75})
    assert any(one.startswith("evaluation: ") for one in found.warnings) is tells


def test_a_reset_or_a_parent_without_any_lays_it_down_anew() -> None:
    anew = after(confidence={"tiers": {"high": 0.9}, "reset": True})
    assert (str(anew.evaluation.laid_down_by), anew.evaluation.tiers, anew.evaluation.components) == (
        V2,
        {"high": 0.9},
        {},
    )
    alone = made(replace(EVENTS, version=V2, inherited=Inherited(version=V1)), confidence=ASKED)
    assert (str(alone.evaluation.laid_down_by), alone.evaluation.components) == (V2, {"model": 0.6})
    assert not any(one.startswith("evaluation: ") for one in (*anew.warnings, *alone.warnings))


def offers(n: int) -> Offers:
    """So many offers of each of four kinds; what comes follows the model more than the market."""
    bins = ((0.4, 0.3, 3), (0.4, 0.6, 5), (0.6, 0.4, 4), (0.6, 0.7, 7))
    return Offers(
        bins=tuple(
            (k, 10 * n, came * n, round(market * PARTS) * 10 * n, round(model * PARTS) * 10 * n)
            for k, (market, model, came) in enumerate(bins)
        )
    )


def test_the_edge_of_a_segment_is_fitted_where_it_holds_enough_events() -> None:
    given = inputs({"nba": (P, CAME), "nfl": (P, CAME)})
    blocks = tuple(
        replace(one, offers={"nba": offers(2), "nfl": offers(1)} if place == 3 else {})
        for place, one in enumerate(given.blocks)
    )
    given = replace(given, blocks=blocks, settings=settings(calibration={"min_events": 41}))
    calibrated = calibration(given)
    found = confidence(given, calibrated)
    assert found.edge_model is not None
    assert found.edge_model.events == 120
    assert found.edge_models["nfl"] is None, "40 events"
    nba = found.edge_models["nba"]
    assert nba is not None
    assert nba.events == 80
    whole = found.edge_model
    assert (nba.a, nba.b, nba.c) == pytest.approx((whole.a, whole.b, whole.c)), "of the same shares"
    assert whole.statistic == pytest.approx(1.5 * nba.statistic)
    assert nba.covariance[2][2] == pytest.approx(1.5 * whole.covariance[2][2])
    told = [one for one in found.warnings if one.startswith("edge_model")]
    assert len(told) == 1
    assert told[0].startswith("edge_models.nfl: too few events")
    just = replace(given, settings=settings(calibration={"min_events": 40}))
    assert confidence(just, calibrated).edge_models["nfl"] is not None


def test_without_any_edge_that_is_told_once_and_not_of_each_segment() -> None:
    found = made()
    assert (found.edge_model, found.edge_models) == (None, {"nba": None})
    assert [one.partition(":")[0] for one in found.warnings] == ["edge_model"]
