"""Probe: one cheap question to a source: is it there, does it let us in, does it hold what the model files bind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_never

from sqlglot import exp

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import EPOCH, Missing, Need, Shape
from model_ratchet.core.names import Version
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.forecasts import Bets, Probability
from model_ratchet.documents.model import DurationMetric, Gauge, Metric, ModelFile, OfRows, Proportion
from model_ratchet.documents.promql import bind
from model_ratchet.documents.sources import JUnit, LiteralValues, Mlflow, Prometheus, Sarif, Source, Sources, Table
from model_ratchet.sources.engine import Engine, UnanswerableError
from model_ratchet.sources.http import Server
from model_ratchet.sources.mlflow import opened, registered
from model_ratchet.sources.open import report_source
from model_ratchet.sources.prometheus_api import PrometheusApi
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.report_files import ReportFiles
from model_ratchet.sources.table import TableSource
from model_ratchet.sources.table_kinds import bound_columns, label_of
from model_ratchet.sources.table_sql import call, table
from model_ratchet.sources.table_time import MICROSECOND, TimeColumn

_AT_ONCE = 32
_NONE_PROMOTED = "v0.0.0_19700101_000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A model file that reads of a source, and the model's active version (None where none is promoted yet)."""

    model: ModelFile
    active: Version | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one source said. ``skew`` is its clock less ours; ``keeps`` how far back it remembers."""

    source: str
    kind: str
    trouble: Reason | None = None
    found: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    newest: datetime | None = None
    keeps: timedelta | None = None
    skew: timedelta | None = None

    @property
    def well(self) -> bool:
        """Whether there is nothing to mend."""
        return self.trouble is None and not self.absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every probe needs to know of where it runs."""

    reach: Reach
    root: Path
    environ: Mapping[str, str]
    clock: Callable[[], datetime]


