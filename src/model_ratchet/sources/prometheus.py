"""The Prometheus source: counters as exact counts, classic histograms as counts by bucket, gauges as hourly series."""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from math import fsum, inf, isclose, isfinite, nan
from pathlib import Path

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import (
    Arm,
    BucketHistogram,
    Clustering,
    Counts,
    Grouping,
    Groups,
    Measurement,
    Missing,
    Need,
    QuantileCounts,
    Shape,
    Window,
)
from model_ratchet.core.evidence import Series as HourlySeries
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import GAUGE_UNITS, TIME_UNITS
from model_ratchet.documents.model import DurationMetric, EventCounters, Gauge, ModelFile, Proportion
from model_ratchet.documents.promql import bind
from model_ratchet.documents.sources import Prometheus
from model_ratchet.ports import Answers, MetricSource
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Server
from model_ratchet.sources.lines import Line, Lines
from model_ratchet.sources.moments import Sums, moments_of_clusters, moments_of_rows
from model_ratchet.sources.prometheus_api import Labels, PrometheusApi
from model_ratchet.sources.prometheus_counters import Hourly, counts, pieces
from model_ratchet.sources.reach import Reach

_STEP = timedelta(minutes=1)
_LARGEST = 1e290
"""Smaller values are still numbers once they have a unit and are added up; NaN is not smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusSource:
    """A Prometheus server. What can't be answered is missing with its reason; nothing is raised."""

    name: str
    config: Prometheus
    model: ModelFile
    versions: Versions
    reach: Reach
    root: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    lines: Lines | None = field(default=None, repr=False)
    """Shared with other sources of the same run; without any the source opens a line of its own, and closes it."""

    def answer(self, needs: Sequence[Need]) -> Answers:
        """An answer to every need; one that can't be given leaves the others alone."""
        with nullcontext(self.lines) if self.lines is not None else Lines() as lines:
            try:
                line = lines.of(self.name, self._connected)
            except UnanswerableError as error:
                return Answers(dict.fromkeys(needs, Missing(reason=error.reason, lasting=error.lasting)))
            asked = _Asked(self, line)
            answers = {need: asked.answer(need) for need in needs}
            return Answers(answers, tuple(asked.api.queries))

    def _connected(self, connections: int) -> Server:
        return Server(self.name, self.config, self.reach, environ=self.environ, root=self.root, connections=connections)


def on_lines(sources: Mapping[str, MetricSource], lines: Lines) -> dict[str, MetricSource]:
    """The same sources, of which those of Prometheus servers ask on lines that the sources of other models share."""
    return {
        name: replace(source, lines=lines) if isinstance(source, PrometheusSource) else source
        for name, source in sources.items()
    }


