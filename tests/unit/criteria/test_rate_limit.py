"""rate_limit: exact bounds of one rate."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from builders.scopes import (
    UNREADABLE,
    Answer,
    a_scope,
    a_stage,
    answered,
    by_hour,
    judged,
)
from model_ratchet.core.evidence import Counts, Evidence, Grouping, Labels, Missing, Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.rate_limit import RateLimit


def a_criterion(below: str = "0.1%", metric: str = "errors") -> RateLimit:
    return RateLimit.model_validate({"id": "error-rate", "kind": "rate_limit", "metric": metric, "below": below})


def of(errors: int, n: int, below: str = "0.1%") -> Judgement:
    return judged(a_criterion(below), a_scope(), {Shape.COUNTS: Counts(successes=errors, n=n)})


@pytest.mark.parametrize(("errors", "least"), [(0, 2_995), (1, 4_742)])
def test_the_least_number_of_rows_passes_and_one_fewer_is_told_how_many_are_missing(errors: int, least: int) -> None:
    judgement = of(errors, least)
    assert (judgement.outcome, judgement.reason) == (Outcome.PASSED, because(Why.WITHIN_LIMIT, limit="0.1%"))
    judgement = of(errors, least - 1)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.reason == because(Why.INTERVAL_ACROSS, limit="0.1%", more_rows=1)


def test_a_rate_shown_to_be_at_or_above_the_limit_fails() -> None:
    judgement = of(30, 10_000)
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.LIMIT_BROKEN, limit="0.1%"))


def test_above_the_limit_more_rows_will_not_help() -> None:
    judgement = of(12, 10_000)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.reason == because(Why.INTERVAL_ACROSS, limit="0.1%", more_rows=0)


@pytest.mark.parametrize(("errors", "n"), [(0, 10_000), (7, 12_345), (500, 500), (10, 10_000)])
def test_the_bounds_are_those_of_clopper_and_pearson(errors: int, n: int) -> None:
    estimate = of(errors, n).estimate
    assert estimate is not None
    low, high = proportion_confint(errors, n, alpha=0.10, method="beta")
    expected = (errors / n, 0.0 if errors == 0 else low, 1.0 if errors == n else high)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(expected, rel=1e-7, abs=1e-12)
    assert (estimate.level, estimate.n) == (0.9, n)


def test_a_bound_exactly_at_the_limit_does_not_pass() -> None:
    # one row without an error has the bound 95 %
    estimate = of(0, 1, below="95%").estimate
    assert estimate is not None
    assert estimate.high == 0.95
    assert of(0, 1, below="95%").outcome is not Outcome.PASSED
    assert of(0, 1, below="96%").outcome is Outcome.PASSED


def test_a_rate_of_which_the_lower_bound_is_exactly_the_limit_fails() -> None:
    # one row with an error has the lower bound 5 %
    assert of(1, 1, below="5%").outcome is Outcome.FAILED
    assert of(1, 1, below="6%").outcome is Outcome.INCONCLUSIVE


def test_the_stages_are_added() -> None:
    scope = a_scope(a_stage("canary"), a_stage("shadow"))
    evidence: dict[Shape, Answer] = {Shape.COUNTS: Counts(successes=0, n=1_500)}
    judgement = judged(a_criterion(), scope, evidence)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert judgement.estimate.n == 3_000


def test_a_stage_without_a_row_is_errored() -> None:
    judgement = of(0, 0)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.NO_ROWS, metric="errors", arm="candidate"),
    )
    scope = a_scope(a_stage("canary"), a_stage("shadow"))
    only = judged(a_criterion(), scope, lambda need: Counts(successes=0, n=9_000 if need.stage == "canary" else 0))
    assert (only.outcome, only.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(reason: Reason) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.COUNTS: Missing(reason=reason)})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (Labels(labelled=17_999, rows=20_000), Why.LOW_COVERAGE),
        (Labels(labelled=0, rows=0), Why.LOW_COVERAGE),
        (Missing(reason=because(Why.LABEL_UNKNOWN, source="log", column="late")), Why.LABEL_UNKNOWN),
    ],
)
def test_a_rate_that_waits_for_labels_is_errored_while_too_few_have_come(labels: Answer, why: Why) -> None:
    evidence: dict[Shape, Answer] = {Shape.COUNTS: Counts(successes=0, n=18_000), Shape.LABELS: labels}
    judgement = judged(a_criterion(metric="accuracy"), a_scope(), evidence)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, why)


def test_a_rate_of_which_enough_labels_have_come_is_judged() -> None:
    evidence: dict[Shape, Answer] = {
        Shape.COUNTS: Counts(successes=0, n=18_000),
        Shape.LABELS: Labels(labelled=18_000, rows=20_000),
    }
    assert judged(a_criterion(metric="accuracy"), a_scope(), evidence).outcome is Outcome.PASSED


def test_repeated_attempts_divide_alpha() -> None:
    evidence: dict[Shape, Answer] = {Shape.COUNTS: Counts(successes=0, n=2_995)}
    judgement = judged(a_criterion(), a_scope(alpha_divisor=2), evidence)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.estimate is not None
    assert judgement.estimate.level == 0.95


def test_a_rate_shown_above_the_limit_fails_early_and_names_the_hour() -> None:
    criterion, scope = a_criterion(), a_scope(a_stage(decidable=False))

    def early(errors: int) -> Judgement | None:
        def answer(need: Need) -> Answer | None:
            if need.grouping is Grouping.HOUR:
                return by_hour(Counts(successes=errors if hour >= 10 else 0, n=1_000) for hour in range(48))
            return Counts(successes=errors * 38, n=48_000)

        return criterion.early(scope, answered(criterion, scope, answer))

    judgement = early(5)
    assert judgement is not None
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.EARLY_HARM)
    hour = judgement.reason.parameters["hour"]
    assert isinstance(hour, int)
    assert 10 < hour < 48
    assert early(1) is None


def test_only_a_proportion_is_a_rate() -> None:
    assert list(a_criterion().misfits(a_scope())) == []
    (message,) = a_criterion(metric="latency").misfits(a_scope())
    assert message == "'latency' is a duration: a rate is a proportion"
