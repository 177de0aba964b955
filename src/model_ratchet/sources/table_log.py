"""A log as one table binds it: which columns hold what, and which needs can't be met because one is absent or mistyped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Clustering, Grouping, Need, Shape
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.model import DurationMetric, Exposure, Mean, ModelFile, WideColumns
from model_ratchet.sources.engine import Column, Kind
from model_ratchet.sources.table_kinds import (
    Forecast,
    Offer,
    RowMetric,
    Score,
    Wager,
    bound_columns,
    label_of,
    row_metrics,
)
from model_ratchet.sources.table_time import TimeColumn

_VALUES = (Kind.NUMBER, Kind.TEXT)
_FLAGS = (Kind.BOOLEAN, Kind.NUMBER, Kind.TEXT)
_TIMES = (Kind.INSTANT, Kind.NAIVE, Kind.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One log, bound. Only what its columns can answer is in it; ``troubles`` says of all the rest why not.

    The keys of ``troubles`` are ``log`` (nothing can be answered), ``rows``, ``cluster``, ``metric:<name>`` and
    ``segment:<column>``. ``request_id``, ``exposure`` and ``digest`` are None where the table does not hold them.
    """

    source: str
    columns: Mapping[str, Column]
    versions: Versions
    primary: bool
    """Whether this is the prediction log, whose bound columns must all be there."""
    time: TimeColumn | None
    arrived_at: TimeColumn | None
    request_id: str | None
    arm: str | None
    exposure: Exposure | None
    mirrored: bool
    """Whether one request may stand in both arms."""
    digest: str | None
    unit: str | None
    cluster: str | None
    wide: WideColumns | None
    metrics: Mapping[str, RowMetric]
    segments: Mapping[str, tuple[str, ...]]
    troubles: Mapping[str, Reason] = field(default_factory=dict)

    def trouble(self, need: Need) -> Reason | None:
        """Why a need can't be met by these columns, None where it can."""
        subjects = ["log"]
        if need.shape in (Shape.ROWS, Shape.VERSION_ROWS):
            subjects.append("rows")
        if need.metric:
            subjects.append(f"metric:{need.metric}")
        if need.shape is Shape.MOMENTS and need.clustering is Clustering.COLUMN:
            subjects.append("cluster")
        if need.grouping is Grouping.SEGMENT or need.shape is Shape.CATEGORIES:
            subjects.append(f"segment:{need.segment}")
        return next((self.troubles[subject] for subject in subjects if subject in self.troubles), None)


def bind_log(
    source: str, columns: Mapping[str, Column], model: ModelFile, versions: Versions, segments: frozenset[str]
) -> Log:
    """The log that a model file sees in a table. ``segments`` are further columns that needs group by."""
    primary = model.rows.source == source
    wide = model.rows.columns if primary and model.rows.layout == "wide" else None
    check = _Check(source, columns, model.time.timezone)
    troubles: dict[str, Reason] = {}

    def note(subject: str, reasons: Iterator[Reason]) -> bool:
        reason = next(reasons, None)
        if reason is not None:
            troubles[subject] = reason
        return reason is None

    rows = model.rows
    optional = rows.request_id if primary or rows.request_id in columns else None
    exposure = rows.exposure if rows.exposure and (primary or rows.exposure.column in columns) else None
    arrival = model.labels.arrived_at if model.labels else None
    note("log", check.log(model, primary, wide))
    if primary:
        note("rows", check.present(model.assignment, rows.digest))
    note("cluster", check.present(model.cluster.column if model.cluster else None))
    spelled = {**dict.fromkeys(sorted(segments), ()), **model.segments}
    return Log(
        source=source,
        columns=columns,
        versions=versions,
        primary=primary,
        time=check.time(model.time.column),
        arrived_at=check.time(arrival) if arrival else None,
        request_id=optional,
        arm=None if wide else rows.arm,
        exposure=exposure,
        mirrored=wide is not None or rows.exposure is not None,
        digest=rows.digest if rows.digest in columns else None,
        unit=model.assignment if model.assignment in columns else None,
        cluster=model.cluster.column if model.cluster and model.cluster.column in columns else None,
        wide=wide,
        metrics={
            name: metric
            for name, metric in row_metrics(model, source).items()
            if note(f"metric:{name}", check.metric(name, metric, wide, arrival))
        },
        segments={name: values for name, values in spelled.items() if note(f"segment:{name}", check.present(name))},
        troubles=troubles,
    )


