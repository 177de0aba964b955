"""Judge: plan × evidence → verdict. Pure and deterministic; what time it is stands in the plan."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from model_ratchet.core.evidence import Evidence, Missing
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Branch, Judgement, Leaf, Verdict
from model_ratchet.criteria.base import Scope, StageFacts
from model_ratchet.engine.plan import BoundCriterion, BoundGate, Plan
from model_ratchet.engine.waivers import cover

JUDGE_VERSION = 1


def judge(
    plan: Plan, evidence: Evidence, *, known: Callable[[BoundCriterion], Leaf | None] = lambda _: None
) -> Verdict:
    """The verdict of a bound promotion: every criterion judged, nothing dropped, the worst wins.

    Evidence and sign-off are two parts; a gate that is decided by an approval because none of its criteria applies counts
    with the sign-offs. The evidence of an undo is that of the promotion before; where otherwise nothing was measured, it is
    errored. ``known`` gives the judgement of a criterion
    that was judged on the same evidence before.
    """
    leaves = {
        gate.name: tuple(known(bound) or _leaf(plan, bound, evidence) for bound in gate.criteria) for gate in plan.gates
    }
    approvals = {
        leaf.id: leaf.outcome
        for gate in plan.gates
        for bound, leaf in zip(gate.criteria, leaves[gate.name], strict=True)
        if bound.criterion.sign_off and leaf.counted
    }
    gates = tuple(_branch(gate, leaves[gate.name], approvals) for gate in plan.gates)
    found: dict[bool, list[Outcome]] = {False: [], True: []}
    for gate, branch in zip(plan.gates, gates, strict=True):
        counted = [
            (bound.criterion.sign_off, leaf.outcome)
            for bound, leaf in zip(gate.criteria, branch.leaves, strict=True)
            if leaf.counted
        ]
        for sign_off, outcome in counted or [(True, branch.outcome)]:
            found[sign_off].append(outcome)
    if plan.expired:
        found[False].append(Outcome.PENDING)
    return Verdict(
        gates=gates,
        evidence_outcome=worst(found[False] or [Outcome.PASSED if plan.undoes else Outcome.ERRORED]),
        sign_off_outcome=worst(found[True]) if found[True] else Outcome.PASSED,
        reasons=plan.reasons,
        valid_until=valid_until(plan, gates),
    )


def valid_until(plan: Plan, gates: Iterable[Branch]) -> datetime | None:
    """Until when a verdict holds: the end of the merge window, the revocation of the policy, or the first waiver's expiry."""
    waivers = (
        leaf.waived.expires_at for gate in gates for leaf in gate.leaves if leaf.counted and leaf.waived is not None
    )
    return min((instant for instant in (plan.valid_until, *waivers) if instant is not None), default=None)


def _branch(gate: BoundGate, leaves: tuple[Leaf, ...], approvals: dict[str, Outcome]) -> Branch:
    """A gate: the worst of what counts; the approval that stands in where nothing applies."""
    counted = [leaf.outcome for leaf in leaves if leaf.counted]
    if counted:
        return Branch(name=gate.name, leaves=leaves, outcome=worst(counted))
    if gate.otherwise not in approvals:
        return Branch(name=gate.name, leaves=leaves, outcome=Outcome.ERRORED)
    return Branch(name=gate.name, leaves=leaves, outcome=approvals[gate.otherwise], otherwise=gate.otherwise)


