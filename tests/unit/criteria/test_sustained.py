"""sustained: all days together, and the worst of them."""

from collections.abc import Mapping

import pytest
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from builders.scopes import (
    START,
    UNREADABLE,
    Answer,
    a_scope,
    a_stage,
    judged,
    split_rows,
    uncomparable_rows,
    unpaired,
)
from model_ratchet.core.evidence import Counts, Evidence, Labels, Missing, Need, PairedCounts, Rows, Shape
from model_ratchet.core.moments import paired_moments
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.sustained import Sustained

QUIET = PairedCounts(both=2_100, only_baseline=100, only_candidate=110, neither=690)


def a_criterion(days: int = 7, drop: str = "1pp", **more: object) -> Sustained:
    return Sustained.model_validate(
        {
            "id": "accuracy-sustained",
            "kind": "sustained",
            "metric": "accuracy",
            "days": days,
            "max_daily_drop": drop,
            **more,
        }
    )


def of_days(
    unusual: Mapping[int, PairedCounts] | None = None, criterion: Sustained | None = None, usual: PairedCounts = QUIET
) -> Judgement:
    """Seven days of pairs, some of them (from 1) unusual."""
    days = [(unusual or {}).get(k, usual) for k in range(1, 8)]

    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.PAIRED_COUNTS or need.window is None:
            return None
        first, last = ((instant - START).days for instant in (need.window.start, need.window.end))
        return sum(days[first:last], PairedCounts(both=0, only_baseline=0, only_candidate=0, neither=0))

    return judged(criterion or a_criterion(), a_scope(), answer)


def test_seven_days_without_a_loss_pass() -> None:
    judgement = of_days()
    assert (judgement.outcome, judgement.reason) == (Outcome.PASSED, because(Why.NOT_WORSE, margin="1pp"))
    assert [part.name for part in judgement.parts] == [f"day {k}" for k in range(1, 8)]
    assert judgement.estimate is not None
    assert judgement.estimate.value == pytest.approx(10 / 3_000, rel=1e-8)
    assert judgement.estimate.n == 21_000


def test_one_day_that_is_significantly_worse_fails_whatever_the_others_gain() -> None:
    gained = PairedCounts(both=2_100, only_baseline=50, only_candidate=250, neither=600)
    lost = PairedCounts(both=2_100, only_baseline=250, only_candidate=100, neither=550)
    judgement = of_days({4: lost}, usual=gained)
    assert judgement.outcome is Outcome.FAILED
    assert judgement.reason == because(Why.DAY_WORSE, day="day 4", margin="1pp")
    assert [part.name for part in judgement.parts if part.outcome is Outcome.FAILED] == ["day 4"]


def test_the_days_are_corrected_for_their_number() -> None:
    # alone, its p-value is below 0.05; as the worst of seven it is not
    poor = PairedCounts(both=2_100, only_baseline=145, only_candidate=88, neither=667)
    p_value = float(norm.cdf(_score(poor, -0.01)))
    assert 0.05 / 7 < p_value < 0.05
    others = float(norm.cdf(_score(QUIET, -0.01)))
    assert multipletests([p_value] + [others] * 6, method="holm")[1][0] > 0.05
    assert of_days({4: poor}).outcome is Outcome.PASSED


def test_the_worst_day_fails_at_holms_bound() -> None:
    outcomes = {}
    for lost in range(140, 200):
        day = PairedCounts(both=2_100, only_baseline=lost, only_candidate=88, neither=712 - (lost - 100))
        p_value = float(norm.cdf(_score(day, -0.01)))
        adjusted = multipletests([p_value] + [float(norm.cdf(_score(QUIET, -0.01)))] * 6, method="holm")[1][0]
        outcomes[lost] = (of_days({2: day}).outcome is Outcome.FAILED, bool(adjusted < 0.05))
    assert all(ours == expected for ours, expected in outcomes.values())
    assert {ours for ours, _ in outcomes.values()} == {True, False}


def _score(table: PairedCounts, delta: float) -> float:
    """Tango's statistic, its constrained probability found by bisection of the likelihood's slope."""
    n, gain, loss = table.n, table.only_candidate, table.only_baseline
    low, high = max(0.0, -delta) + 1e-15, (1 - delta) / 2 - 1e-15
    for _ in range(200):
        q = (low + high) / 2
        slope = gain / (q + delta) + loss / q - 2 * (n - gain - loss) / (1 - 2 * q - delta)
        low, high = (q, high) if slope > 0 else (low, q)
    return float((gain - loss - n * delta) / (n * (2 * low + delta - delta**2)) ** 0.5)


def test_a_loss_spread_over_all_days_fails_by_their_sum() -> None:
    judgement = of_days(usual=PairedCounts(both=2_100, only_baseline=150, only_candidate=97, neither=653))
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.MARGIN_BROKEN, margin="1pp"))


def test_days_that_do_not_decide_are_inconclusive_and_say_how_many_rows_are_missing() -> None:
    judgement = of_days(usual=PairedCounts(both=100, only_baseline=10, only_candidate=10, neither=30))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)
    wanted = (norm.ppf(0.95) + norm.ppf(0.8)) ** 2 * (20 / 150) / 0.01**2 - 7 * 150
    assert judgement.reason.parameters["more_rows"] == pytest.approx(wanted, rel=0.05)


