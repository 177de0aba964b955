"""Across: what one document says of another that the other does not hold."""

from collections.abc import Collection, Iterator

from model_ratchet.documents.fault import Fault
from model_ratchet.documents.model import Mean, ModelFile
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.words import suggestion


def source_faults(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    """Where a model file names a source that the sources file does not hold, or one that can't read what is bound."""
    yield from _unknown(model, sources)
    yield from _unfit(model, sources)
    yield from _registries(model, sources)


def only_prometheus(sources: Sources) -> str | None:
    """The name of the only Prometheus server; None where there is none, or several."""
    names = [name for name, config in sources.sources.items() if config.kind == "prometheus"]
    return names[0] if len(names) == 1 else None


def _unknown(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    named: list[tuple[tuple[str | int, ...], str | None]] = [(("rows", "source"), model.rows.source)]
    named += [(("metrics", name, "source"), metric.source) for name, metric in model.metrics.items()]
    named += [(("suites", name, "source"), suite.source) for name, suite in model.suites.items()]
    named += [(("registry", "source"), model.registry.source)] if model.registry is not None else []
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
        if config is not None and promql != (config.kind == "prometheus"):
            what = "`promql`" if promql else "a column"
            message = f"`{name}` is bound by {what}, and its source is of the kind {config.kind}"
            yield Fault(("metrics", name, "source") if metric.source is not None else ("metrics", name), message)


def _registries(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    """Where a registry is asked for measurements, or something else for registered versions."""
    kinds = {name: config.kind for name, config in sources.sources.items()}
    if model.registry is not None and kinds.get(model.registry.source, "mlflow") != "mlflow":
        kind = kinds[model.registry.source]
        yield Fault(("registry", "source"), f"a registry is a source of the kind mlflow, and this one is a {kind}")
    asked: list[tuple[tuple[str | int, ...], str | None]] = [(("rows", "source"), model.rows.source)]
    asked += [(("metrics", name, "source"), metric.source) for name, metric in model.metrics.items()]
    asked += [(("suites", name, "source"), suite.source) for name, suite in model.suites.items()]
    for path, source in asked:
        if source is not None and kinds.get(source) == "mlflow":
            yield Fault(path, f"`{source}` is a registry of versions: it holds neither rows nor cases")
