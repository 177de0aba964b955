"""Facts: the documents flattened into the plain words and numbers that criteria read."""

from collections.abc import Collection, Mapping
from typing import Literal, assert_never

from model_ratchet.core.units import Quantity
from model_ratchet.criteria.base import MetricFacts, PriceFacts
from model_ratchet.criteria.integration import IntegrationFacts
from model_ratchet.documents.forecasts import Bets, Probability
from model_ratchet.documents.free import flatten
from model_ratchet.documents.model import DurationMetric, Gauge, Mean, Metric, ModelFile, Proportion, reads_log
from model_ratchet.documents.request import PromotionRequest


def metric_facts(model: ModelFile, *, paired: Collection[str] = ()) -> Mapping[str, MetricFacts]:
    """Every metric of the model file by its name; of those in ``paired`` the request states pairs itself."""
    return {name: _metric(name, metric, model, name in paired) for name, metric in model.metrics.items()}


def _metric(name: str, metric: Metric, model: ModelFile, paired: bool) -> MetricFacts:
    return MetricFacts(
        name=name,
        kind=metric.kind,
        unit=_unit(metric),
        better=metric.better,
        labelled=isinstance(metric, Probability | Bets) or (isinstance(metric, Proportion) and metric.labelled),
        own_source=not paired and not reads_log(metric, model),
    )


def _unit(metric: Metric) -> Literal["fraction", "s", "B", "cores", "1"]:
    match metric:
        case Proportion() | Probability() | Bets():
            return "fraction"
        case DurationMetric():
            return "s"
        case Mean():
            return "1"
        case Gauge():
            return GAUGE_BASES[metric.unit]
        case _:
            assert_never(metric)


def integration(model: ModelFile) -> IntegrationFacts | None:
    """What decides what is asked for the artefacts of a version, None where the model file asks for none."""
    asked = model.integrate
    if asked is None:
        return None
    measured, history = asked.optimizer.performance, asked.calibration
    return IntegrationFacts(
        score=asked.score,
        segments=asked.segments or "",
        bets=asked.bets or "",
        market=asked.market is not None,
        latency=measured.latency or "",
        errors=measured.errors or "",
        memory=measured.memory or "",
        reach=history.reach.delta if history.reach is not None else None,
    )


GAUGE_BASES: Mapping[str, Literal["fraction", "B", "cores", "1"]] = {
    "B": "B",
    "KiB": "B",
    "MiB": "B",
    "GiB": "B",
    "cores": "cores",
    "%": "fraction",
    "1": "1",
}
"""The unit of a gauge → the base unit in which it is held."""


def stated(request: PromotionRequest) -> Mapping[str, str]:
    """The metadata of a request by dotted name: ``dataset.version``, ``hyperparameters.max_depth``, ``source.commit``.

    Requirements stand under ``infrastructure.``: ``python``, ``gpu``, ``memory`` (bytes), ``cpu`` (cores) and
    ``package:<name>``. What is not stated has no entry.
    """
    metadata = request.metadata
    found: dict[str, str] = {}
    if metadata.dataset.version is not None:
        found["dataset.version"] = metadata.dataset.version
    found.update(flatten(metadata.dataset.characteristics, "dataset.characteristics."))
    for name in ("hyperparameters", "training_metrics", "validation_results", "benchmarks"):
        found.update(flatten(getattr(metadata, name), f"{name}."))
    for name in ("size", "parameters", "features", "dependencies"):
        value = getattr(metadata.complexity, name)
        if value is not None:
            found[f"complexity.{name}"] = str(int(value.value if name == "size" else value))
    needs = metadata.infrastructure
    limits = _limits(needs.python, needs.gpu, needs.memory, needs.cpu, needs.packages)
    found.update({f"infrastructure.{name}": value for name, value in limits.items()})
    if metadata.source is not None:
        found["source.repository"] = metadata.source.repository
        found["source.commit"] = found["source_commit"] = metadata.source.commit
    elif metadata.source_commit is not None:
        found["source_commit"] = metadata.source_commit
    return found


def price_facts(model: ModelFile) -> PriceFacts | None:
    """What an hour of each resource costs, of those that have a price; None where nothing is stated."""
    prices = model.prices
    if prices is None:
        return None
    stated = {"cpu_core": prices.cpu_core, "memory_gib": prices.memory_gib}
    return PriceFacts(
        currency=prices.currency, per_hour={name: price for name, price in stated.items() if price is not None}
    )


def infrastructure(model: ModelFile) -> Mapping[str, str] | None:
    """What production offers: ``python``, ``gpu``, ``memory`` (bytes), ``cpu`` (cores), ``package:<name>``; None unstated."""
    offers = model.infrastructure
    if offers is None:
        return None
    return _limits(offers.python, offers.gpu, offers.memory, offers.cpu, offers.packages)


def allocation(model: ModelFile) -> Mapping[str, float]:
    """What one instance may use, by resource: ``memory`` and ``gpu`` in bytes, ``cpu`` in cores."""
    given = model.allocation
    found = {name: size.value for name, size in (("memory", given.memory), ("gpu", given.gpu)) if size is not None}
    return found if given.cpu is None else {**found, "cpu": given.cpu}


def largest(model: ModelFile) -> Mapping[str, float]:
    """Mean → the largest value that a row can have, of those whose values have a bound."""
    found = {name: metric.largest for name, metric in model.metrics.items() if isinstance(metric, Mean)}
    return {name: value for name, value in found.items() if value is not None}


def _limits(
    python: str | None, gpu: str | None, memory: Quantity | None, cpu: float | None, packages: Mapping[str, str]
) -> dict[str, str]:
    named = {
        "python": python,
        "gpu": gpu,
        "memory": None if memory is None else f"{memory.value:.0f}",
        "cpu": None if cpu is None else f"{cpu:g}",
    }
    found = {name: value for name, value in named.items() if value is not None}
    return found | {f"package:{name}": version for name, version in packages.items()}
