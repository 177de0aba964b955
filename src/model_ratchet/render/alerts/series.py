"""Series: what a metric of the model file is in PromQL for one version: a number over a look-back window.

Each is recorded under the name of what it is, and told from others by labels, so that no name of a metric has to be one of
Prometheus. Times are in seconds, sizes in bytes, shares are fractions.
"""

import math
from dataclasses import dataclass
from functools import partial

from model_ratchet.core.names import Version
from model_ratchet.core.units import GAUGE_UNITS, TIME_UNITS, Duration
from model_ratchet.documents.model import DurationMetric, EventCounters, Gauge, ModelFile, Proportion
from model_ratchet.documents.promql import bind

_LENGTHS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms"))


@dataclass(frozen=True, slots=True)
class Absent:
    """A number that Prometheus does not have, and why."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One recorded series."""

    record: str
    """``ratchet:share``, ``ratchet:seconds`` or ``ratchet:gauge``."""
    model: str
    version: Version
    metric: str
    over: Duration
    quantile: float | None = None
    expression: str
    bound: tuple[str, ...]
    """The queries of the model file in it: events and all of them, the buckets, or the gauge."""
    factor: float = 1.0
    """By which the value is brought into the base unit."""

    @property
    def labels(self) -> dict[str, str]:
        """What it is told apart by."""
        found = {"metric": self.metric, "model": self.model, "over": length(self.over)}
        if self.quantile is not None:
            found["quantile"] = f"{self.quantile:g}"
        return {**found, "version": str(self.version)}

    @property
    def selector(self) -> str:
        """By which it is read again. No value holds a quote or a backslash."""
        matchers = ",".join(f'{name}="{value}"' for name, value in self.labels.items())
        return f"{self.record}{{{matchers}}}"


def share_of(model: ModelFile, metric: str, version: Version, over: Duration) -> Series | Absent:
    """The share of events among all, over a window."""
    match model.metrics.get(metric):
        case Proportion(promql=EventCounters() as counters):
            bound = bound_to(model, version)
            window = length(over)
            queries = bind(counters.events, bound), bind(counters.total, bound)
            events, total = (f"sum(increase({query}[{window}]))" for query in queries)
            if counters.no_series == "zero":
                events = f"({events} or {total} * 0)"
            return _of(model, metric, version, over)(
                record="ratchet:share",
                expression=f"{events} / {total}",
                bound=queries,
            )
        case Proportion():
            return Absent(f"{metric} is read from a table, and Prometheus does not have its rows")
        case _:
            return Absent(f"{metric} is no proportion")


def quantile_of(model: ModelFile, metric: str, version: Version, over: Duration, quantile: float) -> Series | Absent:
    """A quantile in seconds, interpolated within a bucket."""
    match model.metrics.get(metric):
        case DurationMetric(promql=str(buckets), unit=unit) if buckets:
            bound = bind(buckets, bound_to(model, version))
            text = f"histogram_quantile({quantile:g}, sum by (le) (increase({bound}[{length(over)}])))"
            return _of(model, metric, version, over)(
                record="ratchet:seconds",
                quantile=quantile,
                expression=scaled(text, TIME_UNITS[unit]),
                bound=(bound,),
                factor=TIME_UNITS[unit],
            )
        case DurationMetric():
            return Absent(f"{metric} is read from a table, and Prometheus does not have its rows")
        case _:
            return Absent(f"{metric} is no duration")


def gauge_of(model: ModelFile, metric: str, version: Version, over: Duration) -> Series | Absent:
    """The largest value of a gauge within a window, or its mean, as the model file reduces an hour."""
    match model.metrics.get(metric):
        case Gauge(promql=str(query), unit=unit, hourly=hourly) if query:
            bound = bind(query, bound_to(model, version))
            function = "max_over_time" if hourly == "max" else "avg_over_time"
            return _of(model, metric, version, over)(
                record="ratchet:gauge",
                expression=scaled(f"{function}(({bound})[{length(over)}:{_resolution(over)}m])", GAUGE_UNITS[unit]),
                bound=(bound,),
                factor=GAUGE_UNITS[unit],
            )
        case Gauge():
            return Absent(f"{metric} is read from a table, and Prometheus does not have its samples")
        case _:
            return Absent(f"{metric} is no gauge")


def bound_to(model: ModelFile, version: Version) -> dict[str, str]:
    """The variables of a query."""
    return {"model": model.name, "version": str(version)}


def length(over: Duration) -> str:
    """A duration as Prometheus writes it: in whole numbers of the largest unit that fits."""
    milliseconds = round(over.value * 1000)
    size, unit = next((size, unit) for size, unit in _LENGTHS if milliseconds % size == 0)
    return f"{milliseconds // size}{unit}"


def number(value: float) -> str:
    """A number of PromQL with up to twelve significant digits: ``number(0.005)`` is ``0.005``."""
    return f"{value:.12g}"


def _resolution(over: Duration) -> int:
    """Minutes between two values of a gauge: up to a day each minute is looked at."""
    return max(1, math.ceil(over.value / 86_400))


def _of(model: ModelFile, metric: str, version: Version, over: Duration) -> "partial[Series]":
    """A series of which it is known what it is about."""
    return partial(Series, model=model.name, metric=metric, version=version, over=over)


def scaled(expression: str, factor: float) -> str:
    """An expression times a factor."""
    return expression if factor == 1 else f"{expression} * {number(factor)}"
