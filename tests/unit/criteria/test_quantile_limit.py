"""quantile_limit: an exact test on two counts, and the quantile shown from the histogram."""

from math import ceil

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from builders.scopes import UNREADABLE, Answer, a_histogram, a_scope, a_stage, judged
from model_ratchet.core.evidence import Evidence, LogHistogram, Missing, Need, QuantileCounts, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.quantile_limit import QuantileLimit

LIMIT = 0.5


def a_criterion(quantile: float = 0.95, at_most: str = "500ms", metric: str = "latency") -> QuantileLimit:
    return QuantileLimit.model_validate(
        {"id": "p95", "kind": "quantile_limit", "metric": metric, "quantile": quantile, "at_most": at_most}
    )


def of_counts(within: int, above: int, quantile: float = 0.95) -> Judgement:
    """So many rows at 100 ms, and so many at 900 ms."""
    evidence: dict[Shape, Answer] = {
        Shape.QUANTILE_COUNTS: QuantileCounts(at_or_below=within, n=within + above, maximum=0.9 if above else 0.1),
        Shape.LOG_HISTOGRAM: a_histogram([0.1] * within + [0.9] * above),
    }
    return judged(a_criterion(quantile), a_scope(), evidence)


@pytest.mark.parametrize(("quantile", "least"), [(0.95, 59), (0.99, 299)])
def test_without_a_slow_row_the_least_number_of_rows_passes_and_one_fewer_does_not(quantile: float, least: int) -> None:
    judgement = of_counts(least, 0, quantile)
    assert (judgement.outcome, judgement.reason) == (Outcome.PASSED, because(Why.WITHIN_LIMIT, limit="500ms"))
    judgement = of_counts(least - 1, 0, quantile)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.reason == because(Why.TOO_FEW_ROWS, rows=least - 1, least=least)


def test_the_outcome_is_that_of_the_exact_binomial_test_in_both_directions() -> None:
    seen = set()
    for above in range(60):
        judgement = of_counts(400 - above, above)
        within = binomtest(400 - above, 400, 0.95, alternative="greater").pvalue <= 0.05
        broken = binomtest(400 - above, 400, 0.95, alternative="less").pvalue <= 0.05
        expected = Outcome.PASSED if within else Outcome.FAILED if broken else Outcome.INCONCLUSIVE
        assert judgement.outcome is expected, above
        seen.add(expected)
    assert len(seen) == 3


def test_a_quantile_shown_to_be_above_the_limit_fails() -> None:
    judgement = of_counts(900, 100)
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.LIMIT_BROKEN, limit="500ms"))


def test_counts_that_do_not_decide_are_inconclusive_and_say_how_many_rows_are_missing() -> None:
    judgement = of_counts(98, 2)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    # with two slow rows, 124 rows are the fewest that pass
    assert binom.cdf(2, 123, 0.05) > 0.05 >= binom.cdf(2, 124, 0.05)
    assert judgement.reason == because(Why.INTERVAL_ACROSS, limit="500ms", more_rows=24)
    assert of_counts(122, 2).outcome is Outcome.PASSED
    over = of_counts(190, 11)
    assert over.reason == because(Why.INTERVAL_ACROSS, limit="500ms", more_rows=0)


def test_the_quantile_is_shown_with_an_interval_of_order_statistics() -> None:
    values = np.sort(np.random.default_rng(5).lognormal(-2, 0.5, 800))
    evidence: dict[Shape, Answer] = {
        Shape.QUANTILE_COUNTS: QuantileCounts(
            at_or_below=int((values <= LIMIT).sum()), n=800, maximum=float(values[-1])
        ),
        Shape.LOG_HISTOGRAM: a_histogram(values),
    }
    estimate = judged(a_criterion(), a_scope(), evidence).estimate
    assert estimate is not None
    # the ranks between which the quantile lies with at least 95 % on either side, each within a 2 % bucket
    low, high = int(binom.ppf(0.05, 800, 0.95)), int(binom.ppf(0.95, 800, 0.95)) + 1
    assert estimate.low is not None
    assert estimate.high is not None
    assert values[low - 1] / 1.02 <= estimate.low <= values[low - 1]
    assert values[high - 1] <= estimate.high <= values[high - 1] * 1.02
    middle = values[ceil(0.95 * 800) - 1]
    assert middle <= estimate.value <= middle * 1.02
    assert (estimate.n, estimate.level) == (800, 0.9)


