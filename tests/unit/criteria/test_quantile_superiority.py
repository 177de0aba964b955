"""quantile_superiority: the ratio of two quantiles, with the hours as blocks."""

import numpy as np
import pytest

from builders.scopes import (
    UNREADABLE,
    Answer,
    a_histogram,
    a_scope,
    a_stage,
    by_hour,
    judged,
    some_facts,
    uncomparable_rows,
)
from model_ratchet.core.evidence import Arm, Evidence, Groups, LogHistogram, Missing, Need, Rows, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.quantile_superiority import QuantileSuperiority


def a_criterion(by: str = "10%", quantile: float = 0.95, **more: object) -> QuantileSuperiority:
    return QuantileSuperiority.model_validate(
        {
            "id": "faster",
            "kind": "quantile_superiority",
            "metric": "latency",
            "by": by,
            "quantile": quantile,
            **more,
        }
    )


def latencies(scale: float, seed: int, hours: int = 48, rows: int = 200) -> list[list[float]]:
    """Hours of log-normal latencies around ``scale`` seconds, some hours slower than others."""
    generator = np.random.default_rng(seed)
    return [
        [float(x) for x in scale * (1 + 0.2 * (hour % 6)) * generator.lognormal(0, 0.4, rows)] for hour in range(hours)
    ]


def hourly(values: list[list[float]]) -> Groups:
    return by_hour([a_histogram(hour) for hour in values])


def of(baseline: Groups, candidate: Groups, criterion: QuantileSuperiority | None = None, **facts: object) -> Judgement:
    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.LOG_HISTOGRAM:
            return None
        return candidate if need.arms == (Arm.CANDIDATE,) else baseline

    return judged(criterion or a_criterion(), a_scope(**facts), answer)


BASELINE = hourly(latencies(0.1, 1))


def test_a_quantile_that_is_significantly_lower_by_the_minimum_passes() -> None:
    judgement = of(BASELINE, hourly(latencies(0.08, 2)))
    assert (judgement.outcome, judgement.reason) == (Outcome.PASSED, because(Why.BETTER, by="10%"))


def test_exactly_the_least_rows_are_enough() -> None:
    assert of(BASELINE, hourly(latencies(0.08, 2)), a_criterion(min_rows=9_600)).outcome is Outcome.PASSED
    assert of(BASELINE, hourly(latencies(0.08, 2)), a_criterion(min_rows=9_601)).reason.why is Why.TOO_FEW_ROWS


def test_a_gain_that_could_be_a_loss_does_not_pass() -> None:
    """One hour of 24 is slow: drawn twice, it makes the quantile."""
    steady, with_a_slow_hour = [[0.1] * 200] * 24, [[0.08] * 200] * 23 + [[0.15] * 200]
    judgement = of(hourly(steady), hourly(with_a_slow_hour))
    assert judgement.estimate is not None
    assert judgement.estimate.value < 0.9
    assert judgement.outcome is Outcome.INCONCLUSIVE


def test_a_slower_candidate_fails() -> None:
    judgement = of(BASELINE, hourly(latencies(0.12, 2)))
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.WORSE, by="10%"))


def test_a_gain_shown_to_be_below_the_minimum_fails() -> None:
    judgement = of(BASELINE, hourly(latencies(0.095, 2)), a_criterion("25%"))
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.NOT_ENOUGH_BETTER, by="25%"))


def test_a_gain_that_the_hours_do_not_decide_is_inconclusive() -> None:
    judgement = of(BASELINE, hourly(latencies(0.09, 2)))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.INTERVAL_ACROSS, limit="-10%", more_rows=0),
    )


@pytest.mark.parametrize("quantile", [0.5, 0.95])
def test_the_ratio_is_that_of_the_sample_quantiles_to_within_a_bucket(quantile: float) -> None:
    one, other = latencies(0.1, 1), latencies(0.08, 2)
    estimate = of(hourly(one), hourly(other), a_criterion(quantile=quantile)).estimate
    assert estimate is not None
    expected = np.quantile(np.concatenate(other), quantile) / np.quantile(np.concatenate(one), quantile)
    assert estimate.value == pytest.approx(float(expected), rel=0.01)
    assert estimate.baseline == pytest.approx(float(np.quantile(np.concatenate(one), quantile)), rel=0.02)
    assert (estimate.scale, estimate.clusters, estimate.n) == ("ratio", 48, 48 * 200)


