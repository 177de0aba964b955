"""The value of each metric in a row, as a syntax tree: a whole number, or null with the reason beside it."""

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from model_ratchet.core.evidence import Arm
from model_ratchet.documents.model import DurationMetric, Mean, Proportion
from model_ratchet.sources.engine import Column, Kind
from model_ratchet.sources.table_kinds import MICRO
from model_ratchet.sources.table_log import Log
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    as_real,
    as_text,
    as_whole,
    call,
    choose,
    column,
    every,
    finite,
    flag,
    negate,
    number,
    some,
    surely,
    text,
    there,
    try_cast,
)

_LARGEST = 1e15  # millionths beyond which a sum of squares over 10⁷ rows would not fit 128 bits
_UNITS: dict[Literal["us", "ms", "s"], int] = {"us": 1, "ms": 1_000, "s": MICRO}
Mark = Literal["bad", "excluded", "unknown", "mistyped", "outside", "idle"]


@dataclass(frozen=True, slots=True)
class MetricTrees:
    """A metric in a row of one arm.

    ``value`` is 0 or 1 for a proportion, millionths of the base unit otherwise, and null where it is not known. ``marks``
    are conditions, never null: ``bad`` (no number where there should be one), ``excluded`` (a label that is no outcome),
    ``unknown`` (a label that is neither true nor false), ``mistyped`` (a text that is no number), ``outside`` (a number that
    its column can't hold), ``idle`` (a row that is no bet).
    """

    value: Tree
    marks: dict[Mark, Tree]


def metric_trees(log: Log, metric: Proportion | DurationMetric | Mean, arm: Arm, labels_until: Tree) -> MetricTrees:
    """How one metric of a log is read in the rows of an arm, with labels that had arrived by then (microseconds since 1970)."""
    if isinstance(metric, DurationMetric):
        return _numeric(log.columns[metric.column], _UNITS[metric.unit])
    if isinstance(metric, Mean):
        return _numeric(log.columns[metric.column], MICRO)
    if metric.column is not None:
        return _flag(log, metric.column, metric, exp.true(), waits=False)
    if metric.correct is not None:
        return _flag(log, metric.correct, metric, has_arrived(log, labels_until), waits=True)
    return _against_label(log, metric, arm, has_arrived(log, labels_until))


def real_of(stored: Column) -> Tree:
    """The double that a column of numbers or of texts holds; null where a text is none."""
    tree = column(stored.name)
    return try_cast(tree, "DOUBLE") if stored.kind is Kind.TEXT else as_real(tree)


def micros_within(real: Tree, factor: int, largest: float) -> tuple[Tree, Tree]:
    """Whether a double times a factor is at most ``largest``, and the product as a whole number where it is."""
    fits = every(finite(real), call("ABS", real) <= number(largest / factor))
    return fits, as_whole(call("ROUND", real * number(float(factor))))


def truth(flag_column: Column) -> Tree:
    """1 for true, 0 for false, null for anything else."""
    stored = column(flag_column.name)
    match flag_column.kind:
        case Kind.BOOLEAN:
            return choose((stored, number(1)), (negate(stored), number(0)))
        case Kind.NUMBER:
            return choose((stored.eq(number(1)), number(1)), (stored.eq(number(0)), number(0)))
        case _:
            word, real = call("LOWER", stored), real_of(flag_column)
            return choose(
                (some(word.eq(text("true")), real.eq(number(1))), number(1)),
                (some(word.eq(text("false")), real.eq(number(0))), number(0)),
            )


def _numeric(stored: Column, factor: int) -> MetricTrees:
    real = real_of(stored)
    fits, micros = micros_within(real, factor, _LARGEST)
    marks: dict[Mark, Tree] = {"bad": negate(fits)}
    if stored.kind is Kind.TEXT:
        marks["mistyped"] = every(there(column(stored.name)), absent(real))
    return MetricTrees(choose((fits, micros)), marks)


