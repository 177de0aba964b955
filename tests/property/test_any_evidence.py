"""Whatever sources answer – nothing, contradictions, infinities, another form – is judged, sealed, read again and shown."""

import json
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.cases import CASES, Case, decisive, kind_of
from builders.measured import MISSING, foreign, measurements
from builders.records import a_plan
from builders.scopes import START, Answer
from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import Evidence, Missing, Need
from model_ratchet.core.outcome import Outcome
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundCriterion, BoundGate, Plan
from model_ratchet.engine.record import Record, as_sealed, read, seal, to_bytes
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.report.html import as_html

PLAIN = next(case for case in CASES if case.criterion.kind == "metadata")
"""Needs no source: beside an approval there is something that was looked at."""
SOME = settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def a_gate(case: Case, name: str) -> BoundGate:
    stages = tuple(stage.name for stage in case.scope.stages)
    return BoundGate(
        name=name, criteria=(BoundCriterion(criterion=case.criterion, gate=name, stages=stages, pooled=True),)
    )


def plan_of(case: Case) -> Plan:
    gates = (a_gate(case, "law"),) if case is PLAIN else (a_gate(case, "law"), a_gate(PLAIN, "plain"))
    return a_plan(*gates, stages=case.scope.stages, facts=case.scope.facts)


@st.composite
def answers(draw: st.DrawFn, case: Case, needs: tuple[Need, ...]) -> dict[Need, Answer]:
    """Evidence on which the case passes, of which any part is another, missing, or not there."""
    found = dict(case.evidence.answers)
    for need in needs:
        match draw(st.sampled_from(["good", "good", "any", "any", "any", "missing", "foreign", "none"])):
            case "any":
                found[need] = draw(measurements(need))
            case "missing":
                found[need] = draw(MISSING)
            case "foreign":
                found[need] = draw(foreign())
            case "none":
                found.pop(need, None)
    return found


def sealed(plan: Plan, answered: dict[Need, Answer]) -> Record | None:
    """The record of the verdict, as a check makes it; None of what no record holds: NaN, infinity, text that is no Unicode."""
    try:
        plan, evidence = as_sealed(plan, Evidence(answered))
    except RecordError:
        return None
    return seal(plan, evidence, judge(plan, evidence), now=START)


@pytest.mark.parametrize("case", CASES, ids=kind_of)
@SOME
@given(data=st.data())
def test_any_answers_are_judged_and_sealed_and_shown_and_what_is_missing_never_passes(
    case: Case, data: st.DataObject
) -> None:
    plan = plan_of(case)
    answered = data.draw(answers(case, plan.needs()))
    record = sealed(plan, answered)
    if record is None:
        return
    missing = [need for need in case.criterion.needs(case.scope) if isinstance(answered.get(need), Missing | None)]
    if any(decisive(case, need) for need in missing):
        assert record.verdict.outcome is not Outcome.PASSED
    assert read(to_bytes(record)) == record
    check = Check(records=(record,))
    for form in ("text", "markdown", "github"):
        assert render(check, form, width=100).encode()
    assert json.loads(render(check, "json"))["outcome"] == record.verdict.outcome
    assert json.loads(render(check, "sarif"))["version"] == "2.1.0"
    assert ElementTree.fromstring(render(check, "junit").encode()).tag == "testsuites"  # noqa: S314  (our own output)
    assert as_html(record).endswith("</html>\n")
