"""Open: the sources that a model file names, which of them answers which need, and what is gathered beyond the needs.

A kind of source is imported where a file names one: each brings packages of its own.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Arm, Clustering, Grouping, Need, Shape, Window
from model_ratchet.core.names import Version
from model_ratchet.documents.across import only_prometheus
from model_ratchet.documents.forecasts import Bets, Probability
from model_ratchet.documents.literals import Literals
from model_ratchet.documents.model import DurationMetric, Gauge, Mean, ModelFile, OfRows, Proportion, reads_log
from model_ratchet.documents.sources import JUnit, LiteralValues, Mlflow, Prometheus, Sarif, Sources, Table
from model_ratchet.ports import MetricSource
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.table_kinds import RULES

if TYPE_CHECKING:
    from model_ratchet.sources.report_files import ReportFiles, ReportSource


def open_sources(
    sources: Sources,
    model: ModelFile,
    versions: Versions,
    *,
    root: Path,
    environ: Mapping[str, str],
    now: datetime,
    literals: Literals | None = None,
    windows: Mapping[str, Window] | None = None,
    changed: Collection[str] = (),
) -> dict[str, MetricSource]:
    """The sources of ``policies/sources.yaml`` by name; nothing is read before they are asked.

    No scan that ends after ``now`` is taken. ``windows`` are the stages' own: a literal answers for the whole of one, or not
    at all. ``changed`` are the paths of the change that is judged, of which no source takes its files.
    """
    versions = replace(versions, others=versions.others | frozenset(model.rows.other_arms))
    reach = Reach.of(sources)
    own = frozenset(root.resolve() / path for path in changed)
    opened: dict[str, MetricSource] = {}
    for name, config in sources.sources.items():
        match config:
            case Table():
                from model_ratchet.sources.table import TableSource

                opened[name] = TableSource(
                    name=name,
                    config=config,
                    model=model,
                    versions=versions,
                    reach=reach,
                    root=root,
                    environ=environ,
                    changed=own,
                )
            case Prometheus():
                from model_ratchet.sources.prometheus import PrometheusSource

                opened[name] = PrometheusSource(
                    name=name, config=config, model=model, versions=versions, reach=reach, root=root, environ=environ
                )
            case Mlflow():
                from model_ratchet.sources.mlflow import MlflowSource

                opened[name] = MlflowSource(
                    name=name, config=config, model=model, versions=versions, reach=reach, root=root, environ=environ
                )
            case JUnit() | Sarif():
                from model_ratchet.sources.report_files import ReportFiles

                files = ReportFiles(
                    source=name,
                    config=config,
                    candidate=Version.parse(versions.candidate),
                    reach=reach,
                    root=root,
                    environ=environ,
                    changed=own,
                )
                opened[name] = report_source(files, model, now=now)
            case LiteralValues():
                from model_ratchet.sources.literal import LiteralSource

                opened[name] = LiteralSource(name=name, literals=literals or Literals(), windows=windows or {})
            case _:
                assert_never(config)
    return opened


def report_source(files: "ReportFiles", model: ModelFile, *, now: datetime) -> "ReportSource":
    """The source that reads reports of the kind that its document names."""
    if isinstance(files.config, JUnit):
        from model_ratchet.sources.junit import JUnitSource

        return JUnitSource(files=files, model=model, now=now)
    from model_ratchet.sources.sarif import SarifSource

    return SarifSource(files=files, model=model, now=now)


def deadlines(sources: Sources) -> dict[str, float]:
    """The seconds that a source may take, where its document says so."""
    return {
        name: config.deadline.delta.total_seconds()
        for name, config in sources.sources.items()
        if not isinstance(config, LiteralValues) and config.deadline is not None
    }


def route(need: Need, model: ModelFile, sources: Sources) -> str:
    """The name of the source that answers a need; an empty one where the model file binds none."""
    if need.shape is Shape.SUITE:
        suite = model.suites.get(need.metric)
        return suite.source if suite is not None else ""
    if need.shape is Shape.SCAN:
        scan = model.scans.get(need.metric)
        return scan.source if scan is not None else ""
    if need.shape in (Shape.REGISTERED, Shape.TRACKED):
        return model.registry.source if model.registry is not None else ""
    metric = model.metrics.get(need.bound)
    if metric is not None and metric.source is not None:
        return metric.source
    if metric is not None and not isinstance(metric, OfRows) and metric.promql:
        return only_prometheus(sources) or ""
    return model.rows.source


def base_needs(model: ModelFile, stage: str, window: Window, *, paired: bool) -> Iterator[Need]:
    """What is gathered of a stage whatever its policy asks, so that another policy can be replayed over the record.

    The row facts and, for each metric of the prediction log: label coverage, counts by hour and by segment, cluster
    moments, pairs of proportions, the histogram of durations, and what ``_of_events`` yields.
    """
    yield Need(shape=Shape.ROWS, window=window, stage=stage)
    clusterings = [Clustering.WITHIN_WINDOW] + ([Clustering.COLUMN] if model.cluster is not None else [])
    for name, metric in model.metrics.items():
        if isinstance(metric, Gauge) or not reads_log(metric, model):
            continue
        if isinstance(metric, Probability | Bets):
            yield from _of_events(name, metric, stage, window, clusterings, paired=paired)
            continue
        yield from _by_arm(name, metric, stage, window, tuple(model.segments))
        pairs = paired and isinstance(metric, Proportion)
        for clustering in clusterings:
            yield Need(
                shape=Shape.MOMENTS, window=window, stage=stage, metric=name, clustering=clustering, paired=pairs
            )
        if pairs:
            yield Need(shape=Shape.PAIRED_COUNTS, window=window, stage=stage, metric=name, grouping=Grouping.HOUR)


def _of_events(
    name: str,
    metric: Probability | Bets,
    stage: str,
    window: Window,
    clusterings: Sequence[Clustering],
    *,
    paired: bool,
) -> Iterator[Need]:
    """Labels, the scores of forecasts or the bets by day, and the moments of forecasts' scores."""
    shape = Shape.SCORES if isinstance(metric, Probability) else Shape.BETS
    for arm in Arm:
        yield Need(shape=Shape.LABELS, window=window, stage=stage, metric=name, arms=(arm,))
        yield Need(shape=shape, window=window, stage=stage, metric=name, arms=(arm,), grouping=Grouping.DAY)
    if isinstance(metric, Bets):
        return
    for rule in RULES:
        for clustering in (Clustering.ROWS, *clusterings):
            yield Need(
                shape=Shape.MOMENTS,
                window=window,
                stage=stage,
                metric=f"{name}.{rule}",
                clustering=clustering,
                paired=paired,
            )


def _by_arm(
    name: str, metric: Proportion | DurationMetric | Mean, stage: str, window: Window, segments: tuple[str, ...]
) -> Iterator[Need]:
    for arm in Arm:
        if isinstance(metric, Proportion):
            if metric.labelled:
                yield Need(shape=Shape.LABELS, window=window, stage=stage, metric=name, arms=(arm,))
            counts = Need(shape=Shape.COUNTS, window=window, stage=stage, metric=name, arms=(arm,))
            yield replace(counts, grouping=Grouping.HOUR)
            for segment in segments:
                yield replace(counts, grouping=Grouping.SEGMENT, segment=segment)
        else:
            yield Need(shape=Shape.LOG_HISTOGRAM, window=window, stage=stage, metric=name, arms=(arm,))
