"""Times in questions: columns of times as microseconds since 1970, and where they stand in a window's active time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlglot import exp

from model_ratchet.core.evidence import EPOCH, HOUR, Window
from model_ratchet.sources.engine import Column, Kind
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    call,
    cast,
    choose,
    column,
    every,
    negate,
    number,
    text,
    there,
    try_cast,
)

MICROSECOND = timedelta(microseconds=1)

_WITH_OFFSET = r":\d{2}(\.\d+)?\s?(Z|z|UTC|[+-]\d{2}(:?\d{2})?)$"
_DAY = timedelta(days=1)

# types that are compared with nothing but themselves
_OWN_TYPES = frozenset({"TIMESTAMPTZ_NS"})


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """A column of times: with a zone, or read in ``zone``.

    An hour that a zone's clocks repeat is read as standard time, one that they skip as if they had not moved.
    """

    column: Column
    zone: str | None

    @property
    def naive(self) -> bool:
        """Whether every value lacks a zone that nothing supplies."""
        return self.column.kind is Kind.NAIVE and self.zone is None

    def micros(self) -> Tree:
        """Microseconds since 1970; null where there is no time, or none that can be read."""
        stored = column(self.column.name)
        if self.column.kind is Kind.INSTANT:
            return _micros(cast(stored, "TIMESTAMPTZ"))
        if self.column.kind is Kind.NAIVE:
            return self._in_zone(cast(stored, "TIMESTAMP"))
        with_offset = _micros(try_cast(stored, "TIMESTAMPTZ"))
        naive = try_cast(stored, "TIMESTAMP")
        return choose((self._has_offset(), with_offset), otherwise=self._in_zone(naive) if self.zone else None)

    def unreadable(self) -> Tree:
        """Whether a text is no time."""
        parsed = try_cast(column(self.column.name), "TIMESTAMP")
        return every(there(column(self.column.name)), absent(parsed))

    def lacks_zone(self) -> Tree:
        """Whether a text is there without an offset."""
        return every(there(column(self.column.name)), negate(self._has_offset()))

    @property
    def exact(self) -> bool:
        """Whether ``near`` is met by the rows of a window of one interval and no others."""
        return self.column.kind is Kind.INSTANT

    def near(self, window: Window) -> Tree | None:
        """A cheap condition that every row of the window meets, so that files outside of it are skipped."""
        stored = column(self.column.name)
        if self.column.kind is Kind.INSTANT:
            kind, margin = "TIMESTAMPTZ", timedelta()
        elif self.column.kind is Kind.NAIVE:
            kind, margin = "TIMESTAMP", _DAY
        else:
            return None
        first, last = _spelled(window.start - margin, kind), _spelled(window.end + margin, kind)
        own = exp.DataType.build(self.column.type, udt=True) if self.column.type in _OWN_TYPES else kind
        return every(stored >= cast(text(first), own), stored < cast(text(last), own))

    def _has_offset(self) -> Tree:
        return exp.RegexpLike(this=column(self.column.name), expression=text(_WITH_OFFSET))

    def _in_zone(self, naive: Tree) -> Tree:
        if self.zone in (None, "UTC"):
            return _micros(naive)
        return _micros(exp.AtTimeZone(this=naive, zone=text(self.zone or "UTC")))


def active_offset(micros: Tree, window: Window) -> Tree:
    """Microseconds of active time since the window's start; null outside of its intervals."""
    branches = []
    passed = 0
    for interval in window.intervals:
        start, end = since_epoch(interval.start), since_epoch(interval.end)
        inside = every(micros >= number(start), micros < number(end))
        branches.append((inside, micros - number(start - passed)))
        passed += end - start
    return choose(*branches)


def whole_steps(offset: Tree, step: timedelta = HOUR) -> Tree:
    """The hour of active time of an offset, or the step of another length."""
    return exp.IntDiv(this=offset, expression=number(step // MICROSECOND))


def instant_at(window: Window, offset: int) -> datetime:
    """The instant at an offset (microseconds) of active time."""
    left = offset * MICROSECOND
    for interval in window.intervals:
        if left < interval.length:
            return interval.start + left
        left -= interval.length
    raise ValueError(f"{offset} microseconds lie beyond the window")


def since_epoch(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - EPOCH) // MICROSECOND


def _micros(tree: Tree) -> Tree:
    return call("EPOCH_US", tree)


def _spelled(instant: datetime, kind: str) -> str:
    spelled = instant.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return f"{spelled}+00:00" if kind == "TIMESTAMPTZ" else spelled
