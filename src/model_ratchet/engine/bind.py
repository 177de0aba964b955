"""Bind: policy × model × request × stage history → plan, or the faults that keep them from fitting together.

What can't fit is found here, before any query runs.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from model_ratchet.core.evidence import HOUR, Document
from model_ratchet.core.names import PolicyName
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.criteria.base import Criterion, Facts, Scope, StageFacts
from model_ratchet.documents.facts import allocation, infrastructure, integration, metric_facts, price_facts, stated
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import waiver_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Gate, Policy
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.revocations import Revocation
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.waiver import Waiver
from model_ratchet.documents.words import meant
from model_ratchet.engine.comeback import comeback_faults
from model_ratchet.engine.history import StageClock, StageHistory, StageRun, State, Trust, clock
from model_ratchet.engine.plan import BoundCriterion, BoundGate, Plan
from model_ratchet.engine.story import Setback
from model_ratchet.engine.trust import author_supplied, literal_faults, paired_literals, refusals, warnings
from model_ratchet.engine.waivers import bind_waivers, is_about

_ENDED = frozenset({State.MATURING, State.CLOSED})


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why the documents don't fit together: which document is to blame, and the fault in it."""

    document: Literal["policy", "model", "request"]
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What is bound together, with the digests and paths that go into the record."""

    policy: Policy
    model: ModelFile
    request: PromotionRequest
    sources: Sources | None
    """None where only documents are looked at and this one is not there: no source can then be asked."""
    baseline_digest: str | None = None
    revocation: Revocation | None = None
    """The revocation of the policy, at once or from an instant to come."""
    replaces: frozenset[PolicyName] = frozenset()
    """The revoked policies in whose place the policy stands."""
    waivers: tuple[Waiver, ...] = ()
    """Those of the base branch that the policy and the model file let be."""
    brought: tuple[Waiver, ...] = ()
    """Those that the change itself brings, which are shown and never applied."""
    rolled_back: Setback | None = None
    """The last incident of this version, or of this artifact, that nobody has taken back."""
    causes: Mapping[str, Document] = field(default_factory=dict)
    """Path → document, of the root causes that the base branch holds of the model."""
    undoes: Reason | None = None
    """The rollback that the promotion takes back, to the same tree: approvals are then all there is to judge."""
    drift: Mapping[str, float] = field(default_factory=dict)
    """Metric → what changed of it since the golden baseline, as far as all of it was sealed."""
    not_golden: str | None = None
    """Why the version that the model file pins can't be the golden baseline."""
    others_tried: int = 0
    """Attempts of other artifacts against the same baseline."""
    digests: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)


def bind(documents: Documents, history: StageHistory | None, *, now: datetime) -> Plan | tuple[Misfit, ...]:
    """The plan of a promotion at an instant, or every fault that was found."""
    policy, model, request = documents.policy, documents.model, documents.request
    faults = list(_request_faults(documents, now=now))
    if history is None and request.history:
        history = stated_history(request)
    faults += _history_faults(policy, model, history)
    faults += _rollback_faults(documents, history)
    if faults:
        return tuple(faults)
    stages = tuple(_stage(policy, model, index, history, now) for index in range(len(policy.stages)))
    facts = _facts(documents, history)
    instants = _instants(policy, facts, stages, history)
    facts = replace(facts, decided_at=max((one for one in instants if one <= now), default=None))
    supplied = author_supplied(model, documents.sources)
    gates, misfits = bound_gates(policy, facts, stages, supplied, approvals_suffice=documents.undoes is not None)
    if misfits:
        return misfits
    facts = replace(facts, early_sharers=early_sharers(gates))
    window_ends = _window_ends(policy, stages, history)
    revoked_from = documents.revocation.since if documents.revocation is not None else None
    valid_until = min((instant for instant in (window_ends, revoked_from) if instant is not None), default=None)
    held = [one for one in documents.waivers if is_about(one, request)]
    waivers = bind_waivers(held, [one for one in documents.brought if is_about(one, request)], now=now)
    granted = {instant for one in held for instant in (one.granted_at, one.expires_at)}
    idle = {waiver_path(one.waiver) for one in waivers if one.not_in_force is not None}
    plan = Plan(
        policy=str(policy.full_name),
        facts=facts,
        stages=stages,
        gates=gates,
        digests={name: digest for name, digest in documents.digests.items() if name not in idle},
        paths=dict(documents.paths),
        lines=dict(documents.lines),
        valid_until=valid_until,
        expired=window_ends is not None and now > window_ends,
        changed_at=tuple(sorted({*instants, *granted, *([valid_until] if valid_until is not None else [])})),
        waivers=waivers,
    )
    told = (
        *_reasons(plan, policy, history),
        *_remembered(documents),
        *_notice(documents),
        *warnings(plan.bound(), supplied),
    )
    return replace(plan, reasons=told)