@dataclass(frozen=True, slots=True)
class _Check:
    """Looks columns up, and says what is wrong with them."""

    source: str
    columns: Mapping[str, Column]
    zone: str | None

    def time(self, name: str) -> TimeColumn | None:
        return TimeColumn(self.columns[name], self.zone) if name in self.columns else None

    def log(self, model: ModelFile, primary: bool, wide: WideColumns | None) -> Iterator[Reason]:
        yield from self.times(model.time.column)
        if wide is not None:
            yield from self.present(wide.baseline, wide.candidate, model.rows.request_id)
            return
        if model.rows.arm is None:
            yield because(Why.COLUMN_ABSENT, source=self.source, column="rows.arm")
            return
        yield from self.present(model.rows.arm)
        if primary:
            exposure = model.rows.exposure.column if model.rows.exposure else None
            yield from self.present(model.rows.request_id, exposure)

    def metric(self, name: str, metric: RowMetric, wide: WideColumns | None, arrival: str | None) -> Iterator[Reason]:
        if isinstance(metric, DurationMetric | Mean):
            if wide is not None:
                yield self._both_arms(name)
            yield from self.typed(_VALUES, metric.column)
            return
        if isinstance(metric, Forecast | Score | Offer | Wager):
            yield from self.event(name, metric, wide, arrival)
            return
        if wide is not None:
            if metric.label is None:
                yield self._both_arms(name)
            yield from self.typed(_FLAGS if metric.threshold is None else _VALUES, wide.baseline, wide.candidate)
        elif metric.label is not None and metric.score is None and metric.prediction is None:
            what = f"metric {name}: a long table needs score or prediction beside the label"
            yield because(Why.CANNOT_VERIFY, what=what)
        yield from self.typed(_VALUES, metric.score if wide is None else None)
        yield from self.typed(_FLAGS, metric.prediction if wide is None else None)
        yield from self.typed(_FLAGS, metric.label, metric.correct, metric.column)
        if metric.labelled and arrival is not None:
            yield from self.times(arrival)

    def event(
        self, name: str, metric: Forecast | Score | Offer | Wager, wide: WideColumns | None, arrival: str | None
    ) -> Iterator[Reason]:
        """Of what is read of a forecast or a bet."""
        if isinstance(metric, Wager):
            if wide is not None:
                yield self._both_arms(name)
            yield from self.typed(_VALUES, *bound_columns(metric.of))
        else:
            yield from self.typed(_VALUES, *((wide.baseline, wide.candidate) if wide else bound_columns(metric.of)))
        if isinstance(metric, Offer):
            yield from self.typed(_VALUES, metric.market)
        yield from self.typed(_FLAGS, label_of(metric.of))
        if arrival is not None:
            yield from self.times(arrival)

    def present(self, *names: str | None) -> Iterator[Reason]:
        for name in names:
            if name is not None and name not in self.columns:
                yield because(Why.COLUMN_ABSENT, source=self.source, column=name)

    def typed(self, kinds: tuple[Kind, ...], *names: str | None) -> Iterator[Reason]:
        for name in names:
            if name is None:
                continue
            yield from self.present(name)
            found = self.columns.get(name)
            if found is not None and found.kind not in kinds:
                yield because(Why.COLUMN_MISTYPED, source=self.source, column=name, type=found.type)

    def times(self, name: str) -> Iterator[Reason]:
        yield from self.typed(_TIMES, name)
        found = self.time(name)
        if found is not None and found.naive:
            yield because(Why.TIME_NAIVE, source=self.source, column=name)

    def _both_arms(self, name: str) -> Reason:
        return because(Why.CANNOT_VERIFY, what=f"metric {name}: a wide table holds one value of it for both versions")