def probe_all(
    sources: Sources, models: Sequence[Bound], *, root: Path, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> tuple[Probe, ...]:
    """Every source asked, side by side, in the order of the file. Whatever happens to one is told of it alone."""
    here = Surroundings(reach=Reach.of(sources), root=root, environ=environ, clock=clock)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = [pool.submit(_probed, name, config, models, here) for name, config in sources.sources.items()]
        return tuple(one.result() for one in asked)


def _probed(name: str, config: Source, models: Sequence[Bound], here: Surroundings) -> Probe:
    blank = Probe(source=name, kind=config.kind)
    try:
        return _asked(name, config, models, here, blank)
    except UnanswerableError as error:
        return replace(blank, trouble=error.reason)
    except Exception as error:  # noqa: BLE001  (one source's answer; its text may hold a secret)
        return replace(blank, trouble=because(Why.CRASHED, what=f"source {name} ({type(error).__name__})"))


def _asked(name: str, config: Source, models: Sequence[Bound], here: Surroundings, blank: Probe) -> Probe:
    match config:
        case Table():
            return _table(name, config, models, here, blank)
        case Prometheus():
            return _prometheus(name, config, models, here, blank)
        case Mlflow():
            return _mlflow(name, config, models, here, blank)
        case JUnit() | Sarif():
            return _reports(name, config, models, here, blank)
        case LiteralValues():
            return replace(blank, found=("what requests state",))
        case _:
            assert_never(config)


def _table(name: str, config: Table, models: Sequence[Bound], here: Surroundings, blank: Probe) -> Probe:
    """The columns, the newest time, and the clock of a database."""
    found: set[str] = set()
    absent: set[str] = set()
    newest: datetime | None = None
    engine: Engine | None = None
    try:
        for bound in models:
            versions = Versions(candidate=str(bound.active or _NONE_PROMOTED), baseline=None, others=frozenset())
            source = TableSource(
                name=name,
                config=config,
                model=bound.model,
                versions=versions,
                reach=here.reach,
                root=here.root,
                environ=here.environ,
            )
            engine = engine if engine is not None else source.open()
            columns = engine.columns()
            wanted = set(_columns(name, bound.model))
            found |= wanted & columns.keys()
            absent |= wanted - columns.keys()
            for time in _times(name, bound.model) & columns.keys():
                latest = _newest(engine, TimeColumn(columns[time], bound.model.time.timezone))
                newest = max((one for one in (newest, latest) if one is not None), default=None)
        skew = _skew(engine, here) if engine is not None and config.url is not None else None
        return replace(blank, found=_sorted(found), absent=_sorted(absent), newest=newest, skew=skew)
    finally:
        if engine is not None:
            engine.close()


def _times(name: str, model: ModelFile) -> set[str]:
    """The columns of times that a model file binds in a table."""
    rows = model.rows.source == name or any(_reads(metric, model, name) for metric in model.metrics.values())
    gauges = (metric for metric in model.metrics.values() if isinstance(metric, Gauge) and metric.source == name)
    return {metric.time for metric in gauges if metric.column} | ({model.time.column} if rows else set())


def _columns(name: str, model: ModelFile) -> Iterator[str]:
    """The columns that a model file binds in a table."""
    yield from _times(name, model)
    if model.rows.source == name:
        cluster, labels, wide = model.cluster, model.labels, model.rows.columns
        named: tuple[str | None, ...] = (
            *(model.rows.arm, model.rows.request_id, model.rows.digest, model.assignment, *model.segments),
            model.rows.exposure.column if model.rows.exposure is not None else None,
            cluster.column if cluster is not None else None,
            labels.arrived_at if labels is not None else None,
            *((wide.baseline, wide.candidate) if wide is not None else ()),
        )
        yield from (column for column in named if column is not None)
    for metric in model.metrics.values():
        if _source(metric, model) == name:
            bound = (getattr(metric, key, None) for key in ("column", "score", "prediction", "label", "correct"))
            yield from (column for column in bound if column)
            if isinstance(metric, Probability | Bets):
                yield from (*bound_columns(metric), label_of(metric))
            if isinstance(metric, Gauge) and metric.column:
                yield metric.arm
    for suite in model.suites.values():
        if suite.source == name:
            yield from (column for column in (suite.case, suite.passed, suite.arm) if column)


def _newest(engine: Engine, time: TimeColumn) -> datetime | None:
    ((micros,),) = engine.run(exp.select(call("MAX", time.micros())).from_(table(engine.table)))
    return EPOCH + int(micros) * MICROSECOND if micros is not None else None


def _skew(engine: Engine, here: Surroundings) -> timedelta:
    ((micros,),) = engine.run(
        exp.select(call("EPOCH_US", exp.Cast(this=exp.CurrentTimestamp(), to=exp.DataType.build("TIMESTAMPTZ"))))
    )
    return EPOCH + int(micros) * MICROSECOND - here.clock()


def _prometheus(name: str, config: Prometheus, models: Sequence[Bound], here: Surroundings, blank: Probe) -> Probe:
    """Whether each selector has a series of the active version, its newest sample, how long it keeps them, and its clock."""
    server = Server(name, config, here.reach, environ=here.environ, root=here.root)
    try:
        api = PrometheusApi(name, server)
        keeps = api.keeps()
        found: list[str] = []
        absent: list[str] = []
        newest: list[float] = []
        for bound in models:
            if bound.active is None:
                continue
            values = {"version": str(bound.active), "model": bound.model.name}
            for metric, query in _queries(name, bound.model):
                series = api.at(metric, bind(query, values), here.clock())
                (found if series else absent).append(f"{bound.model.name}.{metric}")
                newest += [one.samples[-1][0] for one in series if one.samples]
        skew = keeps[1] - here.clock() if keeps is not None else None
        return replace(
            blank,
            found=_sorted(found),
            absent=_sorted(absent),
            newest=datetime.fromtimestamp(max(newest), UTC) if newest else None,
            keeps=keeps[0] if keeps is not None else None,
            skew=skew,
        )
    finally:
        server.close()


def _queries(name: str, model: ModelFile) -> Iterator[tuple[str, str]]:
    for metric, bound in model.metrics.items():
        if bound.source not in (name, None):
            continue
        match bound:
            case Proportion(promql=counters) if counters is not None:
                yield metric, counters.total
            case DurationMetric(promql=str(query)) | Gauge(promql=str(query)) if query:
                yield metric, query


def _mlflow(name: str, config: Mlflow, models: Sequence[Bound], here: Surroundings, blank: Probe) -> Probe:
    """Whether the active version of each model is registered."""
    found, trouble = [], None
    with opened(name, config, here.reach, root=here.root, environ=here.environ) as api:
        for bound in models:
            binding = bound.model.registry
            if binding is None or binding.source != name:
                continue
            try:
                version = registered(api, name, binding, str(bound.active or _NONE_PROMOTED))
            except UnanswerableError as error:
                if error.reason.why is not Why.REGISTRY_ABSENT or bound.active is not None:
                    trouble = trouble or error.reason
            else:
                found.append(f"{binding.name} {version.number}")
    return replace(blank, found=_sorted(found), trouble=trouble)


def _reports(name: str, config: JUnit | Sarif, models: Sequence[Bound], here: Surroundings, blank: Probe) -> Probe:
    """Whether there is a report of the active version."""
    found = []
    for bound in models:
        suites, scans = bound.model.suites.items(), bound.model.scans.items()
        asked = [Need(shape=Shape.SUITE, metric=suite) for suite, binding in suites if binding.source == name]
        asked += [Need(shape=Shape.SCAN, metric=scan) for scan, binding in scans if binding.source == name]
        if not asked or bound.active is None:
            continue
        files = ReportFiles(
            source=name,
            config=config,
            candidate=bound.active,
            reach=here.reach,
            root=here.root,
            environ=here.environ,
        )
        answers = report_source(files, bound.model, now=here.clock()).answer(asked).answers
        for need, answer in answers.items():
            if isinstance(answer, Missing):
                return replace(blank, trouble=answer.reason)
            found.append(f"{bound.model.name}.{need.metric}")
    return replace(blank, found=_sorted(found))


def _source(metric: Metric, model: ModelFile) -> str:
    return metric.source if metric.source is not None else model.rows.source


def _reads(metric: Metric, model: ModelFile, name: str) -> bool:
    """Whether a metric is read from the rows of a table."""
    rows = isinstance(metric, OfRows) or (not isinstance(metric, Gauge) and not metric.promql)
    return rows and _source(metric, model) == name


def _sorted(names: Sequence[str] | set[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