class _Asked:
    """One round of questions. What several needs share is asked once: counts by hour serve all shapes."""

    def __init__(self, source: PrometheusSource, line: Line) -> None:
        self.api = PrometheusApi(source.name, line.server)
        self._line = line
        self._source = source
        self._counted: dict[tuple[str, Window], Mapping[Labels, Hourly] | UnanswerableError] = {}

    def answer(self, need: Need) -> Measurement | Missing:
        try:
            self._remembers(need)
            return self._measured(need)
        except UnanswerableError as error:
            return Missing(reason=error.reason, lasting=error.lasting)

    def _measured(self, need: Need) -> Measurement | Missing:
        metric = self._source.model.metrics.get(need.metric)
        match metric, need.shape:
            case Proportion(promql=EventCounters() as counters), Shape.COUNTS:
                return _grouped(need, self._counts(need, counters, need.arms[0]))
            case Proportion(promql=EventCounters() as counters), Shape.MOMENTS if not need.paired:
                return self._moments(need, counters)
            case DurationMetric(promql=str(buckets)), Shape.QUANTILE_COUNTS if buckets and need.limit is not None:
                return self._quantile_counts(need, metric, need.limit)
            case DurationMetric(promql=str(buckets)), Shape.LOG_HISTOGRAM if buckets:
                return self._histogram(need, metric)
            case Gauge(promql=str(query)), Shape.SERIES if query:
                return self._series(need, metric)
        what = f"{need.shape} of {need.metric or 'the log'}: not from Prometheus"
        return Missing(reason=because(Why.CANNOT_VERIFY, what=what))

    @cached_property
    def _keeps(self) -> timedelta | None:
        """How far back the server remembers, None where it does not say."""
        found = self._line.keeps()
        if found is None:
            return None
        self.api.now = found[1]
        return found[0]

    def _remembers(self, need: Need) -> None:
        if need.window is None or not need.window.intervals:
            raise UnanswerableError(because(Why.NO_ROWS, metric=need.metric, arm=" or ".join(need.arms)), lasting=False)
        if self._keeps is not None and self.api.now is not None and self.api.now - need.window.start > self._keeps:
            days = f"{self._keeps / timedelta(days=1):g} days"
            since = need.window.start.isoformat()
            raise UnanswerableError(because(Why.RETENTION_SHORT, source=self._source.name, keeps=days, since=since))

    def _bound(self, template: str, arm: Arm, need: Need) -> str:
        version = self._source.versions.candidate if arm is Arm.CANDIDATE else self._source.versions.baseline
        if version is None:
            raise UnanswerableError(because(Why.NO_ROWS, metric=need.metric, arm=str(arm)), lasting=False)
        return bind(template, {"version": version, "model": self._source.model.name})

    def _by_labels(self, need: Need, template: str, arm: Arm) -> Mapping[Labels, Hourly]:
        assert need.window is not None  # noqa: S101  (looked at by _remembers)
        key = (self._bound(template, arm, need), need.window)
        if key not in self._counted:
            try:
                self._counted[key] = counts(self.api, self._source.name, need.metric, *key)
            except UnanswerableError as error:
                self._counted[key] = error
        found = self._counted[key]
        if isinstance(found, UnanswerableError):
            raise found
        return found

    def _counts(self, need: Need, counters: EventCounters, arm: Arm) -> dict[int, Counts]:
        """Events among all, by hour."""
        total = _added(self._by_labels(need, counters.total, arm).values())
        events_by_labels = self._by_labels(need, counters.events, arm)
        if not total or (not events_by_labels and counters.no_series == "errored"):
            raise UnanswerableError(
                because(Why.SERIES_ABSENT, source=self._source.name, metric=need.metric), lasting=False
            )
        events = _added(events_by_labels.values())
        for hour, count in events.items():
            if count > total.get(hour, 0):
                raise self._broken(need, f"hour {hour} has {count} events among {total.get(hour, 0)}")
        return {hour: Counts(successes=events.get(hour, 0), n=n) for hour, n in sorted(total.items())}

    def _moments(self, need: Need, counters: EventCounters) -> Measurement | Missing:
        """Sums over hours as clusters, or over rows: both follow from the counts of both versions by hour."""
        if need.grouping is not Grouping.TOTAL or need.clustering is Clustering.COLUMN:
            what = f"clusters and segments of {need.metric}: counters know hours only"
            return Missing(reason=because(Why.CANNOT_VERIFY, what=what))
        baseline, candidate = (self._counts(need, counters, arm) for arm in (Arm.BASELINE, Arm.CANDIDATE))
        none = Counts(successes=0, n=0)
        if need.clustering is Clustering.WITHIN_WINDOW:
            hours = sorted({*baseline, *candidate})
            return moments_of_clusters(
                (_sums(baseline.get(hour, none)), _sums(candidate.get(hour, none))) for hour in hours
            )
        return moments_of_rows(_sums(sum(baseline.values(), none)), _sums(sum(candidate.values(), none)))

    def _buckets(self, need: Need, metric: DurationMetric) -> dict[int, dict[float, int]]:
        """By hour, how many rows are at or below each edge, in seconds: the same edges for all, or they can't be added."""
        hours: dict[int, dict[float, int]] = {}
        layouts: dict[tuple[Labels, int], set[float]] = {}
        for labels, hourly in self._by_labels(need, metric.promql, need.arms[0]).items():
            edge = _edge(dict(labels).get("le"), metric.unit)
            if edge is None:
                raise self._broken(need, "a series without the label le")
            others = tuple(one for one in labels if one[0] != "le")
            for hour, count in hourly.items():
                edges = hours.setdefault(hour, {})
                edges[edge] = edges.get(edge, 0) + count
                layout = layouts.setdefault((others, hour), set())
                if edge in layout:
                    raise self._broken(need, f"two series of one bucket, up to {dict(labels)['le']}")
                layout.add(edge)
        if not hours or any(inf not in edges for edges in hours.values()):
            raise UnanswerableError(
                because(Why.SERIES_ABSENT, source=self._source.name, metric=need.metric), lasting=False
            )
        if len(set(map(frozenset, layouts.values()))) > 1:
            raise self._broken(need, "buckets with other edges than the rest, or than an hour before")
        for edges in hours.values():
            most = 0  # a restart that no scrape could see hides rows: up to a higher edge there were at least as many
            for edge in sorted(edges):
                edges[edge] = most = max(most, edges[edge])
        return dict(sorted(hours.items()))

    def _broken(self, need: Need, what: str) -> UnanswerableError:
        return UnanswerableError(because(Why.COUNTER_BROKEN, source=self._source.name, metric=need.metric, what=what))

    def _quantile_counts(self, need: Need, metric: DurationMetric, limit: float) -> Measurement | Missing:
        found = {hour: _at_limit(edges, limit) for hour, edges in self._buckets(need, metric).items()}
        return _grouped(need, found)

    def _histogram(self, need: Need, metric: DurationMetric) -> Measurement | Missing:
        if need.grouping is not Grouping.TOTAL:
            reason = because(Why.HISTOGRAM_COARSE, source=self._source.name, metric=need.metric)
            return Missing(reason=reason)
        sums: dict[float, int] = {}
        for edges in self._buckets(need, metric).values():
            for edge, count in edges.items():
                sums[edge] = sums.get(edge, 0) + count
        below = 0
        buckets = []
        for edge, count in sorted(sums.items()):
            buckets.append((edge if isfinite(edge) else None, count - below))
            below = count
        return BucketHistogram(buckets=tuple(buckets))

    def _series(self, need: Need, gauge: Gauge) -> Measurement | Missing:
        assert need.window is not None  # noqa: S101  (looked at by _remembers)
        query = self._bound(gauge.promql, need.arms[0], need)
        step = self._source.config.step.delta if self._source.config.step is not None else _STEP
        hours: dict[int, list[float]] = {}
        for interval in pieces(need.window):
            last = interval[-1].end - step
            found = self.api.over(need.metric, query, interval[0].start, max(interval[0].start, last), step)
            if len(found) > 1:
                reason = because(Why.SERIES_MANY, source=self._source.name, metric=need.metric, series=len(found))
                return Missing(reason=reason)
            samples = found[0].samples if found else ()
            for piece in interval:
                start, end = piece.start.timestamp(), piece.end.timestamp()
                hours.setdefault(piece.hour, []).extend(value for at, value in samples if start <= at < end)
        values = [value for hour in hours.values() for value in hour]
        if not values:
            return Missing(
                reason=because(Why.SERIES_ABSENT, source=self._source.name, metric=need.metric), lasting=False
            )
        bad = sum(1 for value in values if not abs(value) < _LARGEST)
        if bad:
            share = bad / len(values)
            return Missing(reason=because(Why.NOT_A_NUMBER, source=self._source.name, column=need.metric, share=share))
        factor = GAUGE_UNITS[gauge.unit]
        reduce: Callable[[list[float]], float] = max if gauge.hourly == "max" else _mean
        return HourlySeries(
            points=tuple((hour, reduce(found) * factor) for hour, found in sorted(hours.items()) if found)
        )


