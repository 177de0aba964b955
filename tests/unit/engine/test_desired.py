"""The desired state: what the chain says of it, and the states that can't be."""

from dataclasses import replace
from datetime import UTC, datetime
from math import nan

import pytest

from builders.traffic import ACTIVE, AT_REST, CANDIDATE, MODEL, OLDER, UNDER_WAY
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import (
    Admitted,
    Confirmed,
    Event,
    Hold,
    Paused,
    Released,
    Resumed,
    StageStarted,
    Withdrawn,
)
from model_ratchet.documents.promoted import Promoted, Unreadable
from model_ratchet.engine.desired import Desired, desired_of
from model_ratchet.engine.lifecycle import chain
from model_ratchet.engine.story import Story, stories


def promoted(candidate: Version, baseline: Version | None) -> Promoted:
    return Promoted(model=MODEL, candidate=candidate, baseline=baseline, digest=None, policy=None, path="")


@pytest.mark.parametrize(
    ("entries", "active", "previous"),
    [
        pytest.param([], None, None, id="none"),
        pytest.param([promoted(OLDER, None)], OLDER, None, id="one"),
        pytest.param([promoted(OLDER, None), promoted(ACTIVE, OLDER)], ACTIVE, OLDER, id="two"),
        pytest.param(
            [promoted(OLDER, None), promoted(ACTIVE, OLDER), promoted(CANDIDATE, ACTIVE)], CANDIDATE, ACTIVE, id="three"
        ),
    ],
)
def test_the_head_of_the_chain_serves_and_the_version_before_it_is_kept_warm(
    entries: list[Promoted], active: Version | None, previous: Version | None
) -> None:
    found = desired_of(chain(MODEL, entries), Story(model=MODEL), assignment="user_id")
    assert found == Desired(model=MODEL, active=active, previous=previous, assignment="user_id")
    assert found.serves == (active is not None)


def test_nothing_is_desired_of_a_chain_in_trouble() -> None:
    broken = chain(MODEL, [Unreadable(model=MODEL, path="promotions/x", message="no YAML")])
    with pytest.raises(ValueError, match="can't be read"):
        desired_of(broken, Story(model=MODEL), assignment=None)


AT = datetime(2026, 8, 1, tzinfo=UTC)
PROMOTED = [promoted(OLDER, None), promoted(ACTIVE, OLDER)]
REST = Desired(model=MODEL, active=ACTIVE, previous=OLDER)
OTHER = Version.parse("v9.0.0_20260101_000000")


def admitted(candidate: Version = CANDIDATE, baseline: Version | None = ACTIVE) -> Admitted:
    return Admitted(
        at=AT,
        model=MODEL,
        candidate=candidate,
        baseline=baseline,
        digest="sha256:" + "a" * 64,
        policy=PolicyName.parse("standard/1.0.0"),
        attempt=2,
    )


def given(stage: str, share: float, mirror: float, candidate: Version = CANDIDATE) -> StageStarted:
    return StageStarted(at=AT, model=MODEL, candidate=candidate, stage=stage, share=share, mirror=mirror)


def seen(stage: str, candidate: Version = CANDIDATE) -> Confirmed:
    return Confirmed(at=AT, model=MODEL, candidate=candidate, stage=stage)


def asked_for(*events: Event, entries: list[Promoted] = PROMOTED) -> Desired:
    return desired_of(chain(MODEL, entries), stories(events).get(MODEL, Story(model=MODEL)), assignment=None)


