"""maximum: one value above the limit fails, at any number of rows and at once."""

import pytest

from builders.scopes import UNREADABLE, Answer, a_scope, a_stage, answered, judged
from model_ratchet.core.evidence import Evidence, Missing, Need, QuantileCounts, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.maximum import Maximum


def a_criterion(metric: str = "latency", **more: object) -> Maximum:
    return Maximum.model_validate(
        {"id": "batch-time", "kind": "maximum", "metric": metric, "at_most": "2000ms", **more}
    )


def counts(n: int, above: int = 0, maximum: float | None = 1.9) -> QuantileCounts:
    return QuantileCounts(at_or_below=n - above, n=n, maximum=maximum)


def of(found: QuantileCounts) -> Judgement:
    return judged(a_criterion(), a_scope(), {Shape.QUANTILE_COUNTS: found})


def test_enough_rows_all_at_or_below_the_limit_pass_and_the_largest_is_shown() -> None:
    judgement = of(counts(100))
    assert (judgement.outcome, judgement.reason) == (Outcome.PASSED, because(Why.WITHIN_LIMIT, limit="2000ms"))
    assert judgement.estimate is not None
    assert (judgement.estimate.value, judgement.estimate.n) == (1.9, 100)
    # the true maximum is at least the one seen, and nothing bounds it from above
    assert (judgement.estimate.low, judgement.estimate.high) == (1.9, None)


def test_a_value_exactly_at_the_limit_passes() -> None:
    assert [need.limit for need in a_criterion().needs(a_scope())] == [2.0]
    assert of(counts(100, maximum=2.0)).outcome is Outcome.PASSED


@pytest.mark.parametrize("n", [1, 100, 1_000_000])
def test_one_value_above_the_limit_fails_at_any_number_of_rows(n: int) -> None:
    judgement = of(counts(n, above=1, maximum=2.001))
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.LIMIT_BROKEN, limit="2000ms"))
    assert judgement.estimate is not None
    assert judgement.estimate.value == 2.001


def test_fewer_rows_than_the_minimum_are_inconclusive() -> None:
    judgement = of(counts(99))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_ROWS, rows=99, least=100),
    )


def test_no_row_is_errored() -> None:
    judgement = of(counts(0, maximum=None))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (QuantileCounts(at_or_below=200, n=200, maximum=None), (Outcome.PASSED, Why.WITHIN_LIMIT)),
        (QuantileCounts(at_or_below=199, n=200, maximum=None), (Outcome.FAILED, Why.LIMIT_BROKEN)),
        (
            QuantileCounts(at_or_below=198, n=200, maximum=None, unclear=2),
            (Outcome.INCONCLUSIVE, Why.LIMIT_WITHIN_BUCKET),
        ),
        (QuantileCounts(at_or_below=198, n=200, maximum=None, unclear=1), (Outcome.FAILED, Why.LIMIT_BROKEN)),
    ],
)
def test_buckets_without_a_largest_value_decide_by_their_counts(
    found: QuantileCounts, expected: tuple[Outcome, Why]
) -> None:
    judgement = of(found)
    assert (judgement.outcome, judgement.reason.why) == expected
    assert judgement.estimate is None


@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(reason: Reason) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.QUANTILE_COUNTS: Missing(reason=reason)})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_the_stages_are_read_together() -> None:
    scope = a_scope(a_stage("canary"), a_stage("shadow"))

    def answer(need: Need) -> Answer | None:
        return counts(60, maximum=1.1) if need.stage == "canary" else counts(60, maximum=1.7)

    judgement = judged(a_criterion(), scope, answer)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert (judgement.estimate.value, judgement.estimate.n) == (1.7, 120)


def test_a_value_above_the_limit_fails_while_the_stage_is_open_and_none_says_nothing() -> None:
    criterion, scope = a_criterion(), a_scope(a_stage(decidable=False))
    broken = criterion.early(scope, answered(criterion, scope, {Shape.QUANTILE_COUNTS: counts(5, 1, 3.0)}))
    assert broken is not None
    assert (broken.outcome, broken.reason.why) == (Outcome.FAILED, Why.LIMIT_BROKEN)
    assert criterion.early(scope, answered(criterion, scope, {Shape.QUANTILE_COUNTS: counts(5_000)})) is None
    assert criterion.early(scope, Evidence()) is None


def test_only_a_duration_has_a_maximum() -> None:
    assert list(a_criterion().misfits(a_scope())) == []
    (message,) = a_criterion("memory").misfits(a_scope())
    assert message == "'memory' is a gauge: a maximum reads a duration"
