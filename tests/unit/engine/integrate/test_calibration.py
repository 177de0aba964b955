"""The maps of a version: what they inherit, what their own events add, and how far they may lie from each other."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from builders.integrating import V1, V2, drawn, inputs, settings
from model_ratchet.documents.inherited import Calibration
from model_ratchet.engine.integrate.calibration import calibration
from model_ratchet.engine.integrate.harmless import fit_map
from model_ratchet.engine.integrate.inputs import Block, Inherited, Inputs
from model_ratchet.engine.integrate.shared import parent_of
from model_ratchet.stats.maps import Cells

FEW = (np.array([0.3, 0.4, 0.6, 0.7]), np.array([0, 1, 0, 1]))
BIASED = drawn(3000, 0.5, 1.0, 1)


def made(given: Inputs, **asked: Any) -> Calibration:
    return calibration(replace(given, settings=settings(calibration=asked)))


FIRST = made(inputs({"nba": BIASED}))


def after(given: Inputs, **asked: Any) -> Calibration:
    """The maps of the next version, which inherits those of the first."""
    return made(replace(given, version=V2, inherited=Inherited(version=V1, calibration=FIRST)), **asked)


@pytest.mark.parametrize(
    ("method", "spread"),
    [
        ("temperature", (None, 0.3, None)),
        ("logistic", (0.05, 0.3, None)),
        ("beta", (0.3, 0.3, 0.05)),
    ],
)
def test_slopes_and_intercepts_have_a_spread_of_their_own(method: str, spread: tuple[float | None, ...]) -> None:
    found = made(inputs({"nba": FEW}), method=method, prior={"slope": 0.3, "intercept": 0.05}).prior
    assert found is not None
    assert (found.a, found.b, found.c) == spread


def test_a_version_that_is_taken_as_it_is_has_no_map_to_fit() -> None:
    found = made(inputs({"nba": FEW}), method="identity")
    entry = found.segments["nba"]
    assert (found.prior, entry.decision, entry.reason, entry.own) == (None, "identity_kept", "by_method", None)
    assert (entry.events, entry.came) == (4, 2)


def test_an_isotonic_map_takes_more_events_than_others_and_has_no_spread_to_learn() -> None:
    found = made(inputs({"nba": drawn(300, 0.5, 1.0, 3)}), method="isotonic", learn_prior=True)
    assert (found.overall.reason, found.prior, found.prior_learned) == ("too_few_events", None, False)
    assert (FIRST.overall.reason, FIRST.prior_learned) == ("gain_shown", False)


def test_an_adopted_map_is_the_inherited_one_and_what_the_events_add() -> None:
    found = after(inputs({"nba": drawn(3000, 0.9, 1.3, 2)})).segments["nba"]
    assert (found.decision, found.inherited) == ("adopted", FIRST.segments["nba"].map)
    assert found.inherited is not None
    assert found.adjustment is not None
    assert found.own_weight is not None
    assert found.errors is not None
    assert found.own is not None
    for name, spread in (("a", 0.1), ("b", 0.2)):
        held, adjusted, own, weight, error = (
            getattr(one, name) for one in (found.inherited, found.adjustment, found.own, found.own_weight, found.errors)
        )
        assert getattr(found.map, name) == pytest.approx(held + adjusted)
        assert weight == pytest.approx(1 - (error / spread) ** 2)
        assert abs(held + adjusted - held) < abs(own - held), "shrunk towards what is inherited"


def test_a_first_map_rests_on_its_events_alone() -> None:
    found = FIRST.overall
    assert (found.decision, found.inherited, found.adjustment, found.own_weight) == ("adopted", None, None, None)
    assert found.own == found.map
    assert found.map.a == pytest.approx(0.5, abs=0.15)
    assert found.errors is not None
    assert found.errors.a == pytest.approx(1 / np.sqrt(3000 * 0.2), rel=0.2), "one over the root of Σ q(1 − q)"


def test_what_is_not_adopted_has_no_error_and_no_adjustment() -> None:
    found = after(inputs({"nba": FEW})).segments["nba"]
    assert (found.decision, found.reason) == ("inherited_kept", "too_few_events")
    assert (found.errors, found.adjustment, found.own_weight) == (None, None, None)


def test_a_new_segment_inherits_the_map_of_all_events() -> None:
    found = after(inputs({"nfl": FEW}))
    assert found.segments.keys() == {"nba", "nfl"}
    assert found.segments["nfl"].inherited == found.overall.map
    assert found.segments["nba"].inherited == FIRST.segments["nba"].map


def test_a_parent_without_maps_hands_none_on() -> None:
    given = inputs({"nba": FEW}, version=V2, inherited=Inherited(version=V1))
    assert given.segments == ("nba",)
    found = made(given)
    assert (found.parent, found.overall.inherited) == (None, None)


def test_segments_are_those_of_now_of_before_and_of_the_parent() -> None:
    before = Block(scores=inputs({"mlb": FEW}).blocks[0].scores)
    given = inputs({"nfl": FEW}, earlier=(before,), inherited=Inherited(version=V1, calibration=FIRST))
    assert given.segments == ("mlb", "nba", "nfl")


def test_an_artefact_names_the_file_that_it_is_inherited_from() -> None:
    digest = "sha256:" + "a" * 64
    given = inputs({"nba": FEW}, inherited=Inherited(version=V1, digests={"calibration": digest}))
    found = parent_of(given, "calibration")
    assert found is not None
    assert (str(found.version), found.digest) == (V1, digest)
    assert parent_of(given, "confidence") is None
    assert parent_of(inputs({"nba": FEW}), "calibration") is None


@pytest.mark.parametrize("family", ["logistic", None], ids=["a-family", "isotonic"])
@pytest.mark.parametrize("came", [0, 1])
def test_events_of_one_class_and_no_events_hold_no_map(family: Any, came: int) -> None:
    assert fit_map(family, Cells.of([0.3, 0.4, 0.6], [came] * 3), None, ()) is None
    assert fit_map(family, Cells.of([], []), None, ()) is None
    assert fit_map(family, Cells.of([0.3, 0.4, 0.6, 0.7], [0, 1, 0, 1]), None, ()) is not None