def _flag(log: Log, name: str, metric: Proportion, arrived: Tree, *, waits: bool) -> MetricTrees:
    """A column that says by itself whether the event is true; where it waits for a label, null is one that has not come."""
    given = every(there(column(name)), arrived)
    marks: dict[Mark, Tree] = {}
    counted = given
    if metric.exclude:
        marks["excluded"] = every(given, any_of(log, name, metric.exclude))
        counted = every(given, negate(marks["excluded"]))
    true = truth(log.columns[name])
    if log.columns[name].kind is not Kind.BOOLEAN:
        marks["unknown"] = every(counted, absent(true))
    if not waits:
        marks["bad"] = absent(column(name))
    return MetricTrees(choose((counted, true)), marks)


def _against_label(log: Log, metric: Proportion, arm: Arm, arrived: Tree) -> MetricTrees:
    """A score or a prediction beside a label."""
    label = metric.label or ""
    predicted = _predicted_column(log, metric, arm)
    threshold = metric.threshold
    bad = negate(_says(log, predicted) if threshold is None else finite(real_of(log.columns[predicted])))
    marks: dict[Mark, Tree] = {"bad": bad}
    given = every(_says(log, label) if threshold is None else there(column(label)), arrived)
    if metric.exclude:
        no_outcome = any_of(log, label, metric.exclude)
        marks["excluded"] = every(given, no_outcome, negate(bad))
        given = every(given, negate(no_outcome))
    counted = every(given, negate(bad))
    if threshold is None:
        return MetricTrees(choose((counted, _equal(log, predicted, label))), marks)
    said = _beyond(log.columns[predicted], threshold)
    right_label = truth(log.columns[label])
    if log.columns[predicted].kind is Kind.TEXT:
        marks["mistyped"] = every(there(column(predicted)), absent(real_of(log.columns[predicted])))
    if log.columns[label].kind is Kind.BOOLEAN:  # (where it counts, it is true or false)
        return MetricTrees(choose((counted, flag(column(label).eq(exp.paren(said))))), marks)
    marks["unknown"] = every(given, absent(right_label))
    right = choose((right_label.eq(flag(said)), number(1)), (there(right_label), number(0)))
    return MetricTrees(choose((counted, right)), marks)


def _predicted_column(log: Log, metric: Proportion, arm: Arm) -> str:
    if log.wide is not None:
        return log.wide.baseline if arm is Arm.BASELINE else log.wide.candidate
    return metric.score or metric.prediction or ""


def _beyond(score: Column, threshold: str) -> Tree:
    bound = as_real(number(float(threshold.lstrip(">= "))))
    real = real_of(score)
    return real >= bound if threshold.startswith(">=") else real > bound


def has_arrived(log: Log, labels_until: Tree) -> Tree:
    """Whether the label of a row had come by then (microseconds since 1970)."""
    if log.arrived_at is None:
        return exp.true()
    return surely(log.arrived_at.micros() <= labels_until)


def any_of(log: Log, name: str, words: tuple[str | float | bool, ...]) -> Tree:
    """Whether a label is one of these values (at least one); false for null."""
    tests = [_is(log, name, word) for word in words]
    return surely(some(*tests))


def _is(log: Log, name: str, word: str | float | bool) -> Tree:
    kind = log.columns[name].kind
    if isinstance(word, bool):
        return truth(log.columns[name]).eq(number(int(word)))
    if isinstance(word, str):
        return as_text(column(name)).eq(text(word))
    if kind is Kind.BOOLEAN:
        return exp.false()
    return real_of(log.columns[name]).eq(as_real(number(float(word))))


def _says(log: Log, name: str) -> Tree:
    """Whether a class is there: neither null nor NaN or infinite, as texts spell these too."""
    kind, real = log.columns[name].kind, real_of(log.columns[name])
    if kind is Kind.NUMBER:
        return finite(real)
    given = there(column(name))
    return every(given, some(absent(real), finite(real))) if kind is Kind.TEXT else given


def _equal(log: Log, one: str, other: str) -> Tree:
    """1 where both spell the same text or the same number, else 0."""
    if log.columns[one].kind is Kind.BOOLEAN or log.columns[other].kind is Kind.BOOLEAN:
        return flag(truth(log.columns[one]).eq(truth(log.columns[other])))
    return flag(
        some(
            as_text(column(one)).eq(as_text(column(other))),
            real_of(log.columns[one]).eq(real_of(log.columns[other])),
        )
    )
