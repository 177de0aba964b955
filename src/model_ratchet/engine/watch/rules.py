"""What is watched: a version, what it is compared with, and the rules of its policy in their tiers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self, TypeAlias, assert_never

from model_ratchet.core.evidence import HOUR, Counts
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import OutOf, Scale
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.documents.facts import allocation, largest, metric_facts
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.watch import AllocationRule, AnyWatchRule, DropRule, IncreaseRule, QuantileRule, RateRule


class Tier(StrEnum):
    """What a rule leads to: nobody is woken, somebody is, or the version goes out again."""

    WARNING = "warning"
    CRITICAL = "critical"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The version that a version is compared with while both run: ``paired`` where both score the same requests.

    After ``until`` it no longer runs (None: it does for good): later blocks are not compared with it.
    """

    version: str
    paired: bool = True
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A version that is watched: the active one of a model, or a candidate in a stage."""

    model: str
    version: str
    since: datetime
    """When it got the traffic that it has: nothing before is read."""
    metrics: Mapping[str, MetricFacts]
    allocation: Mapping[str, float] = field(default_factory=dict)
    """Resource → bytes or cores that one instance may use."""
    largest: Mapping[str, float] = field(default_factory=dict)
    """Mean → the largest value that a row can have, where none is below 0."""
    mature_after: timedelta = timedelta()
    """How long labels take."""
    late: timedelta = timedelta(minutes=5)
    """How long rows that wait for no label may take to be there."""
    reference: Reference | None = None
    recorded: Mapping[str, float] = field(default_factory=dict)
    """Proportion → its rate in the record of the promotion: what an alert is held against where no reference runs."""
    recorded_hours: Mapping[str, Mapping[int, Counts]] = field(default_factory=dict)
    """The same by hour of the week, where the record is at hand: an hour is then held against the same hours alone."""

    @classmethod
    def of(
        cls,
        model: ModelFile,
        version: str,
        *,
        since: datetime,
        reference: Reference | None = None,
        recorded: Mapping[str, float] | None = None,
        recorded_hours: Mapping[str, Mapping[int, Counts]] | None = None,
    ) -> Self:
        """A version of the model that a model file describes."""
        return cls(
            model=model.name,
            version=version,
            since=since,
            metrics=metric_facts(model),
            allocation=allocation(model),
            largest=largest(model),
            mature_after=model.labels.mature_after.delta if model.labels is not None else timedelta(),
            reference=reference,
            recorded=recorded or {},
            recorded_hours=recorded_hours or {},
        )

    def concurrent(self, end: datetime) -> bool:
        """Whether the reference ran through a block that ends there."""
        return self.reference is not None and (self.reference.until is None or end <= self.reference.until)


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """The version reports nothing for a whole block, while the router sends it requests and others report."""

    min_rows: int = 20
    """Requests that it was sent in the block."""
    sustained: OutOf = field(default=OutOf(1, 1))


Rule: TypeAlias = AnyWatchRule | SilenceRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A rule of the policy as it is watched.

    ``key`` tells it from the others, and stays the same as long as what it watches does. ``over`` is the look-back window
    in whole blocks of the length ``block``; ``alarm_at`` is where its detector alarms.
    """

    key: str
    tier: Tier
    rule: Rule
    block: timedelta
    over: timedelta
    alarm_at: float


FALSE_ALARM_EVERY: Mapping[Tier, timedelta] = {
    Tier.WARNING: timedelta(days=100),
    Tier.CRITICAL: timedelta(days=100),
    Tier.ROLLBACK: timedelta(days=1000),
}
"""The rules of one tier together alarm without a cause once in so much time at most, on average."""