def test_identical_predictions_are_judged_by_their_interval() -> None:
    same = PairedCounts(both=2_000, only_baseline=0, only_candidate=0, neither=1_000)
    assert of_days(usual=same).outcome is Outcome.PASSED
    few = PairedCounts(both=20, only_baseline=0, only_candidate=0, neither=10)
    assert of_days(usual=few, criterion=a_criterion(min_rows=10)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("right", [0, 3_000])
def test_all_right_or_all_wrong_in_both_arms_is_judged_by_its_interval(right: int) -> None:
    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.ROWS:
            return split_rows()
        return Counts(successes=right, n=3_000) if need.shape is Shape.COUNTS else None

    assert judged(a_criterion(), a_scope(unpaired()), answer).outcome is Outcome.PASSED


def test_a_day_with_too_few_rows_is_inconclusive() -> None:
    judgement = of_days({6: PairedCounts(both=60, only_baseline=0, only_candidate=0, neither=30)})
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_ROWS, rows=90, least=100),
    )


def test_a_day_with_too_few_rows_does_not_hide_a_day_that_is_worse() -> None:
    few = PairedCounts(both=60, only_baseline=0, only_candidate=0, neither=30)
    lost = PairedCounts(both=2_100, only_baseline=300, only_candidate=50, neither=550)
    judgement = of_days({2: few, 5: lost})
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.DAY_WORSE, day="day 5", margin="1pp"),
    )


def test_a_day_without_a_pair_is_errored() -> None:
    judgement = of_days({3: PairedCounts(both=0, only_baseline=0, only_candidate=0, neither=0)})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


def test_days_that_have_not_come_are_incomplete_and_no_rows_are_missed_of_them() -> None:
    judgement = judged(a_criterion(), a_scope(a_stage(days=5)), {Shape.PAIRED_COUNTS: QUIET})
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.DAYS_INCOMPLETE, days=7, complete=5),
    )


def test_days_that_have_not_come_hide_no_harm_of_those_that_have() -> None:
    lost = PairedCounts(both=2_100, only_baseline=350, only_candidate=50, neither=500)
    judgement = judged(a_criterion(), a_scope(a_stage(days=5)), {Shape.PAIRED_COUNTS: lost})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.DAY_WORSE)


def test_fewer_clusters_than_the_minimum_are_inconclusive() -> None:
    evidence: dict[Shape, Answer] = {
        Shape.PAIRED_COUNTS: QUIET,
        Shape.MOMENTS: paired_moments([(1_000, 700, 705)] * 3),
    }
    judgement = judged(a_criterion(), a_scope(cluster="service_date", finer_cluster=True), evidence)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_CLUSTERS, clusters=3, least=5),
    )


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.LABELS, Shape.PAIRED_COUNTS])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    evidence: dict[Shape, Answer] = {Shape.PAIRED_COUNTS: QUIET, shape: Missing(reason=reason)}
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


@pytest.mark.parametrize(("rows", "why"), uncomparable_rows(mirrored=True))
def test_arms_that_can_not_be_compared_are_errored(rows: Rows, why: Why) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.PAIRED_COUNTS: QUIET, Shape.ROWS: rows})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, why)


def test_labels_below_the_coverage_of_the_model_file_are_errored() -> None:
    evidence: dict[Shape, Answer] = {Shape.PAIRED_COUNTS: QUIET, Shape.LABELS: Labels(labelled=17_999, rows=20_000)}
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.LOW_COVERAGE)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_repeated_attempts_divide_alpha() -> None:
    usual = PairedCounts(both=2_100, only_baseline=115, only_candidate=100, neither=685)
    assert of_days(usual=usual).outcome is Outcome.PASSED

    def answer(need: Need) -> Answer | None:
        days = 7 if need.window is not None and (need.window.end - need.window.start).days == 7 else 1
        table = PairedCounts(both=2_100 * days, only_baseline=115 * days, only_candidate=100 * days, neither=685 * days)
        return table if need.shape is Shape.PAIRED_COUNTS else None

    assert judged(a_criterion(), a_scope(alpha_divisor=20), answer).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("criterion", "changes", "messages"),
    [
        (a_criterion(), {}, []),
        (a_criterion(days=8), {}, ["8 days do not fit into 7 days of stages"]),
        (
            a_criterion(min_clusters=25),
            {"cluster": "service_date", "finer_cluster": True},
            ["a day holds 24 hourly clusters and min_clusters is 25"],
        ),
        (a_criterion(min_clusters=24), {"cluster": "service_date", "finer_cluster": True}, []),
        (a_criterion(min_clusters=25), {"cluster": "user_id"}, []),
        (
            a_criterion(metric="latency"),
            {},
            ["'latency' is a duration: this criterion compares proportions and means"],
        ),
    ],
)
def test_what_can_not_be_sustained_does_not_fit(
    criterion: Sustained, changes: dict[str, object], messages: list[str]
) -> None:
    assert list(criterion.misfits(a_scope(**changes))) == messages