def bound_gates(
    policy: Policy,
    facts: Facts,
    stages: tuple[StageFacts, ...],
    supplied: Mapping[str, str],
    *,
    approvals_suffice: bool = False,
) -> tuple[tuple[BoundGate, ...], tuple[Misfit, ...]]:
    """The gates of a policy on these stages, and why they do not fit; ``supplied`` are the metrics that are author-supplied."""
    faults: list[Misfit] = []
    gates: list[BoundGate] = []
    for index, gate in enumerate(policy.gates):
        bound = tuple(_bound(gate, index, facts, stages, faults))
        refused = refusals(index, gate, bound, policy.trust.at_least, supplied)
        faults += [Misfit("policy", fault) for fault in refused]
        gates.append(BoundGate(name=gate.name, criteria=bound, otherwise=gate.otherwise))
    faults += _gate_faults(gates)
    counted = [one.criterion for gate in gates for one in gate.criteria if _counts(one)]
    if not faults and not any(approvals_suffice or not one.sign_off for one in counted):
        faults.append(_misfit("policy", ("gates",), "no criterion applies to this promotion: nothing would be judged"))
    return tuple(gates), tuple(faults)


def early_sharers(gates: Sequence[BoundGate]) -> int:
    """How many criteria share the level at which any of them may fail early; at least one."""
    return max(1, sum(_fails_early(one.criterion) for gate in gates for one in gate.criteria))


def stated_history(request: PromotionRequest) -> StageHistory:
    """The stage history that a request states by hand: author-supplied, for back-tests and demonstrations."""
    return StageHistory(
        runs=tuple(
            StageRun(
                stage=entry.stage,
                started_at=entry.started,
                pauses=tuple(pause.interval for pause in entry.pauses),
                extensions=entry.extensions,
            )
            for entry in request.history
        ),
        trust=Trust.AUTHOR_SUPPLIED,
    )


def _request_faults(documents: Documents, *, now: datetime) -> Iterator[Misfit]:
    policy, model, request = documents.policy, documents.model, documents.request
    if request.policy not in model.policies:
        allowed = ", ".join(str(name) for name in model.policies)
        yield _misfit(
            "request", ("policy",), f"{model.name} may not use {request.policy}: its model file allows {allowed}"
        )
    if documents.revocation is not None and now >= documents.revocation.since:
        yield _misfit("request", ("policy",), documents.revocation.refusal)
    if documents.baseline_digest is not None and request.artifact.digest == documents.baseline_digest:
        yield _misfit(
            "request", ("artifact", "digest"), "this is the digest of the baseline: nothing new would be promoted"
        )
    if model.artifact is not None and not any(
        request.artifact.uri.startswith(origin) for origin in model.artifact.origins
    ):
        origins = ", ".join(model.artifact.origins)
        yield _misfit(
            "request", ("artifact", "uri"), f"{request.artifact.uri} is not below an allowed origin: {origins}"
        )
    if (foreign := _foreign_code(model, request)) is not None:
        yield _misfit("request", ("metadata", "source", "repository"), foreign)
    if request.history and policy.retrospective != "allowed":
        yield _misfit(
            "request",
            ("history",),
            f"{request.policy} takes no stage history from a request: only a policy with `retrospective: allowed` does",
        )
    if request.drill is not None and request.drill.performed_at > now:
        yield _misfit("request", ("drill", "performed_at"), "the drill lies in the future")
    if documents.sources is not None:
        supplied = author_supplied(model, documents.sources)
        yield from (Misfit("request", fault) for fault in literal_faults(request.literals, policy, model, supplied))


def _foreign_code(model: ModelFile, request: PromotionRequest) -> str | None:
    """Why the repository that a request names is none of the model's code; GitHub's names ignore case."""
    source = request.metadata.source
    if source is None or model.code is None:
        return None
    known = model.code.repositories
    if source.repository.lower() in (one.lower() for one in known):
        return None
    return f"{source.repository} is not where the code of {model.name} is: its model file lists {', '.join(known)}"