def _grouped(need: Need, hours: Mapping[int, Counts] | Mapping[int, QuantileCounts]) -> Measurement | Missing:
    """By hour, or all hours together; segments are not known to a counter."""
    if need.grouping is Grouping.SEGMENT:
        what = f"{need.metric} by {need.segment}: bind a table to read segments"
        return Missing(reason=because(Why.CANNOT_VERIFY, what=what))
    if need.grouping is Grouping.HOUR:
        return Groups(groups=tuple((str(hour), one) for hour, one in hours.items()))
    first, *others = hours.values()
    return functools.reduce(operator.add, others, first)


def _sums(counts: Counts) -> Sums:
    """A value of 0 or 1 is its own square."""
    return Sums(counts.n, counts.successes, counts.successes)


def _at_limit(edges: Mapping[float, int], limit: float) -> QuantileCounts:
    """Exact where the limit is an edge; else the rows of the bucket that holds it are unclear."""
    n = edges[inf]
    close = [edge for edge in edges if isclose(edge, limit, rel_tol=1e-9)]
    if close:
        return QuantileCounts(at_or_below=edges[close[0]], n=n, maximum=None)
    below = max((count for edge, count in edges.items() if edge < limit), default=0)
    above = min((count for edge, count in edges.items() if edge > limit), default=n)
    return QuantileCounts(at_or_below=below, n=n, maximum=None, unclear=above - below)


def _mean(values: Sequence[float]) -> float:
    """Exactly rounded, so that it does not hang on the order of samples."""
    return fsum(values) / len(values)


def _added(series: Iterable[Hourly]) -> dict[int, int]:
    found: dict[int, int] = {}
    for hourly in series:
        for hour, count in hourly.items():
            found[hour] = found.get(hour, 0) + count
    return found


def _edge(le: str | None, unit: str) -> float | None:
    """An upper edge in seconds; None for what is none."""
    try:
        edge = nan if le is None else float(le) * TIME_UNITS[unit]
    except ValueError:
        return None
    return edge if edge >= 0 else None