def _leaf(plan: Plan, bound: BoundCriterion, evidence: Evidence) -> Leaf:
    criterion = bound.criterion
    scope = plan.scope(bound)
    leaf = Leaf(
        id=criterion.id,
        kind=criterion.kind,
        gate=bound.gate,
        stage=bound.stage,
        judgement=Judgement(
            outcome=Outcome.PASSED, reason=bound.not_applicable or because(Why.NOT_APPLICABLE, because="")
        ),
        counted=bound.not_applicable is None and not criterion.advisory,
        advisory=criterion.advisory,
        decidable_at=_decidable_at(scope),
    )
    if bound.not_applicable is not None:
        return leaf
    judgement = _judgement(bound, scope, evidence)
    waivers = plan.waivers_of(bound) if leaf.counted else ()
    waived, told = cover(waivers, criterion, scope, evidence, judgement)
    if waived is not None and not (criterion.windowless or scope.decidable):
        waits = because(Why.WAIVER_WAITS, waiver=waived.waiver, outcome=str(judgement.outcome))
        waived, told = None, (waits, judgement.reason, *told)
        judgement = _pending(scope, _more_rows(bound, scope, evidence))
    warnings = (*told, *plan.author_supplied(bound), *judgement.warnings)
    return replace(leaf, judgement=replace(judgement, warnings=warnings), waived=waived)


def _judgement(bound: BoundCriterion, scope: Scope, evidence: Evidence) -> Judgement:
    """Errored at once on what waiting can't cure, then pending until decidable unless harm shows, then judged."""
    criterion = bound.criterion
    if criterion.windowless:
        return criterion.judge(scope, evidence)
    for need in criterion.needs(scope):
        answer = evidence.answer(need)
        if isinstance(answer, Missing) and answer.lasting:
            return Judgement(outcome=Outcome.ERRORED, reason=answer.reason)
    if scope.decidable and scope.stages:
        return criterion.judge(scope, evidence)
    if scope.ran:
        harm = criterion.early(Scope(facts=scope.facts, stages=scope.ran), evidence)
        if harm is not None:
            return harm
    return _pending(scope, _more_rows(bound, scope, evidence))


def _more_rows(bound: BoundCriterion, scope: Scope, evidence: Evidence) -> int:
    """How many rows are still missing, by what has been read so far; 0 where that is not known. Decides nothing."""
    least = int(getattr(bound.criterion, "min_rows", 0))
    if not scope.ran:
        return least
    so_far = bound.criterion.judge(Scope(facts=scope.facts, stages=scope.ran), evidence).reason
    if so_far.why is Why.NO_ROWS:
        return least
    if so_far.why is Why.TOO_FEW_ROWS:
        return max(0, int(so_far.parameters["least"]) - int(so_far.parameters["rows"]))
    return max(0, int(so_far.parameters.get("more_rows", 0)))


def _pending(scope: Scope, more_rows: int) -> Judgement:
    """Not decidable yet, and when: by the stage that can be decided last."""
    rows = {"more_rows": more_rows} if more_rows else {}
    waiting = [stage for stage in scope.stages if not stage.decidable]
    unknown = next((stage for stage in waiting if stage.ends_at is None), None)
    if unknown is not None and unknown.window is not None:
        paused = because(Why.STAGE_RUNNING, stage=unknown.name, until="unknown", **rows)
        return Judgement(outcome=Outcome.PENDING, reason=paused)
    if unknown is not None or not waiting:
        name = unknown.name if unknown is not None else "any"
        return Judgement(outcome=Outcome.PENDING, reason=because(Why.STAGE_NOT_STARTED, stage=name, **rows))
    last = waiting[-1]
    maturing = last.window is not None and last.window.length >= last.lasts
    return Judgement(
        outcome=Outcome.PENDING,
        reason=because(
            Why.LABELS_MATURING if maturing else Why.STAGE_RUNNING,
            stage=last.name,
            until=last.decidable_at.isoformat() if last.decidable_at is not None else "unknown",
            **rows,
        ),
    )


def _decidable_at(scope: Scope) -> datetime | None:
    instants = [stage.decidable_at for stage in scope.stages if _known(stage)]
    if len(instants) < len(scope.stages):
        return None
    return max((instant for instant in instants if instant is not None), default=None)


def _known(stage: StageFacts) -> bool:
    return stage.decidable_at is not None
