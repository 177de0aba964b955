"""The census of a log: times that can be read, versions and exposures that are known, before any row is counted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from model_ratchet.core.evidence import Arm
from model_ratchet.core.names import told_digest, told_version
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.sources.engine import Engine, Kind
from model_ratchet.sources.table_kinds import waits
from model_ratchet.sources.table_log import Log
from model_ratchet.sources.table_rows import RowForm, Segment, told_relation
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    call,
    choose,
    column,
    how_many,
    named,
    number,
    table,
    text,
    total,
    within,
)
from model_ratchet.sources.table_survey import SURVEY
from model_ratchet.sources.table_time import TimeColumn

TOLERATED = 0.001
"""The share of rows without a number, or with a request id that was there before, above which nothing is answered."""

LEAST_CELL = 10
"""Segment values with fewer rows than this in an arm are not told apart."""

CLASSES = {Arm.BASELINE: 0, Arm.CANDIDATE: 1}
OTHER_VERSION, _NULL, _UNKNOWN = 2, 3, 4


@dataclass(frozen=True, slots=True)
class Census:
    """What was counted: other versions' rows, and each arm's rows by the digest that the server reported (null as “”)."""

    arms: tuple[Arm, ...] = (Arm.BASELINE, Arm.CANDIDATE)
    """The arms that hold rows."""
    others: tuple[tuple[str, int], ...] = ()
    digests: Mapping[Arm, tuple[tuple[str, int], ...]] | None = None


def check_times(engine: Engine, log: Log, source: str) -> Log:
    """The log with what is wrong with the values of its time columns among its troubles.

    All rows are looked at: one whose time can't be read might belong to any window.
    """
    labelled = [name for name, metric in log.metrics.items() if waits(metric)]
    asked: dict[TimeColumn, tuple[str, ...]] = {}
    if log.time is not None and "log" not in log.troubles:
        asked[log.time] = ("log",)
    if log.arrived_at is not None and labelled:
        asked[log.arrived_at] = (*asked.get(log.arrived_at, ()), *(f"metric:{name}" for name in labelled))
    troubles = dict(log.troubles)
    for time, reason in time_troubles(engine, source, tuple(asked), required=log.time).items():
        troubles |= dict.fromkeys(asked[time], reason)
    return replace(log, troubles=troubles)


def time_troubles(
    engine: Engine, source: str, times: Sequence[TimeColumn], *, required: TimeColumn | None
) -> Mapping[TimeColumn, Reason]:
    """What is wrong with the values of time columns, where anything is, in one question: no time, no zone, or null in too
    many rows where a time is required."""
    if not times:
        return {}
    counts = [count for time in times for count in _time_counts(time)]
    ((rows, *counted),) = engine.run(exp.select(how_many(), *counts).from_(table(source), copy=False))
    each = iter(counted)
    found = {time: _time_trouble(engine, time, rows, each, required=time == required) for time in times}
    return {time: reason for time, reason in found.items() if reason is not None}


def _time_counts(time: TimeColumn) -> list[Tree]:
    """The rows that have a time; and of text, those that hold none, and those that hold one without a zone."""
    there = exp.Count(this=column(time.column.name))
    textual = time.column.kind is Kind.TEXT
    return [there, how_many(time.unreadable()), how_many(time.lacks_zone())] if textual else [there]


def _time_trouble(
    engine: Engine, time: TimeColumn, rows: int, counted: Iterator[int], *, required: bool
) -> Reason | None:
    name, there = time.column.name, next(counted)
    unreadable, zoneless = (next(counted), next(counted)) if time.column.kind is Kind.TEXT else (0, 0)
    if unreadable:
        return because(Why.COLUMN_MISTYPED, source=engine.table, column=name, type="text that is no time")
    if zoneless and time.zone is None:
        return because(Why.TIME_NAIVE, source=engine.table, column=name)
    share = (rows - there) / rows if rows else 0.0
    if required and share > TOLERATED:
        return because(Why.NOT_A_NUMBER, source=engine.table, column=name, share=share)
    return None


def take_census(engine: Engine, log: Log) -> Census | Reason:
    """The versions, exposures and digests of the rows of a survey; a reason where one is not known."""
    classed = exp.select(
        named(arm_class(log), "class"),
        column("version"),
        named(_exposure_class(log), "exposed"),
        column("digest"),
        column("n"),
    ).from_(table(SURVEY), copy=False)
    counted = (
        exp.select(
            column("class"),
            named(choose((column("class").eq(number(OTHER_VERSION)), column("version"))), "other"),
            column("exposed"),
            column("digest"),
            named(total(column("n")), "rows"),
            named(call("MIN", column("version")), "version"),
        )
        .from_(within(classed, "classed"), copy=False)
        .group_by(*(number(position) for position in range(1, 5)), copy=False)
    )
    rows = [_Line(*row) for row in engine.run(counted)]
    reason = next(_strangers(log, rows), None)
    if reason is not None:
        return reason
    held = {line.arm_class for line in rows}
    arms = tuple(arm for arm, code in CLASSES.items() if code in held)
    return Census(arms, _others(rows), _digests(rows) if log.digest else None)


def others_by_hour(engine: Engine, log: Log) -> Mapping[int, int]:
    """The rows of other known versions in a survey, by hour."""
    counted = (
        exp.select(column("hour"), total(column("n")))
        .from_(table(SURVEY), copy=False)
        .where(arm_class(log).eq(number(OTHER_VERSION)), copy=False)
        .group_by(column("hour"), copy=False)
    )
    return {int(hour): int(rows) for hour, rows in engine.run(counted)}


def segment_counts(
    engine: Engine, form: RowForm, source: str, name: str, arms: Iterable[Arm], surveyed: Sequence[str]
) -> Mapping[Arm, Mapping[str | None, int]]:
    """The rows of each of these arms by the values of a segment column, those with enough rows to be told apart."""
    keys = (
        named(arm_class(form.log), "class"),
        named(column(f"g{surveyed.index(name) if name in surveyed else 0}"), "value"),
    )
    if name in surveyed:
        classed = exp.select(*keys, column("n")).from_(table(SURVEY), copy=False)
    else:
        alone = replace(form, metrics=(), segments=(Segment(name, ()),))
        classed = exp.select(*keys, named(number(1), "n")).from_(
            within(told_relation(alone, source), "rows"), copy=False
        )
    counted = (
        exp.select(column("class"), column("value"), named(total(column("n")), "rows"))
        .from_(within(classed, "classed"), copy=False)
        .where(column("class").isin(*(number(code) for code in CLASSES.values())), copy=False)
        .group_by(column("class"), column("value"), copy=False)
        .having(exp.Sum(this=column("n")) >= number(LEAST_CELL), copy=False)
    )
    found: dict[Arm, dict[str | None, int]] = {arm: {} for arm in arms}
    for code, word, count in engine.run(counted):
        arm = Arm.CANDIDATE if code == CLASSES[Arm.CANDIDATE] else Arm.BASELINE
        if arm in found:
            found[arm][word] = int(count)
    return found


@dataclass(frozen=True, slots=True)
class _Line:
    """Rows of one class of versions, one exposure and one digest."""

    arm_class: int
    other: str | None
    exposed: int
    digest: str | None
    rows: int
    version: str | None


def arm_class(log: Log) -> Tree:
    """What the ``version`` of a row is: 0 the baseline, 1 the candidate, or one of the classes that take no part."""
    word = column("version")
    branches = [(absent(word), number(_NULL))]
    branches += [(word.eq(text(version)), number(CLASSES[arm])) for arm, version in log.versions.arms().items()]
    if log.versions.others:
        others = (text(version) for version in sorted(log.versions.others))
        branches.append((word.isin(*others), number(OTHER_VERSION)))
    return choose(*branches, otherwise=number(_UNKNOWN))


def _exposure_class(log: Log) -> Tree:
    if log.exposure is None:
        return number(1)
    known = column("exposure").isin(text(log.exposure.served), text(log.exposure.mirrored))
    return choose((known, number(1)), otherwise=number(0))


def _strangers(log: Log, lines: list[_Line]) -> Iterator[Reason]:
    null = sum(line.rows for line in lines if line.arm_class == _NULL)
    if null:
        yield because(Why.ARM_NULL, source=log.source, column=log.arm or "", rows=null)
    unknown = [line for line in lines if line.arm_class == _UNKNOWN]
    if unknown:
        version = told_version(min(line.version or "" for line in unknown))
        rows = sum(line.rows for line in unknown)
        yield because(Why.ARM_UNKNOWN, source=log.source, column=log.arm or "", version=version, rows=rows)
    odd = [line for line in lines if not line.exposed and line.arm_class in CLASSES.values()]
    if odd and log.exposure is not None:
        rows = sum(line.rows for line in odd)
        yield because(Why.EXPOSURE_UNKNOWN, source=log.source, column=log.exposure.column, rows=rows)


def _others(lines: list[_Line]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for line in lines:
        if line.arm_class == OTHER_VERSION and line.other is not None:
            found[line.other] = found.get(line.other, 0) + line.rows
    return tuple(sorted(found.items()))


def _digests(lines: list[_Line]) -> Mapping[Arm, tuple[tuple[str, int], ...]]:
    found: dict[Arm, dict[str, int]] = {Arm.BASELINE: {}, Arm.CANDIDATE: {}}
    for line in lines:
        if line.arm_class in CLASSES.values():
            arm = Arm.CANDIDATE if line.arm_class == CLASSES[Arm.CANDIDATE] else Arm.BASELINE
            digest = told_digest(line.digest)
            found[arm][digest] = found[arm].get(digest, 0) + line.rows
    return {arm: tuple(sorted(counts.items())) for arm, counts in found.items()}
