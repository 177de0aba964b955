"""Measured: what a record holds of one metric, in the pieces that charts are made of."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from model_ratchet.core.evidence import (
    HOUR,
    Arm,
    BucketHistogram,
    Counts,
    Grouping,
    Groups,
    Labels,
    LogHistogram,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    Rows,
    Series,
    Shape,
    Window,
)
from model_ratchet.core.scored import Bets, Scores
from model_ratchet.criteria.base import MetricFacts, StageFacts
from model_ratchet.engine.record import Record
from model_ratchet.report.charts import Stretch

DAY = timedelta(days=1)
HOURS = 24
Found = TypeVar("Found", bound=Measurement)
Events = TypeVar("Events", Scores, Bets)


def ran(record: Record) -> tuple[tuple[StageFacts, Window], ...]:
    """The stages of which something can be read, with what can be read of them."""
    return tuple((one, one.window) for one in record.plan.stages if one.window is not None and one.window.intervals)


def metrics(record: Record, *kinds: str, labelled: bool | None = None) -> tuple[MetricFacts, ...]:
    """The metrics of these kinds, as the model file binds them; only those that wait for labels, or that don't."""
    found = record.plan.facts.metrics.values()
    return tuple(one for one in found if one.kind in kinds and labelled in (None, one.labelled))


def by_hour(record: Record, stage: StageFacts, metric: str, arm: Arm) -> Mapping[int, Counts]:
    """Hour of active time → counts of one arm; hours without rows are absent."""
    return _grouped(record, stage, metric, Shape.COUNTS, (arm,), Counts)


def pairs_by_hour(record: Record, stage: StageFacts, metric: str) -> Mapping[int, PairedCounts]:
    """Hour of active time → the table of pairs."""
    return _grouped(record, stage, metric, Shape.PAIRED_COUNTS, tuple(Arm), PairedCounts)


def by_day(record: Record, stage: StageFacts, metric: str, arm: Arm, kind: type[Events]) -> Mapping[int, Events]:
    """Day of active time (from 0) → forecasts or bets of one arm."""
    return _grouped(record, stage, metric, Shape(kind.nothing().shape), (arm,), kind, Grouping.DAY)


def gauge(record: Record, stage: StageFacts, metric: str, arm: Arm) -> tuple[tuple[int, float], ...]:
    """(hour of active time, value), sorted."""
    found = next(_answers(record, stage, metric, Shape.SERIES, (arm,), Series), None)
    return found.points if found is not None else ()


def histogram(record: Record, metric: str, arm: Arm) -> LogHistogram | BucketHistogram | None:
    """The durations of one arm in all stages together; None where there is no row, or the stages can't be added."""
    found: list[LogHistogram | BucketHistogram] = []
    for stage, _ in ran(record):
        found += _answers(record, stage, metric, Shape.LOG_HISTOGRAM, (arm,), LogHistogram, BucketHistogram)
    logs = [one for one in found if isinstance(one, LogHistogram)]
    if logs:
        whole = sum(logs[1:], logs[0])
        return whole if whole.n else None
    fixed = [one for one in found if isinstance(one, BucketHistogram)]
    same = [one for one in fixed if [edge for edge, _ in one.buckets] == [edge for edge, _ in fixed[0].buckets]]
    joined = sum(same[1:], same[0]) if same and len(same) == len(fixed) else None
    return joined if joined is not None and joined.n else None


def rows_of(record: Record, stage: StageFacts) -> Rows | None:
    """What the log holds of a stage."""
    return next(_answers(record, stage, "", Shape.ROWS, tuple(Arm), Rows), None)


def labels_of(record: Record, stage: StageFacts, arm: Arm) -> tuple[tuple[str, Labels], ...]:
    """(metric, labels) of one arm."""
    return tuple(
        (need.metric, answer)
        for need, answer in record.evidence.answers.items()
        if need.shape is Shape.LABELS
        and need.stage == stage.name
        and need.window == stage.window
        and need.arms == (arm,)
        and isinstance(answer, Labels)
    )


def instant_at(window: Window, offset: timedelta) -> datetime:
    """The instant at an offset of active time; the end of the window for what lies beyond it."""
    passed = timedelta()
    for interval in window.intervals:
        if offset < passed + interval.length:
            return interval.start + (offset - passed)
        passed += interval.length
    return window.end


def hour_at(window: Window, hour: int) -> float:
    """The middle of an hour of active time, in seconds since the epoch."""
    return instant_at(window, hour * HOUR + HOUR / 2).timestamp()


def day_at(window: Window, day: int) -> float:
    """The middle of a day of active time, likewise."""
    return instant_at(window, min(day * DAY + DAY / 2, window.length)).timestamp()


def stretches(record: Record) -> tuple[Stretch, ...]:
    """The stages along the time axis."""
    return tuple(Stretch(window.start.timestamp(), window.end.timestamp(), stage.name) for stage, window in ran(record))


def days(hours: Sequence[int]) -> Mapping[int, list[int]]:
    """Day of active time (from 0) → its hours, of those that are given."""
    found: dict[int, list[int]] = {}
    for hour in hours:
        found.setdefault(hour // HOURS, []).append(hour)
    return found


def _grouped(
    record: Record,
    stage: StageFacts,
    metric: str,
    shape: Shape,
    arms: tuple[Arm, ...],
    kind: type[Found],
    by: Grouping = Grouping.HOUR,
) -> Mapping[int, Found]:
    for need, answer in _asked(record, stage, metric, shape, arms):
        if need.grouping is by and isinstance(answer, Groups):
            return {int(at): one for at, one in answer if isinstance(one, kind)}
    return {}


def _answers(
    record: Record, stage: StageFacts, metric: str, shape: Shape, arms: tuple[Arm, ...], *kinds: type[Found]
) -> Iterator[Found]:
    for need, answer in _asked(record, stage, metric, shape, arms):
        if need.grouping is Grouping.TOTAL and isinstance(answer, kinds):
            yield answer
            return


def _asked(
    record: Record, stage: StageFacts, metric: str, shape: Shape, arms: tuple[Arm, ...]
) -> Iterator[tuple[Need, Measurement]]:
    """The answers about all rows of a stage's window."""
    for need, answer in record.evidence.answers.items():
        same = (need.shape, need.stage, need.metric, need.arms) == (shape, stage.name, metric, arms)
        if same and need.window == stage.window and not isinstance(answer, Missing):
            yield need, answer
