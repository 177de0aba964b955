"""Gauges in a table: one row per sample, reduced to one value for each hour of active time."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Arm, Measurement, Missing, Need, Series
from model_ratchet.core.names import told_version
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import GAUGE_UNITS
from model_ratchet.documents.model import Gauge
from model_ratchet.sources.engine import Column, Engine, Kind
from model_ratchet.sources.table_census import TOLERATED, time_troubles
from model_ratchet.sources.table_kinds import MICRO
from model_ratchet.sources.table_metrics import micros_within, real_of
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    as_text,
    as_wide,
    call,
    choose,
    column,
    every,
    how_many,
    named,
    number,
    table,
    text,
    there,
    total,
    within,
)
from model_ratchet.sources.table_time import TimeColumn, active_offset, whole_steps

_LARGEST = 9e18  # millionths that a 64-bit integer holds
_NULL, _UNKNOWN, _MINE, _OTHER = range(4)


def read_gauges(
    engine: Engine, gauges: Mapping[Need, Gauge], versions: Versions, zone: str | None
) -> Iterator[Mapping[Need, Measurement | Missing]]:
    """Each need's gauge of one arm by hour of active time, in bytes, cores, fractions or plain numbers.

    An hour's mean is taken over whole millionths of the gauge's own unit, so that it does not hang on the order of rows.
    The times of all rows are looked at once.
    """
    times: dict[str, Reason | None] = {}
    for need, gauge in gauges.items():
        reason = _columns_trouble(engine, gauge, zone)
        if reason is None:
            if gauge.time not in times:
                time = TimeColumn(engine.columns()[gauge.time], zone)
                times[gauge.time] = time_troubles(engine, engine.table, [time], required=time).get(time)
            reason = times[gauge.time]
        yield {need: _read(engine, need, gauge, versions, zone) if reason is None else Missing(reason=reason)}


def _read(engine: Engine, need: Need, gauge: Gauge, versions: Versions, zone: str | None) -> Measurement | Missing:
    if need.window is None or len(need.arms) != 1:
        return Missing(reason=because(Why.CANNOT_VERIFY, what=f"series of {need.metric}: one version and one window"))
    version = versions.candidate if need.arms == (Arm.CANDIDATE,) else versions.baseline
    if version is None or not need.window.intervals:
        return _no_rows(need)
    rows = engine.run(_question(engine, need, gauge, versions, version, zone))
    return _series(engine, need, gauge, rows)


def _columns_trouble(engine: Engine, gauge: Gauge, zone: str | None) -> Reason | None:
    columns = engine.columns()
    for name in (gauge.time, gauge.arm, gauge.column):
        if name not in columns:
            return because(Why.COLUMN_ABSENT, source=engine.table, column=name)
    if TimeColumn(columns[gauge.time], zone).naive:
        return because(Why.TIME_NAIVE, source=engine.table, column=gauge.time)
    for name, kinds in (
        (gauge.time, (Kind.INSTANT, Kind.NAIVE, Kind.TEXT)),
        (gauge.column, (Kind.NUMBER, Kind.TEXT)),
    ):
        if columns[name].kind not in kinds:
            return because(Why.COLUMN_MISTYPED, source=engine.table, column=name, type=columns[name].type)
    return None


def _question(
    engine: Engine, need: Need, gauge: Gauge, versions: Versions, version: str, zone: str | None
) -> exp.Select:
    """By class of version and hour: rows, rows without a number, texts that are none, largest and sum, a version."""
    assert need.window is not None  # noqa: S101  (the caller has looked)
    time = TimeColumn(engine.columns()[gauge.time], zone)
    stored = exp.select("*", named(time.micros(), "@micros")).from_(table(engine.table), copy=False)
    placed = exp.select("*", named(active_offset(column("@micros"), need.window), "@offset"))
    value, mine = real_of(engine.columns()[gauge.column]), column("class").eq(number(_MINE))
    fits, micros = micros_within(value, MICRO, _LARGEST)
    classed = (
        exp.select(
            named(_class(gauge, versions, version), "class"),
            named(as_text(column(gauge.arm)), "version"),
            named(whole_steps(column("@offset")), "hour"),
            named(value, "value"),
            named(choose((fits, micros)), "micro"),
            named(there(column(gauge.column)) if _is_text(engine, gauge) else exp.false(), "spelled"),
        )
        .from_(within(placed.from_(within(stored, "stored"), copy=False), "placed"), copy=False)
        .where(there(column("@offset")), copy=False)
    )
    hour = choose((mine, column("hour")))
    return (
        exp.select(
            column("class"),
            named(hour, "at"),
            how_many(),
            how_many(absent(column("micro"))),
            how_many(every(column("spelled"), absent(column("value")))),
            call("MAX", choose((there(column("micro")), column("value")))),
            total(as_wide(column("micro"))),
            call("MIN", column("version")),
        )
        .from_(within(classed, "classed"), copy=False)
        .group_by(number(1), number(2), copy=False)
        .order_by(number(1), number(2), copy=False)
    )


def _is_text(engine: Engine, gauge: Gauge) -> bool:
    found: Column = engine.columns()[gauge.column]
    return found.kind is Kind.TEXT


def _class(gauge: Gauge, versions: Versions, version: str) -> Tree:
    word = as_text(column(gauge.arm))
    known = sorted({versions.candidate, *versions.others} | ({versions.baseline} if versions.baseline else set()))
    return choose(
        (absent(word), number(_NULL)),
        (word.eq(text(version)), number(_MINE)),
        (word.isin(*(text(other) for other in known)), number(_OTHER)),
        otherwise=number(_UNKNOWN),
    )


def _series(engine: Engine, need: Need, gauge: Gauge, rows: list[tuple[Any, ...]]) -> Measurement | Missing:
    source = engine.table
    points: list[tuple[int, float]] = []
    samples = missing = 0
    for code, hour, count, bad, mistyped, largest, micros, version in rows:
        if code == _NULL:
            return Missing(reason=because(Why.ARM_NULL, source=source, column=gauge.arm, rows=int(count)))
        if code == _UNKNOWN:
            told = told_version(version)
            reason = because(Why.ARM_UNKNOWN, source=source, column=gauge.arm, version=told, rows=int(count))
            return Missing(reason=reason)
        if code == _OTHER:
            continue
        if mistyped:
            reason = because(Why.COLUMN_MISTYPED, source=source, column=gauge.column, type="text that is no number")
            return Missing(reason=reason)
        samples, missing = samples + int(count), missing + int(bad)
        good = int(count) - int(bad)
        if good:
            mean = int(micros) / good / MICRO
            value = float(largest) if gauge.hourly == "max" else mean
            points.append((int(hour), value * GAUGE_UNITS[gauge.unit]))
    if samples and missing / samples > TOLERATED:
        share = missing / samples
        return Missing(reason=because(Why.NOT_A_NUMBER, source=source, column=gauge.column, share=share))
    return Series(points=tuple(points)) if points else _no_rows(need)


def _no_rows(need: Need) -> Missing:
    return Missing(reason=because(Why.NO_ROWS, metric=need.metric, arm=str(need.arms[0])), lasting=False)
