"""stability: the whole period, and every rolling window of it."""

from datetime import datetime, timedelta

import pytest
from scipy.stats import norm

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
from model_ratchet.core.evidence import Counts, Evidence, Missing, Need, PairedCounts, Rows, Shape
from model_ratchet.core.moments import paired_moments
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.stability import Stability

HOUR = timedelta(hours=1)
NONE = PairedCounts(both=0, only_baseline=0, only_candidate=0, neither=0)
FLAT = PairedCounts(both=70, only_baseline=3, only_candidate=3, neither=24)


def a_criterion(window: str = "48h", step: str = "24h", drop: str = "1pp", **more: object) -> Stability:
    return Stability.model_validate(
        {
            "id": "accuracy-48h",
            "kind": "stability",
            "metric": "accuracy",
            "window": window,
            "step": step,
            "max_drop": drop,
            **more,
        }
    )


def of_hours(
    at: dict[int, PairedCounts] | None = None, criterion: Stability | None = None, scope: Scope | None = None
) -> Judgement:
    """Pairs by hour since the start, FLAT where nothing else is said."""
    unusual = at or {}

    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.PAIRED_COUNTS or need.window is None:
            return None
        total = NONE
        for interval in need.window.intervals:
            for hour in range(_hour(interval.start), _hour(interval.end)):
                total += unusual.get(hour, FLAT)
        return total

    return judged(criterion or a_criterion(), scope or a_scope(), answer)


def _hour(instant: datetime) -> int:
    return (instant - START) // HOUR


def test_a_flat_period_passes_and_its_rolling_windows_are_named() -> None:
    judgement = of_hours()
    assert (judgement.outcome, judgement.reason) == (Outcome.PASSED, because(Why.NOT_WORSE, margin="1pp"))
    assert [part.name for part in judgement.parts] == [f"hours {24 * k}–{24 * k + 48}" for k in range(6)]
    assert all(part.estimate is not None and part.estimate.n == 4_800 for part in judgement.parts)
    assert judgement.estimate is not None
    assert judgement.estimate.n == 16_800


def test_the_estimate_of_the_period_has_the_interval_of_a_normal_score_test() -> None:
    estimate = of_hours().estimate
    assert estimate is not None
    # at no difference the score interval is z·√(discordant)/n up to terms of order 1/n
    half = norm.ppf(0.95) * (0.06 / 16_800) ** 0.5
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.0, -half, half), rel=2e-3, abs=1e-9)


def test_a_window_that_is_significantly_worse_fails_and_is_named() -> None:
    poor = PairedCounts(both=70, only_baseline=8, only_candidate=3, neither=19)
    judgement = of_hours(dict.fromkeys(range(72, 120), poor))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.WINDOW_WORSE, window="hours 72–120", margin="1pp"),
    )
    # the period as a whole is not shown to be worse: the window is what fails
    assert judgement.estimate is not None
    assert judgement.estimate.high is not None
    assert judgement.estimate.high > -0.02


def test_windows_run_over_the_stages_joined_end_to_end() -> None:
    second = a_stage("canary", days=3, start=START + timedelta(days=10))
    scope = a_scope(a_stage("shadow", days=3, traffic=None), second)
    poor = PairedCounts(both=70, only_baseline=8, only_candidate=3, neither=19)
    # the last day of the one and the first of the other, a week apart on the calendar
    judgement = of_hours(dict.fromkeys([*range(48, 72), *range(240, 264)], poor), scope=scope)
    assert judgement.reason == because(Why.WINDOW_WORSE, window="hours 48–96", margin="1pp")
    assert [part.name for part in judgement.parts] == [f"hours {24 * k}–{24 * k + 48}" for k in range(5)]


def test_a_loss_of_the_whole_period_fails_where_no_window_shows_it_alone() -> None:
    slight = PairedCounts(both=70, only_baseline=5, only_candidate=4, neither=21)
    judgement = of_hours(dict.fromkeys(range(168), slight), a_criterion(drop="0.5pp"))
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.MARGIN_BROKEN, margin="0.5pp"))
    assert not [part for part in judgement.parts if part.outcome is Outcome.FAILED]


def test_a_period_that_does_not_decide_is_inconclusive() -> None:
    few = PairedCounts(both=7, only_baseline=1, only_candidate=1, neither=1)
    judgement = of_hours(dict.fromkeys(range(168), few))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)


