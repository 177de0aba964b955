"""Hourly: errors, and what the version takes of its machine, hour by hour."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from model_ratchet.core.evidence import Arm, Window
from model_ratchet.criteria.base import MetricFacts, StageFacts
from model_ratchet.criteria.rate_limit import RateLimit
from model_ratchet.criteria.ratio_limit import RatioLimit
from model_ratchet.engine.record import Record
from model_ratchet.report import numbers
from model_ratchet.report.charts import Limit, Line, Plane, Table, figure
from model_ratchet.report.elements import Element
from model_ratchet.report.html.axes import KINDS, TIME, levels
from model_ratchet.report.html.measured import by_hour, days, gauge, hour_at, instant_at, metrics, ran, stretches
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.thresholds import Side, threshold

_Read = Callable[[StageFacts, Arm], dict[int, float]]


def hourly(shown: Shown) -> Section | None:
    """A chart for each rate that waits for no labels, and for each gauge."""
    record = shown.record
    rates = (_plane(record, one, _rates(record, one)) for one in metrics(record, "proportion", labelled=False))
    gauges = (_plane(record, one, _values(record, one)) for one in metrics(record, "gauge"))
    body: tuple[Element, ...] = tuple(figure(one) for one in (*rates, *gauges) if one is not None)
    return Section(name="hourly", title="Hour by hour", body=body) if body else None


def _rates(record: Record, metric: MetricFacts) -> _Read:
    def read(stage: StageFacts, arm: Arm) -> dict[int, float]:
        counts = by_hour(record, stage, metric.name, arm)
        return {hour: one.successes / one.n for hour, one in counts.items() if one.n}

    return read


def _values(record: Record, metric: MetricFacts) -> _Read:
    return lambda stage, arm: dict(gauge(record, stage, metric.name, arm))


def _plane(record: Record, metric: MetricFacts, read: _Read) -> Plane | None:
    values = {arm: [(stage, window, read(stage, arm)) for stage, window in ran(record)] for arm in Arm}
    there = [arm for arm in KINDS if any(found for *_, found in values[arm])]
    if not there:
        return None
    lines = tuple(
        Line(KINDS[arm][0], tuple((hour_at(window, hour), value) for hour, value in sorted(found.items())))
        for arm in reversed(there)
        for _, window, found in values[arm]
        if found
    )
    limits = tuple(_limits(record, metric))
    told = [_told(metric, arm, [one for *_, found in values[arm] for one in found.values()]) for arm in there]
    return Plane(
        title=f"{name(metric.name)} by hour",
        description=". ".join((*told, *(f"Asked: {one.said}" for one in limits))),
        x=TIME,
        y=levels(metric, floor=0.0 if metric.kind == "proportion" else None),
        marks=lines,
        named=tuple(KINDS[arm] for arm in there),
        numbers=Table(
            ("day", *(f"{arm}, lowest to highest hour" for arm in there)), tuple(_rows(metric, there, values))
        ),
        limits=limits,
        stretches=stretches(record),
    )


def _told(metric: MetricFacts, arm: Arm, values: list[float]) -> str:
    low, high = (numbers.level(one, metric.unit) for one in (min(values), max(values)))
    return f"{arm}: {numbers.whole(len(values))} hours, from {low} to {high}"


def _rows(
    metric: MetricFacts, arms: list[Arm], values: dict[Arm, list[tuple[StageFacts, Window, dict[int, float]]]]
) -> Iterator[tuple[str, ...]]:
    """A row for each day: hours are too many to read."""
    for parts in zip(*(values[arm] for arm in arms), strict=True):
        stage, window, _ = parts[0]
        hours = sorted({hour for *_, found in parts for hour in found})
        for day, within in days(hours).items():
            start = instant_at(window, timedelta(days=day))
            cells = (_range(metric, [found[hour] for hour in within if hour in found]) for *_, found in parts)
            yield (f"{name(stage.name)}, {start:%Y-%m-%d}", *cells)


def _range(metric: MetricFacts, values: list[float]) -> str:
    if not values:
        return "–"
    low, high = (numbers.level(one, metric.unit) for one in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _limits(record: Record, metric: MetricFacts) -> Iterator[Limit]:
    """The limit on its rate, or its share of the allocation."""
    for bound in record.plan.bound():
        criterion = bound.criterion
        if metric.name not in criterion.metrics():
            continue
        found = threshold(bound, record.plan.scope(bound))
        if isinstance(criterion, RateLimit) and found is not None:
            yield Limit(value=found.value, said=found.words, side=found.side)
            return
        allocated = record.plan.facts.allocation.get(metric.name)
        if isinstance(criterion, RatioLimit) and criterion.of_allocation is not None and allocated is not None:
            value = criterion.of_allocation.value * allocated
            yield Limit(
                value=value, said=f"{numbers.level(value, metric.unit)}: {found.words}" if found else "", side=Side.MOST
            )
            return
