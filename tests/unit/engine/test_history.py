"""The clock of a stage: what its window is at an instant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_ratchet.core.evidence import Interval, Window
from model_ratchet.engine.history import StageClock, StageHistory, StageRun, State, Trust, clock

START = datetime(2025, 8, 1, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ORDER = list(State)


def at(hours: float) -> datetime:
    return START + hours * HOUR


def told(run: StageRun | None, now: datetime, **changes: timedelta) -> StageClock:
    """The clock of a day's stage with a day for its labels."""
    given_: dict[str, Any] = {"lasts": DAY, "settle": timedelta(), "mature_after": DAY}
    return clock(run, now=now, **(given_ | changes))


def a_run(*pauses: tuple[float, float], paused_since: float | None = None) -> StageRun:
    return StageRun(
        stage="canary",
        started_at=START,
        pauses=tuple(Interval(at(start), at(end)) for start, end in pauses),
        paused_since=at(paused_since) if paused_since is not None else None,
    )


def test_a_stage_that_was_never_started_has_no_window_and_no_end() -> None:
    assert told(None, START) == StageClock(state=State.NOT_STARTED, window=None)


def test_a_stage_whose_start_lies_ahead_has_not_started() -> None:
    assert told(a_run(), START - MINUTE).state is State.NOT_STARTED
    assert told(a_run(), START).state is State.OPEN


def test_an_open_stage_is_read_up_to_the_last_whole_hour() -> None:
    found = told(a_run(), at(3.9))
    assert found == StageClock(
        state=State.OPEN,
        window=Window((Interval(START, at(3)),), at(3)),
        ends_at=at(24),
        decidable_at=at(48),
    )


def test_before_its_first_hour_there_is_nothing_to_read() -> None:
    found = told(a_run(), at(0.99))
    assert (found.window, found.ends_at) == (None, at(24))


def test_labels_mature_after_the_end() -> None:
    assert told(a_run(), at(24)).state is State.MATURING
    found = told(a_run(), at(30.5))
    assert found.window == Window((Interval(START, at(24)),), at(30))


def test_a_stage_is_closed_when_its_labels_are_mature() -> None:
    assert told(a_run(), at(48) - timedelta(microseconds=1)).state is State.MATURING
    found = told(a_run(), at(48))
    assert found.state is State.CLOSED
    assert found.window == Window((Interval(START, at(24)),), at(48))


def test_without_labels_a_stage_is_closed_at_its_end() -> None:
    assert told(a_run(), at(24), mature_after=timedelta()).state is State.CLOSED


def test_the_window_opens_when_the_stage_has_settled() -> None:
    found = told(a_run(), at(60), settle=timedelta(minutes=10))
    assert found.window is not None
    assert found.window.intervals == (Interval(START + 10 * MINUTE, at(24) + 10 * MINUTE),)


def test_pauses_are_cut_out_and_added_at_the_end() -> None:
    found = told(a_run((2, 5), (10, 11)), at(100))
    assert found.window is not None
    assert found.window.intervals == (Interval(START, at(2)), Interval(at(5), at(10)), Interval(at(11), at(28)))
    assert (found.ends_at, found.decidable_at) == (at(28), at(52))


def test_overlapping_pauses_and_their_order_count_once() -> None:
    expected = told(a_run((2, 6)), at(100))
    for pauses in [((2, 5), (4, 6)), ((4, 6), (2, 5)), ((2, 6), (3, 4)), ((2, 4), (4, 6)), ((2, 6), (2, 6))]:
        assert told(a_run(*pauses), at(100)) == expected


def test_a_pause_at_the_start_moves_the_window() -> None:
    found = told(a_run((0, 2)), at(100))
    assert found.window is not None
    assert found.window.intervals == (Interval(at(2), at(26)),)


def test_a_pause_after_the_end_changes_nothing() -> None:
    assert told(a_run((24, 30)), at(100)) == told(a_run(), at(100))


def test_labels_of_an_open_stage_are_read_up_to_the_end_of_what_is_read_whatever_was_paused() -> None:
    found = told(a_run((2, 5)), at(7.5))
    assert found.window == Window((Interval(START, at(2)), Interval(at(5), at(7))), at(7))


def test_a_pause_that_was_over_before_the_stage_had_settled_is_none() -> None:
    settled = told(a_run(), at(100), settle=HOUR)
    for pause in [(0, 0.5), (0.5, 1)]:
        assert told(a_run(pause), at(100), settle=HOUR) == settled


def test_a_paused_stage_does_not_know_its_end() -> None:
    found = told(a_run(paused_since=5.5), at(100))
    assert found.state is State.OPEN
    assert found.window == Window((Interval(START, at(5)),), at(5))
    assert (found.ends_at, found.decidable_at) == (None, None)


def test_a_pause_that_began_after_the_end_keeps_nothing_open() -> None:
    assert told(a_run(paused_since=24), at(100)).state is State.CLOSED


def test_a_history_finds_its_runs_by_name() -> None:
    history = StageHistory(runs=(a_run(),))
    assert history.run("canary") == a_run()
    assert history.run("shadow") is None
    assert (history.attempt, history.trust) == (1, Trust.FETCHED)


def test_a_pause_that_ends_before_it_starts_is_no_interval() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        a_run((5, 2))


LAST = 80 * 60
"""No pause that ends lasts beyond minute 2,400, and no stage lasts longer than 1,560: here all that can end has ended."""

