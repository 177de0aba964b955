"""Trust: a request's values are taken where the policy says so, for what is bound to them, and always named."""

import re
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from model_ratchet.core.evidence import Arm, Counts, Evidence, Need, Shape, Suite
from model_ratchet.core.fields import Model
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.bind import Documents, bind
from model_ratchet.engine.history import StageHistory, StageRun
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import Plan
from model_ratchet.report.reasons import sentence

START = datetime(2025, 8, 1, tzinfo=UTC)
SOURCES = """
apiVersion: ratchet/v1
kind: Sources
sources: {log: {kind: table, path: log.parquet}, claims: {kind: literal}, ci: {kind: junit, path: "{{version}}.xml"}}
"""
MODEL = """
apiVersion: ratchet/v1
kind: Model
name: demo
policies: [small/1.0.0]
time: {column: at, timezone: UTC}
rows: {source: log, request_id: id, arm: version}
metrics:
  errors: {kind: proportion, column: error}
  accuracy: {kind: proportion, source: claims}
  latency: {kind: duration, source: claims, unit: ms}
  memory: {kind: gauge, source: claims, unit: MiB}
suites: {edge_cases: {source: claims}, anomalies: {source: ci}}
"""
POLICY = """
apiVersion: ratchet/v1
kind: Policy
name: small
version: 1.0.0
trust: {at_least: author-supplied}
stages: [{name: shadow, mirror: 100%, lasts: 24h}, {name: canary, traffic: 5%, mirror: 100%, lasts: 48h}]
gates:
  - name: performance
    criteria:
      - {id: error-rate, kind: rate_limit, metric: errors, below: 1%}
      - {id: right, kind: rate_limit, metric: accuracy, below: 90%, stage: canary}
      - {id: edge-cases, kind: suite, suite: edge_cases}
      - {id: anomalies, kind: suite, suite: anomalies}
"""
REQUEST = f"""
apiVersion: ratchet/v1
kind: PromotionRequest
model: demo
candidate: v2.0.0_20250701_000000
baseline: v1.0.0_20250101_000000
policy: small/1.0.0
owner: ml
artifact: {{uri: "s3://models/2", digest: "sha256:{"2" * 64}"}}
"""
D = TypeVar("D", bound=Model)


def parsed(kind: type[D], path: str, text: str) -> D:
    found = read(kind, path, text.encode())
    assert isinstance(found, kind), found
    return found


def bound(literals: str = "", policy: str = POLICY, request: str = REQUEST) -> Plan | list[tuple[str, str, str]]:
    """The plan of a promotion whose stages have ended; else document, path and message of each misfit."""
    found = bind(
        Documents(
            policy=parsed(Policy, "policies/small/1.0.0.yaml", policy),
            model=parsed(ModelFile, "policies/models/demo.yaml", MODEL),
            request=parsed(
                PromotionRequest, "promotion.yaml", request + (f"literals: {literals}\n" if literals else "")
            ),
            sources=parsed(Sources, "policies/sources.yaml", SOURCES),
        ),
        StageHistory(
            runs=(
                StageRun(stage="shadow", started_at=START),
                StageRun(stage="canary", started_at=START + timedelta(days=1)),
            )
        ),
        now=START + timedelta(days=4),
    )
    if isinstance(found, Plan):
        return found
    return [(one.document, ".".join(map(str, one.fault.path)), one.fault.message) for one in found]


def supplied(what: str) -> Reason:
    return because(Why.AUTHOR_SUPPLIED, what=what, source="claims")


@pytest.mark.parametrize("least", ["fetched", "attested"])
def test_a_policy_that_takes_no_author_supplied_value_is_told_each_criterion_that_rests_on_one(least: str) -> None:
    refused = (
        "whose values are author-supplied, "
        f"and this policy takes none (`trust: {{at_least: {least}}}`): bind it to a source that measures it"
    )
    expected = [
        ("policy", "gates.0.criteria.1", f"right: metrics.accuracy comes from the source claims, {refused}"),
        ("policy", "gates.0.criteria.2", f"edge-cases: suites.edge_cases comes from the source claims, {refused}"),
    ]
    assert bound(policy=POLICY.replace("author-supplied", least)) == expected
    if least == "fetched":
        assert bound(policy=POLICY.replace("trust: {at_least: author-supplied}\n", "")) == expected


def test_a_criterion_that_does_not_apply_rests_on_nothing() -> None:
    policy = re.sub(r"trust: .*\n", "", POLICY)
    policy = re.sub(r" +- \{id: (right|edge-cases), .*\n", "", policy)
    policy += "      - {id: not-worse, kind: non_inferiority, metric: accuracy, margin: 1pp, stage: canary}\n"
    first = REQUEST.replace("baseline: v1.0.0_20250101_000000", "baseline: none")
    plan = bound(policy=policy, request=first)
    assert isinstance(plan, Plan)
    assert all(reason.why is not Why.AUTHOR_SUPPLIED for reason in plan.reasons)
    assert not isinstance(bound(policy=policy), Plan)


