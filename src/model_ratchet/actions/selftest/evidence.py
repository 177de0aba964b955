"""Trials of evidence: each criterion of each policy on evidence that must not pass, and what whole verdicts make of it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from model_ratchet.actions.selftest.ground import Ground, named
from model_ratchet.core.evidence import Need
from model_ratchet.core.outcome import Outcome
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundCriterion, Plan
from model_ratchet.engine.selftest.attack import Said, broken, defended, idle
from model_ratchet.engine.selftest.traps import TRAPS, Baited, Trap
from model_ratchet.engine.selftest.world import without
from model_ratchet.engine.selftest.worse import NOTHING, UNREACHABLE, Answer

_BAD, _FEW, _ABSENT = frozenset({"E16", "E17", "E25"}), frozenset({"E21"}), frozenset({"E01"})


def baited(ground: Ground) -> tuple[Baited, ...]:
    """The plans of the repository that pass on good evidence, with it."""
    return tuple(Baited.of(one.world) for one in ground.controls if one.plan is not None and one.passed)


def trapped(trap: Trap, plans: tuple[Baited, ...]) -> Said:
    """What all criteria of all policies say of one trap."""
    held: list[str] = []
    outcomes: set[Outcome] = set()
    for one in plans:
        tried = one.tried(trap)
        if tried.passed:
            return broken(f"{named(tried.passed)} of {one.plan.policy} passed")
        held += [f"{one.plan.policy} {name}" for name in tried.held]
        outcomes |= tried.outcomes
    if not held:
        return idle("no criterion of the policies rests on such evidence")
    said = ", ".join(one for one in Outcome if one in outcomes)
    return defended(f"{said}: {len(held)} criteria of {named(sorted({one.partition(' ')[0] for one in held}))}")


def half_missing(one: Baited) -> Said | None:
    """Every other gate that rests on evidence has none."""
    gates = [gate for gate in one.plan.gates if any(map(one.needs, gate.criteria))]
    gone = {need: NOTHING for gate in gates[::2] for bound in gate.criteria for need in one.needs(bound)}
    outcome = judge(one.plan, without(one.evidence, gone)).outcome
    if not gone:
        return None
    if outcome is Outcome.PASSED:
        return broken(f"{one.plan.policy} passed with {len(gates[::2])} of {len(gates)} gates without data")
    return defended(f"{outcome}, with {len(gates[::2])} of {len(gates)} gates of {one.plan.policy} without data")


def all_kinds(one: Baited) -> Said | None:
    """One criterion fails, one is inconclusive and one errored: the worst wins, and all three are told."""
    changed: dict[Need, Answer] = {}
    taken: set[Need] = set()
    kinds = (Outcome.FAILED, _BAD), (Outcome.INCONCLUSIVE, _FEW), (Outcome.ERRORED, _ABSENT)
    for outcome, traps in kinds:
        found = next(_that_is(one, outcome, traps, changed, taken), None)
        if found is None:
            return None
        taken |= set(one.needs(found[0]))
        changed |= found[1]
    verdict = judge(one.plan, without(one.evidence, changed))
    outcomes = {leaf.outcome for gate in verdict.gates for leaf in gate.leaves}
    if verdict.outcome is not Outcome.FAILED or not {outcome for outcome, _ in kinds} <= outcomes:
        return broken(f"{one.plan.policy} is {verdict.outcome} of {', '.join(sorted(outcomes))}")
    return defended(f"{one.plan.policy} fails, and tells all three")


def advisory(one: Baited) -> Said | None:
    """One criterion is made advisory, and another one has no evidence: the first is shown, the second counts."""
    counted = [bound for bound in one.passing if one.needs(bound) and not bound.criterion.advisory]
    if len(counted) < 2:
        return None
    shown, required = counted[0], counted[-1]
    plan = _made_advisory(one.plan, shown)
    gone = dict.fromkeys(one.needs(required), UNREACHABLE)
    verdict = judge(plan, without(one.evidence, gone))
    if verdict.outcome is Outcome.PASSED:
        return broken(f"{required.criterion.id} of {one.plan.policy} counts no more beside an advisory criterion")
    alone = judge(plan, without(one.evidence, dict.fromkeys(one.needs(shown), UNREACHABLE)))
    leaves = [leaf for gate in alone.gates for leaf in gate.leaves if leaf.id == shown.criterion.id]
    if any(leaf.counted for leaf in leaves) or all(leaf.judgement.outcome is Outcome.PASSED for leaf in leaves):
        return broken(f"{shown.criterion.id} of {one.plan.policy} is advisory, and is counted or not shown")
    return defended(f"{required.criterion.id} of {one.plan.policy} counts beside {shown.criterion.id}, which is shown")


def _that_is(
    one: Baited, outcome: Outcome, traps: Collection[str], before: Mapping[Need, Answer], taken: Collection[Need]
) -> Iterator[tuple[BoundCriterion, Mapping[Need, Answer]]]:
    """Criteria that are judged so on worsened evidence, which touches none that are ``taken``, nor is touched ``before``."""
    for trap in TRAPS:
        for bound in one.passing if trap.id in traps else ():
            if bound.criterion.advisory or not trap.fits(bound.criterion, one.plan.facts):
                continue
            changed = dict(one.worsened(bound, trap.worsen))
            apart = changed.keys().isdisjoint(taken) and before.keys().isdisjoint(one.needs(bound))
            if changed and apart and one.outcome(bound, changed) is outcome:
                yield bound, changed


def _made_advisory(plan: Plan, chosen: BoundCriterion) -> Plan:
    changed = chosen.criterion.model_copy(update={"advisory": True})
    gates = tuple(
        replace(
            gate, criteria=tuple(replace(one, criterion=changed) if one is chosen else one for one in gate.criteria)
        )
        for gate in plan.gates
    )
    return replace(plan, gates=gates)


OF_VERDICTS: tuple[tuple[str, Callable[[Baited], Said | None]], ...] = (
    ("E11", all_kinds),
    ("E14", half_missing),
    ("E15", advisory),
)
