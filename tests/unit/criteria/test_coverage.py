"""coverage: gaps, freshness, labels and pairs, each at its limit."""

from dataclasses import replace
from datetime import timedelta

import pytest
from statsmodels.stats.proportion import proportions_ztest

from builders.scopes import (
    ERRORS,
    START,
    UNREADABLE,
    Answer,
    a_scope,
    a_stage,
    good_rows,
    judged,
    split_rows,
    unpaired,
)
from model_ratchet.core.evidence import Arm, ArmRows, Evidence, Interval, Labels, Missing, Need, Rows, Shape, Window
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.coverage import Coverage

HOURS = tuple(range(7 * 24))


def a_criterion(max_gap: str = "1h", **more: object) -> Coverage:
    return Coverage.model_validate({"id": "coverage", "kind": "coverage", "max_gap": max_gap, **more})


def of(rows: Rows, criterion: Coverage | None = None, scope: Scope | None = None) -> Judgement:
    return judged(criterion or a_criterion(), scope or a_scope(), {Shape.ROWS: rows})


def without(*hours: int, **more: object) -> Rows:
    return good_rows(by_hour=tuple((hour, 200) for hour in HOURS if hour not in hours), **more)


def test_a_window_that_is_covered_passes() -> None:
    judgement = of(good_rows())
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PASSED,
        because(Why.HOLDS, value="20000 requests", limit="gaps below 1h"),
    )
    assert judgement.warnings == ()


def test_a_run_of_hours_as_long_as_the_largest_gap_is_errored_and_its_start_is_named() -> None:
    assert of(without(30, 31, 33), a_criterion("3h")).outcome is Outcome.PASSED
    judgement = of(without(30, 31, 32), a_criterion("3h"))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.GAP, hours=3, since="2025-08-02T06:00:00+00:00", most="3h"),
    )
    assert of(without(0)).reason.why is Why.GAP


def test_a_gap_is_told_with_its_whole_length() -> None:
    assert of(without(30, 31, 32, 33, 34, 50), a_criterion("2h")).reason == because(
        Why.GAP, hours=5, since="2025-08-02T06:00:00+00:00", most="2h"
    )


def test_an_hour_that_is_listed_without_a_row_is_a_gap_too() -> None:
    rows = good_rows(by_hour=tuple((hour, 0 if hour == 5 else 200) for hour in HOURS))
    assert of(rows).reason.why is Why.GAP


def test_hours_outside_the_active_time_are_no_gap() -> None:
    stage = a_stage()
    pause = timedelta(hours=6)
    middle = START + timedelta(days=2)
    window = Window(
        (Interval(START, middle), Interval(middle + pause, START + timedelta(days=7) + pause)),
        START + timedelta(days=9),
    )
    scope = a_scope(replace(stage, window=window))
    assert of(good_rows(newest=window.end), scope=scope).outcome is Outcome.PASSED
    assert of(without(48, newest=window.end), scope=scope).reason == because(
        Why.GAP, hours=1, since="2025-08-03T06:00:00+00:00", most="1h"
    )


def test_quiet_hours_are_no_gap_and_are_read_in_the_models_zone() -> None:
    nights = [24 * day + hour for day in range(7) for hour in (4, 5, 6, 7)]
    quiet = a_criterion(quiet_hours="00:00-04:00")
    assert of(without(*nights), quiet).reason.why is Why.GAP
    # 04:00 UTC is midnight in New York in August
    assert of(without(*nights), quiet, a_scope(timezone="America/New_York")).outcome is Outcome.PASSED
    assert of(without(*nights, 8), quiet, a_scope(timezone="America/New_York")).reason.why is Why.GAP


def test_quiet_hours_may_run_over_midnight() -> None:
    nights = [24 * day + hour for day in range(7) for hour in (22, 23, 0, 1)]
    quiet = a_criterion(quiet_hours="22:00-02:00")
    assert of(without(*nights), quiet).outcome is Outcome.PASSED
    assert of(without(*nights, 2), quiet).reason.why is Why.GAP


def test_a_gap_goes_on_over_quiet_hours() -> None:
    quiet = a_criterion("2h", quiet_hours="00:00-04:00")
    judgement = of(without(23, 24, 25, 26, 27, 28), quiet)
    assert judgement.reason == because(Why.GAP, hours=2, since="2025-08-01T23:00:00+00:00", most="2h")


def test_a_newest_row_older_than_the_largest_age_is_stale() -> None:
    end = START + timedelta(days=7)
    young = a_criterion("3h", max_age="30m")
    assert of(good_rows(newest=end - timedelta(minutes=30)), young).outcome is Outcome.PASSED
    judgement = of(good_rows(newest=end - timedelta(minutes=31)), young)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.STALE, newest="2025-08-07T23:29:00+00:00", most="30m"),
    )


def test_the_largest_age_is_the_largest_gap_where_it_is_not_given() -> None:
    end = START + timedelta(days=7)
    assert of(good_rows(newest=end - timedelta(minutes=60))).outcome is Outcome.PASSED
    assert of(good_rows(newest=end - timedelta(minutes=61))).reason.why is Why.STALE


def test_a_window_that_ends_in_quiet_hours_is_not_stale() -> None:
    end = START + timedelta(days=7)
    quiet = a_criterion(quiet_hours="20:00-06:00")
    last = good_rows(newest=end - timedelta(hours=4, minutes=1))
    assert of(last, quiet).outcome is Outcome.PASSED
    assert of(good_rows(newest=end - timedelta(hours=6)), quiet).reason.why is Why.STALE


