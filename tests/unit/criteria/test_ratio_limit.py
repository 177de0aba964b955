"""ratio_limit: a paired interval on the logarithms of the hours."""

from math import exp, log

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import ttest_1samp

from builders.scopes import UNREADABLE, Answer, a_scope, a_stage, judged, some_facts
from model_ratchet.core.evidence import Arm, Evidence, Missing, Need, Series, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.ratio_limit import RatioLimit

GIB = 2.0**30
WAVE = [1 + 0.2 * (hour % 5) for hour in range(48)]
"""What both versions share of an hour."""


def a_criterion(**limit: object) -> RatioLimit:
    given = limit or {"within": "20%"}
    return RatioLimit.model_validate({"id": "memory", "kind": "ratio_limit", "metric": "memory", **given})


def series(values: list[float], first: int = 0) -> Series:
    return Series(points=tuple((first + hour, value) for hour, value in enumerate(values)))


def scattered(ratio: float, scatter: float, hours: int = 48) -> list[float]:
    """The candidate's hours: so many times the baseline's, and above and below it by turns."""
    return [WAVE[hour % 48] * GIB * ratio * exp(scatter * (-1) ** hour) for hour in range(hours)]


def of(
    candidate: list[float],
    baseline: list[float] | None = None,
    criterion: RatioLimit | None = None,
    scope: Scope | None = None,
) -> Judgement:
    usual = baseline if baseline is not None else [WAVE[hour % 48] * GIB for hour in range(len(candidate))]

    def answer(need: Need) -> Answer | None:
        return series(candidate if need.arms == (Arm.CANDIDATE,) else usual)

    return judged(criterion or a_criterion(), scope or a_scope(), answer)


def test_a_resource_within_its_share_passes() -> None:
    judgement = of(scattered(1.1, 0.05))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PASSED,
        because(Why.WITHIN_LIMIT, limit="+20% of the baseline"),
    )


def test_a_resource_shown_to_be_beyond_its_share_fails() -> None:
    judgement = of(scattered(1.3, 0.05))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.LIMIT_BROKEN, limit="+20% of the baseline"),
    )


def test_an_interval_across_the_limit_is_inconclusive() -> None:
    judgement = of(scattered(1.2, 0.05))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)


def test_the_interval_is_that_of_a_t_test_on_the_logarithms() -> None:
    generator = np.random.default_rng(7)
    noise = [exp(x) for x in generator.normal(0.1, 0.2, 48)]
    estimate = of([WAVE[hour] * GIB * noise[hour] for hour in range(48)]).estimate
    assert estimate is not None
    logs = [log(one) for one in noise]
    interval = ttest_1samp(logs, 0).confidence_interval(0.9)
    expected = (exp(float(np.mean(logs))), exp(interval.low), exp(interval.high))
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(expected, rel=1e-7)
    assert estimate.p_value == pytest.approx(ttest_1samp(logs, 0).pvalue, rel=1e-6)
    assert (estimate.n, estimate.clusters, estimate.scale) == (48, 48, "ratio")


def test_a_ratio_exactly_at_the_limit_is_within_it() -> None:
    assert of([1.2 * GIB] * 48, [GIB] * 48).outcome is Outcome.PASSED
    assert of([1.2001 * GIB] * 48, [GIB] * 48).outcome is Outcome.FAILED


def test_only_hours_that_both_versions_report_are_compared() -> None:
    def answer(need: Need) -> Answer | None:
        return series([GIB] * 48, first=0 if need.arms == (Arm.CANDIDATE,) else 20)

    judgement = judged(a_criterion(), a_scope(), answer)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert judgement.estimate.n == 28


def test_fewer_hours_than_the_minimum_are_inconclusive() -> None:
    judgement = of([GIB] * 23)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_CLUSTERS, clusters=23, least=24),
    )


def test_no_shared_hour_is_errored() -> None:
    def answer(need: Need) -> Answer | None:
        return series([GIB] * 48, first=0 if need.arms == (Arm.CANDIDATE,) else 48)

    judgement = judged(a_criterion(), a_scope(), answer)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)
    assert of([], []).outcome is Outcome.ERRORED


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_value_without_a_logarithm_is_errored(value: float) -> None:
    judgement = of([*[GIB] * 47, value])
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NOT_A_NUMBER)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_errored(value: float) -> None:
    judgement = of([*[GIB] * 47, value])
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NOT_A_NUMBER)


def test_a_share_of_the_allocation_is_read_from_the_candidate_alone() -> None:
    criterion = a_criterion(of_allocation="80%")
    scope = a_scope(allocation={"memory": 2 * GIB})
    assert {need.arms for need in criterion.needs(scope)} == {(Arm.CANDIDATE,)}
    assert not criterion.compares
    judgement = of([1.5 * GIB, 1.4 * GIB] * 24, criterion=criterion, scope=scope)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PASSED,
        because(Why.WITHIN_LIMIT, limit="80% of the allocation"),
    )
    assert judgement.estimate is not None
    assert judgement.estimate.value == pytest.approx((0.75 * 0.7) ** 0.5, rel=1e-8)
    assert of([1.9 * GIB, 1.8 * GIB] * 24, criterion=criterion, scope=scope).outcome is Outcome.FAILED


@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(reason: Reason) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.SERIES: Missing(reason=reason)})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_a_baseline_that_reports_nothing_is_errored() -> None:
    absent = Missing(reason=because(Why.NO_ROWS, metric="memory", arm="baseline"), lasting=False)

    def answer(need: Need) -> Answer | None:
        return series([GIB] * 48) if need.arms == (Arm.CANDIDATE,) else absent

    assert judged(a_criterion(), a_scope(), answer).outcome is Outcome.ERRORED


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_repeated_attempts_divide_alpha() -> None:
    candidate = scattered(1.17, 0.1)
    assert of(candidate).outcome is Outcome.PASSED
    assert of(candidate, scope=a_scope(alpha_divisor=20)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("limit", [{"min_hours": 24}, {"within": "20%", "of_allocation": "80%"}])
def test_exactly_one_limit_must_be_given(limit: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="give one of `within`"):
        a_criterion(**limit)


def test_what_a_ratio_limit_can_not_read_does_not_fit() -> None:
    assert list(a_criterion().misfits(a_scope())) == []
    short = a_scope(a_stage(days=0.5))
    assert list(a_criterion().misfits(short)) == ["its stages hold 12 hours and min_hours is 24"]
    other = RatioLimit.model_validate({"id": "x", "kind": "ratio_limit", "metric": "latency", "within": "20%"})
    assert list(other.misfits(a_scope())) == ["'latency' is a duration: a ratio limit reads a gauge"]


def test_what_the_model_file_does_not_bind_is_named() -> None:
    assert a_criterion(of_allocation="80%").unbound(some_facts()) == "allocation.memory"
    assert a_criterion(of_allocation="80%").unbound(some_facts(allocation={"memory": GIB})) is None
    assert a_criterion().unbound(some_facts(metrics={})) == "metrics.memory"
