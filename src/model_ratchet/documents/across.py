"""Across: what one document says of another that the other does not hold."""

from collections.abc import Collection, Iterator

from model_ratchet.documents.fault import Fault
from model_ratchet.documents.model import Mean, ModelFile
from model_ratchet.documents.sources import JUnit, LiteralValues, Prometheus, Sources
from model_ratchet.documents.words import suggestion


def source_faults(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    """Where a model file names a source that the sources file does not hold, or one that can't read what is bound."""
    yield from _unknown(model, sources)
    yield from _unfit(model, sources)
    yield from _unfit_suites(model, sources)


def only_prometheus(sources: Sources) -> str | None:
    """The name of the only Prometheus server; None where there is none, or several."""
    names = [name for name, config in sources.sources.items() if config.kind == "prometheus"]
    return names[0] if len(names) == 1 else None


def _unknown(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    named: list[tuple[tuple[str | int, ...], str | None]] = [(("rows", "source"), model.rows.source)]
    named += [(("metrics", name, "source"), metric.source) for name, metric in model.metrics.items()]
    named += [(("suites", name, "source"), suite.source) for name, suite in model.suites.items()]
    for path, source in named:
        if source is not None and source not in sources.sources:
            hint = suggestion(source, sources.sources)
            yield Fault(path, f"policies/sources.yaml holds no source `{source}`{hint}")


def unknown_policies(model: ModelFile, known: Collection[str]) -> Iterator[Fault]:
    """Where a model file allows a policy that is not there (``known`` are full names: ``standard/1.0.0``)."""
    for index, policy in enumerate(model.policies):
        if str(policy) not in known:
            yield Fault(("policies", index), f"there is no policies/{policy}.yaml{suggestion(str(policy), known)}")


def _unfit(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    for name, metric in model.metrics.items():
        promql = not isinstance(metric, Mean) and bool(metric.promql)
        if metric.source is None and promql and only_prometheus(sources) is None:
            yield Fault(("metrics", name), "`promql` needs `source`: the name of the Prometheus server that it asks")
        config = sources.sources.get(metric.source or "" if promql else metric.source or model.rows.source)
        path = ("metrics", name, "source") if metric.source is not None else ("metrics", name)
        named = promql or isinstance(metric, Mean) or metric.names_column
        if config is not None and config.kind == "junit":
            yield Fault(path, f"reports in JUnit XML hold suites only: `{name}` needs another source")
        elif config is not None and named == (config.kind == "literal"):
            yield Fault(path, _named(name, config.kind))
        elif config is not None and named and promql != (config.kind == "prometheus"):
            what = "`promql`" if promql else "a column"
            message = f"`{name}` is bound by {what}, and its source is of the kind {config.kind}"
            yield Fault(path, message)


def _named(name: str, kind: str) -> str:
    """A literal that names where its rows stand, or a metric of another source that does not."""
    if kind == "literal":
        return f"`{name}` is a literal: the request states its values, so that it names neither a column nor a query"
    return f"`{name}` does not say what is read of its source, which is of the kind {kind}"


def _unfit_suites(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    rows = sources.sources.get(model.rows.source)
    if isinstance(rows, JUnit | LiteralValues):
        yield Fault(("rows", "source"), f"the prediction log is a table, and this source is of the kind {rows.kind}")
    for name, suite in model.suites.items():
        config = sources.sources.get(suite.source)
        path = ("suites", name)
        if isinstance(config, Prometheus):
            yield Fault((*path, "source"), f"a suite has no place in the source, which is of the kind {config.kind}")
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