def _rollback_faults(documents: Documents, history: StageHistory | None) -> Iterator[Misfit]:
    """What speaks against a version because of what was rolled back, and against the golden baseline."""
    if documents.not_golden is not None:
        yield _misfit("model", ("golden",), documents.not_golden)
    if documents.rolled_back is not None:
        faults = comeback_faults(documents.rolled_back, documents.request, documents.causes, history)
        yield from (Misfit("request", fault) for fault in faults)


def _history_faults(policy: Policy, model: ModelFile, history: StageHistory | None) -> Iterator[Misfit]:
    order = [stage.name for stage in policy.stages]
    runs = history.runs if history is not None else ()
    for index, run in enumerate(runs):
        if run.stage not in order:
            message = f"{run.stage!r} is no stage of the policy: it has {', '.join(order)}"
            yield _misfit("request", ("history", index, "stage"), message)
        elif order.index(run.stage) != index:
            message = f"{run.stage!r} is out of order: the stages are {', '.join(order)}"
            yield _misfit("request", ("history", index, "stage"), message)
        elif run.extensions > policy.extend.at_most:
            message = f"{run.extensions} extensions, and the policy allows {policy.extend.at_most}"
            yield _misfit("request", ("history", index, "extensions"), message)
        else:
            yield from _clock_faults(policy, model, runs, index)


def _clock_faults(policy: Policy, model: ModelFile, runs: Sequence[StageRun], index: int) -> Iterator[Misfit]:
    """No window opens before the one before it has ended, and a stage that was paused for too long starts again."""
    run = runs[index]
    told = _clock(policy, model, index, run, run.started_at)
    lasts = _lasts(policy, index, run)
    settle = policy.settle.delta if policy.settle is not None else timedelta()
    if (
        told.ends_at is not None
        and (paused := told.ends_at - run.started_at - settle - lasts) > policy.max_paused.delta
    ):
        message = f"{run.stage} was paused for {paused / HOUR:g}h, and the policy allows {policy.max_paused}"
        yield _misfit("request", ("history", index, "pauses"), f"{message}: it starts again, so state its new start")
    if index and _clock(policy, model, index - 1, runs[index - 1], run.started_at + settle).state not in _ENDED:
        message = f"{run.stage} starts before {runs[index - 1].stage} has ended: rows would count for both"
        yield _misfit("request", ("history", index, "started"), message)


def _misfit(document: Literal["policy", "model", "request"], path: tuple[str | int, ...], message: str) -> Misfit:
    return Misfit(document, Fault(path, message))


def _stage(policy: Policy, model: ModelFile, index: int, history: StageHistory | None, now: datetime) -> StageFacts:
    stage = policy.stages[index]
    run = history.run(stage.name) if history is not None else None
    told = _clock(policy, model, index, run, now)
    return StageFacts(
        name=stage.name,
        lasts=_lasts(policy, index, run),
        traffic=stage.traffic.value if stage.traffic is not None else None,
        mirror=stage.mirror.value if stage.mirror is not None else None,
        window=told.window,
        decidable=told.state is State.CLOSED,
        ends_at=told.ends_at,
        decidable_at=told.decidable_at,
    )


def _lasts(policy: Policy, index: int, run: StageRun | None) -> timedelta:
    """The active time of a stage, with the extensions of its run."""
    by = policy.extend.by.delta if policy.extend.by is not None else timedelta()
    return policy.stages[index].lasts.delta + (run.extensions if run is not None else 0) * by


def _clock(policy: Policy, model: ModelFile, index: int, run: StageRun | None, now: datetime) -> StageClock:
    return clock(
        run,
        lasts=_lasts(policy, index, run),
        settle=policy.settle.delta if policy.settle is not None else timedelta(),
        mature_after=model.labels.mature_after.delta if model.labels is not None else timedelta(),
        now=now,
    )


def model_facts(model: ModelFile, *, paired: Collection[str] = ()) -> Facts:
    """What the model file alone says; of the metrics in ``paired`` a request states pairs itself."""
    return Facts(
        model=model.name,
        candidate="",
        baseline="",
        metrics=metric_facts(model, paired=paired),
        segments=tuple(model.segments),
        cluster=model.cluster.column if model.cluster is not None else None,
        finer_cluster=model.cluster is not None and model.cluster.within_window is not None,
        timezone=model.time.timezone or "UTC",
        assignment=model.assignment is not None,
        reported_digest=model.rows.digest is not None,
        integration=integration(model),
        registry=model.registry.name if model.registry is not None else None,
        registry_alias=model.registry.alias if model.registry is not None else None,
        min_label_coverage=model.labels.min_coverage.value if model.labels is not None else None,
        suites=tuple(model.suites),
        scans=tuple(model.scans),
        code=model.code.repositories if model.code is not None else (),
        roles={role: people for role, people in model.roles.items()},  # noqa: C416  (a plain dict is sealed)
        allocation=allocation(model),
        infrastructure=infrastructure(model),
        prices=price_facts(model),
    )


