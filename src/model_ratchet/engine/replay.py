"""Replay: a recorded decision judged under another policy, from its record alone. Pure; nothing of it is in force.

Stages are taken as they ran. What the other policy asks in the same words, of the same evidence, is taken as it was judged;
only the rest is judged anew. A need that was not recorded is told, and never guessed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from model_ratchet.core.evidence import Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.core.verdict import Leaf, Verdict
from model_ratchet.criteria.base import Facts, StageFacts
from model_ratchet.documents.policy import Policy, Stage
from model_ratchet.engine.again import same_judge
from model_ratchet.engine.bind import bound_gates, early_sharers
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundCriterion, Plan
from model_ratchet.engine.record import Record


class Fate(StrEnum):
    """What would become of a decision."""

    CHANGES = "would change"
    STAYS = "would not change"
    NOT_ASSESSABLE = "not assessable"
    """The other policy needs what was not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One recorded decision under another policy. Only its evidence is judged: who has to sign is no evidence."""

    model: str
    candidate: str
    policy: str
    """The one that it was decided under."""
    fate: Fate
    before: Outcome
    after: Outcome | None = None
    """None where it can't be assessed."""
    moved: tuple[Leaf, ...] = ()
    """The criteria that are judged otherwise than before and are not passed, or all that are where the decision passes."""
    absent: tuple[str, ...] = ()
    """What the other policy needs and was not recorded, in words: ``paired_counts of accuracy on canary``."""


def replay(policy: Policy, record: Record) -> Replayed:
    """A recorded decision under another policy.

    Raises:
        RecordError: an answer of its evidence does not read.
    """
    told = Replayed(
        model=record.plan.facts.model,
        candidate=record.plan.facts.candidate,
        policy=record.plan.policy,
        fate=Fate.NOT_ASSESSABLE,
        before=record.verdict.evidence_outcome,
    )
    plan = rebound(policy, record.plan)
    if not isinstance(plan, Plan):
        return replace(told, absent=plan)
    same = same_judge(record)
    known = _known(record, plan) if same else lambda _: None
    absent = tuple(dict.fromkeys(map(need_words, _absent(plan, record, known))))
    if absent:
        return replace(told, absent=absent)
    # a mended fault changes decisions too, and that is not the policy's doing
    old = record.verdict if same else judge(record.plan, record.evidence)
    new = judge(plan, record.evidence, known=known)
    before, after = old.evidence_outcome, new.evidence_outcome
    fate = Fate.STAYS if before is after else Fate.CHANGES
    return replace(told, fate=fate, before=before, after=after, moved=tuple(_moved(old, new)))


def rebound(policy: Policy, ran: Plan) -> Plan | tuple[str, ...]:
    """The policy bound to what was recorded of a promotion, or what of it was not."""
    troubles: list[str] = []
    stages = tuple(_stage(stage, policy, ran, troubles) for stage in policy.stages)
    supplied = {
        str(one.parameters["what"]): str(one.parameters.get("source", "of the request"))
        for one in ran.reasons
        if one.why is Why.AUTHOR_SUPPLIED
    }
    if "the stage history" in supplied and policy.retrospective != "allowed":
        troubles.append("a stage history that is not author-supplied")
    if troubles:
        return tuple(troubles)
    attempt = next((int(one.parameters["number"]) for one in ran.reasons if one.why is Why.ATTEMPT), 1)
    facts = replace(ran.facts, alpha_divisor=attempt * (1 + policy.extend.at_most), early_level=policy.early_fail.level)
    gates, misfits = bound_gates(policy, facts, stages, supplied)
    if misfits:
        return tuple(dict.fromkeys(misfit.fault.message for misfit in misfits))
    facts = replace(facts, early_sharers=early_sharers(gates))
    return replace(ran, policy=str(policy.full_name), facts=facts, stages=stages, gates=gates)


