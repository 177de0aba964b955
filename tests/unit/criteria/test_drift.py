"""drift: the sum since the golden baseline, with the candidate's own step and its interval."""

import pytest

from builders.scopes import a_scope, a_table, judged, some_facts
from model_ratchet.core.evidence import PairedCounts, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.drift import Drift
from model_ratchet.criteria.non_inferiority import NonInferiority

GOLDEN = "v1.0.0_20250101_000000"


def a_criterion(max_drop: str = "2pp", metric: str = "accuracy") -> Drift:
    return Drift.model_validate({"id": "drift", "kind": "drift", "metric": metric, "max_drop": max_drop})


def after(drift: float | None, table: PairedCounts | None = None, max_drop: str = "2pp") -> Judgement:
    """The judgement where the baseline stands so far from the golden one."""
    known = {} if drift is None else {"accuracy": drift}
    table = table or a_table(only_baseline=1_000, only_candidate=1_000)
    return judged(a_criterion(max_drop), a_scope(golden=GOLDEN, drift=known), {Shape.PAIRED_COUNTS: table})


def test_a_step_of_nothing_after_small_steps_passes() -> None:
    judgement = after(-0.01)
    assert (judgement.outcome, judgement.reason) == (Outcome.PASSED, because(Why.NOT_WORSE, margin="2pp"))
    assert judgement.estimate is not None
    assert judgement.estimate.value == pytest.approx(-0.01)
    assert (judgement.estimate.baseline, judgement.estimate.candidate) == (None, None)


def test_the_last_of_many_small_steps_fails_though_it_is_no_larger_than_the_others() -> None:
    step = a_table(only_baseline=1_100, only_candidate=1_000)
    alone = NonInferiority.model_validate(
        {"id": "x", "kind": "non_inferiority", "metric": "accuracy", "margin": "1.5pp"}
    )
    assert judged(alone, a_scope(), {Shape.PAIRED_COUNTS: step}).outcome is Outcome.PASSED
    judgement = after(-0.04, step)
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.MARGIN_BROKEN, margin="2pp"))


def test_an_improvement_makes_up_for_what_was_lost() -> None:
    assert after(-0.04, a_table(only_baseline=500, only_candidate=1_500)).outcome is Outcome.PASSED


def test_a_sum_at_the_margin_is_inconclusive() -> None:
    assert after(-0.02).outcome is Outcome.INCONCLUSIVE


def test_without_a_drift_it_is_the_comparison_with_the_baseline() -> None:
    table = a_table(only_baseline=1_000, only_candidate=1_000)
    plain = NonInferiority.model_validate({"id": "x", "kind": "non_inferiority", "metric": "accuracy", "margin": "2pp"})
    assert after(0.0).estimate == judged(plain, a_scope(), {Shape.PAIRED_COUNTS: table}).estimate


def test_what_was_not_recorded_is_never_nothing() -> None:
    judgement = after(None)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.reason == because(Why.DRIFT_UNKNOWN, metric="accuracy", golden=GOLDEN)


def test_without_a_golden_baseline_it_is_not_bound() -> None:
    assert a_criterion().unbound(some_facts()) == "golden"
    assert a_criterion(metric="nothing").unbound(some_facts(golden=GOLDEN)) == "metrics.nothing"


def test_a_relative_margin_does_not_fit() -> None:
    (message,) = a_criterion("2%").misfits(a_scope(golden=GOLDEN))
    assert "can't be added" in message
