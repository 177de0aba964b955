"""What the ledger remembers and asks of the next promotion."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from builders.records import a_branch, a_leaf, a_passed_record, a_plan, an_estimate, performance
from builders.small import HISTORY, MODEL, POLICY, START, V1, V2, V3, V4, request
from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Document, Evidence
from model_ratchet.core.fields import Model
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Verdict
from model_ratchet.documents.beside import read_beside
from model_ratchet.documents.events import (
    Admitted,
    Event,
    PromotedVersion,
    RolledBackVersion,
    Unverified,
    WaivedCriterion,
    Withdrawn,
)
from model_ratchet.documents.files import cause_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import Located, read_located
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.engine.bind import Documents, Misfit, bind
from model_ratchet.engine.guards import in_view_of, named_records
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record, digest, seal
from model_ratchet.engine.story import Story, stories

NOW = START + timedelta(days=30)
BEFORE = START - timedelta(days=3)
CAUSE = """\
# Root cause

A join that was wrong.

# Why the promotion passed

No criterion looked at weekends.

## What changes before the next attempt

The join, and a segment for weekends.
"""
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


def explained(asked: Documents, text: str = CAUSE) -> Documents:
    """The same with the document of the root cause on the base branch."""
    path = cause_path("demo", V2)
    document = read_beside(path, text.encode())
    assert isinstance(document, Document)
    return replace(asked, causes={path: document})


def said(found: Plan | Sequence[Misfit]) -> list[str]:
    assert not isinstance(found, Plan)
    return [one.fault.message for one in found]


def test_what_was_rolled_back_needs_its_root_cause() -> None:
    event = rolled_back()
    (message,) = said(bound(documents(), event))
    assert message == (
        f"this version was rolled back on {BEFORE:%Y-%m-%d}: name its closed root cause, `retry: {{root_cause: …}}`"
    )
    plan = bound(explained(documents(more=HISTORY + RETRY)), event)
    assert isinstance(plan, Plan)
    (reason,) = [one for one in plan.reasons if one.why is Why.ROLLED_BACK_BEFORE]
    assert reason.parameters["root_cause"] == "a wrong join, see the closed issue"


def test_what_was_only_removed_with_a_culprit_is_free_to_return() -> None:
    assert isinstance(bound(documents(), rolled_back(cause="collateral")), Plan)


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        (None, ["the base branch holds no {}: merge the document of the root cause before the version comes back"]),
        (CAUSE.replace("A join that was wrong.", "TODO"), ["{} has nothing to say in a section “Root cause”"]),
        (CAUSE.partition("## What")[0], ["{} has nothing to say in a section “What changes before the next attempt”"]),
        (CAUSE, []),
    ],
    ids=["absent", "a-blank", "cut", "whole"],
)
def test_what_comes_back_has_the_document_of_its_root_cause_on_the_base_branch(
    text: str | None, said_of_it: list[str]
) -> None:
    asked = documents(more=HISTORY + RETRY)
    found = bound(explained(asked, text) if text is not None else asked, rolled_back())
    path = f"promotions/demo/outcomes/{V2}-root-cause.md"
    assert ([] if isinstance(found, Plan) else said(found)) == [one.format(path) for one in said_of_it]


@pytest.mark.parametrize(
    ("incident", "quarantined"), [(f"{V2}-1", True), (None, False)], ids=["by-an-incident", "by-its-owner"]
)
def test_a_candidate_that_an_incident_withdrew_needs_its_root_cause(incident: str | None, quarantined: bool) -> None:
    gone = Withdrawn(at=BEFORE, model="demo", candidate=Version.parse(V2), because="errors", incident=incident)
    found = bound(documents(), admitted(V2), gone)
    assert isinstance(found, Plan) is not quarantined
    if quarantined:
        assert said(found)[0].startswith(f"this version was withdrawn on {BEFORE:%Y-%m-%d}: name its closed root cause")


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
    (message,) = said(bound(explained(documents(more=HISTORY + RETRY)), event))
    assert message == f"shadow started before the rollback of {V2}: fresh windows are needed"


def test_attempts_of_other_artifacts_against_the_same_baseline_are_counted_and_shown() -> None:
    plan = bound(documents(), admitted(V3), admitted(V2), admitted(V3), admitted(V3, baseline=V3))
    assert isinstance(plan, Plan)
    (reason,) = [one for one in plan.reasons if one.why is Why.OTHERS_TRIED]
    assert dict(reason.parameters) == {"attempts": 2, "baseline": V1}
    alone = bound(documents())
    assert isinstance(alone, Plan)
    assert Why.OTHERS_TRIED not in {one.why for one in alone.reasons}


GOLDEN_MODEL = MODEL.format(name="demo", more=f"golden: {V1}\n")


def over_v2(model: str = GOLDEN_MODEL) -> Documents:
    """V3 over V2 where V1 is golden."""
    return replace(
        documents(V3),
        model=read(ModelFile, "policies/models/demo.yaml", model),
        request=read(PromotionRequest, f"promotions/demo/{V3}/promotion.yaml", request(V3, V2)),
    )


def held_against(*events: Event, records: Mapping[str, Record], golden: str = GOLDEN_MODEL) -> Documents:
    """What is known of V3 over V2 where V1 is golden."""
    return in_view_of(over_v2(golden), stories(events)["demo"], records)


def step(version: str, baseline: str | None, record: Record | None = None) -> PromotedVersion:
    made = promoted(version, BEFORE)
    before = Version.parse(baseline) if baseline is not None else None
    return made.model_copy(update={"baseline": before, "record": digest(record) if record is not None else None})


def test_what_was_sealed_since_the_golden_baseline_is_added() -> None:
    one = a_passed_record()
    known = held_against(step(V1, None), step(V2, V1, one), records={digest(one): one})
    assert known.drift == {"accuracy": 0.0254}
    assert known.not_golden is None


def compared(*found: tuple[str, str, Estimate | None]) -> Record:
    """A sealed verdict with these criteria on accuracy: their kind, their limit, and what was estimated."""
    limits = {"superiority": "by", "non_inferiority": "margin"}
    gate = performance(
        *(
            {"id": f"c{place}", "kind": kind, "metric": "accuracy", limits.get(kind, "below"): limit, "stage": "canary"}
            for place, (kind, limit, _) in enumerate(found)
        )
    )
    leaves = [
        a_leaf(one, Outcome.PASSED, because(Why.BETTER, by=limit), estimate=estimate)
        for one, (_, limit, estimate) in zip(gate.criteria, found, strict=True)
    ]
    verdict = Verdict(
        gates=(a_branch(gate, *leaves),), evidence_outcome=Outcome.PASSED, sign_off_outcome=Outcome.PASSED
    )
    return seal(a_plan(gate), Evidence(), verdict, now=NOW)


def changed(*found: tuple[str, str, Estimate | None]) -> Mapping[str, float]:
    """What is known to have changed since V1, where V2 was promoted on such a verdict."""
    one = compared(*found)
    return held_against(step(V1, None), step(V2, V1, one), records={digest(one): one}).drift


SMALL, LARGE = an_estimate(0.01, n=900), an_estimate(0.02, n=5_000)


def test_of_several_comparisons_of_a_metric_that_over_most_rows_counts() -> None:
    for first, second in ((SMALL, LARGE), (LARGE, SMALL)):
        assert changed(("superiority", "1pp", first), ("non_inferiority", "1pp", second)) == {"accuracy": 0.02}
    less = an_estimate(-0.03, n=5_001)
    assert changed(("superiority", "1pp", LARGE), ("non_inferiority", "4pp", less)) == {"accuracy": -0.03}


def test_only_a_comparison_in_the_metrics_own_unit_is_a_step() -> None:
    rate, ratio = an_estimate(0.5, n=9_000), an_estimate(1.05, n=9_000, scale=Scale.RATIO)
    others = ("rate_limit", "5%", rate), ("superiority", "2%", ratio), ("non_inferiority", "1pp", None)
    assert changed(*others, ("superiority", "1pp", SMALL)) == {"accuracy": 0.01}
    assert changed(*others) == {}


def test_the_steps_of_several_promotions_are_added_and_the_newest_record_is_named_first() -> None:
    one, two = compared(("superiority", "1pp", SMALL)), compared(("superiority", "1pp", LARGE))
    events = (step(V1, None), step(V4, V1, one), step(V2, V4, two))
    known = held_against(*events, records={digest(one): one, digest(two): two})
    assert known.drift == {"accuracy": pytest.approx(0.03)}
    assert named_records(over_v2(), stories(events)["demo"]) == (digest(two), digest(one))


def test_no_record_is_named_where_nothing_was_sealed_or_nothing_is_golden() -> None:
    one = a_passed_record()
    events = (step(V1, None), step(V4, V1, one), step(V2, V4))
    assert named_records(over_v2(), stories(events)["demo"]) == (digest(one),)
    assert named_records(over_v2(MODEL.format(name="demo", more="")), stories(events)["demo"]) == ()


def test_without_a_golden_baseline_there_is_no_sum() -> None:
    one = a_passed_record()
    events = (step(V1, None, one), step(V2, V1, one))
    without = MODEL.format(name="demo", more="")
    assert held_against(*events, records={digest(one): one}, golden=without).drift == {}


def test_promotions_that_lead_in_a_circle_lead_to_no_golden_baseline() -> None:
    one = a_passed_record()
    events = (step(V4, V2, one), step(V2, V4, one))
    assert held_against(*events, records={digest(one): one}).drift == {}


def test_a_step_without_its_record_leaves_the_sum_unknown() -> None:
    one = a_passed_record()
    assert held_against(step(V1, None), step(V2, V1), records={digest(one): one}).drift == {}
    assert held_against(step(V2, V3), records={}).drift == {}


def test_where_the_golden_baseline_is_the_baseline_nothing_has_changed() -> None:
    golden = GOLDEN_MODEL.replace(f"golden: {V1}", f"golden: {V2}")
    assert held_against(step(V2, V1), records={}, golden=golden).drift == {"accuracy": 0.0, "errors": 0.0}


@pytest.mark.parametrize("event", ["waived", "unverified"])
def test_what_was_let_through_is_no_golden_baseline(event: str) -> None:
    at: dict[str, Any] = {"at": BEFORE, "model": "demo"}
    made: Event = (
        WaivedCriterion(**at, candidate=Version.parse(V1), waiver="memory", criterion="memory")
        if event == "waived"
        else Unverified(**at, version=Version.parse(V1), commit=COMMIT, because="it was pushed")
    )
    known = held_against(step(V1, None), made, records={})
    assert known.not_golden is not None
    bound = bind(known, None, now=NOW)
    assert not isinstance(bound, Plan)
    (found,) = bound
    assert (found.document, found.fault.path) == ("model", ("golden",))


def test_what_was_let_through_of_another_version_is_nothing_against_the_golden_one() -> None:
    at: dict[str, Any] = {"at": BEFORE, "model": "demo"}
    waived = WaivedCriterion(**at, candidate=Version.parse(V2), waiver="memory", criterion="memory")
    pushed = Unverified(**at, version=Version.parse(V2), commit=COMMIT, because="it was pushed")
    assert held_against(step(V1, None), waived, pushed, records={}).not_golden is None
    nameless = Unverified(**at, commit=COMMIT, because="a folder that is no version was pushed")
    without = MODEL.format(name="demo", more="")
    assert held_against(step(V1, None), waived, nameless, records={}, golden=without).not_golden is None
