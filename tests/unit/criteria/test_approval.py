"""approval: enough people of the role, after they could see the evidence."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from builders.scopes import START, UNREADABLE, a_scope, a_stage, judged, some_facts
from model_ratchet.core.evidence import Approval as Review
from model_ratchet.core.evidence import Approvals, Evidence, Heard, Missing, Shape, Suite
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Said, Standing
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.approval import Approval
from model_ratchet.criteria.base import Scope, StageFacts

RECORDED = START + timedelta(days=8)
"""The instant at which the evidence of the canary is decidable."""


def a_criterion(**more: object) -> Approval:
    return Approval.model_validate({"id": "risk", "kind": "approval", "role": "risk", "after": "canary", **more})


def review(login: str, at: datetime = RECORDED, role: str = "risk") -> Review:
    return Review(login=login, role=role, submitted_at=at)


def heard(login: str, standing: Standing, said: Said = Said.APPROVED, because: Reason | None = None) -> Heard:
    return Heard(
        review=1,
        user=1,
        login=login,
        said=said,
        commit="ab" * 20,
        submitted_at=RECORDED,
        standing=standing,
        because=because,
    )


def of(
    *reviews: Review,
    objections: tuple[str, ...] = (),
    criterion: Approval | None = None,
    stage: StageFacts | None = None,
) -> Judgement:
    scope = a_scope(stage or a_stage())
    answer = Approvals(approvals=reviews, objections=objections)
    return judged(criterion or a_criterion(), scope, {Shape.APPROVALS: answer})


def test_an_approval_at_or_after_the_record_of_the_stage_passes() -> None:
    judgement = of(review("reviewer-a"))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PASSED,
        because(Why.APPROVED, role="risk", by="reviewer-a"),
    )


def test_an_approval_before_the_record_is_shown_as_early_and_pending() -> None:
    judgement = of(review("reviewer-a", RECORDED - timedelta(seconds=1)))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PENDING,
        because(Why.EARLY_APPROVAL, role="risk", by="reviewer-a", stage="canary"),
    )


def test_an_early_approval_that_was_confirmed_passes() -> None:
    assert of(review("reviewer-a", START), review("reviewer-a")).outcome is Outcome.PASSED


def test_no_approval_is_pending() -> None:
    judgement = of()
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PENDING,
        because(Why.AWAITING_APPROVAL, role="risk", at_least=1),
    )


def test_two_people_are_two_people() -> None:
    two = a_criterion(at_least=2)
    assert of(review("reviewer-a"), review("reviewer-a"), criterion=two).outcome is Outcome.PENDING
    judgement = of(review("reviewer-b"), review("reviewer-a"), criterion=two)
    assert judgement.reason == because(Why.APPROVED, role="risk", by="reviewer-a, reviewer-b")


def test_reviews_that_do_not_count_are_pointed_at_where_they_approve() -> None:
    reviews = tuple(
        heard(login, Standing.CONTRIBUTOR, said)
        for login, said in (("author", Said.APPROVED), ("other", Said.DISMISSED))
    )
    judgement = judged(a_criterion(), a_scope(), {Shape.APPROVALS: Approvals(approvals=(), heard=reviews)})
    assert judgement.warnings == (because(Why.APPROVAL_NOT_COUNTED, by="author", standing="contributor"),)


def test_the_last_approval_of_another_state_says_what_changed_since() -> None:
    reviews = tuple(
        heard(login, Standing.OUTDATED, because=reason)
        for login, reason in (
            ("first", because(Why.OUTDATED_APPROVAL, role="risk", by="first", what="the policy")),
            ("later", because(Why.OUTDATED_APPROVAL, role="risk", by="later", what="the model file")),
            ("last", because(Why.OUTDATED_APPROVAL, role="risk", by="last", what="the folder")),
        )
    )
    judgement = judged(a_criterion(), a_scope(), {Shape.APPROVALS: Approvals(approvals=(), heard=reviews)})
    assert judgement.reason == because(Why.OUTDATED_APPROVAL, role="risk", by="first, last, later", what="the folder")


def test_an_answer_of_another_shape_is_errored() -> None:
    wrong = judged(a_criterion(), a_scope(), {Shape.APPROVALS: Suite(passed=1, failed=0, skipped=0)})
    assert (wrong.outcome, wrong.reason.why) == (Outcome.ERRORED, Why.CANNOT_VERIFY)


def test_an_approval_for_another_role_does_not_count() -> None:
    assert of(review("reviewer-a", role="business")).outcome is Outcome.PENDING


def test_requested_changes_fail_whoever_else_approved() -> None:
    judgement = of(review("reviewer-a"), objections=("reviewer-b",))
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.OBJECTED, by="reviewer-b"))


def test_before_the_stage_is_decidable_no_approval_counts() -> None:
    open_stage = a_stage(decidable=False)
    assert of(review("reviewer-a", RECORDED + timedelta(days=9)), stage=open_stage).outcome is Outcome.PENDING
    not_recorded = replace(a_stage(), decidable_at=None)
    assert of(review("reviewer-a"), stage=not_recorded).outcome is Outcome.PENDING


def test_the_stage_that_must_come_before_is_the_one_named() -> None:
    assert of(review("reviewer-a"), stage=a_stage("shadow")).outcome is Outcome.PENDING


def test_without_a_stage_to_wait_for_any_approval_counts() -> None:
    scope = Scope(facts=some_facts(), stages=())
    answer = Approvals(approvals=(review("reviewer-a", START - timedelta(days=9)),))
    assert judged(a_criterion(after=None), scope, {Shape.APPROVALS: answer}).outcome is Outcome.PASSED


@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_reviews_that_could_not_be_read_are_errored(reason: Reason) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.APPROVALS: Missing(reason=reason)})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_a_role_without_people_is_named() -> None:
    assert a_criterion().unbound(some_facts()) == "roles.risk"
    assert a_criterion().unbound(some_facts(roles={"risk": ()})) == "roles.risk"
    assert a_criterion().unbound(some_facts(roles={"risk": ("reviewer-a",)})) is None


@pytest.mark.parametrize("least", [0, 21])
def test_a_number_of_people_that_decides_nothing_is_refused(least: int) -> None:
    with pytest.raises(ValueError, match="at_least"):
        a_criterion(at_least=least)