def _facts(documents: Documents, history: StageHistory | None) -> Facts:
    policy, model, request = documents.policy, documents.model, documents.request
    return replace(
        model_facts(model, paired=paired_literals(request.literals)),
        candidate=str(request.candidate),
        baseline=None if request.baseline == "none" else str(request.baseline),
        candidate_digest=request.artifact.digest,
        baseline_digest=documents.baseline_digest,
        stated=stated(request),
        documents=dict(request.documents),
        drill=request.drill_facts(),
        golden=str(model.golden) if model.golden is not None else None,
        drift=dict(documents.drift),
        alpha_divisor=(history.attempt if history is not None else 1) * (1 + policy.extend.at_most),
        early_level=policy.early_fail.level,
    )


def _bound(
    gate: Gate, index: int, facts: Facts, stages: tuple[StageFacts, ...], faults: list[Misfit]
) -> Iterator[BoundCriterion]:
    """Each criterion of a gate on the stages that it names; what does not fit is added to the faults."""
    for position, criterion in enumerate(gate.criteria):
        path: tuple[str | int, ...] = ("gates", index, "criteria", position)
        missing = criterion.unbound(facts)
        if missing is not None and not criterion.when_bound:
            faults.append(
                _misfit(
                    "policy",
                    path,
                    f"{criterion.id}: the model file of {facts.model} binds no {missing}{_meant(missing, facts)}; "
                    "bind it there, or mark the criterion `when_bound: true`",
                )
            )
            continue
        because_not = _not_applicable(criterion, facts, missing)
        unstated = criterion.unstated(facts) if because_not is None else None
        if unstated is not None:
            message = f"{criterion.id} of the policy rests on {unstated}, which is not stated: add it"
            faults.append(_misfit("request", tuple(unstated.split(".")), message))
        for names, pooled in placed(criterion, stages, path, faults):
            one = BoundCriterion(
                criterion=criterion, gate=gate.name, stages=names, pooled=pooled, not_applicable=because_not
            )
            if because_not is None:
                scope = Scope(facts=facts, stages=tuple(stage for stage in stages if stage.name in names))
                faults += [
                    _misfit("policy", path, f"{criterion.id}: {message}") for message in criterion.misfits(scope)
                ]
            yield one


def _meant(missing: str, facts: Facts) -> str:
    """The metric that a misspelt one was probably to be."""
    near = meant(missing.removeprefix("metrics."), facts.metrics) if missing.startswith("metrics.") else None
    return f" (did you mean `{near}`?)" if near is not None else ""


def _not_applicable(criterion: Criterion, facts: Facts, missing: str | None) -> Reason | None:
    if missing is not None:
        return because(Why.NOT_APPLICABLE, because=f"{missing} is not bound")
    if criterion.compares and facts.baseline is None:
        return because(Why.FIRST_VERSION)
    return None


