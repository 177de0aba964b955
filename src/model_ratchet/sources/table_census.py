"""The census of a log: times that can be read, versions and exposures that are known, before any row is counted."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from model_ratchet.core.evidence import Arm, Window
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.model import Proportion, WideColumns
from model_ratchet.sources.engine import Engine, Kind
from model_ratchet.sources.table_log import Log
from model_ratchet.sources.table_rows import arm_word, timed
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    as_text,
    call,
    choose,
    column,
    how_many,
    named,
    number,
    table,
    text,
    there,
    within,
)
from model_ratchet.sources.table_time import TimeColumn

TOLERATED = 0.001
"""The share of rows without a number, or with a request id that was there before, above which nothing is answered."""

LEAST_CELL = 10
"""Segment values with fewer rows than this in an arm are not told apart."""

_BASELINE, _CANDIDATE, _OTHER, _NULL, _UNKNOWN = range(5)


@dataclass(frozen=True, slots=True)
class Census:
    """What was counted: other versions' rows, and each arm's rows by the digest that the server reported (null as “”)."""

    arms: tuple[Arm, ...] = (Arm.BASELINE, Arm.CANDIDATE)
    """The arms that hold rows."""
    others: tuple[tuple[str, int], ...] = ()
    digests: Mapping[Arm, tuple[tuple[str, int], ...]] | None = None


def time_trouble(engine: Engine, source: str, time: TimeColumn, *, required: bool) -> Reason | None:
    """What is wrong with the values of a time column: no time, no zone, or null in too many rows where one is required."""
    name = time.column.name
    textual = time.column.kind is Kind.TEXT
    counts = [how_many(), how_many(absent(column(name)))]
    if textual:
        counts += [how_many(time.unreadable()), how_many(time.lacks_zone())]
    ((rows, nulls, *wrong),) = engine.run(exp.select(*counts).from_(table(source)))
    if wrong and wrong[0]:
        return because(Why.COLUMN_MISTYPED, source=engine.table, column=name, type="text that is no time")
    if wrong and wrong[1] and time.zone is None:
        return because(Why.TIME_NAIVE, source=engine.table, column=name)
    share = nulls / rows if rows else 0.0
    if required and share > TOLERATED:
        return because(Why.NOT_A_NUMBER, source=engine.table, column=name, share=share)
    return None


def check_times(engine: Engine, log: Log, source: str) -> Log:
    """The log with what is wrong with the values of its time columns among its troubles.

    All rows are looked at: one whose time can't be read might belong to any window.
    """
    troubles = dict(log.troubles)
    if log.time is not None and "log" not in troubles:
        reason = time_trouble(engine, source, log.time, required=True)
        if reason is not None:
            troubles["log"] = reason
    labelled = [name for name, metric in log.metrics.items() if isinstance(metric, Proportion) and metric.labelled]
    if log.arrived_at is not None and labelled:
        reason = time_trouble(engine, source, log.arrived_at, required=False)
        if reason is not None:
            troubles |= {f"metric:{name}": reason for name in labelled}
    return replace(log, troubles=troubles)


def take_census(engine: Engine, log: Log, source: str, window: Window) -> Census | Reason:
    """The versions, exposures and digests of the rows of a long log in a window; a reason where one is not known."""
    if log.wide is not None:
        return Census(_scored_arms(engine, log, log.wide, source, window))
    arm_class = _arm_class(log)
    exposure = as_text(column(log.exposure.column)) if log.exposure else exp.null()
    digest = as_text(column(log.digest)) if log.digest else exp.null()
    classed = exp.select(
        named(arm_class, "class"),
        named(arm_word(log), "version"),
        named(_exposure_class(log, exposure), "exposed"),
        named(exposure, "exposure"),
        named(digest, "digest"),
    ).from_(within(timed(log, source, window), "log"))
    counted = (
        exp.select(
            column("class"),
            named(choose((column("class").eq(number(_OTHER)), column("version"))), "other"),
            column("exposed"),
            column("digest"),
            named(how_many(), "rows"),
            named(call("MIN", column("version")), "version"),
            named(call("MIN", column("exposure")), "exposure"),
        )
        .from_(within(classed, "classed"))
        .group_by(*(number(position) for position in range(1, 5)))
    )
    rows = [_Line(*row) for row in engine.run(counted)]
    reason = next(_strangers(log, rows), None)
    if reason is not None:
        return reason
    held = {line.arm_class for line in rows}
    arms = tuple(arm for arm, code in ((Arm.BASELINE, _BASELINE), (Arm.CANDIDATE, _CANDIDATE)) if code in held)
    return Census(arms, _others(rows), _digests(rows) if log.digest else None)


def segment_counts(
    engine: Engine, log: Log, source: str, window: Window, name: str, arms: Iterable[Arm]
) -> Mapping[Arm, Mapping[str | None, int]]:
    """The rows of each of these arms by the values of a segment column, those with enough rows to be told apart."""
    value, rows = named(as_text(column(name)), "value"), within(timed(log, source, window), "log")
    if log.wide is None:
        classed: exp.Query = exp.select(named(_arm_class(log), "class"), value).from_(rows)
    else:
        parts = [
            exp.select(named(number(code), "class"), value).from_(rows).where(there(column(score)))
            for code, score in ((_BASELINE, log.wide.baseline), (_CANDIDATE, log.wide.candidate))
        ]
        classed = exp.union(*parts, distinct=False)
    mine = column("class").isin(number(_BASELINE), number(_CANDIDATE))
    counted = (
        exp.select(column("class"), column("value"), named(how_many(), "rows"))
        .from_(within(classed, "classed"))
        .where(mine)
        .group_by(column("class"), column("value"))
        .having(exp.Count(this=exp.Star()) >= number(LEAST_CELL))
    )
    found: dict[Arm, dict[str | None, int]] = {arm: {} for arm in arms}
    for code, word, count in engine.run(counted):
        arm = Arm.CANDIDATE if code == _CANDIDATE else Arm.BASELINE
        if arm in found:
            found[arm][word] = count
    return found


def near_distinct(engine: Engine, log: Log, source: str, window: Window, name: str) -> int:
    """About how many values a column holds in a window: it chooses how a question is asked, and never its answer."""
    rows = exp.select(named(exp.ApproxDistinct(this=column(name)), "n")).from_(
        within(timed(log, source, window), "log")
    )
    return int(engine.run(rows)[0][0])


@dataclass(frozen=True, slots=True)
class _Line:
    """Rows of one class of versions, one exposure and one digest."""

    arm_class: int
    other: str | None
    exposed: int
    digest: str | None
    rows: int
    version: str | None
    exposure: str | None


def _scored_arms(engine: Engine, log: Log, wide: WideColumns, source: str, window: Window) -> tuple[Arm, ...]:
    """The arms of a wide log that scored any row; without a baseline only the candidate is one."""
    counts = (how_many(there(column(score))) for score in (wide.baseline, wide.candidate))
    ((baseline, candidate),) = engine.run(exp.select(*counts).from_(within(timed(log, source, window), "log")))
    held = ((Arm.BASELINE, baseline and log.versions.baseline is not None), (Arm.CANDIDATE, candidate))
    return tuple(arm for arm, rows in held if rows)


def _arm_class(log: Log) -> Tree:
    word = arm_word(log)
    branches = [(absent(word), number(_NULL)), (word.eq(text(log.versions.candidate)), number(_CANDIDATE))]
    if log.versions.baseline is not None:
        branches.append((word.eq(text(log.versions.baseline)), number(_BASELINE)))
    if log.versions.others:
        others = (text(version) for version in sorted(log.versions.others))
        branches.append((word.isin(*others), number(_OTHER)))
    return choose(*branches, otherwise=number(_UNKNOWN))


def _exposure_class(log: Log, exposure: Tree) -> Tree:
    if log.exposure is None:
        return number(1)
    known = exposure.isin(text(log.exposure.served), text(log.exposure.mirrored))
    return choose((known, number(1)), otherwise=number(0))


def _strangers(log: Log, lines: list[_Line]) -> Iterator[Reason]:
    null = sum(line.rows for line in lines if line.arm_class == _NULL)
    if null:
        yield because(Why.ARM_NULL, source=log.source, column=log.arm or "", rows=null)
    unknown = [line for line in lines if line.arm_class == _UNKNOWN]
    if unknown:
        version = min(line.version or "" for line in unknown)
        rows = sum(line.rows for line in unknown)
        yield because(Why.ARM_UNKNOWN, source=log.source, column=log.arm or "", version=version, rows=rows)
    odd = [line for line in lines if not line.exposed and line.arm_class in (_BASELINE, _CANDIDATE)]
    if odd and log.exposure is not None:
        value = min(line.exposure or "" for line in odd)
        rows = sum(line.rows for line in odd)
        yield because(Why.EXPOSURE_UNKNOWN, source=log.source, column=log.exposure.column, value=value, rows=rows)


def _others(lines: list[_Line]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for line in lines:
        if line.arm_class == _OTHER and line.other is not None:
            found[line.other] = found.get(line.other, 0) + line.rows
    return tuple(sorted(found.items()))


def _digests(lines: list[_Line]) -> Mapping[Arm, tuple[tuple[str, int], ...]]:
    found: dict[Arm, dict[str, int]] = {Arm.BASELINE: {}, Arm.CANDIDATE: {}}
    for line in lines:
        if line.arm_class in (_BASELINE, _CANDIDATE):
            arm = Arm.CANDIDATE if line.arm_class == _CANDIDATE else Arm.BASELINE
            digest = line.digest or ""
            found[arm][digest] = found[arm].get(digest, 0) + line.rows
    return {arm: tuple(sorted(counts.items())) for arm, counts in found.items()}
