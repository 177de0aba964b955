"""What every criterion is judged on, and what a waiver is held against."""

from builders.records import ERROR_RATE, a_criterion, an_estimate
from builders.scopes import a_scope, a_stage
from model_ratchet.core.evidence import Evidence
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement, Part


def test_a_scope_is_decided_with_the_last_of_its_stages() -> None:
    assert a_scope(a_stage("shadow"), a_stage("canary")).decidable
    assert not a_scope(a_stage("shadow"), a_stage("canary", decidable=False)).decidable


def test_a_limit_is_held_against_the_whole_and_every_part_that_has_not_passed() -> None:
    whole, good, bad = (an_estimate(value, None, None) for value in (0.1, 0.2, 0.3))
    parts = (
        Part(name="good", outcome=Outcome.PASSED, estimate=good),
        Part(name="bad", outcome=Outcome.FAILED, estimate=bad),
    )
    reason = because(Why.LIMIT_BROKEN, limit="0.1%")
    judgement = Judgement(outcome=Outcome.FAILED, reason=reason, estimate=whole, parts=parts)
    assert a_criterion(ERROR_RATE).measured(a_scope(), Evidence(), judgement) == (whole, bad)
