"""Rules: the alerts and rollback triggers of a policy over recorded series, and what Prometheus can't say of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from model_ratchet.core.names import Version
from model_ratchet.core.units import Dimension, Duration, Scale
from model_ratchet.documents.facts import GAUGE_BASES, allocation
from model_ratchet.documents.model import Gauge, ModelFile, Proportion
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.watch import (
    AllocationRule,
    AnyWatchRule,
    DropRule,
    IncreaseRule,
    QuantileRule,
    RateRule,
)
from model_ratchet.engine.rule_text import rule_text
from model_ratchet.engine.watch.rules import block_of
from model_ratchet.render.alerts.series import Absent, Series, gauge_of, number, quantile_of, share_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A version in traffic: by which policy it is watched, and what it is held against."""

    version: Version
    policy: Policy
    reference: Version | None = None
    """The previous version of an active one, the active version of a candidate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A number made of one or two series that fires above a limit.

    ``value`` alone: the value itself; with ``share_of`` divided by that. With a ``reference``: how much worse it is,
    ``absolute``, or relative to the reference; ``higher`` is better, or lower.
    """

    value: Series
    above: float
    reference: Series | None = None
    relative: bool = False
    higher: bool = False
    share_of: float | None = None

    @property
    def measured(self) -> str:
        """The number in PromQL."""
        value = self.value.selector
        if self.reference is None:
            return value if self.share_of is None else f"{value} / {number(self.share_of)}"
        reference = self.reference.selector
        worse = f"{reference} - on () {value}" if self.higher else f"{value} - on () {reference}"
        return f"({worse}) / on () {reference}" if self.relative else worse

    def of(self, values: Mapping[str, float]) -> float | None:
        """The same number, of recorded values by selector; None where one of them is not there."""
        value = values.get(self.value.selector)
        if value is None:
            return None
        if self.reference is None:
            return value / (self.share_of or 1.0)
        reference = values.get(self.reference.selector)
        if reference is None:
            return None
        worse = reference - value if self.higher else value - reference
        return worse / reference if self.relative else worse


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alerting rule."""

    alert: str
    limit: Limit
    labels: Mapping[str, str]
    summary: str
    sustained: Duration
    """How long it is beyond the limit before it fires: as long as the looks of the watch that it takes are apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of a model."""

    model: str
    versions: tuple[str, ...]
    """What each version is, a line each."""
    series: tuple[Series, ...]
    rules: tuple[Rule, ...]
    unsaid: tuple[str, ...]
    """What can't be said in PromQL, and why; ``ratchet watch`` looks at it."""


def rules_of(model: ModelFile, watched: Sequence[Watched]) -> Rules:
    """The rules for every version in traffic."""
    rules: list[Rule] = []
    unsaid: list[str] = []
    for one in watched:
        for severity, action, rule in _asked(one.policy):
            limit = _limit(model, one, rule)
            text = rule_text(rule)
            if isinstance(limit, Absent):
                unsaid.append(f"{one.version}, {action}: {text}: {limit.why}")
                continue
            named = {"model": model.name, "version": str(one.version), "metric": rule.metric}
            labels = {"severity": severity, "action": action, "rule": text, **named}
            summary = f"{model.name} {one.version}: {text}"
            rules.append(
                Rule(alert=ALERTS[type(rule)], limit=limit, labels=labels, summary=summary, sustained=_sustained(rule))
            )
    used = [one for rule in rules for one in (rule.limit.value, rule.limit.reference) if one is not None]
    versions = tuple(
        f"{one.version}, by {one.policy.full_name}, held against {one.reference or 'nothing'}" for one in watched
    )
    series = {one.selector: one for one in used}
    return Rules(
        model=model.name,
        versions=versions,
        series=tuple(series.values()),
        rules=tuple(rules),
        unsaid=tuple(dict.fromkeys(unsaid)),
    )


ALERTS = {
    DropRule: "RatchetDrop",
    IncreaseRule: "RatchetIncrease",
    QuantileRule: "RatchetQuantile",
    RateRule: "RatchetRate",
    AllocationRule: "RatchetAllocation",
}


def _asked(policy: Policy) -> Iterator[tuple[str, str, AnyWatchRule]]:
    """Severity, what is done, and the rule."""
    yield from (("warning", "tell", rule) for rule in policy.alerts.warning)
    yield from (("critical", "tell", rule) for rule in policy.alerts.critical)
    if policy.rollback is not None:
        yield from (("critical", "rollback", rule) for rule in policy.rollback.triggers)


def _sustained(rule: AnyWatchRule) -> Duration:
    seconds = (rule.sustained.times - 1) * block_of(rule.over.delta).total_seconds()
    return Duration(seconds, Dimension.TIME, f"{seconds:g}s")


def _limit(model: ModelFile, one: Watched, rule: AnyWatchRule) -> Limit | Absent:
    metric, over, above = rule.metric, rule.over, rule.above.value
    if metric not in model.metrics:
        return Absent(f"the model file binds no {metric}")
    match rule:
        case QuantileRule():
            return _above(quantile_of(model, metric, one.version, over, rule.quantile), above)
        case RateRule():
            return _above(share_of(model, metric, one.version, over), above)
        case AllocationRule():
            allocated = allocation(model).get(metric)
            if allocated is None:
                return Absent(f"the model file says nothing of allocation.{metric}")
            return _above(gauge_of(model, metric, one.version, over), above, allocated)
    if one.reference is None:
        return Absent("there is no version to hold it against")
    if isinstance(rule, IncreaseRule):
        pair = [quantile_of(model, metric, version, over, rule.quantile) for version in (one.version, one.reference)]
        return _worse(pair, above, relative=True, higher=False)
    return _drop(model, one, one.reference, rule)


def _drop(model: ModelFile, one: Watched, reference: Version, rule: DropRule) -> Limit | Absent:
    found = model.metrics[rule.metric]
    relative = rule.above.scale is Scale.RELATIVE
    match found:
        case Proportion():
            pair = [share_of(model, rule.metric, version, rule.over) for version in (one.version, reference)]
        case Gauge() if relative or GAUGE_BASES[found.unit] == "fraction":
            pair = [gauge_of(model, rule.metric, version, rule.over) for version in (one.version, reference)]
        case _:
            return Absent(f"{rule.metric} is a {found.kind}, of which no drop by {rule.above} can be told")
    return _worse(pair, rule.above.value, relative=relative, higher=found.better == "higher")


def _above(series: Series | Absent, above: float, share: float | None = None) -> Limit | Absent:
    return series if isinstance(series, Absent) else Limit(value=series, above=above, share_of=share)


def _worse(pair: Sequence[Series | Absent], above: float, *, relative: bool, higher: bool) -> Limit | Absent:
    value, reference = pair
    if isinstance(value, Absent):
        return value
    if isinstance(reference, Absent):
        return reference
    return Limit(value=value, above=above, reference=reference, relative=relative, higher=higher)
