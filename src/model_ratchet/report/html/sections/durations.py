"""Durations: how long each version took, as a distribution with its percentiles and the limit."""

from collections.abc import Iterator
from math import log

from model_ratchet.core.evidence import Arm, BucketHistogram, LogHistogram
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.criteria.quantile_limit import QuantileLimit
from model_ratchet.engine.record import Record
from model_ratchet.report import numbers
from model_ratchet.report.charts import Axis, Limit, Marker, Plane, Steps, Table, figure
from model_ratchet.report.elements import Element
from model_ratchet.report.html.axes import KINDS
from model_ratchet.report.html.measured import histogram, metrics
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.thresholds import threshold
from model_ratchet.stats.quantiles import GROWTH, buckets, quantile, quantile_value

_Histogram = LogHistogram | BucketHistogram
_MOST_BARS = 64
_PERCENTILES = (0.5, 0.9, 0.95, 0.99)
_MARKED = (0.5, 0.95, 0.99)
_LEVEL = 0.9


def durations(shown: Shown) -> Section | None:
    """A chart for each duration that has been measured as a distribution."""
    body = tuple(one for metric in metrics(shown.record, "duration") for one in _of(shown.record, metric))
    return Section(name="durations", title="Latency", body=body) if body else None


def _of(record: Record, metric: MetricFacts) -> Iterator[Element]:
    found = {arm: one for arm in Arm if (one := histogram(record, metric.name, arm)) is not None}
    if found:
        lowest, highest = _ends(tuple(found.values()))
        kinds = [(found[arm], kind) for arm, (kind, _) in KINDS.items() if arm in found]
        marks = tuple(Steps(kind, _bars(one, lowest, highest)) for one, kind in reversed(kinds))
        if any(mark.bars for mark in marks):  # durations of 0 have no place on a logarithmic scale
            yield figure(_plane(record, metric, found, marks))


def _plane(record: Record, metric: MetricFacts, found: dict[Arm, _Histogram], marks: tuple[Steps, ...]) -> Plane:
    kinds = [(found[arm], kind) for arm, (kind, _) in KINDS.items() if arm in found]
    limits = tuple(_limits(record, metric))
    return Plane(
        title=f"{name(metric.name)} over all stages, on a logarithmic scale",
        description=". ".join((*(_told(one, kind) for one, kind in kinds), *(f"Asked: {one.said}" for one in limits))),
        x=Axis(name=metric.name, written=lambda value: numbers.level(value, "s"), kind="log"),
        y=Axis(name="share of rows", written=numbers.percent, floor=0.0),
        marks=marks,
        named=tuple(one for arm, one in KINDS.items() if arm in found),
        numbers=Table(
            ("percentile", *(f"{kind} ({numbers.percent(_LEVEL)} interval)" for _, kind in kinds)),
            tuple((_spelled(q), *(_quantile(one, q) for one, _ in kinds)) for q in _PERCENTILES),
        ),
        limits=limits,
        markers=tuple(Marker(kind, quantile_value(one, q), _spelled(q)) for one, kind in kinds for q in _MARKED),
    )


def _spelled(q: float) -> str:
    return f"p{numbers.plain(q * 100)}"


def _told(found: _Histogram, kind: str) -> str:
    values = (f"{_spelled(q)} {numbers.level(quantile_value(found, q), 's')}" for q in _MARKED)
    return f"{kind}: {', '.join(values)} of {numbers.whole(found.n)} rows"


def _quantile(found: _Histogram, q: float) -> str:
    estimate = quantile(found, q, level=_LEVEL)
    ends = (numbers.level(one, "s") if one is not None else "∞" for one in (estimate.low or 0.0, estimate.high))
    return f"{numbers.level(estimate.value, 's')} ({' to '.join(ends)})"


def _ends(found: tuple[_Histogram, ...]) -> tuple[float, float]:
    """Between what durations nearly all rows lie, in seconds: a few strays would squeeze all others together."""
    lowest = min(quantile_value(one, 0.001) for one in found)
    return lowest / 1.05, max(quantile_value(one, 0.999) for one in found) * 1.02


def _bars(found: _Histogram, lowest: float, highest: float) -> tuple[tuple[float, float, float], ...]:
    """(lower edge, upper edge, share of the rows) in seconds; as many logarithmic buckets together as keep the bars few."""
    if isinstance(found, BucketHistogram):
        ends = ((_lower(one.lower, one.upper), one.upper or 2 * one.lower, one.rows) for one in buckets(found))
        return tuple((low, high, rows / found.n) for low, high, rows in ends if high > lowest and low < highest)
    first, last = (round(log(end * 1e6, GROWTH)) for end in (lowest, highest))
    width = -(-(last - first + 1) // _MOST_BARS)
    sums = dict.fromkeys(range((last - first) // width + 1), 0)
    for key, rows in found.buckets:
        if first <= key <= last:
            sums[(key - first) // width] += rows
    edge = GROWTH ** (first - 1) / 1e6
    return tuple(
        (edge * GROWTH ** (at * width), edge * GROWTH ** ((at + 1) * width), rows / found.n)
        for at, rows in sums.items()
    )


def _lower(lower: float, upper: float | None) -> float:
    """A lower edge of 0 has no logarithm."""
    return lower if lower > 0 else (upper or 1.0) / 2


def _limits(record: Record, metric: MetricFacts) -> Iterator[Limit]:
    """The limits on its quantiles, each once."""
    told = set()
    for bound in record.plan.bound():
        if isinstance(bound.criterion, QuantileLimit) and bound.criterion.metric == metric.name:
            found = threshold(bound, record.plan.scope(bound))
            if found is not None and found.words not in told:
                told.add(found.words)
                yield Limit(value=found.value, said=found.words, side=found.side, across="x")