@pytest.mark.parametrize("arm", list(Arm))
def test_an_arm_without_a_row_is_errored(arm: Arm) -> None:
    judgement = of(good_rows(**{str(arm): ArmRows(rows=0, served=0)}))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.NO_ROWS, metric="the log", arm=str(arm)),
    )


@pytest.mark.parametrize(("labelled", "outcome"), [(18_000, Outcome.PASSED), (17_999, Outcome.ERRORED)])
def test_labels_must_reach_the_coverage_of_the_model_file(labelled: int, outcome: Outcome) -> None:
    evidence: dict[Shape, Answer] = {Shape.LABELS: Labels(labelled=labelled, rows=20_000)}
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert judgement.outcome is outcome
    if outcome is Outcome.ERRORED:
        assert judgement.reason == because(Why.LOW_COVERAGE, arm="baseline", coverage=labelled / 20_000, least=0.9)


def test_labels_must_come_equally_to_arms_that_are_not_pairs() -> None:
    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.LABELS:
            return Labels(labelled=19_000 if need.arms == (Arm.BASELINE,) else 18_700, rows=20_000)
        return split_rows()

    judgement = judged(a_criterion(), a_scope(unpaired()), answer)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.COVERAGE_DIFFERS)
    expected = proportions_ztest([18_700, 19_000], [20_000, 20_000])[1]
    assert judgement.reason.parameters["p_value"] == pytest.approx(expected, rel=1e-6)
    # the labels of pairs are the same labels
    paired = judged(a_criterion(), a_scope(), lambda need: answer(need) if need.shape is Shape.LABELS else None)
    assert paired.outcome is Outcome.PASSED


def test_no_label_at_all_is_errored_even_where_the_model_file_asks_for_no_coverage() -> None:
    evidence: dict[Shape, Answer] = {Shape.LABELS: Labels(labelled=0, rows=20_000)}
    judgement = judged(a_criterion(), a_scope(min_label_coverage=None), evidence)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.LOW_COVERAGE)


def test_without_a_metric_that_waits_for_labels_none_are_asked_for() -> None:
    scope = a_scope(metrics={"errors": ERRORS})
    assert [need.shape for need in a_criterion().needs(scope)] == [Shape.ROWS]
    assert of(good_rows(), scope=scope).outcome is Outcome.PASSED


@pytest.mark.parametrize(("paired", "outcome"), [(19_800, Outcome.PASSED), (19_799, Outcome.ERRORED)])
def test_ninety_nine_of_a_hundred_mirrored_requests_must_be_pairs(paired: int, outcome: Outcome) -> None:
    judgement = of(good_rows(paired=paired))
    assert judgement.outcome is outcome
    if outcome is Outcome.ERRORED:
        assert judgement.reason == because(Why.LOW_PAIR_RATE, rate=paired / 20_000, least=0.99)


def test_the_pair_rate_is_the_policys_and_is_taken_over_the_mirrored_requests() -> None:
    assert of(good_rows(paired=19_000), a_criterion(min_pair_rate="95%")).outcome is Outcome.PASSED
    assert of(good_rows(paired=18_999), a_criterion(min_pair_rate="95%")).outcome is Outcome.ERRORED
    half = a_scope(a_stage(mirror=0.5))
    assert of(good_rows(paired=9_900), scope=half).outcome is Outcome.PASSED
    assert of(good_rows(paired=9_899), scope=half).outcome is Outcome.ERRORED


def test_a_stage_without_a_mirror_has_no_pairs_to_miss() -> None:
    assert of(split_rows(), scope=a_scope(unpaired())).outcome is Outcome.PASSED


def test_what_was_dropped_is_counted_and_shown() -> None:
    rows = good_rows(
        duplicates=4,
        others=(("v1.9.0_20250301_000000", 12), ("v1.9.1_20250401_000000", 3)),
        candidate=ArmRows(rows=20_000, served=1_000, units=1_000, not_a_number=5),
    )
    judgement = of(rows)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.warnings == (
        because(Why.DUPLICATES_DROPPED, rows=4),
        because(Why.OTHER_VERSIONS, rows=15, versions="v1.9.0_20250301_000000, v1.9.1_20250401_000000"),
        because(Why.EXCLUDED_ROWS, rows=5, because="no number"),
    )


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.LABELS])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    judgement = judged(a_criterion(), a_scope(), {shape: Missing(reason=reason)})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_no_evidence_and_no_window_are_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED
    assert a_criterion().judge(a_scope(replace(a_stage(), window=None)), Evidence()).outcome is Outcome.ERRORED


def test_a_first_version_is_covered_by_its_own_rows() -> None:
    alone = good_rows(baseline=ArmRows(rows=0, served=0), paired=0)
    scope = a_scope(baseline=None)
    assert of(alone, scope=scope).outcome is Outcome.PASSED
    silent = replace(alone, candidate=ArmRows(rows=0, served=0))
    assert of(silent, scope=scope).reason.why is Why.NO_ROWS


@pytest.mark.parametrize("text", ["22-06", "24:00-06:00", "22:30-06:00"])
def test_quiet_hours_are_whole_hours_of_the_day(text: str) -> None:
    with pytest.raises(ValueError, match="quiet_hours"):
        a_criterion(quiet_hours=text)
