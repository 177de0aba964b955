"""Trust: what a request states itself, whether the policy takes it, and that it stands in for nothing that is measured."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.facts import GAUGE_BASES
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.literals import Literals
from model_ratchet.documents.model import Gauge, ModelFile
from model_ratchet.documents.policy import Gate, Policy
from model_ratchet.documents.sources import LiteralValues, Sources
from model_ratchet.documents.words import suggestion
from model_ratchet.engine.history import Trust
from model_ratchet.engine.plan import BoundCriterion


def author_supplied(model: ModelFile, sources: Sources | None) -> Mapping[str, str]:
    """Each metric and suite that a literal source answers, with the source: ``metrics.accuracy``, ``suites.edge_cases``."""
    literal = {name for name, one in sources.sources.items() if isinstance(one, LiteralValues)} if sources else set()
    bound = {f"metrics.{name}": metric.source for name, metric in model.metrics.items()}
    bound |= {f"suites.{name}": suite.source for name, suite in model.suites.items()}
    return {name: source for name, source in bound.items() if source is not None and source in literal}


def literal_faults(
    literals: Literals, policy: Policy, model: ModelFile, supplied: Mapping[str, str]
) -> Iterator[Fault]:
    """Where a request states values of what is not there, is measured, or is of another kind."""
    for name in literals.suites:
        yield from _stands_in(("literals", "suites", name), f"suites.{name}", name, model.suites, supplied)
    stages = [stage.name for stage in policy.stages]
    for key, kind, name, stated in literals.metrics():
        path = ("literals", key, name)
        found = list(_stands_in(path, f"metrics.{name}", name, model.metrics, supplied))
        yield from found
        metric = model.metrics.get(name)
        if found or metric is None:
            continue
        if metric.kind != kind:
            yield Fault(path, f"`{name}` is a {metric.kind}, and these are values of a {kind}", at_key=True)
            continue
        for stage in stated:
            if stage not in stages:
                message = f"`{stage}` is no stage of the policy{suggestion(stage, stages)}"
                yield Fault((*path, stage), message, at_key=True)
            elif isinstance(metric, Gauge):
                unit = literals.gauges[name][stage].unit
                if GAUGE_BASES[unit] != GAUGE_BASES[metric.unit]:
                    yield Fault((*path, stage, "unit"), f"`{name}` is measured in {metric.unit}, not in {unit}")


def paired_literals(literals: Literals) -> Collection[str]:
    """The proportions of which a request states pairs."""
    return {
        name
        for name, stages in literals.proportions.items()
        if any(value.pairs is not None for value in stages.values())
    }


def refusals(
    index: int, gate: Gate, bound: Sequence[BoundCriterion], least: str, supplied: Mapping[str, str]
) -> Iterator[Fault]:
    """Where the gate of that index in a policy rests on values which the policy does not take."""
    if least == Trust.AUTHOR_SUPPLIED:
        return
    applied = {one.criterion.id for one in bound if one.not_applicable is None}
    for position, criterion in enumerate(gate.criteria):
        for name in criterion.rests_on():
            if name in supplied and criterion.id in applied:
                message = (
                    f"{criterion.id}: {name} comes from the source {supplied[name]}, whose values are author-supplied, "
                    f"and this policy takes none (`trust: {{at_least: {least}}}`): bind it to a source that measures it"
                )
                yield Fault(("gates", index, "criteria", position), message)


def warnings(bound: Iterator[BoundCriterion], supplied: Mapping[str, str]) -> Iterator[Reason]:
    """A reason for each metric and suite that a criterion rests on and that the request states itself, by name."""
    named = {name for one in bound if one.not_applicable is None for name in one.criterion.rests_on()}
    for name in sorted(named & supplied.keys()):
        yield because(Why.AUTHOR_SUPPLIED, what=name, source=supplied[name])


def _stands_in(
    path: tuple[str, ...], binding: str, name: str, known: Collection[str], supplied: Mapping[str, str]
) -> Iterator[Fault]:
    if name not in known:
        yield Fault(path, f"the model file binds no {binding}{suggestion(name, known)}", at_key=True)
    elif binding not in supplied:
        message = f"{binding} is measured, and a request's value never stands in for a measurement: take it out"
        yield Fault(path, message, at_key=True)
