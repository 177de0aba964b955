"""Counters as exact counts: differences of the samples themselves, never ``increase()``, which extrapolates.

A piece is the part of an hour of active time that lies in one interval of the window. Its count is the last sample in it
less the last one before it. Where the counter was reset in between, the raw samples of that piece are added up instead.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, isfinite
from typing import TypeAlias

from model_ratchet.core.evidence import HOUR, Window
from model_ratchet.core.reason import Why, because
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.prometheus_api import Labels, PrometheusApi, Series, unlike

Hourly: TypeAlias = Mapping[int, int]
"""Events by hour of active time."""

_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an hour of active time, [start, end)."""

    hour: int
    start: datetime
    end: datetime


def pieces(window: Window) -> Iterator[list[Piece]]:
    """For each interval of a window its pieces, in order."""
    passed = timedelta()
    for interval in window.intervals:
        found = []
        start = interval.start
        while start < interval.end:
            hour = passed // HOUR
            end = min(interval.end, start + ((hour + 1) * HOUR - passed))
            found.append(Piece(hour, start, end))
            passed += end - start
            start = end
        yield found


def counts(api: PrometheusApi, source: str, metric: str, selector: str, window: Window) -> Mapping[Labels, Hourly]:
    """How many events each series of a counter saw, by hour of active time.

    A series that appears within the window counts from zero, as a process that started does; one that was there in the hour
    before an interval counts from its last sample. Empty where there is no series.

    Raises:
        UnanswerableError: hours without a sample, values that are no whole numbers, or no answer.
    """
    found: dict[Labels, dict[int, int]] = {}
    asked: set[Piece] = set()
    seen: set[Piece] = set()
    for interval in pieces(window):
        if interval:
            asked.update(interval)
            for labels, piece, events in _interval(api, source, metric, selector, interval):
                hours = found.setdefault(labels, {})
                hours[piece.hour] = hours.get(piece.hour, 0) + events
                seen.add(piece)
    unseen = [piece for piece in asked - seen if api.now is None or piece.end <= api.now]
    if found and unseen:
        raise _gap(source, metric, len(unseen), len(asked))
    return found


def _interval(
    api: PrometheusApi, source: str, metric: str, selector: str, interval: list[Piece]
) -> Iterator[tuple[Labels, Piece, int]]:
    """The counts of each series in each piece in which it has samples."""
    before = api.at(metric, f"last_over_time({selector}[1h])", interval[0].start)
    values = {one.labels: _whole(source, metric, one.samples[-1][1]) for one in before}
    once = {
        one.labels: one.samples[-1][1] for one in api.at(metric, f"last_over_time({selector}[30d])", interval[0].start)
    }
    last, least, resets = (
        _at_ends(api, source, metric, function, selector, interval)
        for function in ("last_over_time", "min_over_time", "resets")
    )
    for piece in interval:
        raw: dict[Labels, Series] | None = None
        for labels, value in last.get(piece, {}).items():
            now = _whole(source, metric, value)
            was = values.get(labels, 0)
            if labels not in values and least[piece].get(labels, value) >= once.get(labels, inf):
                # it was seen before, not in the last hour, and has gone on counting: nobody knows since when
                raise _gap(source, metric, 1, len(interval))
            if resets[piece].get(labels, 0) > 0 or least[piece].get(labels, value) < was:
                if raw is None:
                    length = _length(piece)
                    raw = {one.labels: one for one in api.at(metric, f"{selector}[{length}]", piece.end)}
                yield labels, piece, _climbed(source, metric, was, raw.get(labels))
            elif now < was:  # and yet the server knows of no reset
                raise unlike(source)
            else:
                yield labels, piece, now - was
            values[labels] = now


def _at_ends(
    api: PrometheusApi, source: str, metric: str, function: str, selector: str, interval: list[Piece]
) -> Mapping[Piece, Mapping[Labels, float]]:
    """A function of the samples within each piece, taken at its end: one range query for whole hours, single ones beside."""
    found: dict[Piece, dict[Labels, float]] = {piece: {} for piece in interval}
    whole = [piece for piece in interval if piece.end - piece.start == HOUR]
    if whole:
        query = f"{function}({selector}[1h])"
        by_end = {piece.end.timestamp(): piece for piece in whole}
        for one in api.over(metric, query, whole[0].end, whole[-1].end, HOUR):
            for at, value in one.samples:
                if at not in by_end:
                    raise unlike(source)
                found[by_end[at]][one.labels] = value
    for piece in interval:
        if piece.end - piece.start != HOUR:
            for one in api.at(metric, f"{function}({selector}[{_length(piece)}])", piece.end):
                found[piece][one.labels] = one.samples[-1][1]
    return found


def _climbed(source: str, metric: str, was: int, series: Series | None) -> int:
    """How far a counter climbed, beginning anew after each reset."""
    if series is None:
        raise UnanswerableError(because(Why.SERIES_ABSENT, source=source, metric=metric))
    climbed = 0
    for _, value in series.samples:
        now = _whole(source, metric, value)
        climbed += now - was if now >= was else now
        was = now
    return climbed


def _gap(source: str, metric: str, hours: int, of: int) -> UnanswerableError:
    return UnanswerableError(because(Why.SERIES_GAP, source=source, metric=metric, hours=hours, of=of), lasting=False)


def _whole(source: str, metric: str, value: float) -> int:
    if not isfinite(value):
        raise UnanswerableError(because(Why.NOT_A_NUMBER, source=source, column=metric, share=1.0))
    if value < 0 or value >= _LARGEST or value != round(value):
        what = "a negative value" if value < 0 else "a value that is no whole number"
        raise UnanswerableError(because(Why.COUNTER_BROKEN, source=source, metric=metric, what=what))
    return int(value)


def _length(piece: Piece) -> str:
    return f"{(piece.end - piece.start) // timedelta(milliseconds=1)}ms"
