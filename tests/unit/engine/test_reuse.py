"""Reuse: which sealed evidence answers a plan again, and what is asked anew."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from builders.ledgers import a_judged_record, version
from builders.scopes import a_stage
from model_ratchet.core.evidence import Approvals, Missing, Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record
from model_ratchet.engine.reuse import reusable, settled, with_sign_offs

GONE = Missing(reason=because(Why.NO_ROWS, source="requests", arm="candidate"))


@cache
def record() -> Record:
    return a_judged_record()


def plan() -> Plan:
    return record().plan


def measured() -> list[Need]:
    """The needs that a source answers."""
    return [need for need in plan().needs() if need.shape is not Shape.APPROVALS]


def with_answers(**answers: Missing | None) -> Record:
    """The record whose answers of a shape are others, or not there."""
    held = {}
    for need, answer in record().evidence.answers.items():
        other = answers.get(str(need.shape), answer)
        if other is not None:
            held[need] = other
    return replace(record(), evidence=replace(record().evidence, answers=held))


def moved(**changes: object) -> Record:
    return replace(record(), plan=replace(plan(), **changes))  # type: ignore[arg-type]


def test_evidence_of_the_same_documents_answers_again_but_for_what_the_forge_says() -> None:
    found = reusable(plan(), [record()])
    assert found is not None
    assert list(found.answers) == [need for need in record().evidence.answers if need in measured()]
    assert len(found.answers) == len(measured()) < len(plan().needs())
    assert found == replace(record().evidence, answers=found.answers)


@pytest.mark.parametrize(
    "change",
    [
        {"policy": "standard/1.0.1"},
        {"facts": replace(a_judged_record().plan.facts, candidate=str(version(1)))},
        {"digests": {**a_judged_record().plan.digests, "policy": "sha256:" + "cd" * 32}},
        {"digests": {**a_judged_record().plan.digests, "more": "cd" * 20}},
        {"digests": {"request": a_judged_record().plan.digests["request"]}},
        {"stages": (a_stage(days=8),)},
        {"stages": ()},
    ],
    ids=["policy", "candidate", "other-document", "one-more", "one-less", "longer", "not-started"],
)
def test_a_record_of_anything_else_is_asked_anew(change: dict[str, object]) -> None:
    assert reusable(plan(), [moved(**change)]) is None


def test_waivers_change_nothing_of_what_was_measured() -> None:
    digests = {**plan().digests, "policies/waivers/w.yaml": "cd" * 20}
    assert reusable(plan(), [moved(digests=digests)]) is not None
    assert reusable(replace(plan(), digests=digests), [record()]) is not None


def test_a_need_that_was_not_answered_then_is_asked_again() -> None:
    assert reusable(plan(), [with_answers(paired_counts=None)]) is None
    assert reusable(plan(), [with_answers(paired_counts=GONE)]) is None
    assert reusable(plan(), []) is None


@pytest.mark.parametrize("said", [None, GONE], ids=["unasked", "unreadable"])
def test_what_the_forge_could_not_say_then_is_nothing_that_was_measured(said: Missing | None) -> None:
    found = reusable(plan(), [with_answers(approvals=said)])
    assert found is not None
    assert set(found.answers) == set(measured())


def test_the_first_record_that_answers_everything_is_taken() -> None:
    other = replace(record(), evidence=replace(record().evidence, queries={"requests": "SELECT 2"}))
    found = reusable(plan(), [with_answers(rows=GONE), moved(policy="other/1.0.0"), other, record()])
    assert found is not None
    assert found.queries == {"requests": "SELECT 2"}


def test_sign_offs_are_judged_as_reviewers_say_now_and_all_else_stays_as_it_was_sealed() -> None:
    (approvals,) = (need for need in plan().needs() if need.shape is Shape.APPROVALS)
    nobody = with_sign_offs(record(), {approvals: Approvals(approvals=())})
    assert (record().verdict.sign_off_outcome, nobody.verdict.sign_off_outcome) == (Outcome.PASSED, Outcome.PENDING)
    assert nobody.evidence.answers == {**record().evidence.answers, approvals: Approvals(approvals=())}
    assert nobody.verdict == replace(record().verdict, sign_off_outcome=Outcome.PENDING)
    assert with_sign_offs(nobody, {approvals: record().evidence.answers[approvals]}) == record()  # type: ignore[dict-item]


def test_nothing_is_settled_while_a_stage_runs() -> None:
    over, running = a_stage("shadow"), replace(a_stage("canary", start=a_stage().window.labels_until), decidable=False)  # type: ignore[union-attr]
    to_come = replace(a_stage("blue_green"), window=None, decidable=False, lasts=timedelta(days=1))
    assert settled(moved(stages=(over, to_come)))
    assert settled(moved(stages=()))
    assert not settled(moved(stages=(over, running, to_come)))
    assert not settled(moved(stages=(running,)))
