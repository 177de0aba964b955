"""Stage history: when each stage of one attempt started and paused, and what that makes of its window."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from model_ratchet.core.evidence import HOUR, Interval, Window

_NEVER = datetime.max.replace(tzinfo=UTC)


class Trust(StrEnum):
    """Who says so, from most to least trusted."""

    FETCHED = "fetched"
    ATTESTED = "attested"
    AUTHOR_SUPPLIED = "author-supplied"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """One stage of one attempt: its start, its pauses, and how often it was extended."""

    stage: str
    started_at: datetime
    pauses: tuple[Interval, ...] = ()
    paused_since: datetime | None = None
    extensions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StageHistory:
    """The stages of one attempt in the order they ran, the attempt's number, and who says so."""

    runs: tuple[StageRun, ...]
    attempt: int = 1
    trust: Trust = Trust.FETCHED

    def run(self, stage: str) -> StageRun | None:
        """The run of a stage, None where it has not started."""
        return next((run for run in self.runs if run.stage == stage), None)


class State(StrEnum):
    """Where a stage stands at an instant."""

    NOT_STARTED = "not_started"
    OPEN = "open"
    MATURING = "maturing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageClock:
    """A stage's window at an instant: cut to whole hours of the grid while it is open, frozen once it is closed.

    ``ends_at`` and ``decidable_at`` are expectations while the stage runs (or pauses) and facts afterwards.
    """

    state: State
    window: Window | None
    ends_at: datetime | None = None
    decidable_at: datetime | None = None


def clock(
    run: StageRun | None, *, lasts: timedelta, settle: timedelta, mature_after: timedelta, now: datetime
) -> StageClock:
    """What a stage's window is at ``now``.

    The window opens ``settle`` after the start and is the union of active intervals until they add up to ``lasts``. An
    open stage is read up to the latest whole hour of active time; labels are read up to the same instant, or up to
    ``mature_after`` past the end once the stage has closed.
    """
    if run is None or run.started_at > now:
        return StageClock(state=State.NOT_STARTED, window=None)
    intervals, ends_at = _active(run, lasts=lasts, settle=settle)
    decidable_at = ends_at + mature_after if ends_at is not None else None
    if ends_at is not None and decidable_at is not None and now >= decidable_at:
        return StageClock(
            state=State.CLOSED,
            window=Window(intervals, decidable_at),
            ends_at=ends_at,
            decidable_at=decidable_at,
        )
    seen = tuple(Interval(interval.start, min(interval.end, now)) for interval in intervals if interval.start < now)
    length = sum((interval.length for interval in seen), timedelta())
    whole = Window(seen, now).part(timedelta(), length // HOUR * HOUR)
    grid = max((interval.end for interval in whole.intervals), default=run.started_at)
    if ends_at is not None and now >= ends_at:
        passed = (now - ends_at) // HOUR * HOUR
        return StageClock(
            state=State.MATURING, window=Window(intervals, ends_at + passed), ends_at=ends_at, decidable_at=decidable_at
        )
    window = Window(whole.intervals, grid) if whole.intervals else None
    return StageClock(state=State.OPEN, window=window, ends_at=ends_at, decidable_at=decidable_at)


def _active(run: StageRun, *, lasts: timedelta, settle: timedelta) -> tuple[tuple[Interval, ...], datetime | None]:
    """The active intervals until they add up to ``lasts``, and the end (None while paused short of it)."""
    left = lasts
    start = run.started_at + settle
    found: list[Interval] = []
    still = [Interval(run.paused_since, _NEVER)] if run.paused_since is not None else []
    for pause in sorted([*run.pauses, *still]):
        if pause.start > start:
            piece = min(left, pause.start - start)
            found.append(Interval(start, start + piece))
            left -= piece
            if not left:
                return tuple(found), found[-1].end
        start = max(start, pause.end)
    if start == _NEVER:
        return tuple(found), None
    found.append(Interval(start, start + left))
    return tuple(found), start + left
