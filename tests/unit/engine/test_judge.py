"""The judge: every criterion judged, nothing dropped, the worst wins, and what can't be decided is never passed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.code import a_report, of_code
from builders.records import ACCURACY_IMPROVEMENT, ERROR_RATE, RISK, a_plan, bound
from builders.scopes import START, a_stage, a_table, good_rows, some_facts
from model_ratchet.core.code import Checks
from model_ratchet.core.evidence import (
    Approval,
    Approvals,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Interval,
    Labels,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    Shape,
    Window,
)
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Leaf, Verdict
from model_ratchet.criteria.base import StageFacts
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundCriterion, BoundGate, Plan

END = START + timedelta(days=7)
DECIDABLE = END + timedelta(days=1)
HARM = PairedCounts(both=4_000, only_baseline=4_000, only_candidate=400, neither=100)


def a_gate(*criteria: BoundCriterion, name: str = "performance", otherwise: str | None = None) -> BoundGate:
    return BoundGate(name=name, criteria=criteria, otherwise=otherwise)


def one(text: Mapping[str, object] = ERROR_RATE, *stages: str, **more: object) -> BoundCriterion:
    made = bound(text, "performance", *(stages or ("canary",)), pooled="stage" not in text)
    return replace(made, **more)  # type: ignore[arg-type]


def approval_of(role: str = "risk", name: str = "risk") -> BoundCriterion:
    return bound(dict(RISK) | {"role": role, "id": name}, "sign-off", "canary", pooled=True)


def answers(plan: Plan, **changes: Measurement | Missing) -> dict[Need, Measurement | Missing]:
    """Good evidence for every need; ``rows=…``, ``paired_counts=…`` replace all answers of that shape."""
    good: dict[Shape, Measurement] = {
        Shape.ROWS: good_rows(),
        Shape.LABELS: Labels(labelled=20_000, rows=20_000),
        Shape.COUNTS: Counts(successes=0, n=20_000),
        Shape.PAIRED_COUNTS: a_table(),
        Shape.APPROVALS: Approvals(
            approvals=(Approval(login="ada", role="risk", submitted_at=DECIDABLE + timedelta(hours=1)),)
        ),
    }
    found: dict[Need, Measurement | Missing] = {}
    for need in plan.needs():
        answer = changes.get(str(need.shape), good.get(need.shape, Missing(reason=because(Why.NOT_ASKED))))
        if need.grouping is Grouping.HOUR and not isinstance(answer, Groups | Missing):
            answer = Groups(groups=(("0", answer),))
        found[need] = answer
    return found


def judged(plan: Plan, **changes: Measurement | Missing) -> Verdict:
    return judge(plan, Evidence(answers(plan, **changes)))


def only(verdict: Verdict) -> Leaf:
    ((leaf,),) = (gate.leaves for gate in verdict.gates)
    return leaf


def open_stage(days: float, **changes: object) -> StageFacts:
    """A canary of which so many days have run."""
    window = Window((Interval(START, START + timedelta(days=days)),), START + timedelta(days=days))
    return replace(a_stage(decidable=False), window=window, **changes)  # type: ignore[arg-type]


# decided


def test_what_the_evidence_shows_passes() -> None:
    verdict = judged(a_plan(a_gate(one(ACCURACY_IMPROVEMENT), one())))
    assert (verdict.outcome, verdict.evidence_outcome, verdict.sign_off_outcome) == (Outcome.PASSED,) * 3
    assert [(leaf.id, leaf.stage, leaf.outcome) for leaf in verdict.gates[0].leaves] == [
        ("accuracy-improvement", "canary", Outcome.PASSED),
        ("error-rate", None, Outcome.PASSED),
    ]


def test_the_worst_criterion_decides_its_gate_and_the_worst_gate_the_verdict() -> None:
    plan = a_plan(a_gate(one(), name="good"), a_gate(one(ACCURACY_IMPROVEMENT), name="bad"))
    verdict = judged(plan, paired_counts=HARM)
    assert [gate.outcome for gate in verdict.gates] == [Outcome.PASSED, Outcome.FAILED]
    assert (verdict.evidence_outcome, verdict.sign_off_outcome) == (Outcome.FAILED, Outcome.PASSED)
    assert verdict.outcome is Outcome.FAILED


def test_where_nothing_is_measured_and_only_people_are_asked_the_evidence_is_errored() -> None:
    verdict = judged(a_plan(a_gate(approval_of(), name="sign-off")))
    assert (verdict.sign_off_outcome, verdict.evidence_outcome) == (Outcome.PASSED, Outcome.ERRORED)


def test_nothing_is_dropped() -> None:
    gates = (a_gate(one(), one(ACCURACY_IMPROVEMENT)), a_gate(approval_of(), name="sign-off"))
    verdict = judged(a_plan(*gates))
    assert [(gate.name, len(gate.leaves)) for gate in verdict.gates] == [("performance", 2), ("sign-off", 1)]


def test_without_any_evidence_everything_is_errored_or_pending_and_nothing_passes() -> None:
    verdict = judge(a_plan(a_gate(one(), one(ACCURACY_IMPROVEMENT)), a_gate(approval_of(), name="s")), Evidence())
    assert {leaf.outcome for gate in verdict.gates for leaf in gate.leaves} == {Outcome.ERRORED}


@given(kept=st.sets(st.integers(min_value=0, max_value=30)))
def test_an_answer_less_never_makes_a_verdict_pass(kept: set[int]) -> None:
    plan = a_plan(a_gate(one(), one(ACCURACY_IMPROVEMENT)), a_gate(approval_of(), name="sign-off"))
    whole = answers(plan)
    left = {need: answer for index, (need, answer) in enumerate(whole.items()) if index in kept}
    verdict = judge(plan, Evidence(left))
    assert judge(plan, Evidence(whole)).outcome is Outcome.PASSED
    assert (verdict.outcome is Outcome.PASSED) is (len(left) == len(whole))


@given(broken=st.sets(st.integers(min_value=0, max_value=30), min_size=1))
def test_a_trouble_more_never_turns_failed_into_passed(broken: set[int]) -> None:
    plan = a_plan(a_gate(one(), one(ACCURACY_IMPROVEMENT)))
    whole = answers(plan, paired_counts=HARM)
    absent = Missing(reason=because(Why.SOURCE_UNREACHABLE, source="requests", status="503"))
    left = {need: absent if index in broken else answer for index, (need, answer) in enumerate(whole.items())}
    assert judge(plan, Evidence(whole)).outcome is Outcome.FAILED
    assert judge(plan, Evidence(left)).outcome in (Outcome.FAILED, Outcome.ERRORED)


# not decidable yet


def test_a_running_stage_is_pending_until_it_can_be_decided() -> None:
    leaf = only(judged(a_plan(a_gate(one()), stages=(open_stage(3),))))
    assert leaf.outcome is Outcome.PENDING
    assert leaf.judgement.reason == because(Why.STAGE_RUNNING, stage="canary", until=DECIDABLE.isoformat())
    assert leaf.decidable_at == DECIDABLE


def test_a_stage_that_has_ended_is_pending_until_its_labels_are_mature() -> None:
    leaf = only(judged(a_plan(a_gate(one()), stages=(replace(a_stage(), decidable=False),))))
    assert leaf.judgement.reason == because(Why.LABELS_MATURING, stage="canary", until=DECIDABLE.isoformat())


def test_what_reads_no_stage_is_judged_before_any_has_ended() -> None:
    code = bound({"id": "code", "kind": "required_checks", "checks": ("tests",)}, "documentation")
    plan = a_plan(a_gate(code), stages=(open_stage(3),), facts=of_code(some_facts()))
    assert only(judged(plan, checks=Checks(reported=(a_report(),)))).outcome is Outcome.PASSED


def test_a_stage_in_its_first_hour_is_running() -> None:
    leaf = only(judged(a_plan(a_gate(one()), stages=(replace(open_stage(1), window=None),))))
    assert leaf.judgement.reason.why is Why.STAGE_RUNNING


def test_a_stage_that_has_not_started_is_pending_without_an_instant() -> None:
    stage = replace(a_stage(decidable=False), window=None, ends_at=None, decidable_at=None)
    leaf = only(judged(a_plan(a_gate(one()), stages=(stage,))))
    assert (leaf.judgement.reason.why, leaf.decidable_at) == (Why.STAGE_NOT_STARTED, None)


def test_a_paused_stage_is_not_one_that_has_not_started() -> None:
    leaf = only(judged(a_plan(a_gate(one()), stages=(open_stage(3, ends_at=None, decidable_at=None),))))
    assert leaf.judgement.reason == because(Why.STAGE_RUNNING, stage="canary", until="unknown")
    assert leaf.decidable_at is None


def test_a_criterion_over_several_stages_waits_for_the_last() -> None:
    later = START + timedelta(days=20)
    shadow = replace(a_stage("shadow", traffic=None), window=Window((Interval(START - timedelta(days=7), START),), END))
    canary = open_stage(3, ends_at=later - timedelta(days=1), decidable_at=later)
    leaf = only(judged(a_plan(a_gate(one(ERROR_RATE, "shadow", "canary")), stages=(shadow, canary))))
    assert leaf.judgement.reason == because(Why.STAGE_RUNNING, stage="canary", until=later.isoformat())
    assert leaf.decidable_at == later
    unknown = replace(canary, name="blue_green", window=None, ends_at=None, decidable_at=None)
    leaf = only(
        judged(a_plan(a_gate(one(ERROR_RATE, "shadow", "canary", "blue_green")), stages=(shadow, canary, unknown)))
    )
    assert leaf.judgement.reason == because(Why.STAGE_NOT_STARTED, stage="blue_green")
    assert leaf.decidable_at is None


def test_a_criterion_without_a_stage_to_read_never_passes() -> None:
    leaf = only(judged(a_plan(a_gate(replace(one(), stages=())))))
    assert leaf.outcome is Outcome.PENDING


@pytest.mark.parametrize(("lasting", "outcome"), [(True, Outcome.ERRORED), (False, Outcome.PENDING)])
def test_what_waiting_can_not_cure_is_errored_at_once(lasting: bool, outcome: Outcome) -> None:
    absent = Missing(reason=because(Why.COLUMN_ABSENT, source="requests", column="error"), lasting=lasting)
    leaf = only(judged(a_plan(a_gate(one()), stages=(open_stage(3),)), counts=absent))
    assert leaf.outcome is outcome
    assert (leaf.judgement.reason.why is Why.COLUMN_ABSENT) is lasting


def test_harm_that_is_proven_fails_before_the_stage_ends() -> None:
    plan = a_plan(a_gate(one(ACCURACY_IMPROVEMENT)), stages=(open_stage(3),))
    assert only(judged(plan)).outcome is Outcome.PENDING
    leaf = only(judged(plan, paired_counts=HARM))
    assert (leaf.outcome, leaf.judgement.reason.why) == (Outcome.FAILED, Why.EARLY_HARM)


def test_pending_tells_how_many_rows_are_missing_so_far() -> None:
    few = PairedCounts(both=30, only_baseline=5, only_candidate=6, neither=9)
    leaf = only(judged(a_plan(a_gate(one(ACCURACY_IMPROVEMENT)), stages=(open_stage(1),)), paired_counts=few))
    assert leaf.judgement.reason.parameters["more_rows"] == 50


# what is shown and not counted


def test_an_advisory_criterion_is_shown_and_decides_nothing() -> None:
    advisory = one(dict(ACCURACY_IMPROVEMENT) | {"advisory": True})
    verdict = judged(a_plan(a_gate(one(), advisory)), paired_counts=HARM)
    leaf = verdict.gates[0].leaves[1]
    assert (leaf.outcome, leaf.counted, leaf.advisory) == (Outcome.FAILED, False, True)
    assert verdict.outcome is Outcome.PASSED


def test_what_does_not_apply_is_shown_with_its_reason_and_asked_nothing() -> None:
    reason = because(Why.FIRST_VERSION)
    absent = one(ACCURACY_IMPROVEMENT, not_applicable=reason)
    plan = a_plan(a_gate(one(), absent), facts=some_facts(baseline=None))
    assert {need.metric for need in plan.needs()} == {"errors"}
    leaf = judged(plan).gates[0].leaves[1]
    assert (leaf.counted, leaf.judgement.reason) == (False, reason)


def empty_gate(otherwise: str | None) -> BoundGate:
    absent = one(ACCURACY_IMPROVEMENT, not_applicable=because(Why.NOT_APPLICABLE, because="nothing is bound"))
    return a_gate(absent, name="business", otherwise=otherwise)


@pytest.mark.parametrize("reviews", [0, 1])
def test_a_gate_of_which_nothing_applies_takes_the_outcome_of_its_approval(reviews: int) -> None:
    plan = a_plan(a_gate(one()), empty_gate("risk"), a_gate(approval_of(), name="sign-off"))
    given_ = Approval(login="ada", role="risk", submitted_at=DECIDABLE)
    verdict = judged(plan, approvals=Approvals(approvals=(given_,) * reviews))
    expected = Outcome.PASSED if reviews else Outcome.PENDING
    assert (verdict.gates[1].outcome, verdict.gates[1].otherwise) == (expected, "risk")
    assert (verdict.evidence_outcome, verdict.sign_off_outcome) == (Outcome.PASSED, expected)


@pytest.mark.parametrize("otherwise", [None, "nobody", "error-rate"])
def test_a_gate_of_which_nothing_applies_never_passes_by_itself(otherwise: str | None) -> None:
    verdict = judged(a_plan(a_gate(one()), empty_gate(otherwise), a_gate(approval_of(), name="sign-off")))
    assert verdict.gates[1].outcome is Outcome.ERRORED
    assert verdict.outcome is Outcome.ERRORED


def test_an_approval_that_does_not_apply_does_not_stand_in() -> None:
    absent = replace(approval_of(), not_applicable=because(Why.NOT_APPLICABLE, because="roles.risk is not bound"))
    sign_off = a_gate(absent, approval_of(name="second"), name="sign-off")
    verdict = judged(a_plan(a_gate(one()), empty_gate("risk"), sign_off))
    assert verdict.gates[1].outcome is Outcome.ERRORED


# sign-off


def test_sign_off_is_judged_beside_the_evidence() -> None:
    plan = a_plan(a_gate(one()), a_gate(approval_of(), name="sign-off"))
    waiting = judged(plan, approvals=Approvals(approvals=()))
    assert (waiting.evidence_outcome, waiting.sign_off_outcome) == (Outcome.PASSED, Outcome.PENDING)
    assert waiting.outcome is Outcome.PENDING
    objected = judged(plan, approvals=Approvals(approvals=(), objections=("bob",)))
    assert (objected.evidence_outcome, objected.sign_off_outcome) == (Outcome.PASSED, Outcome.FAILED)


def test_an_approval_and_evidence_in_one_gate_go_their_own_ways() -> None:
    verdict = judged(a_plan(a_gate(one(), approval_of())), approvals=Approvals(approvals=()))
    assert verdict.gates[0].outcome is Outcome.PENDING
    assert (verdict.evidence_outcome, verdict.sign_off_outcome) == (Outcome.PASSED, Outcome.PENDING)


def test_reviews_that_can_not_be_read_are_errored() -> None:
    plan = a_plan(a_gate(one()), a_gate(approval_of(), name="sign-off"))
    absent = Missing(reason=because(Why.CANNOT_VERIFY, what="reviews"), lasting=False)
    assert judged(plan, approvals=absent).sign_off_outcome is Outcome.ERRORED


# the merge window


def test_after_the_merge_window_a_good_version_waits_and_a_bad_one_stays_bad() -> None:
    plan = a_plan(a_gate(one(ACCURACY_IMPROVEMENT)), expired=True, valid_until=DECIDABLE)
    assert judged(plan).evidence_outcome is Outcome.PENDING
    assert judged(plan, paired_counts=HARM).evidence_outcome is Outcome.FAILED
    assert judged(plan).valid_until == DECIDABLE


def test_what_is_said_of_the_whole_is_kept() -> None:
    reasons = (because(Why.AUTHOR_SUPPLIED, what="the stage history"), because(Why.ATTEMPT, number=2))
    assert judged(a_plan(a_gate(one()), reasons=reasons)).reasons == reasons


def test_the_same_plan_and_evidence_give_the_same_verdict() -> None:
    plan = a_plan(a_gate(one(), one(ACCURACY_IMPROVEMENT)), a_gate(approval_of(), name="sign-off"))
    found = answers(plan)
    again = Evidence(dict(reversed(found.items())))
    assert judge(plan, Evidence(found)) == judge(plan, again)