def test_a_row_exactly_at_the_limit_is_within_it_and_the_need_carries_the_limit_in_seconds() -> None:
    needs = a_criterion().needs(a_scope())
    assert [need.limit for need in needs if need.shape is Shape.QUANTILE_COUNTS] == [0.5]
    evidence: dict[Shape, Answer] = {
        Shape.QUANTILE_COUNTS: QuantileCounts(at_or_below=100, n=100, maximum=0.5),
        Shape.LOG_HISTOGRAM: a_histogram([0.5] * 100),
    }
    assert judged(a_criterion(), a_scope(), evidence).outcome is Outcome.PASSED


def test_stages_are_added_as_counts_and_never_as_percentiles() -> None:
    scope = a_scope(a_stage("canary"), a_stage("shadow"))

    def answer(need: Need) -> Answer | None:
        slow = 60 if need.stage == "canary" else 0
        if need.shape is Shape.QUANTILE_COUNTS:
            return QuantileCounts(at_or_below=400 - slow, n=400, maximum=0.9)
        return a_histogram([0.1] * (400 - slow) + [0.9] * slow)

    judgement = judged(a_criterion(), scope, answer)
    assert judgement.outcome is Outcome.FAILED
    assert judgement.estimate is not None
    assert judgement.estimate.n == 800


@pytest.mark.parametrize("shape", [Shape.QUANTILE_COUNTS, Shape.LOG_HISTOGRAM])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    evidence: dict[Shape, Answer] = {
        Shape.QUANTILE_COUNTS: QuantileCounts(at_or_below=400, n=400, maximum=0.1),
        Shape.LOG_HISTOGRAM: a_histogram([0.1] * 400),
        shape: Missing(reason=reason),
    }
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


@pytest.mark.parametrize(
    ("counts", "histogram"),
    [
        (QuantileCounts(at_or_below=0, n=0, maximum=None), LogHistogram(buckets=())),
        (QuantileCounts(at_or_below=0, n=0, maximum=None), a_histogram([0.1] * 400)),
        (QuantileCounts(at_or_below=400, n=400, maximum=0.1), LogHistogram(buckets=())),
    ],
)
def test_no_rows_are_errored(counts: QuantileCounts, histogram: LogHistogram) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.QUANTILE_COUNTS: counts, Shape.LOG_HISTOGRAM: histogram})
    assert judgement.outcome is Outcome.ERRORED
    assert judgement.reason == because(Why.NO_ROWS, metric="latency", arm="candidate")


def test_no_evidence_and_no_stage_that_ran_are_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED
    from dataclasses import replace

    assert a_criterion().judge(a_scope(replace(a_stage(), window=None)), Evidence()).outcome is Outcome.ERRORED


def test_repeated_attempts_divide_alpha() -> None:
    def of(divisor: int, rows: int) -> Outcome:
        evidence: dict[Shape, Answer] = {
            Shape.QUANTILE_COUNTS: QuantileCounts(at_or_below=rows, n=rows, maximum=0.1),
            Shape.LOG_HISTOGRAM: a_histogram([0.1] * rows),
        }
        return judged(a_criterion(), a_scope(alpha_divisor=divisor), evidence).outcome

    assert (of(1, 59), of(2, 59), of(2, 72)) == (Outcome.PASSED, Outcome.INCONCLUSIVE, Outcome.PASSED)


def test_only_a_duration_has_a_quantile_limit() -> None:
    assert list(a_criterion().misfits(a_scope())) == []
    (message,) = a_criterion(metric="accuracy").misfits(a_scope())
    assert message == "'accuracy' is a proportion: a quantile limit reads a duration"
