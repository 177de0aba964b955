"""Lint: what is odd about a policy beside the model files that may use it, before anybody waits for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from model_ratchet.criteria.base import Criterion, Facts, Scope, StageFacts
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.revocations import Revocations
from model_ratchet.documents.traffic import unable
from model_ratchet.documents.watch import AnyWatchRule
from model_ratchet.documents.yaml import Path
from model_ratchet.engine.bind import Misfit, model_facts, placed
from model_ratchet.engine.watch import unfit


@dataclass(frozen=True, slots=True)
class Oddity:
    """What is odd about a policy: ``grave`` keeps the change from being merged, the rest is a note."""

    fault: Fault
    grave: bool = True


def lint(policy: Policy, models: Sequence[ModelFile]) -> tuple[Oddity, ...]:
    """Everything odd about a policy beside all model files that are there."""
    users = tuple(model for model in models if policy.full_name in model.policies)
    found = [Oddity(fault) for fault in _tiers(policy)]
    if not users:
        message = f"no model file allows {policy.full_name}: nobody may use it yet"
        return (*found, Oddity(Fault(("name",), message), grave=False))
    facts = [model_facts(model) for model in users]
    found += _dead_rules(policy, facts)
    found += _unfit_rules(policy, facts)
    found += _dead_roles(policy, facts)
    found += _unroutable(policy, users)
    for index, gate in enumerate(policy.gates):
        for position, criterion in enumerate(gate.criteria):
            found += _criterion(policy, criterion, ("gates", index, "criteria", position), facts)
    return tuple(dict.fromkeys(found))


def revocation_faults(revocations: Revocations, digests: Mapping[str, str]) -> Iterator[Fault]:
    """Revocations of what is not there; ``digests`` maps the path of a file to its SHA-256."""
    for index, one in enumerate(revocations.revocations):
        for key, named in (("policy", one.policy), ("replaced_by", one.replaced_by)):
            if named is not None and policy_path(named) not in digests:
                yield Fault(("revocations", index, key), f"there is no {policy_path(named)}")
        held = digests.get(policy_path(one.policy))
        if held is not None and held != one.digest:
            message = f"this is not the digest of {policy_path(one.policy)}, which is {held}"
            yield Fault(("revocations", index, "digest"), message)


def unstarted(policy: Policy) -> tuple[StageFacts, ...]:
    """The stages of a policy before any of them has started."""
    return tuple(
        StageFacts(
            name=stage.name,
            lasts=timedelta(seconds=stage.lasts.value),
            traffic=stage.traffic.value if stage.traffic is not None else None,
            mirror=stage.mirror.value if stage.mirror is not None else None,
        )
        for stage in policy.stages
    )


def _criterion(policy: Policy, criterion: Criterion, path: Path, facts: Sequence[Facts]) -> Iterator[Oddity]:
    """Dead where no model binds what it reads; a misfit where a stage can't hold what it needs."""
    missing = [criterion.unbound(one) for one in facts]
    dead = next((one for one in missing if one is not None), None)
    if dead is not None and None not in missing:
        what = f"{criterion.id} never applies" if criterion.when_bound else f"{criterion.id} can't be judged"
        yield Oddity(Fault(path, _dead(policy, what, dead, facts)), grave=not criterion.when_bound)
    for one, absent in zip(facts, missing, strict=True):
        if absent is None:
            for message in _misfits(policy, criterion, path, one):
                yield Oddity(Fault(path, f"{criterion.id}: {message} (for {one.model})"))


def _misfits(policy: Policy, criterion: Criterion, path: Path, facts: Facts) -> Iterator[str]:
    stages = unstarted(policy)
    faults: list[Misfit] = []
    for names, _ in placed(criterion, stages, path, faults):
        yield from criterion.misfits(Scope(facts=facts, stages=tuple(one for one in stages if one.name in names)))
    yield from (misfit.fault.message.removeprefix(f"{criterion.id}: ") for misfit in faults)