def need_words(need: Need) -> str:
    """A need for people: ``paired_counts of accuracy on canary``."""
    metric = f"of {need.metric}" if need.metric else ""
    return " ".join(word for word in (str(need.shape), metric, f"on {need.stage}" if need.stage else "") if word)


def _stage(asked: Stage, policy: Policy, ran: Plan, troubles: list[str]) -> StageFacts:
    """A stage of the policy as it ran; what keeps it from being taken for the one that is asked for is added."""
    traffic = asked.traffic.value if asked.traffic is not None else None
    mirror = asked.mirror.value if asked.mirror is not None else None
    held = next((one for one in ran.stages if one.name == asked.name), None)
    if held is not None and held.window is None:
        return replace(held, lasts=asked.lasts.delta, traffic=traffic, mirror=mirror)
    if held is None:
        troubles.append(f"a stage {asked.name}")
        return StageFacts(name=asked.name, lasts=asked.lasts.delta, traffic=traffic, mirror=mirror)
    by = policy.extend.by.delta if policy.extend.by is not None else None
    lengths = [asked.lasts.delta + times * by for times in range(policy.extend.at_most + 1)] if by is not None else []
    if held.lasts not in (asked.lasts.delta, *lengths):
        troubles.append(f"{asked.name} for {asked.lasts}")
    if (held.traffic or 0) != (traffic or 0) or (held.mirror or 0) != (mirror or 0):
        shares = [
            f"{share} {word}" for share, word in ((asked.traffic, "of traffic"), (asked.mirror, "mirrored")) if share
        ]
        troubles.append(f"{asked.name} with {' and '.join(shares)}")
    return held


def _known(record: Record, plan: Plan) -> Callable[[BoundCriterion], Leaf | None]:
    """The sealed judgement of each criterion that the other policy asks in the same words, of the same facts."""
    old, new = record.plan, plan
    stages = {one.name: one for one in old.stages}
    same = {one.name for one in new.stages if stages.get(one.name) == one}
    facts, early = _apart(old.facts) == _apart(new.facts), old.facts == new.facts
    if not facts:
        return lambda _: None
    held = {
        _place(bound): (bound, leaf)
        for gate, branch in zip(old.gates, record.verdict.gates, strict=True)
        for bound, leaf in zip(gate.criteria, branch.leaves, strict=True)
    }

    def known(bound: BoundCriterion) -> Leaf | None:
        before, leaf = held.get(_place(bound), (None, None))
        if before != bound or not same.issuperset(bound.stages):
            return None
        return leaf if early or new.scope(bound).decidable else None

    found = {_place(bound): known(bound) for bound in new.bound()}
    return lambda bound: found[_place(bound)]


def _place(bound: BoundCriterion) -> tuple[str, str, tuple[str, ...]]:
    """What is said of a criterion once in a plan."""
    return bound.gate, bound.criterion.id, bound.stages


def _apart(facts: Facts) -> Facts:
    """The facts apart from those that matter to what may fail early."""
    return replace(facts, early_level=0.0, early_sharers=1)


def _absent(plan: Plan, record: Record, known: Callable[[BoundCriterion], Leaf | None]) -> Iterator[Need]:
    """What the criteria that are judged anew need, and the record does not hold; approvals are no evidence."""
    for bound in plan.bound():
        if bound.not_applicable is None and known(bound) is None:
            for need in bound.criterion.needs(plan.scope(bound)):
                if need.shape is not Shape.APPROVALS and need not in record.evidence.answers:
                    yield need


def _moved(old: Verdict, new: Verdict) -> Iterator[Leaf]:
    """The counted criteria of evidence whose outcome is another than before, or that are new and not passed."""
    before = {(leaf.id, leaf.stage): leaf.outcome for gate in old.gates for leaf in gate.leaves if leaf.counted}
    for gate in new.gates:
        for leaf in gate.leaves:
            if leaf.counted and leaf.outcome is not before.get((leaf.id, leaf.stage), Outcome.PASSED):
                yield leaf