minutes = st.integers(min_value=0, max_value=40 * 60)


@st.composite
def runs(draw: st.DrawFn) -> StageRun:
    pauses = draw(st.lists(st.tuples(minutes, minutes).map(sorted), max_size=4))
    since = draw(st.none() | minutes)
    return StageRun(
        stage="canary",
        started_at=START,
        pauses=tuple(Interval(START + start * MINUTE, START + end * MINUTE) for start, end in pauses),
        paused_since=None if since is None else START + since * MINUTE,
    )


lasts = st.integers(min_value=1, max_value=26 * 60).map(lambda count: count * MINUTE)
short = st.integers(min_value=0, max_value=200).map(lambda count: count * MINUTE)
nows = st.integers(min_value=-60, max_value=80 * 60 * 60).map(lambda seconds: START + timedelta(seconds=seconds))


def paused(run: StageRun, minute: int) -> bool:
    """Whether the stage stood still in the minute that starts here, read from its pauses one by one."""
    instant = START + minute * MINUTE
    closed = any(pause.start <= instant < pause.end for pause in run.pauses)
    return closed or (run.paused_since is not None and instant >= run.paused_since)


def active(run: StageRun, length: timedelta, settle: timedelta) -> list[int]:
    """The minutes of the window, counted one by one."""
    found: list[int] = []
    minute = settle // MINUTE
    while len(found) * MINUTE < length and minute <= LAST:
        if not paused(run, minute):
            found.append(minute)
        minute += 1
    return found


@given(run=runs(), length=lasts, settle=short, mature=short, now=nows)
def test_a_window_holds_active_time_only_and_never_more_than_the_stage_lasts(
    run: StageRun, length: timedelta, settle: timedelta, mature: timedelta, now: datetime
) -> None:
    window = clock(run, lasts=length, settle=settle, mature_after=mature, now=now).window
    if window is None:
        return
    assert timedelta() < window.length <= length
    assert window.start >= START + settle
    assert window.end <= now
    assert window.end <= window.labels_until <= now
    for interval in window.intervals:
        assert not any(max(interval.start, one.start) < min(interval.end, one.end) for one in run.pauses)
        assert run.paused_since is None or interval.end <= run.paused_since


@given(run=runs(), length=lasts, settle=short, mature=short, now=nows)
def test_the_end_is_where_the_active_minutes_add_up(
    run: StageRun, length: timedelta, settle: timedelta, mature: timedelta, now: datetime
) -> None:
    found = clock(run, lasts=length, settle=settle, mature_after=mature, now=now)
    if found.state is State.NOT_STARTED:
        assert now < START
        return
    counted = active(run, length, settle)
    if len(counted) * MINUTE < length:
        assert (found.ends_at, found.decidable_at, found.state) == (None, None, State.OPEN)
        return
    end = START + (counted[-1] + 1) * MINUTE
    assert (found.ends_at, found.decidable_at) == (end, end + mature)
    assert (found.state is State.CLOSED) is (now >= end + mature)
    assert (found.state is State.OPEN) is (now < end and now < end + mature)
    if found.state is not State.OPEN:
        assert found.window is not None
        assert found.window.length == length
        held = [
            minute
            for interval in found.window.intervals
            for minute in range((interval.start - START) // MINUTE, (interval.end - START) // MINUTE)
        ]
        assert held == counted


@given(run=runs(), length=lasts, settle=short, mature=short, first=nows, second=nows)
def test_a_window_only_grows(
    run: StageRun, length: timedelta, settle: timedelta, mature: timedelta, first: datetime, second: datetime
) -> None:
    early, late = (
        clock(run, lasts=length, settle=settle, mature_after=mature, now=now) for now in sorted((first, second))
    )
    assert ORDER.index(early.state) <= ORDER.index(late.state)
    if early.window is not None:
        assert late.window is not None
        assert late.window.part(timedelta(), early.window.length).intervals == early.window.intervals
        assert early.window.labels_until <= late.window.labels_until
    if early.state is not State.NOT_STARTED:
        assert (early.ends_at, early.decidable_at) == (late.ends_at, late.decidable_at)


@given(run=runs(), length=lasts, settle=short, mature=short, now=nows)
def test_looking_between_two_points_of_the_grid_shows_nothing_new(
    run: StageRun, length: timedelta, settle: timedelta, mature: timedelta, now: datetime
) -> None:
    found = clock(run, lasts=length, settle=settle, mature_after=mature, now=now)
    if found.window is not None:
        assert found.state is State.CLOSED or found.window.length in (length, found.window.length // HOUR * HOUR)
        at_grid = clock(run, lasts=length, settle=settle, mature_after=mature, now=found.window.labels_until)
        assert at_grid.window == found.window


@given(run=runs(), length=lasts, settle=short, mature=short, now=nows)
def test_a_pause_that_lies_ahead_is_not_foreseen_in_the_window(
    run: StageRun, length: timedelta, settle: timedelta, mature: timedelta, now: datetime
) -> None:
    known = replace(run, pauses=tuple(pause for pause in run.pauses if pause.start < now))
    with_all = clock(run, lasts=length, settle=settle, mature_after=mature, now=now)
    with_known = clock(known, lasts=length, settle=settle, mature_after=mature, now=now)
    assert (with_all.window, with_all.state) == (with_known.window, with_known.state)