def watched(policy: Policy) -> tuple[Watched, ...]:
    """Every rule of a policy, warnings first; with triggers, a version that falls silent is one too."""
    triggers = policy.rollback.triggers if policy.rollback is not None else ()
    found: list[Watched] = []
    for tier, rules in (
        (Tier.WARNING, policy.alerts.warning),
        (Tier.CRITICAL, policy.alerts.critical),
        (Tier.ROLLBACK, triggers),
    ):
        for rule in rules:
            block = block_of(rule.over.delta)
            key = " ".join((tier, *_named(rule)))
            same = sum(one.key.split(" #")[0] == key for one in found)
            found.append(
                Watched(
                    key=f"{key} #{same + 1}" if same else key,
                    tier=tier,
                    rule=rule,
                    block=block,
                    over=-(-rule.over.delta // block) * block,
                    alarm_at=len(rules) * (FALSE_ALARM_EVERY[tier] / block),
                )
            )
    if triggers:
        block = min(one.block for one in found if one.tier is Tier.ROLLBACK)
        key = f"{Tier.ROLLBACK} silence"
        found.append(Watched(key=key, tier=Tier.ROLLBACK, rule=SilenceRule(), block=block, over=block, alarm_at=1.0))
    return tuple(found)


def block_of(over: timedelta) -> timedelta:
    """The length of the blocks of a look-back window: a twelfth of it, from a minute to an hour, and never more than all."""
    return min(max(over / 12, timedelta(minutes=1)), HOUR, over)


def unfit(rule: Rule, metrics: Mapping[str, MetricFacts]) -> str | None:
    """Why a rule can't be watched on the metric that it names; None where it can, or the metric is not bound at all."""
    if isinstance(rule, SilenceRule) or rule.metric not in metrics:
        return None
    kind, reads = metrics[rule.metric].kind, _KINDS[rule.statistic]
    if isinstance(rule, DropRule) and kind == "mean":
        if rule.above.scale is Scale.RELATIVE:
            return None
        return f"`drop` of a mean is a part of it: write `above: 5%` instead of `{rule.above}`"
    return None if kind == reads else f"`{rule.statistic}` reads a {reads}, and {rule.metric} is a {kind}"


_KINDS = {
    "drop": "proportion",
    "rate": "proportion",
    "quantile": "duration",
    "increase": "duration",
    "of_allocation": "gauge",
}


def not_applicable(rule: Rule, subject: Subject) -> Reason | None:
    """Why a rule says nothing of this version, whatever its data are; None where it can say something."""
    if isinstance(rule, SilenceRule):
        return None
    bound = rule.metric in subject.metrics and unfit(rule, subject.metrics) is None
    if isinstance(rule, AllocationRule):
        bound = bound and subject.allocation.get(rule.metric, 0.0) > 0
    if not bound:
        missing = "allocation" if isinstance(rule, AllocationRule) and rule.metric in subject.metrics else "metrics"
        return because(Why.NOT_APPLICABLE, because=f"{missing}.{rule.metric} is not bound to what it reads")
    recorded = isinstance(rule, DropRule) and _rate_of(rule, subject) is not None
    alone = subject.reference is None and not recorded
    if alone and isinstance(rule, DropRule | IncreaseRule):
        return because(Why.REFERENCE_NOT_CONCURRENT)
    return None


def _rate_of(rule: DropRule, subject: Subject) -> float | None:
    """What was recorded of a proportion, for the time without a reference."""
    is_rate = subject.metrics[rule.metric].kind == "proportion"
    return subject.recorded.get(rule.metric) if is_rate else None


def unprovable(rule: Rule, subject: Subject) -> Reason | None:
    """Why no detector can be run on a rule, so that its estimate alone alerts, and nothing is rolled back."""
    if isinstance(rule, DropRule) and subject.metrics[rule.metric].kind == "mean":
        return because(Why.BOUND_ABSENT, metric=rule.metric) if rule.metric not in subject.largest else None
    return None


def comparative(rule: Rule) -> bool:
    """Whether a rule compares the version with another."""
    return isinstance(rule, DropRule | IncreaseRule)


def _named(rule: AnyWatchRule) -> Iterator[str]:
    yield from (rule.metric, rule.statistic)
    match rule:
        case IncreaseRule() | QuantileRule():
            yield f"p{100 * rule.quantile:g}"
        case DropRule() | RateRule() | AllocationRule():
            pass
        case _:
            assert_never(rule)
    yield from (str(rule.above).replace(" ", ""), "over", str(rule.over).replace(" ", ""))