def test_every_window_can_be_asked_to_be_proven_alone() -> None:
    scarce = PairedCounts(both=7, only_baseline=0, only_candidate=0, neither=3)
    discordant = PairedCounts(both=6, only_baseline=1, only_candidate=1, neither=2)
    hours = {hour: discordant if hour % 5 == 0 else scarce for hour in range(168)}
    assert of_hours(hours).outcome is Outcome.PASSED
    strict = of_hours(hours, a_criterion(prove="every_window"))
    assert (strict.outcome, strict.reason.why) == (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)
    assert {part.outcome for part in strict.parts} == {Outcome.INCONCLUSIVE}
    many = PairedCounts(both=700, only_baseline=5, only_candidate=5, neither=290)
    assert of_hours(dict.fromkeys(range(168), many), a_criterion(prove="every_window")).outcome is Outcome.PASSED


def test_identical_predictions_are_judged_by_their_interval() -> None:
    same = PairedCounts(both=70, only_baseline=0, only_candidate=0, neither=30)
    assert of_hours(dict.fromkeys(range(168), same)).outcome is Outcome.PASSED
    scarce = PairedCounts(both=1, only_baseline=0, only_candidate=0, neither=0)
    few = of_hours(dict.fromkeys(range(168), scarce), a_criterion(min_rows=10))
    assert (few.outcome, few.reason.why) == (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)


@pytest.mark.parametrize("right", [0, 5_000])
def test_all_right_or_all_wrong_in_both_arms_is_judged_by_its_interval(right: int) -> None:
    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.ROWS:
            return split_rows()
        return Counts(successes=right, n=5_000) if need.shape is Shape.COUNTS else None

    assert judged(a_criterion(), a_scope(unpaired()), answer).outcome is Outcome.PASSED


def test_a_window_with_too_few_rows_is_inconclusive_unless_another_one_is_worse() -> None:
    empty = PairedCounts(both=1, only_baseline=0, only_candidate=0, neither=0)
    thin = dict.fromkeys(range(48), empty)
    judgement = of_hours(thin)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_ROWS, rows=48, least=100),
    )
    assert judgement.parts[0].outcome is Outcome.INCONCLUSIVE
    poor = PairedCounts(both=70, only_baseline=12, only_candidate=3, neither=15)
    assert of_hours({**thin, **dict.fromkeys(range(120, 168), poor)}).outcome is Outcome.FAILED


def test_a_window_without_a_pair_is_errored() -> None:
    judgement = of_hours(dict.fromkeys(range(24, 72), NONE))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


def test_a_period_shorter_than_one_window_is_inconclusive() -> None:
    judgement = of_hours(scope=a_scope(a_stage(days=1)))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.DAYS_INCOMPLETE)


def test_fewer_clusters_than_the_minimum_are_inconclusive() -> None:
    evidence: dict[Shape, Answer] = {
        Shape.PAIRED_COUNTS: FLAT,
        Shape.MOMENTS: paired_moments([(1_000, 700, 705)] * 2),
    }
    judgement = judged(a_criterion(), a_scope(cluster="service_date"), evidence)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_CLUSTERS, clusters=2, least=5),
    )


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.LABELS, Shape.PAIRED_COUNTS])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    evidence: dict[Shape, Answer] = {Shape.PAIRED_COUNTS: FLAT, shape: Missing(reason=reason)}
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


@pytest.mark.parametrize(("rows", "why"), uncomparable_rows(mirrored=True))
def test_arms_that_can_not_be_compared_are_errored(rows: Rows, why: Why) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.PAIRED_COUNTS: FLAT, Shape.ROWS: rows})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, why)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


@pytest.mark.parametrize(
    ("criterion", "changes", "messages"),
    [
        (a_criterion(), {}, []),
        (a_criterion(window="8d"), {}, ["a window of 8d does not fit into 168 hours of stages"]),
        (
            a_criterion(window="4h", step="2h"),
            {"cluster": "service_date", "finer_cluster": True},
            ["a window of 4h holds 4 hourly clusters and min_clusters is 5"],
        ),
        (a_criterion(window="5h", step="5h"), {"cluster": "service_date", "finer_cluster": True}, []),
        (a_criterion(), {"cluster": "service_date", "finer_cluster": True}, []),
        (
            a_criterion(metric="memory"),
            {},
            ["'memory' is a gauge: this criterion compares proportions and means"],
        ),
    ],
)
def test_windows_that_can_not_be_judged_do_not_fit(
    criterion: Stability, changes: dict[str, object], messages: list[str]
) -> None:
    assert list(criterion.misfits(a_scope(**changes))) == messages
