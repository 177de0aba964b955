"""Without a version beside it a drop is held against the record of the same hours of the week, and only alerts."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from builders.watching import START, a_rule, a_subject, only, run, share
from model_ratchet.core.evidence import (
    HOUR,
    Arm,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Interval,
    Missing,
    Need,
    Shape,
    Window,
)
from model_ratchet.core.reason import Why, because
from model_ratchet.engine.watch import Block, Says, Subject
from model_ratchet.engine.watch.recorded import WEEK, hour_of_week, recorded_hours

DAY, NIGHT = 0.9, 0.6
"""What is right by day and by night."""


def usual(start_hour: int) -> float:
    return DAY if 6 <= start_hour % 24 < 18 else NIGHT


def subject(hours: range = range(WEEK)) -> Subject:
    """Its record has every hour of the week at its usual rate, or some of them."""
    slots = {hour: share(usual(hour), 1000) for hour in hours}
    return a_subject(reference=None, recorded={"accuracy": 0.75}, recorded_hours={"accuracy": slots})


def blocks(lost: float, count: int = 96) -> tuple[Block, ...]:
    starts = [START + number * HOUR for number in range(count)]
    return tuple(Block(start=one, candidate=share(usual(hour_of_week(one)) - lost), concurrent=False) for one in starts)


def test_nights_that_are_always_worse_are_no_drop() -> None:
    short = a_rule("drop", "5pp", over="6h")
    held = only(run(short, blocks(0.0), subject=subject()))
    assert held.says is Says.QUIET
    assert held.value == pytest.approx(0.0)
    flat = a_subject(reference=None, recorded={"accuracy": 0.75})
    assert only(run(short, blocks(0.0), subject=flat)).says is not Says.QUIET


def test_a_drop_below_the_same_hours_alerts_and_rolls_nothing_back() -> None:
    result = only(run(a_rule("drop", "5pp", over="6h"), blocks(0.12), subject=subject()))
    assert (result.says, result.rolls_back) == (Says.FIRING, False)
    assert result.value == pytest.approx(0.12)
    assert result.only_alerts == because(Why.REFERENCE_NOT_CONCURRENT)


def test_hours_that_the_record_does_not_hold_say_nothing() -> None:
    result = only(run(a_rule("drop", "5pp", over="6h"), blocks(0.3), subject=subject(range(0))))
    assert (result.says, result.proof) == (Says.WAITING, 0.0)


def test_the_hours_of_a_record_are_those_of_the_candidate_in_all_stages() -> None:
    def need(first: int, arm: Arm, grouping: Grouping = Grouping.HOUR) -> Need:
        begin = START + first * HOUR
        intervals = (Interval(begin, begin + HOUR), Interval(begin + 4 * HOUR, begin + 6 * HOUR))
        return Need(
            shape=Shape.COUNTS,
            window=Window(intervals, begin + timedelta(days=2)),
            metric="accuracy",
            arms=(arm,),
            grouping=grouping,
        )

    nothing = Missing(reason=because(Why.NO_ROWS, metric="accuracy", arm="candidate"))
    found = recorded_hours(
        Evidence(
            {
                need(0, Arm.CANDIDATE): Groups(groups=(("0", share(0.5, 10)), ("2", share(1.0, 10)))),
                need(WEEK, Arm.CANDIDATE): Groups(groups=(("0", share(1.0, 10)),)),
                need(0, Arm.BASELINE): Groups(groups=(("0", share(0.1, 10)),)),
                need(0, Arm.CANDIDATE, Grouping.TOTAL): share(0.1, 10),
                need(0, Arm.CANDIDATE, Grouping.SEGMENT): Groups(
                    groups=(("EWR", share(0.1, 10)), ("5", share(0.1, 10)))
                ),
                need(1, Arm.CANDIDATE): nothing,
            }
        )
    )
    first = hour_of_week(START)
    assert found == {"accuracy": {first: Counts(successes=15, n=20), first + 5: share(1.0, 10)}}


def test_the_hours_of_a_week_begin_on_monday_in_utc() -> None:
    monday = datetime(2025, 9, 1, tzinfo=UTC)
    assert [hour_of_week(monday + number * HOUR) for number in range(-1, WEEK + 1)] == [167, *range(168), 0]
    assert hour_of_week(datetime(2025, 9, 2, 1, tzinfo=timezone(timedelta(hours=2)))) == 23


def test_a_version_without_a_row_has_not_fallen() -> None:
    empty = tuple(Block(start=START + number * HOUR, candidate=None) for number in range(24))
    flat = a_subject(reference=None, recorded={"accuracy": 0.75})
    assert only(run(a_rule("drop", "5pp", over="6h"), empty, subject=flat)).says is Says.WAITING
