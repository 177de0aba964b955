"""The rows of a log in one form, whatever its layout: one row per request and arm, with whole numbers for all that counts.

Columns: ``id``, ``arm`` (0 baseline, 1 candidate), ``served`` (0 or 1), ``hour`` and ``offset`` (microseconds) of active
time, ``unit``, ``cluster``, ``v0``… the metrics' values with their marks (``bad0``, ``excluded0``, …), and ``g0``… the codes
of the segments' values. Before it is known which values are told apart, ``version``, ``exposure`` and ``digest`` stand in the
place of ``arm`` and ``served``, and ``g0``… are the values themselves. Where the form has another step than an hour, that
step stands in the place of the hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlglot import exp

from model_ratchet.core.evidence import HOUR, NONE, OTHER, Arm, Window
from model_ratchet.sources.engine import Kind
from model_ratchet.sources.table_kinds import RowMetric, unit_of
from model_ratchet.sources.table_log import Log
from model_ratchet.sources.table_metrics import Mark, MetricTrees
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    as_text,
    call,
    choose,
    column,
    flag,
    named,
    number,
    table,
    text,
    there,
    values,
    within,
)
from model_ratchet.sources.table_time import MICROSECOND, TimeColumn, active_offset, since_epoch, whole_steps
from model_ratchet.sources.table_trees import row_trees

_FEW_VALUES = 32


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment column and the values that are told apart in a window; code 0 is all others."""

    column: str
    values: tuple[str | None, ...]
    """None stands for null."""

    @property
    def joined(self) -> bool:
        """Whether its values are too many to be told apart row by row, so that they are joined to a dictionary."""
        return len(self.values) > _FEW_VALUES

    @property
    def size(self) -> int:
        """How many codes there are."""
        return len(self.values) + 1

    def name(self, code: int) -> str:
        """The value of a code, as it is shown."""
        if code == 0:
            return OTHER
        value = self.values[code - 1]
        return NONE if value is None else value


@dataclass(frozen=True, slots=True)
class RowForm:
    """What each row holds beside its arm and hour, by position in the columns' names."""

    log: Log
    window: Window
    metrics: tuple[tuple[str, RowMetric], ...]
    segments: tuple[Segment, ...]
    arm_starts: tuple[int, ...]
    """The hours, ascending, between which the segments of each arm are told apart."""
    pair_starts: tuple[int, ...]
    """The same of pairs."""
    step: timedelta = HOUR
    labels_after: timedelta | None = None
    """How long after the end of its step the label of a row is read; None where all are read at the window's instant."""

    @property
    def hours(self) -> int:
        """How many steps the window has."""
        return -(-self.window.length // self.step)

    @property
    def labels_until(self) -> Tree:
        """Up to when the label of a row is read, in microseconds since 1970."""
        if self.labels_after is None:
            return number(since_epoch(self.window.labels_until))
        step, first_end = self.step // MICROSECOND, self.window.start + self.step
        return whole_steps(column("@offset"), self.step) * number(step) + number(
            since_epoch(first_end + self.labels_after)
        )

    def metric(self, name: str) -> int:
        """The position of a metric."""
        return [known for known, _ in self.metrics].index(name)

    def unit(self, position: int) -> int:
        """In how many parts of one a metric's values are held."""
        return unit_of(self.metrics[position][1])

    def segment(self, name: str) -> int:
        """The position of a segment column."""
        return [segment.column for segment in self.segments].index(name)

    def trees(self, position: int) -> MetricTrees:
        """How a metric is read (in the candidate's rows; the form is that of both arms)."""
        return row_trees(self.log, self.metrics[position][1], Arm.CANDIDATE, self.labels_until)

    def marks(self, position: int) -> tuple[Mark, ...]:
        """The marks that a metric has."""
        return tuple(self.trees(position).marks)


def timed(log: Log, source: str, window: Window) -> exp.Select:
    """The stored rows within a window, all columns, and ``@offset``."""
    time = _time(log)
    near = time.near(window)
    stored = exp.select("*", named(time.micros(), "@micros")).from_(table(source), copy=False)
    if near is not None:
        stored = stored.where(near, copy=False)
    if time.exact and len(window.intervals) == 1:
        offset = column("@micros") - number(since_epoch(window.start))
        return exp.select("*", named(offset, "@offset")).from_(within(stored, "stored"), copy=False)
    placed = exp.select("*", named(active_offset(column("@micros"), window), "@offset")).from_(
        within(stored, "stored"), copy=False
    )
    return exp.select("*").from_(within(placed, "placed"), copy=False).where(there(column("@offset")), copy=False)


def arm_word(log: Log) -> Tree:
    """The version that a row of a long log names."""
    return as_text(column(log.arm or ""))


def row_relation(form: RowForm, source: str, *, others: bool) -> exp.Query:
    """The rows of both arms in the one form. ``others`` says whether a long log may hold rows of other versions."""
    log = form.log
    if log.wide is None:
        known = [(_code(arm), version) for arm, version in log.versions.arms().items()]
        arm = choose(*((arm_word(log).eq(text(version)), code) for code, version in known))
        rows = _arm_rows(form, source, arm, Arm.CANDIDATE)
        return rows.where(arm_word(log).isin(*(text(version) for _, version in known)), copy=False) if others else rows
    arms = [Arm.CANDIDATE] if log.versions.baseline is None else [Arm.BASELINE, Arm.CANDIDATE]
    scored = {Arm.BASELINE: log.wide.baseline, Arm.CANDIDATE: log.wide.candidate}
    parts = [_arm_rows(form, source, _code(arm), arm).where(there(column(scored[arm])), copy=False) for arm in arms]
    return parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False)


