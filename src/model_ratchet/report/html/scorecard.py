"""Scorecard: what a version is worth and what it costs, measure by measure, beside the version before it.

What has no source is said to be unknown, with the line of YAML that would bind it: no number is ever made up. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from model_ratchet.core.evidence import Arm
from model_ratchet.criteria.base import MetricFacts, StageFacts
from model_ratchet.engine.record import Record
from model_ratchet.report import numbers
from model_ratchet.report.html.measured import by_hour, gauge, histogram, metrics, ran
from model_ratchet.stats.quantiles import quantile_value

ARMS = (Arm.BASELINE, Arm.CANDIDATE)
_PERCENTILES = (0.5, 0.95, 0.99)
_GIB = 2.0**30
_PER = 1_000
"""Infrastructure is priced for so many predictions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure of both versions, None where it is not known; ``bind`` is the line that would make it known."""

    group: str
    name: str
    baseline: str | None = None
    candidate: str | None = None
    bind: str = ""

    @property
    def known(self) -> bool:
        """Whether it is known of either version."""
        return self.baseline is not None or self.candidate is not None


def scorecard(record: Record) -> tuple[Measure, ...]:
    """The success measures of a promotion, from its record alone, in a fixed order."""
    return (
        *_accuracy(record),
        *_business(record),
        *_performance(record),
        *_seen_by_users(record),
        *_cost(record),
        *_burden(record),
    )


def _accuracy(record: Record) -> Iterator[Measure]:
    found = metrics(record, "proportion", labelled=True)
    for metric in found:
        yield _rate("accuracy", metric, record)
    if not found:
        yield Measure(
            group="accuracy",
            name="accuracy against the truth",
            bind="metrics: {accuracy: {kind: proportion, score: SCORE, threshold: '> 0.5', label: LABEL}}",
        )


def _business(record: Record) -> Iterator[Measure]:
    """What the gate of that name measured of either version."""
    found = {
        leaf.id: leaf.judgement.estimate
        for gate in record.verdict.gates
        if gate.name == "business"
        for leaf in gate.leaves
        if leaf.judgement.estimate is not None
    }
    for name, estimate in found.items():
        unit = record.plan.facts.metrics[name].unit if name in record.plan.facts.metrics else "1"
        levels = (estimate.baseline, estimate.candidate)
        before, after = (numbers.level(one, unit) if one is not None else None for one in levels)
        yield Measure(group="business", name=name, baseline=before, candidate=after or numbers.estimate(estimate, unit))
    if not found:
        yield Measure(
            group="business",
            name="edge success, portfolio return",
            bind="metrics: {edge_success: {kind: bets, …}}: docs/business.md says how bets and returns are bound",
        )


def _performance(record: Record) -> Iterator[Measure]:
    durations = metrics(record, "duration")
    for metric in durations:
        of = {arm: histogram(record, metric.name, arm) for arm in ARMS}
        for q in _PERCENTILES if any(of.values()) else ():
            values = {arm: numbers.level(quantile_value(one, q), "s") for arm, one in of.items() if one is not None}
            yield _measure("performance", f"{metric.name} p{numbers.plain(q * 100)}", values)
    if not durations:
        yield Measure(
            group="performance", name="latency", bind="metrics: {latency: {kind: duration, column: COLUMN, unit: ms}}"
        )
    errors = metrics(record, "proportion", labelled=False)
    for metric in errors:
        yield _rate("performance", metric, record)
    if not errors:
        yield Measure(group="performance", name="errors", bind="metrics: {errors: {kind: proportion, column: COLUMN}}")
    gauges = metrics(record, "gauge")
    for metric in gauges:
        means = {
            arm: numbers.level(mean, metric.unit)
            for arm in ARMS
            if (mean := _mean(record, metric.name, arm)) is not None
        }
        yield _measure("performance", f"{metric.name}, mean by hour", means)
    if not gauges:
        yield Measure(
            group="performance", name="memory, CPU", bind="metrics: {memory: {kind: gauge, promql: QUERY, unit: B}}"
        )


def _seen_by_users(record: Record) -> Iterator[Measure]:
    """What a gateway in front of the model saw: failed requests too, which the model's own log never holds."""
    seen = [one for one in metrics(record, "proportion", labelled=False) if one.own_source and one.better == "lower"]
    for metric in seen:
        rates = {arm: rate for arm in ARMS if (rate := _share(record, metric.name, arm)) is not None}
        shown = {arm: numbers.percent(1 - rate) for arm, rate in rates.items()}
        yield _measure("as users see it", f"availability (requests without {metric.name})", shown)
    if not seen:
        bind = "metrics: {errors: {kind: proportion, column: COLUMN, source: GATEWAY}}"
        yield Measure(group="as users see it", name="availability", bind=bind)


