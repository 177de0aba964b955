"""Differences: candidate − baseline as it builds up over each stage, with its always-valid band."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from model_ratchet.core.evidence import HOUR, Arm, Counts, Window
from model_ratchet.criteria.base import MetricFacts, StageFacts
from model_ratchet.engine.record import Record
from model_ratchet.report.html.measured import DAY, by_hour, days, instant_at, pairs_by_hour, ran
from model_ratchet.stats.running import Look, running_arms, running_clusters, running_pairs

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a stage at an instant, in seconds since the epoch: the end of an hour, or of a day."""

    at: float
    look: Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """The difference over one stage, from its first rows on; ``daily`` where rows of a cluster are not independent."""

    stage: str
    daily: bool
    looks: tuple[Seen, ...]


def building(record: Record, metric: MetricFacts) -> tuple[Building, ...]:
    """Each stage in which both versions have labelled rows.

    The looks are the hours of the stage. Where the model file names clusters, days are the observations: their rows are not
    independent, and a band over hours would be too narrow.
    """
    found = (_over(record, metric, stage, window) for stage, window in ran(record))
    return tuple(one for one in found if one.looks)


def day_changes(record: Record, metric: MetricFacts, stage: StageFacts) -> tuple[tuple[int, int, float], ...]:
    """(day of active time from 0, pairs or rows of the smaller arm, difference); days without rows of both are absent."""
    tables = pairs_by_hour(record, stage, metric.name)
    if tables:
        sums = ((day, [tables[hour] for hour in hours]) for day, hours in days(sorted(tables)).items())
        added = ((day, sum(more, first)) for day, (first, *more) in sums)
        return tuple((day, one.n, (one.only_candidate - one.only_baseline) / one.n) for day, one in added if one.n)
    arms = {day: _arms(record, metric, stage, hours) for day, hours in days(_hours(record, metric, stage)).items()}
    return tuple(
        (day, min(baseline.n, candidate.n), candidate.successes / candidate.n - baseline.successes / baseline.n)
        for day, (baseline, candidate) in arms.items()
        if baseline.n and candidate.n
    )


def _over(record: Record, metric: MetricFacts, stage: StageFacts, window: Window) -> Building:
    alpha = 1 - LEVEL
    if record.plan.facts.cluster is not None:
        changes = day_changes(record, metric, stage)
        looks = running_clusters([(n, change) for _, n, change in changes], alpha=alpha)
        ends = [(day + 1) * DAY for day, _, _ in changes]
        return _joined(stage, window, looks, ends, daily=True)
    tables = pairs_by_hour(record, stage, metric.name)
    hours = sorted(tables) or _hours(record, metric, stage)
    looks = (
        running_pairs([tables[hour] for hour in hours], alpha=alpha)
        if tables
        else running_arms([_arms(record, metric, stage, [hour]) for hour in hours], alpha=alpha)
    )
    return _joined(stage, window, looks, [(hour + 1) * HOUR for hour in hours], daily=False)


def _joined(
    stage: StageFacts,
    window: Window,
    looks: Sequence[Look | None],
    ends: Sequence[timedelta],
    *,
    daily: bool,
) -> Building:
    seen = (
        Seen(instant_at(window, min(end, window.length)).timestamp(), look)
        for end, look in zip(ends, looks, strict=True)
        if look is not None
    )
    return Building(stage=stage.name, daily=daily, looks=tuple(seen))


def _hours(record: Record, metric: MetricFacts, stage: StageFacts) -> list[int]:
    return sorted({hour for arm in Arm for hour in by_hour(record, stage, metric.name, arm)})


def _arms(record: Record, metric: MetricFacts, stage: StageFacts, hours: list[int]) -> tuple[Counts, Counts]:
    nothing = Counts(successes=0, n=0)
    found = []
    for arm in Arm:
        counts = by_hour(record, stage, metric.name, arm)
        found.append(sum((counts.get(hour, nothing) for hour in hours), nothing))
    return found[0], found[1]