def told_relation(form: RowForm, source: str) -> exp.Query:
    """The rows of all versions, with what the log tells of each: a wide row stands once for each version that scored it."""
    log = form.log
    if log.wide is None:
        return _told_rows(form, source, arm_word(log), Arm.CANDIDATE)
    scored = [(Arm.CANDIDATE, log.versions.candidate, log.wide.candidate)]
    if log.versions.baseline is not None:
        scored.append((Arm.BASELINE, log.versions.baseline, log.wide.baseline))
    parts = [
        _told_rows(form, source, text(version), arm).where(there(column(score)), copy=False)
        for arm, version, score in scored
    ]
    return parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False)


def names(form: RowForm) -> tuple[str, ...]:
    """The columns of the one form, in order."""
    marks = [f"{mark}{i}" for i in range(len(form.metrics)) for mark in form.marks(i)]
    return (
        *("id", "arm", "served", "hour", "offset", "unit", "cluster"),
        *(f"v{i}" for i in range(len(form.metrics))),
        *marks,
        *(f"g{i}" for i in range(len(form.segments))),
    )


def _arm_rows(form: RowForm, source: str, arm_code: Tree, arm: Arm) -> exp.Select:
    log = form.log
    parts: dict[str, Tree] = {
        "id": column(log.request_id) if log.request_id else exp.null(),
        "arm": arm_code,
        "served": _served(log),
        "hour": whole_steps(column("@offset"), form.step),
        "offset": column("@offset"),
        "unit": column(log.unit) if log.unit else exp.null(),
        "cluster": _cluster(log),
        **_values(form, arm),
    }
    for i, segment in enumerate(form.segments):
        parts[f"g{i}"] = segment_code(as_text(column(segment.column)), segment, i)
    query = exp.select(*(named(parts[name], name) for name in names(form)))
    query = query.from_(within(timed(log, source, form.window), "log"), copy=False)
    return with_codes(query, {i: (as_text(column(segment.column)), segment) for i, segment in enumerate(form.segments)})


def _told_rows(form: RowForm, source: str, version: Tree, arm: Arm) -> exp.Select:
    log = form.log
    parts: dict[str, Tree] = {
        "version": version,
        "exposure": as_text(column(log.exposure.column)) if log.exposure else exp.null(),
        "digest": as_text(column(log.digest)) if log.digest else exp.null(),
        "hour": whole_steps(column("@offset"), form.step),
        "offset": column("@offset"),
        "cluster": _cluster(log),
        **_values(form, arm),
        **{f"g{i}": as_text(column(segment.column)) for i, segment in enumerate(form.segments)},
    }
    told = exp.select(*(named(tree, name) for name, tree in parts.items()))
    return told.from_(within(timed(log, source, form.window), "log"), copy=False)


def _values(form: RowForm, arm: Arm) -> dict[str, Tree]:
    """The metrics' values in the rows of an arm, with their marks."""
    parts: dict[str, Tree] = {}
    for i, (_, metric) in enumerate(form.metrics):
        trees = row_trees(form.log, metric, arm, form.labels_until)
        parts[f"v{i}"] = trees.value
        parts |= {f"{mark}{i}": tree for mark, tree in trees.marks.items()}
    return parts


def _time(log: Log) -> TimeColumn:
    if log.time is None:
        raise ValueError(f"the log {log.source} has no time column")
    return log.time


def _code(arm: Arm) -> Tree:
    return number(1 if arm is Arm.CANDIDATE else 0)


def _served(log: Log) -> Tree:
    if log.exposure is None:
        return number(1)
    return flag(as_text(column(log.exposure.column)).eq(text(log.exposure.served)))


def _cluster(log: Log) -> Tree:
    """The cluster as every engine can order it, and compares it fastest: dates and times as numbers, odd types as text."""
    if log.cluster is None:
        return exp.null()
    stored = log.columns[log.cluster]
    match stored.kind:
        case Kind.INSTANT | Kind.NAIVE:
            return TimeColumn(stored, "UTC").micros()
        case Kind.NUMBER | Kind.TEXT:
            return column(stored.name)
        case _:
            return as_text(column(stored.name))


def segment_code(stored: Tree, segment: Segment, position: int) -> Tree:
    """The code of a stored text, in a question that went through ``with_codes``."""
    of_null = segment.values.index(None) + 1 if None in segment.values else 0
    if segment.joined:
        known = call("COALESCE", column("code", f"d{position}"), number(0))
        return choose((absent(stored), number(of_null)), otherwise=known)
    spelled = [(stored.eq(text(value)), number(code)) for value, code in _spelled(segment)]
    return choose(*spelled, (absent(stored), number(of_null)), otherwise=number(0))


def with_codes(query: exp.Select, segments: Mapping[int, tuple[Tree, Segment]]) -> exp.Select:
    """The question, joined to the told-apart values of each segment that has many of them, with their codes."""
    for i, (stored, segment) in segments.items():
        if segment.joined:
            dictionary = values(_spelled(segment), f"d{i}", ("value", "code"))
            query = query.join(dictionary, on=stored.eq(column("value", f"d{i}")), join_type="left", copy=False)
    return query


def _spelled(segment: Segment) -> Sequence[tuple[str, int]]:
    return [(value, code) for code, value in enumerate(segment.values, start=1) if value is not None]


def told_apart(
    listed: Sequence[str], counts: Mapping[Arm, Mapping[str | None, int]], least: int
) -> tuple[str | None, ...]:
    """The values of a segment column to tell apart: those listed (all, if none is) with so many rows in every arm.

    Sorted, null last.
    """
    seen = {value for found in counts.values() for value in found}
    wanted = {value for value in seen if value is None or not listed or value in listed} - {OTHER, NONE}
    kept = [value for value in wanted if all(found.get(value, 0) >= least for found in counts.values())]
    return tuple(sorted(kept, key=lambda value: (value is None, value or "")))
