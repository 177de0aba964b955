"""Artefacts beside a request: there, and what the evidence gives; weights that do not leap."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders.records import a_criterion
from builders.scopes import a_stage, some_facts
from model_ratchet.core.evidence import Evidence, Missing, Shape, Suite
from model_ratchet.core.inherited import Difference, Reproduced, Turnover
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.artifacts import REPRODUCED
from model_ratchet.criteria.base import Criterion, Scope
from model_ratchet.criteria.integration import IntegrationFacts

ARTIFACTS = a_criterion({"id": "artifacts", "kind": "artifacts", "stage": "shadow"})
TURNOVER = a_criterion({"id": "turnover", "kind": "weight_turnover", "stage": "shadow", "at_most": "25pp"})
FACTS = some_facts(integration=IntegrationFacts(score="win", reach=timedelta(days=30)))
SHADOW = replace(a_stage(), traffic=None)
SCOPE = Scope(facts=FACTS, stages=(SHADOW,))
DIGESTS = (("calibration", "sha256:1"), ("confidence", "sha256:2"), ("optimizer", "sha256:3"))


def judged(found: Reproduced | Missing, criterion: Criterion = ARTIFACTS) -> Judgement:
    return criterion.judge(SCOPE, Evidence({REPRODUCED: found}))


def turned(*weights: tuple[str, float, float]) -> Reproduced:
    return Reproduced(
        digests=DIGESTS,
        turnover=tuple(Turnover(segment=name, before=before, after=after) for name, before, after in weights),
        had_weights=True,
    )


def test_artefacts_that_reproduce_pass_and_their_warnings_are_shown() -> None:
    found = judged(Reproduced(digests=DIGESTS, not_measured=("edge_model: none",)))
    assert found.outcome is Outcome.PASSED
    assert [one.why for one in found.warnings] == [Why.ARTIFACT_WARNING]


def test_artefacts_that_are_not_there_are_waited_for() -> None:
    found = judged(Reproduced(digests=DIGESTS[:1], absent=("confidence", "optimizer")))
    assert (found.outcome, found.reason.why) == (Outcome.PENDING, Why.ARTIFACTS_ABSENT)
    assert found.reason.parameters["artifacts"] == "confidence, optimizer"


def test_the_first_of_several_differences_is_named_and_the_others_counted() -> None:
    two = tuple(Difference(key=f"calibration.a{k}", committed="1", computed="2") for k in range(2))
    found = judged(Reproduced(digests=DIGESTS, differences=two, differing=30))
    assert (found.outcome, found.reason.why) == (Outcome.FAILED, Why.ARTIFACT_DIFFERS)
    assert (found.reason.parameters["key"], found.reason.parameters["others"]) == ("calibration.a0", 29)
    assert [part.name for part in found.parts] == ["calibration.a0", "calibration.a1"]


@pytest.mark.parametrize("criterion", [ARTIFACTS, TURNOVER], ids=["artifacts", "turnover"])
def test_what_could_not_be_computed_is_errored(criterion: Criterion) -> None:
    missing = judged(Missing(reason=because(Why.SOURCE_UNREACHABLE, source="events", status="no answer")), criterion)
    assert (missing.outcome, missing.reason.why) == (Outcome.ERRORED, Why.SOURCE_UNREACHABLE)
    assert criterion.judge(SCOPE, Evidence()).outcome is Outcome.ERRORED


def test_a_weight_may_change_by_the_limit_and_no_more() -> None:
    assert judged(turned(("nba", 0.5, 0.75), ("nfl", 0.5, 0.25)), TURNOVER).outcome is Outcome.PASSED
    found = judged(turned(("mlb", 0.0, 0.1), ("nba", 0.5, 0.76), ("nfl", 0.5, 0.14)), TURNOVER)
    assert (found.outcome, found.reason.why) == (Outcome.FAILED, Why.WEIGHT_TURNED)
    assert found.reason.parameters["segment"] == "nfl", "the largest change"
    assert [part.outcome for part in found.parts] == [Outcome.PASSED, Outcome.FAILED, Outcome.FAILED]


def test_weights_that_are_gone_do_not_decide_and_first_weights_pass_with_a_word() -> None:
    gone = judged(Reproduced(digests=DIGESTS, had_weights=True), TURNOVER)
    assert (gone.outcome, gone.reason.why) == (Outcome.INCONCLUSIVE, Why.WEIGHTS_ABSENT)
    first = judged(Reproduced(digests=DIGESTS), TURNOVER)
    assert (first.outcome, [one.why for one in first.warnings]) == (Outcome.PASSED, [Why.WEIGHTS_FIRST])


def test_nothing_is_asked_before_the_stage_is_over() -> None:
    assert ARTIFACTS.needs(Scope(facts=FACTS, stages=(replace(SHADOW, decidable=False),))) == ()
    assert ARTIFACTS.needs(Scope(facts=some_facts(), stages=(SHADOW,))) == ()
    asked = ARTIFACTS.needs(Scope(facts=FACTS, stages=(replace(SHADOW, decidable=True),)))
    assert REPRODUCED in asked
    earliest = min(need.window.start for need in asked if need.window is not None)
    assert SHADOW.window is not None
    assert earliest == SHADOW.window.start - timedelta(days=30), "the events of before are asked for"
    assert {need.shape for need in asked} == {Shape.SCORES, Shape.LABELS, Shape.REPRODUCED}


def test_a_stage_with_traffic_is_too_late() -> None:
    (fault,) = ARTIFACTS.misfits(Scope(facts=FACTS, stages=(replace(SHADOW, traffic=0.05),)))
    assert "has a share of traffic" in fault
    assert list(ARTIFACTS.misfits(SCOPE)) == []


def test_a_model_that_asks_for_no_artefacts_binds_none() -> None:
    assert ARTIFACTS.unbound(some_facts()) == "integrate"
    assert ARTIFACTS.unbound(FACTS) is None


def test_a_turn_of_exactly_the_limit_is_within_it_and_another_answer_is_errored() -> None:
    assert judged(turned(("all", 0.5, 0.75)), TURNOVER).outcome is Outcome.PASSED
    wrong = TURNOVER.judge(SCOPE, Evidence({REPRODUCED: Suite(passed=1, failed=0, skipped=0)}))
    assert (wrong.outcome, wrong.reason.why) == (Outcome.ERRORED, Why.NOT_ASKED)