def test_what_the_request_states_is_named_in_the_promotion_and_at_every_criterion_that_rests_on_it() -> None:
    plan = bound("{suites: {edge_cases: {passed: 3, failed: 0, skipped: 0}}}")
    assert isinstance(plan, Plan)
    told = [reason for reason in plan.reasons if reason.why is Why.AUTHOR_SUPPLIED]
    assert told == [supplied("metrics.accuracy"), supplied("suites.edge_cases")]
    answers = {need: Suite(passed=3, failed=0, skipped=0) for need in plan.needs() if need.shape is Shape.SUITE}
    counts = {need: Counts(successes=1, n=10_000) for need in plan.needs() if need.shape is Shape.COUNTS}
    verdict = judge(plan, Evidence({**answers, **counts}))
    warned = {leaf.id: leaf.judgement.warnings for gate in verdict.gates for leaf in gate.leaves}
    assert warned == {
        "error-rate": (),
        "right": (supplied("metrics.accuracy"),),
        "edge-cases": (supplied("suites.edge_cases"),),
        "anomalies": (),
    }
    assert verdict.outcome is Outcome.PASSED
    assert sentence(told[0]) == "metrics.accuracy is author-supplied: stated in the request, measured by no source"


def test_it_is_named_whatever_the_outcome_is() -> None:
    plan = bound()
    assert isinstance(plan, Plan)
    verdict = judge(plan, Evidence())
    (gate,) = verdict.gates
    leaf = next(one for one in gate.leaves if one.id == "edge-cases")
    assert (leaf.outcome, leaf.judgement.warnings) == (Outcome.ERRORED, (supplied("suites.edge_cases"),))


VALUE = "{candidate: {successes: 1, n: 2}}"
DURATION = "{candidate: {n: 10, at_or_below: {500ms: 10}, largest: 100ms}}"


@pytest.mark.parametrize(
    ("literals", "path", "message"),
    [
        (
            f"{{proportions: {{errors: {{canary: {VALUE}}}}}}}",
            "literals.proportions.errors",
            "metrics.errors is measured, and a request's value never stands in for a measurement: take it out",
        ),
        (
            "{suites: {anomalies: {passed: 1, failed: 0, skipped: 0}}}",
            "literals.suites.anomalies",
            "suites.anomalies is measured, and a request's value never stands in for a measurement: take it out",
        ),
        (
            f"{{proportions: {{acuracy: {{canary: {VALUE}}}}}}}",
            "literals.proportions.acuracy",
            "the model file binds no metrics.acuracy: did you mean `accuracy`? Known: errors, accuracy, latency, memory",
        ),
        (
            "{suites: {edge_case: {passed: 1, failed: 0, skipped: 0}}}",
            "literals.suites.edge_case",
            "the model file binds no suites.edge_case: did you mean `edge_cases`? Known: edge_cases, anomalies",
        ),
        (
            f"{{durations: {{accuracy: {{canary: {DURATION}}}}}}}",
            "literals.durations.accuracy",
            "`accuracy` is a proportion, and these are values of a duration",
        ),
        (
            f"{{proportions: {{accuracy: {{cannary: {VALUE}}}}}}}",
            "literals.proportions.accuracy.cannary",
            "`cannary` is no stage of the policy: did you mean `canary`? Known: shadow, canary",
        ),
        (
            "{gauges: {memory: {canary: {unit: cores, candidate: [[0, 1]]}}}}",
            "literals.gauges.memory.canary.unit",
            "`memory` is measured in MiB, not in cores",
        ),
    ],
)
def test_a_value_that_stands_in_for_nothing_it_may_is_told_where_it_stands(
    literals: str, path: str, message: str
) -> None:
    assert bound(literals) == [("request", path, message)]


def test_a_gauge_may_be_stated_in_another_unit_of_its_kind() -> None:
    assert isinstance(bound("{gauges: {memory: {canary: {unit: GiB, candidate: [[0, 1]]}}}}"), Plan)


def test_pairs_are_asked_for_where_the_request_states_them() -> None:
    policy = POLICY + "      - {id: not-worse, kind: non_inferiority, metric: accuracy, margin: 1pp, stage: canary}\n"
    pairs = "{both: 1, only_baseline: 1, only_candidate: 1, neither: 1}"
    for literals, shapes in (
        (
            f"{{proportions: {{accuracy: {{canary: {VALUE}}}}}}}",
            {(Shape.COUNTS, (Arm.BASELINE,)), (Shape.COUNTS, (Arm.CANDIDATE,))},
        ),
        (f"{{proportions: {{accuracy: {{canary: {{pairs: {pairs}}}}}}}}}", {(Shape.PAIRED_COUNTS, tuple(Arm))}),
    ):
        plan = bound(literals, policy)
        assert isinstance(plan, Plan)
        (criterion,) = [one for one in plan.bound() if one.criterion.id == "not-worse"]
        needs: tuple[Need, ...] = criterion.criterion.needs(plan.scope(criterion))
        assert {(need.shape, need.arms) for need in needs if need.metric == "accuracy"} == shapes
