"""Across: what one document says of another that the other does not hold."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

from model_ratchet.core.alert import Severity
from model_ratchet.documents.channels import AlertChannels
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.model import Metric, ModelFile, OfRows
from model_ratchet.documents.sources import JUnit, LiteralValues, Reports, Sources
from model_ratchet.documents.traffic import claims
from model_ratchet.documents.words import suggestion

_Path: TypeAlias = tuple[str | int, ...]


class _Use(StrEnum):
    """What a model file reads of a source."""

    ROWS = "the rows of a log"
    COLUMN = "columns"
    QUERY = "queries"
    STATED = "values that the request states"
    CASES = "the cases of suites"
    FINDINGS = "the findings of scans"
    VERSIONS = "registered versions"


_HOLDS: Mapping[str, tuple[_Use, ...]] = {
    "table": (_Use.ROWS, _Use.COLUMN, _Use.CASES),
    "prometheus": (_Use.QUERY,),
    "mlflow": (_Use.VERSIONS,),
    "junit": (_Use.CASES, _Use.FINDINGS),
    "sarif": (_Use.FINDINGS,),
    "literal": (_Use.STATED, _Use.CASES),
}


def source_faults(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    """Where a model file names a source that the sources file does not hold, or reads of it what its kind does not hold."""
    for path, what, source, use in _uses(model, sources):
        if source is None:
            yield Fault(path, "`promql` needs `source`: the name of the Prometheus server that it asks")
        elif source not in sources.sources:
            yield Fault(path, f"policies/sources.yaml holds no source `{source}`{suggestion(source, sources.sources)}")
        elif use not in _HOLDS[kind := sources.sources[source].kind]:
            held = " and ".join(_HOLDS[kind])
            yield Fault(path, f"{what} reads {use}, and `{source}` is of the kind {kind}, which holds {held}")
    yield from _suite_faults(model, sources)
    yield from _scan_faults(model, sources)


def used_sources(model: ModelFile, sources: Sources) -> frozenset[str]:
    """The names of the sources that a model file reads."""
    return frozenset(source for _, _, source, _ in _uses(model, sources) if source is not None)


def only_prometheus(sources: Sources) -> str | None:
    """The name of the only Prometheus server; None where there is none, or several."""
    names = [name for name, config in sources.sources.items() if config.kind == "prometheus"]
    return names[0] if len(names) == 1 else None


def unknown_policies(model: ModelFile, known: Collection[str]) -> Iterator[Fault]:
    """Where a model file allows a policy that is not there (``known`` are full names: ``standard/1.0.0``)."""
    for index, policy in enumerate(model.policies):
        if str(policy) not in known:
            yield Fault(("policies", index), f"there is no policies/{policy}.yaml{suggestion(str(policy), known)}")


def unknown_channels(model: ModelFile, known: Collection[str]) -> Iterator[Fault]:
    """Where a model file names a channel that ``policies/alerts.yaml`` does not hold."""
    for index, name in enumerate(model.notify):
        if name not in known:
            yield Fault(("notify", index), f"policies/alerts.yaml holds no channel `{name}`{suggestion(name, known)}")


def unused_channels(alerts: AlertChannels, models: Collection[ModelFile]) -> Iterator[Fault]:
    """The channels to which nothing is sent: neither of a severity nor of a model."""
    sent = {name for severity in Severity for name in alerts.send.of(severity)}
    sent.update(name for model in models for name in model.notify)
    for name in sorted(alerts.channels.keys() - sent):
        yield Fault(
            ("channels", name),
            f"nothing is sent to `{name}`: name it under `send`, or under `notify` of a model, or remove it",
        )


def clashes(models: Sequence[ModelFile]) -> Iterator[tuple[str, Fault]]:
    """The models whose files claim what another one claims too, and where: a port, or the name of an object."""
    claimed = [
        (model.name, path, claim)
        for model in models
        if model.traffic is not None
        for path, claim in claims(model.name, model.traffic).items()
    ]
    owners: dict[str, set[str]] = defaultdict(set)
    for name, _, claim in claimed:
        owners[claim].add(name)
    for name, path, claim in claimed:
        others = ", ".join(sorted(owners[claim] - {name}))
        if others:
            yield name, Fault(path, f"{claim} is claimed by {others} as well: one of them has to choose another")


def _uses(model: ModelFile, sources: Sources) -> Iterator[tuple[_Path, str, str | None, _Use]]:
    """Every place that reads of a source: where it says so, what it is, the source's name, and what is read of it."""
    yield ("rows", "source"), "`rows`", model.rows.source, _Use.ROWS
    for name, metric in model.metrics.items():
        use = _use(metric)
        if metric.source is not None:
            yield ("metrics", name, "source"), f"`{name}`", metric.source, use
        elif use is _Use.QUERY:
            yield ("metrics", name), f"`{name}`", only_prometheus(sources), use
    for name, suite in model.suites.items():
        yield ("suites", name, "source"), f"`{name}`", suite.source, _Use.CASES
    for name, scan in model.scans.items():
        yield ("scans", name, "source"), f"`{name}`", scan.source, _Use.FINDINGS
    if model.registry is not None:
        yield ("registry", "source"), "`registry`", model.registry.source, _Use.VERSIONS


def _use(metric: Metric) -> _Use:
    if isinstance(metric, OfRows):
        return _Use.COLUMN
    if metric.promql:
        return _Use.QUERY
    return _Use.COLUMN if metric.names_column else _Use.STATED


def _suite_faults(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    """Where a suite that is no table is bound like one, or where a report of any version would count."""
    for name, suite in model.suites.items():
        config = sources.sources.get(suite.source)
        path = ("suites", name)
        if not isinstance(config, JUnit | LiteralValues):
            continue
        for key in sorted(suite.model_fields_set & {"case", "passed"}):
            yield Fault((*path, key), f"`{key}` names a column of a table, and the source is of the kind {config.kind}")
        if isinstance(config, LiteralValues) and suite.arm is not None:
            yield Fault((*path, "arm"), "a request is of one version: leave `arm` out")
        if isinstance(config, JUnit) and not config.names_version and suite.arm is None:
            message = (
                f"a report of any version would count: write {{{{ version }}}} into the place of `{suite.source}`, "
                "or name the property of a testsuite that holds the version, `arm: …`"
            )
            yield Fault((*path, "source"), message)


def _scan_faults(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    """Where a scan of any version would count."""
    for name, scan in model.scans.items():
        config = sources.sources.get(scan.source)
        if isinstance(config, Reports) and not config.names_version:
            message = f"a scan of any version would count: write {{{{ version }}}} into the place of `{scan.source}`"
            yield Fault(("scans", name, "source"), message)
