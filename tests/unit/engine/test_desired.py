"""The desired state: what the chain says of it, and the states that can't be."""

from dataclasses import replace
from math import nan

import pytest

from builders.traffic import ACTIVE, AT_REST, CANDIDATE, MODEL, OLDER, UNDER_WAY
from model_ratchet.core.names import Version
from model_ratchet.documents.promoted import Promoted, Unreadable
from model_ratchet.engine.desired import Desired, desired_of
from model_ratchet.engine.lifecycle import chain


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
    found = desired_of(chain(MODEL, entries), assignment="user_id")
    assert found == Desired(model=MODEL, active=active, previous=previous, assignment="user_id")
    assert found.serves == (active is not None)


def test_nothing_is_desired_of_a_chain_in_trouble() -> None:
    broken = chain(MODEL, [Unreadable(model=MODEL, path="promotions/x", message="no YAML")])
    with pytest.raises(ValueError, match="can't be read"):
        desired_of(broken, assignment=None)


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