def test_the_interval_is_about_that_of_a_block_bootstrap_of_the_values_themselves() -> None:
    one, other = latencies(0.1, 1), latencies(0.08, 2)
    estimate = of(hourly(one), hourly(other)).estimate
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.level == 0.95
    generator = np.random.default_rng(99)
    drawn = []
    for _ in range(600):
        hours = generator.integers(0, 48, 48)
        drawn.append(
            np.quantile(np.concatenate([other[h] for h in hours]), 0.95)
            / np.quantile(np.concatenate([one[h] for h in hours]), 0.95)
        )
    low, high = np.quantile(drawn, [0.025, 0.975])
    width = float(high - low)
    assert estimate.low == pytest.approx(float(low), abs=0.25 * width)
    assert estimate.high == pytest.approx(float(high), abs=0.25 * width)


def test_a_gain_of_exactly_the_minimum_passes_because_by_includes_its_limit() -> None:
    candidate = hourly(latencies(0.08, 2))
    estimate = of(BASELINE, candidate).estimate
    assert estimate is not None
    gained = 100 * (1 - estimate.value)
    assert of(BASELINE, candidate, a_criterion(f"{gained:.7f}%")).outcome is Outcome.PASSED
    assert of(BASELINE, candidate, a_criterion(f"{gained + 1e-7:.7f}%")).outcome is Outcome.INCONCLUSIVE


def test_identical_latencies_are_inconclusive() -> None:
    judgement = of(BASELINE, BASELINE)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.reason == because(Why.IDENTICAL, rows=48 * 200)


def test_hours_that_never_vary_are_no_certainty() -> None:
    constant = by_hour([a_histogram([0.1] * 100)] * 48)
    judgement = of(constant, by_hour([a_histogram([0.05] * 100)] * 48))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.IDENTICAL)


def test_fewer_hours_than_the_minimum_are_inconclusive() -> None:
    judgement = of(BASELINE, hourly(latencies(0.08, 2, hours=23)))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_CLUSTERS, clusters=23, least=24),
    )


def test_fewer_rows_than_the_minimum_are_inconclusive() -> None:
    sparse = by_hour([a_histogram([0.05 + 0.001 * hour]) for hour in range(48)])
    judgement = of(BASELINE, sparse)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_ROWS, rows=48, least=100),
    )


def test_only_hours_that_both_arms_hold_are_compared() -> None:
    shifted = Groups(groups=tuple((str(int(hour) + 10), one) for hour, one in hourly(latencies(0.08, 2))))
    judgement = of(BASELINE, shifted)
    assert judgement.estimate is not None
    assert judgement.estimate.clusters == 38


def test_no_shared_hour_is_errored() -> None:
    judgement = of(BASELINE, by_hour([LogHistogram(buckets=())] * 48))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)
    assert of(BASELINE, Groups(groups=())).outcome is Outcome.ERRORED


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.LOG_HISTOGRAM])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    evidence: dict[Shape, Answer] = {Shape.LOG_HISTOGRAM: BASELINE, shape: Missing(reason=reason)}
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


@pytest.mark.parametrize(("rows", "why"), uncomparable_rows(mirrored=True))
def test_arms_that_can_not_be_compared_are_errored(rows: Rows, why: Why) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.LOG_HISTOGRAM: BASELINE, Shape.ROWS: rows})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, why)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_the_same_histograms_have_the_same_interval_each_time() -> None:
    other = hourly(latencies(0.08, 2))
    assert of(BASELINE, other) == of(BASELINE, other)


def test_repeated_attempts_divide_alpha() -> None:
    judgement = of(BASELINE, hourly(latencies(0.08, 2)), alpha_divisor=2)
    assert judgement.estimate is not None
    assert judgement.estimate.level == 0.975


def test_what_a_quantile_can_not_be_compared_on_does_not_fit() -> None:
    assert list(a_criterion().misfits(a_scope())) == []
    short = a_scope(a_stage(days=0.5))
    assert list(a_criterion(metric="accuracy").misfits(short)) == [
        "'accuracy' is a proportion: a quantile is compared on a duration",
        "its window holds 12 hours and the bootstrap needs 24: choose a longer stage",
    ]
    assert a_criterion().unbound(some_facts(metrics={})) == "metrics.latency"
