"""Across: what one document says of another that the other does not hold."""

from collections.abc import Collection, Iterator

from model_ratchet.documents.fault import Fault
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.words import suggestion


def unknown_sources(model: ModelFile, sources: Sources) -> Iterator[Fault]:
    """Where a model file names a source that the sources file does not hold."""
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
