"""What a plan says of one criterion: its stage, the waivers about it, and what its evidence rests on."""

from dataclasses import replace

import pytest

from builders.records import ACCURACY_IMPROVEMENT, ERROR_RATE, RISK, a_plan, bound
from builders.scopes import START
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.engine.plan import BoundWaiver

WAIVER = BoundWaiver(
    waiver="w-1",
    criterion="error-rate",
    stage=None,
    outcomes=(Outcome.FAILED,),
    up_to=None,
    reason="why",
    owner="risk",
    expires_at=START,
)


@pytest.mark.parametrize(
    ("stages", "pooled", "named"),
    [(("canary",), False, "canary"), (("canary",), True, None), ((), False, None)],
    ids=["one", "pooled", "windowless"],
)
def test_a_criterion_of_one_stage_names_it(stages: tuple[str, ...], pooled: bool, named: str | None) -> None:
    assert bound(ERROR_RATE, "performance", *stages, pooled=pooled).stage == named


def test_the_waivers_of_a_criterion_are_those_of_its_stage_and_of_all() -> None:
    of_canary, of_shadow = replace(WAIVER, waiver="w-2", stage="canary"), replace(WAIVER, waiver="w-3", stage="shadow")
    plan = a_plan(waivers=(WAIVER, of_canary, of_shadow, replace(WAIVER, criterion="memory")))
    assert plan.waivers_of(bound(ERROR_RATE, "performance", "canary")) == (WAIVER, of_canary)


def test_a_waiver_of_what_is_never_waived_is_none() -> None:
    plan = a_plan(waivers=(replace(WAIVER, criterion="risk"),))
    assert plan.waivers_of(bound(RISK, "sign-off", "canary")) == ()


def test_a_criterion_rests_on_what_the_author_says_of_its_metric_alone() -> None:
    errors, accuracy = (
        because(Why.AUTHOR_SUPPLIED, what=what, source="claims") for what in ("metrics.errors", "metrics.accuracy")
    )
    plan = a_plan(reasons=(errors, accuracy, because(Why.ATTEMPT, what="metrics.errors")))
    assert plan.author_supplied(bound(ERROR_RATE, "performance", "canary")) == (errors,)
    assert plan.author_supplied(bound(ACCURACY_IMPROVEMENT, "performance", "canary")) == (accuracy,)