def _cost(record: Record) -> Iterator[Measure]:
    name, prices = f"infrastructure per {numbers.whole(_PER)} predictions", record.plan.facts.prices
    if prices is None:
        bind = "prices: {currency: EUR, cpu_core: 0.04, memory_gib: 0.005} (an hour of each, in the model file)"
        yield Measure(group="cost", name=name, bind=bind)
        return
    costs = {arm: cost for arm in ARMS if (cost := _per_predictions(record, prices.per_hour, arm)) is not None}
    shown = {arm: f"{numbers.plain(cost)} {prices.currency}" for arm, cost in costs.items()}
    bind = (
        ""
        if shown
        else "metrics: {cpu: {kind: gauge, promql: QUERY, unit: cores}}: what is used has a price, and no source"
    )
    yield _measure("cost", name, shown, bind)


def _burden(record: Record) -> Iterator[Measure]:
    for name in ("size", "parameters", "features", "dependencies"):
        said = record.plan.facts.stated.get(f"complexity.{name}")
        if said is None:
            bind = f"metadata: {{complexity: {{{name}: {'120MiB' if name == 'size' else 'NUMBER'}}}}} in the request"
            yield Measure(group="maintenance", name=name, bind=bind)
        else:
            shown = numbers.level(float(said), "B") if name == "size" else numbers.whole(int(said))
            yield Measure(group="maintenance", name=name, candidate=shown)


def _rate(group: str, metric: MetricFacts, record: Record) -> Measure:
    rates = {arm: numbers.percent(rate) for arm in ARMS if (rate := _share(record, metric.name, arm)) is not None}
    return _measure(group, metric.name, rates)


def _measure(group: str, name: str, of: Mapping[Arm, str], bind: str = "") -> Measure:
    return Measure(group=group, name=name, baseline=of.get(Arm.BASELINE), candidate=of.get(Arm.CANDIDATE), bind=bind)


def _share(record: Record, metric: str, arm: Arm) -> float | None:
    counts = [one for stage, _ in ran(record) for one in by_hour(record, stage, metric, arm).values()]
    rows = sum(one.n for one in counts)
    return sum(one.successes for one in counts) / rows if rows else None


def _mean(record: Record, metric: str, arm: Arm) -> float | None:
    values = [value for stage, _ in ran(record) for _, value in gauge(record, stage, metric, arm)]
    return sum(values) / len(values) if values else None


def _per_predictions(record: Record, per_hour: Mapping[str, float], arm: Arm) -> float | None:
    """What the hours with rows cost, for each so many of those; None where a resource has a price and was not measured."""
    counted = next(iter(metrics(record, "proportion")), None)
    if counted is None or not per_hour:
        return None
    spent, rows = 0.0, 0
    for stage, _ in ran(record):
        by = by_hour(record, stage, counted.name, arm)
        rows += sum(one.n for one in by.values())
        for resource, price in per_hour.items():
            used = dict(_used(record, stage, resource, arm))
            if not by.keys() <= used.keys():
                return None
            spent += price * sum(used[hour] for hour in by)
    return spent / rows * _PER if rows else None


def _used(record: Record, stage: StageFacts, resource: str, arm: Arm) -> Iterator[tuple[int, float]]:
    """Hour → cores, or GiB, of the first gauge in that unit."""
    unit, size = ("cores", 1.0) if resource == "cpu_core" else ("B", _GIB)
    metric = next((one for one in metrics(record, "gauge") if one.unit == unit), None)
    for hour, value in gauge(record, stage, metric.name, arm) if metric is not None else ():
        yield hour, value / size