def placed(
    criterion: Criterion, stages: tuple[StageFacts, ...], path: tuple[str | int, ...], faults: list[Misfit]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The stages of each judgement that a criterion makes, and whether it pools them; what keeps it from any is added."""
    if criterion.windowless:
        after = getattr(criterion, "after", None)
        yield ((after,) if isinstance(after, str) else ()), True
        return
    named = criterion.stage
    chosen = [
        stage for stage in stages if named is None or stage.name in ((named,) if isinstance(named, str) else named)
    ]
    if criterion.traffic_only:
        without = [stage.name for stage in chosen if stage.traffic is None]
        chosen = [stage for stage in chosen if stage.traffic is not None]
        if (named is not None and without) or not chosen:
            word = ", ".join(without)
            faults.append(_misfit("policy", path, f"{criterion.id}: needs a traffic share, and {word} has none"))
            return
    if named is not None or criterion.stagewise:
        for stage in chosen:
            yield (stage.name,), False
        return
    yield tuple(stage.name for stage in chosen), True


def _gate_faults(gates: Sequence[BoundGate]) -> Iterator[Misfit]:
    """A gate of which nothing applies needs an approval that does."""
    deciding = {one.criterion.id for gate in gates for one in gate.criteria if _counts(one)}
    for index, gate in enumerate(gates):
        if not gate.criteria or any(_counts(one) for one in gate.criteria):
            continue
        reasons = ", ".join(sorted({one.criterion.id for one in gate.criteria}))
        nothing = f"no criterion of the gate {gate.name} applies ({reasons})"
        if gate.otherwise is None:
            message = f"{nothing}: name the approval that decides, `otherwise: …`"
            yield _misfit("policy", ("gates", index, "name"), message)
        elif gate.otherwise not in deciding:
            message = f"{nothing}, and neither does {gate.otherwise}: bind its role in the model file"
            yield _misfit("policy", ("gates", index, "otherwise"), message)


def _counts(bound: BoundCriterion) -> bool:
    return bound.not_applicable is None and not bound.criterion.advisory


def _fails_early(criterion: Criterion) -> bool:
    return type(criterion).early is not Criterion.early


def _window_ends(policy: Policy, stages: tuple[StageFacts, ...], history: StageHistory | None) -> datetime | None:
    """The end of the merge window; a back-test has none, because nothing of it is in traffic."""
    ends = stages[-1].decidable_at
    if ends is None or history is None or history.trust is Trust.AUTHOR_SUPPLIED:
        return None
    return ends + policy.merge_within.delta


def _instants(
    policy: Policy, facts: Facts, stages: tuple[StageFacts, ...], history: StageHistory | None
) -> frozenset[datetime]:
    """When an input of the evidence changed or will change; nothing ages any more once the last stage is decidable."""
    instants: set[datetime] = set()
    for run in history.runs if history is not None else ():
        instants.add(run.started_at)
        for pause in run.pauses:
            instants |= {pause.start, pause.end}
        if run.paused_since is not None:
            instants.add(run.paused_since)
    for stage in stages:
        instants |= {instant for instant in (stage.ends_at, stage.decidable_at) if instant is not None}
        if stage.window is not None and not stage.decidable:
            instants.add(stage.window.labels_until)
    last = stages[-1].decidable_at
    turns = {one for gate in policy.gates for criterion in gate.criteria for one in criterion.turns_at(facts)}
    return frozenset(instants | {one for one in turns if last is None or one <= last})


def _reasons(plan: Plan, policy: Policy, history: StageHistory | None) -> Iterator[Reason]:
    if plan.facts.baseline is None:
        yield because(Why.FIRST_VERSION)
    if history is not None and history.trust is Trust.AUTHOR_SUPPLIED:
        yield because(Why.AUTHOR_SUPPLIED, what="the stage history")
    if history is not None and history.attempt > 1:
        yield because(Why.ATTEMPT, number=history.attempt)
    extended = sum(run.extensions for run in history.runs) if history is not None else 0
    if extended:
        yield because(Why.EXTENDED, times=extended)
    kinds = {bound.criterion.kind for bound in plan.bound()}
    if plan.facts.baseline is not None and not kinds & {"superiority", "quantile_superiority", "score_superiority"}:
        yield because(Why.NOT_SHOWN_BETTER, policy=policy.name)
    if policy.full_evaluation is not None:
        owed = policy.full_evaluation
        yield because(Why.OWES_EVALUATION, policy=str(owed.policy), within=owed.within.text)
    window_ends = _window_ends(policy, plan.stages, history)
    if plan.expired and window_ends is not None:
        yield because(Why.REPEAT_LAST_STAGE, stage=plan.stages[-1].name, since=window_ends.isoformat())


def _remembered(documents: Documents) -> Iterator[Reason]:
    """What is shown of earlier attempts: nobody is to look for the one candidate of many that was lucky, unseen."""
    request = documents.request
    if documents.undoes is not None:
        yield documents.undoes
    if documents.rolled_back is not None and request.retry is not None:
        yield because(
            Why.ROLLED_BACK_BEFORE,
            version=str(documents.rolled_back.version),
            at=documents.rolled_back.at.isoformat(),
            root_cause=request.retry.root_cause,
        )
    if documents.others_tried:
        yield because(Why.OTHERS_TRIED, attempts=documents.others_tried, baseline=str(request.baseline))


def _notice(documents: Documents) -> Iterator[Reason]:
    """A revocation to come: the verdict holds no longer than until then."""
    found = documents.revocation
    if found is not None:
        yield because(Why.TO_BE_REVOKED, **found.facts)
