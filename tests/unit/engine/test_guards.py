"""What the ledger remembers and asks of the next promotion."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from builders.small import HISTORY, MODEL, POLICY, START, V1, V2, V3, request
from model_ratchet.core.fields import Model
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.core.reason import Why
from model_ratchet.documents.events import Admitted, Event, PromotedVersion, RolledBackVersion
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import Located, read_located
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.engine.bind import Documents, Misfit, bind
from model_ratchet.engine.guards import in_view_of
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.story import Story, stories

NOW = START + timedelta(days=30)
BEFORE = START - timedelta(days=3)
RETRY = 'retry: {root_cause: "a wrong join, see the closed issue"}\n'
COMMIT = "a" * 40
D = TypeVar("D", bound=Model)


def digest_of(version: str) -> str:
    return str(documents(version).request.artifact.digest)


def documents(version: str = V2, more: str = HISTORY) -> Documents:
    return Documents(
        policy=read(Policy, "policies/small/1.0.0.yaml", POLICY),
        model=read(ModelFile, "policies/models/demo.yaml", MODEL.format(name="demo", more="")),
        request=read(PromotionRequest, f"promotions/demo/{version}/promotion.yaml", request(version, V1, more=more)),
        sources=None,
    )


def read(kind: type[D], path: str, text: str) -> D:
    found = read_located(kind, path, text.encode())
    assert isinstance(found, Located), found
    document: D = found.document
    return document


def rolled_back(version: str = V2, at: datetime = BEFORE, cause: str = "culprit") -> RolledBackVersion:
    return RolledBackVersion.model_validate(
        {
            "at": at,
            "model": "demo",
            "version": version,
            "returns_to": V1,
            "commit": COMMIT,
            "cause": cause,
            "digest": digest_of(version),
        }
    )


def promoted(version: str, at: datetime) -> PromotedVersion:
    return PromotedVersion(at=at, model="demo", candidate=Version.parse(version), commit=COMMIT, tree=COMMIT)


def admitted(version: str, baseline: str = V1) -> Admitted:
    return Admitted(
        at=BEFORE,
        model="demo",
        candidate=Version.parse(version),
        baseline=Version.parse(baseline),
        digest=digest_of(version),
        policy=PolicyName.parse("small/1.0.0"),
        attempt=1,
    )


def bound(asked: Documents, *events: Event) -> Plan | Sequence[Misfit]:
    story = stories(events).get("demo", Story(model="demo"))
    return bind(in_view_of(asked, story, {}), story.history(str(asked.request.candidate)), now=NOW)


def said(found: Plan | Sequence[Misfit]) -> list[str]:
    assert not isinstance(found, Plan)
    return [one.fault.message for one in found]


@pytest.mark.parametrize("cause", ["culprit", "collateral"])
def test_what_was_rolled_back_needs_its_root_cause(cause: str) -> None:
    event = rolled_back(cause=cause)
    (message,) = said(bound(documents(), event))
    assert message == (
        f"this version was rolled back on {BEFORE:%Y-%m-%d}: name its closed root cause, `retry: {{root_cause: …}}`"
    )
    plan = bound(documents(more=HISTORY + RETRY), event)
    assert isinstance(plan, Plan)
    (reason,) = [one for one in plan.reasons if one.why is Why.ROLLED_BACK_BEFORE]
    assert reason.parameters["root_cause"] == "a wrong join, see the closed issue"


def test_the_artifact_of_another_version_that_was_rolled_back_is_known_by_its_digest() -> None:
    asked = documents(V3)
    same = rolled_back(V2).model_copy(update={"digest": asked.request.artifact.digest})
    (message,) = said(bound(asked, same))
    assert message.startswith(f"this artifact, as {V2}, was rolled back on")
    assert isinstance(bound(asked, rolled_back(V2)), Plan)


def test_what_was_restored_since_needs_no_root_cause() -> None:
    events = (rolled_back(), promoted(V2, BEFORE + timedelta(hours=1)))
    assert isinstance(bound(documents(), *events), Plan)


def test_windows_from_before_the_rollback_do_not_count() -> None:
    event = rolled_back(at=START + timedelta(hours=1))
    (message,) = said(bound(documents(more=HISTORY + RETRY), event))
    assert message == f"shadow started before the rollback of {V2}: fresh windows are needed"


def test_attempts_of_other_artifacts_against_the_same_baseline_are_counted_and_shown() -> None:
    plan = bound(documents(), admitted(V3), admitted(V3), admitted(V3, baseline=V3))
    assert isinstance(plan, Plan)
    (reason,) = [one for one in plan.reasons if one.why is Why.OTHERS_TRIED]
    assert dict(reason.parameters) == {"attempts": 2, "baseline": V1}
    alone = bound(documents())
    assert isinstance(alone, Plan)
    assert Why.OTHERS_TRIED not in {one.why for one in alone.reasons}
