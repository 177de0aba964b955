"""load: what the busiest hours say of the share, the latency and the errors."""

import pytest
from pydantic import ValidationError

from builders.scopes import UNREADABLE, Answer, a_scope, a_stage, by_hour, judged
from model_ratchet.core.evidence import Arm, Counts, Evidence, Groups, Missing, Need, QuantileCounts, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.load import Load

PEAK = (100, 101)
"""The two busiest of twenty hours that have rows: a tenth."""


def a_criterion(**changes: object) -> Load:
    return Load.model_validate(
        {
            "id": "production-load",
            "kind": "load",
            "busiest": "10%",
            "min_share": "80%",
            "latency": "latency",
            "quantile": 0.95,
            "at_most": "500ms",
            "errors": "errors",
            "below": "0.1%",
            **changes,
        }
    )


def within(n: int, slow: int = 0) -> QuantileCounts:
    return QuantileCounts(at_or_below=n - slow, n=n, maximum=0.9 if slow else 0.1)


def hours(peak: QuantileCounts | Counts, usual: QuantileCounts | Counts) -> Groups:
    return Groups(groups=tuple((str(hour), peak if hour in PEAK else usual) for hour in range(90, 110)))


def of(
    *,
    carried: int = 500,
    slow: int = 0,
    usual_slow: int = 0,
    errors: int = 0,
    requests: int = 500,
    scope: Scope | None = None,
    criterion: Load | None = None,
) -> Judgement:
    """In each of the two busiest hours the candidate served ``carried`` of about 10,000 requests; its share is 5 %."""

    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.COUNTS:
            return hours(Counts(successes=errors, n=requests), Counts(successes=0, n=50))
        if need.arms == (Arm.BASELINE,):
            return hours(within(9_500), within(950))
        return hours(within(carried, slow), within(50, usual_slow))

    return judged(criterion or a_criterion(), scope or a_scope(), answer)


def test_a_candidate_that_carried_its_share_within_its_limits_passes() -> None:
    judgement = of()
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert judgement.estimate.value == pytest.approx(500 / 10_000 / 0.05)
    assert judgement.estimate.n == 1_000


def test_only_the_busiest_hours_count() -> None:
    assert of(usual_slow=50).outcome is Outcome.PASSED
    assert of(slow=100).outcome is Outcome.FAILED


def test_the_busiest_of_few_hours_is_one() -> None:
    judgement = of(criterion=a_criterion(busiest="1%"))  # a fifth of an hour of twenty
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert judgement.estimate.n == 500


def test_a_share_below_the_least_fails_and_exactly_the_least_passes() -> None:
    judgement = of(carried=300)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.SHARE_NOT_CARRIED)
    assert judgement.reason.parameters["carried"] == pytest.approx(300 / 9_800 / 0.05)
    # 2,375 of 11,875 are 20 %: exactly 80 % of a share of 25 %
    scope = a_scope(a_stage(traffic=0.25))
    assert of(carried=2_375, scope=scope).outcome is Outcome.PASSED
    assert of(carried=2_374, scope=scope).outcome is Outcome.FAILED


def test_nothing_carried_in_the_busiest_hours_fails() -> None:
    judgement = of(carried=0)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.SHARE_NOT_CARRIED, carried=0.0, least=0.8),
    )


def test_a_latency_beyond_the_limit_fails_when_shown_and_is_inconclusive_when_not() -> None:
    # 51 of 1,000 above are more than 5 %, and 70 are significantly more
    assert of(slow=25).outcome is Outcome.PASSED
    judgement = of(slow=26)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.LIMIT_BROKEN, limit="500ms"),
    )
    judgement = of(slow=35)
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.LIMIT_BROKEN, limit="500ms"))


def test_an_error_rate_at_the_limit_does_not_pass_and_one_shown_above_it_fails() -> None:
    # 1 of 1,000 is exactly 0.1 %
    judgement = of(errors=1, requests=1_000)
    assert (judgement.outcome, judgement.reason) == (Outcome.INCONCLUSIVE, because(Why.LIMIT_BROKEN, limit="0.1%"))
    assert of(errors=1, requests=1_001).outcome is Outcome.PASSED
    judgement = of(errors=10, requests=1_000)
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.LIMIT_BROKEN, limit="0.1%"))


def test_errors_that_are_shown_fail_however_slow_the_candidate_is() -> None:
    assert of(slow=26, errors=10).outcome is Outcome.FAILED
    assert of(slow=26, requests=0).outcome is Outcome.ERRORED


def test_busiest_hours_with_too_few_rows_are_inconclusive() -> None:
    judgement = of(carried=500, criterion=a_criterion(min_rows=1_001))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_ROWS, rows=1_000, least=1_001),
    )


def test_busiest_hours_without_a_counted_request_are_errored() -> None:
    judgement = of(requests=0)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.NO_ROWS, metric="errors", arm="candidate"),
    )


def test_errors_need_not_be_limited() -> None:
    criterion = a_criterion(errors=None, below=None)
    assert criterion.metrics() == ("latency",)
    assert {need.shape for need in criterion.needs(a_scope())} == {Shape.QUANTILE_COUNTS}
    assert of(criterion=criterion, requests=0).outcome is Outcome.PASSED


@pytest.mark.parametrize("shape", [Shape.QUANTILE_COUNTS, Shape.COUNTS])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    evidence: dict[Shape, Answer] = {
        Shape.QUANTILE_COUNTS: hours(within(500), within(50)),
        Shape.COUNTS: hours(Counts(successes=0, n=500), Counts(successes=0, n=50)),
        shape: Missing(reason=reason),
    }
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


@pytest.mark.parametrize("silent", list(Arm))
def test_an_arm_that_reports_nothing_is_errored(silent: Arm) -> None:
    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.COUNTS:
            return hours(Counts(successes=0, n=500), Counts(successes=0, n=50))
        if need.arms == (silent,):
            return Missing(reason=because(Why.NO_ROWS, metric="latency", arm=str(silent)), lasting=False)
        return hours(within(9_500), within(950))

    judgement = judged(a_criterion(), a_scope(), answer)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.NO_ROWS, metric="latency", arm=str(silent)),
    )


def test_hours_without_a_row_of_the_candidate_are_errored() -> None:
    evidence: dict[Shape, Answer] = {
        Shape.QUANTILE_COUNTS: by_hour([within(0)] * 24),
        Shape.COUNTS: by_hour([Counts(successes=0, n=0)] * 24),
    }
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_a_first_version_carries_all_and_needs_no_baseline() -> None:
    scope = a_scope(baseline=None)
    assert all(need.arms == (Arm.CANDIDATE,) for need in a_criterion().needs(scope))
    assert of(scope=scope).outcome is Outcome.PASSED
    assert of(scope=scope, slow=100).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"errors": None}, "`errors` and `below` belong together"),
        ({"below": None}, "`errors` and `below` belong together"),
        ({"busiest": "0%"}, "must be above 0%"),
        ({"min_share": "0%"}, "must be above 0%"),
    ],
)
def test_limits_that_could_not_fail_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        a_criterion(**changes)


def test_metrics_of_another_kind_do_not_fit() -> None:
    assert list(a_criterion().misfits(a_scope())) == []
    assert list(a_criterion(latency="memory", errors="latency").misfits(a_scope())) == [
        "'memory' is a gauge: load reads a duration here",
        "'latency' is a duration: load reads a proportion here",
    ]