def _dead_rules(policy: Policy, facts: Sequence[Facts]) -> Iterator[Oddity]:
    for path, name, rule in _rules(policy):
        if not any(rule.metric in one.metrics for one in facts):
            message = _dead(policy, f"this {name} never fires", f"metrics.{rule.metric}", facts)
            yield Oddity(Fault((*path, "metric"), message))


def _unfit_rules(policy: Policy, facts: Sequence[Facts]) -> Iterator[Oddity]:
    """Rules of the watch on a metric of another kind than they read."""
    for path, name, rule in _rules(policy):
        for one in facts:
            if (message := unfit(rule, one.metrics)) is not None:
                yield Oddity(Fault((*path, "metric"), f"this {name} never fires for {one.model}: {message}"))


def _dead_roles(policy: Policy, facts: Sequence[Facts]) -> Iterator[Oddity]:
    for index, stage in enumerate(policy.stages):
        for place, role in enumerate(stage.enter):
            if not any(one.roles.get(role) for one in facts):
                message = _dead(policy, f"nobody can let a candidate into {stage.name}", f"roles.{role}", facts)
                yield Oddity(Fault(("stages", index, "enter", place), message))


def _unroutable(policy: Policy, models: Sequence[ModelFile]) -> Iterator[Oddity]:
    """Stages that the router of a model can't do, told before a candidate waits for one of them."""
    for model in models:
        if model.traffic is None:
            continue
        for index, stage in enumerate(policy.stages):
            share, mirror = (one.value if one is not None else 0.0 for one in (stage.traffic, stage.mirror))
            for fault in unable(model.traffic, model.assignment, share=share, mirror=mirror):
                message = f"{stage.name} can't be routed for {model.name}: {fault.message}"
                yield Oddity(Fault(("stages", index), message))


def _dead(policy: Policy, what: str, binding: str, facts: Sequence[Facts]) -> str:
    models = ", ".join(one.model for one in facts)
    return f"{what}: no model that may use {policy.full_name} ({models}) binds {binding}"


def _rules(policy: Policy) -> Iterator[tuple[Path, str, AnyWatchRule]]:
    for index, rule in enumerate(policy.alerts.critical):
        yield ("alerts", "critical", index), "critical alert", rule
    for index, rule in enumerate(policy.alerts.warning):
        yield ("alerts", "warning", index), "warning", rule
    for index, rule in enumerate(policy.rollback.triggers if policy.rollback is not None else ()):
        yield ("rollback", "triggers", index), "rollback trigger", rule


_TIERS = ("warning", "critical alert", "rollback trigger")


def _tiers(policy: Policy) -> Iterator[Fault]:
    """Rules that watch the same thing over the same time in the wrong order: a warning comes first, then the alert, last
    the rollback."""
    rules = tuple(_rules(policy))
    for path, name, rule in rules:
        for _, other_name, other in rules:
            higher = _TIERS.index(other_name) - _TIERS.index(name)
            if _comparable(rule, other) and higher > 0 and _contradicts(rule, other, other_name):
                yield Fault((*path, "above"), _order(name, rule, other_name, other))


def _comparable(one: AnyWatchRule, other: AnyWatchRule) -> bool:
    return (
        (one.metric, one.statistic, one.over.value) == (other.metric, other.statistic, other.over.value)
        and getattr(one, "quantile", None) == getattr(other, "quantile", None)
        and one.above.dimension is other.above.dimension
    )


def _contradicts(lower: AnyWatchRule, higher: AnyWatchRule, name: str) -> bool:
    """A warning at the limit of the alert is none; an alert at the limit of the rollback still tells somebody."""
    at_same = lower.above.value == higher.above.value and name != "rollback trigger"
    return lower.above.value > higher.above.value or at_same


def _order(name: str, rule: AnyWatchRule, other_name: str, other: AnyWatchRule) -> str:
    return (
        f"the {name} on {rule.metric} above {rule.above} comes no earlier than the {other_name} above {other.above}: "
        f"lower it below {other.above}"
    )