CANARY = replace(REST, candidate=CANDIDATE, stage="canary", share=0.05, mirror=1.0, salt=f"{MODEL}/{CANDIDATE}/2")
PAUSED = Paused(at=AT, model=MODEL, candidate=CANDIDATE, stage="canary", because="x")
RESUMED = Resumed(at=AT, model=MODEL, candidate=CANDIDATE, stage="canary")
HOLD, RELEASED = Hold(at=AT, model=MODEL, because="x"), Released(at=AT, model=MODEL, because="x")
STARTED = (admitted(), given("canary", 0.05, 1.0))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param((), REST, id="no-events"),
        pytest.param((admitted(),), REST, id="admitted-alone"),
        pytest.param(STARTED, CANARY, id="asked-before-the-router-confirms"),
        pytest.param((*STARTED, seen("canary")), CANARY, id="confirmed"),
        pytest.param((*STARTED, seen("canary"), PAUSED), REST, id="paused"),
        pytest.param((*STARTED, seen("canary"), PAUSED, RESUMED), CANARY, id="resumed"),
        pytest.param((*STARTED, HOLD), replace(REST, previous=None, hold=True), id="held"),
        pytest.param((*STARTED, HOLD, RELEASED), CANARY, id="released"),
        pytest.param((*STARTED, Withdrawn(at=AT, model=MODEL, candidate=CANDIDATE, because="x")), REST, id="withdrawn"),
        pytest.param((admitted(baseline=OLDER), given("canary", 0.05, 1.0)), REST, id="baseline-moved"),
        pytest.param((admitted(OTHER), given("shadow", 0.0, 1.0, OTHER), *STARTED), CANARY, id="share-before-shadow"),
    ],
)
def test_a_candidate_gets_what_its_stage_was_started_with(events: tuple[Event, ...], expected: Desired) -> None:
    assert asked_for(*events) == expected


BACK = Hold(at=AT, model=MODEL, because="x", refuse=ACTIVE, serve=OLDER, incident=f"{ACTIVE}-1")


def test_the_hold_of_an_incident_names_what_serves_whatever_the_base_branch_holds() -> None:
    alone = Desired(model=MODEL, active=OLDER, hold=True)
    assert asked_for(*STARTED, BACK) == alone
    assert (
        asked_for(BACK, entries=[*PROMOTED, promoted(OTHER, OLDER)]) == alone
    )  # two heads: nobody knows which is active
    assert asked_for(*STARTED, BACK, RELEASED) == CANARY
    assert asked_for(BACK, HOLD) == replace(REST, previous=None, hold=True)


def test_once_merged_the_candidate_serves_everybody_even_before_the_ledger_knows() -> None:
    merged = [*PROMOTED, promoted(CANDIDATE, ACTIVE)]
    assert asked_for(*STARTED, entries=merged) == Desired(model=MODEL, active=CANDIDATE, previous=ACTIVE)


def test_a_first_version_is_not_mirrored_to_nobody() -> None:
    first = asked_for(admitted(baseline=None), given("shadow", 0.0, 1.0), entries=[])
    assert (first.active, first.candidate, first.mirror) == (None, CANDIDATE, 0.0)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"model": "a b"}, id="model"),
        pytest.param({"stage": "canary\nuser root;"}, id="stage"),
        pytest.param({"share": 1.5}, id="share-above-one"),
        pytest.param({"share": nan}, id="share-nan"),
        pytest.param({"mirror": -0.1}, id="mirror-below-none"),
        pytest.param({"mirror": nan}, id="mirror-nan"),
        pytest.param({"share": 1.0}, id="everybody-beside-an-active-version"),
        pytest.param({"share": 0.05, "salt": ""}, id="share-without-salt"),
        pytest.param({"share": 0.05, "candidate": None}, id="share-of-nobody"),
        pytest.param({"mirror": 1.0, "candidate": None, "previous": None}, id="mirror-to-nobody"),
        pytest.param({"share": 0.05, "active": None}, id="share-without-active"),
        pytest.param({"mirror": 1.0, "active": None}, id="mirror-without-active"),
        pytest.param({"candidate": ACTIVE}, id="same-version-twice"),
        pytest.param({"hold": True, "share": 0.05}, id="hold-with-share"),
        pytest.param({"hold": True, "mirror": 1.0}, id="hold-with-mirror"),
    ],
)
def test_a_state_that_can_not_be_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(UNDER_WAY, **changed)  # type: ignore[arg-type]


def test_a_first_version_serves_everybody_or_nobody() -> None:
    first = Desired(model=MODEL, candidate=CANDIDATE)
    assert not first.serves
    assert replace(first, share=1.0).serves


def test_a_hold_keeps_the_candidate_in_mind() -> None:
    assert replace(UNDER_WAY, hold=True).candidate == CANDIDATE
    assert AT_REST.serves
