"""check: what a branch proposes, judged against the policies of its base branch. Effects in order, no decisions."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from model_ratchet.actions.artifacts import altered, read_inputs, reproduce
from model_ratchet.actions.policies import policy_change
from model_ratchet.actions.proposal import Proposal, read_proposal
from model_ratchet.actions.reading import Faulty
from model_ratchet.actions.revisions import Revisions, between, read_revisions
from model_ratchet.actions.sign_off import PullRequest, read_sign_offs
from model_ratchet.actions.source_commit import read_source_commit
from model_ratchet.core.evidence import OF_FORGE, Approvals, Document, Evidence, Measurement, Missing, Need, Shape
from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.reason import Why, because
from model_ratchet.criteria.artifacts import REPRODUCED
from model_ratchet.documents.files import model_path
from model_ratchet.documents.promoted import Promoted, PromotedOrNot, Unreadable, read_promoted
from model_ratchet.engine.bind import Misfit, bind
from model_ratchet.engine.fast_lane import levels, strays
from model_ratchet.engine.guards import in_view_of, named_records
from model_ratchet.engine.history import StageHistory
from model_ratchet.engine.judge import judge
from model_ratchet.engine.lifecycle import (
    Chain,
    Folder,
    Meaning,
    Refused,
    RolledBack,
    Unclear,
    Untouched,
    chain,
    meaning,
    not_alone,
    touched_folders,
)
from model_ratchet.engine.pins import covered, lost
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record, as_sealed, seal
from model_ratchet.engine.reuse import reusable
from model_ratchet.engine.rollback import against
from model_ratchet.engine.story import Story
from model_ratchet.engine.undo import bind_undo, undo_of
from model_ratchet.git import Git
from model_ratchet.ledger import open_ledger
from model_ratchet.ports import Blob, Files, Forge, Ledger, MetricSource, Repository
from model_ratchet.report.check import Check
from model_ratchet.report.notes import RollbackNote

Progress = Callable[[str], None]

_NOTHING: Mapping[Need, Measurement | Missing] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInput:
    """Everything that a check depends on; nothing after it reads the environment or the clock."""

    repo: Path
    base: str | None
    head: str
    now: datetime
    environ: Mapping[str, str] = field(default_factory=dict)
    pull_request: int | None = None
    """The pull request whose reviews count; without it none do."""
    sealed: tuple[Record, ...] = ()
    """Records whose evidence is taken where nothing that it rests on has changed, so that no source is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Revisions):
    """The three commits of a check, what lies between them, and the chains on the base of the models that it touches."""

    chains: Mapping[str, Chain]


def check(
    asked: CheckInput,
    *,
    repository: Repository | None = None,
    revisions: Revisions | None = None,
    ledger: Ledger | None = None,
    forge: Forge | None = None,
    sources: Mapping[str, MetricSource] | None = None,
    progress: Progress | None = None,
) -> Check:
    """The verdict on what ``head`` proposes to ``base`` at an instant; reviews are read where there is a forge to ask.

    ``revisions`` are those of ``base`` and ``head`` where they have been read.
    ``sources`` are asked in the place of those that the base branch names.

    Raises:
        RepositoryError: git could not answer.
    """
    repository = repository if repository is not None else Git(asked.repo)
    change = with_chains(repository, revisions) if revisions is not None else read_change(repository, asked)
    meant = meaning_of(repository, change)
    match meant:
        case Refused(findings):
            return Check(findings=findings)
        case Unclear(model, trouble):
            return Check(rollback=None, trouble=f"{model}: {trouble}")
        case RolledBack():
            ledger = ledger if ledger is not None else open_ledger(repository)
            return _taken_back(change.chains[meant.model], meant, ledger.story(meant.model))
    rules = policy_change(
        repository,
        merge_base=change.merge_base,
        base=change.base,
        head=change.head,
        changes=change.paths,
        now=asked.now,
    )
    note = rules.note if rules is not None else None
    if rules is not None and rules.findings:
        return Check(findings=rules.findings, policies=note)
    if isinstance(meant, Untouched):
        return Check(untouched=True, policies=note)
    ledger = ledger if ledger is not None else open_ledger(repository)
    world = World(repository, ledger, _pull_request(asked, forge), forge, progress, sources)
    return replace(_judge_all(asked, world, change, meant.folders), policies=note)


def meaning_of(repository: Repository, change: Change) -> Meaning:
    """What a change means; a rollback is one only where the trees show that nothing else differs."""
    folders = touched_folders(change.paths)
    commits = (change.merge_base, change.base, change.head)
    there = [frozenset(_below(repository, commit, folders)) for commit in commits]
    meant = meaning(change.paths, at_merge_base=there[0], at_base=there[1], at_head=there[2], chains=change.chains)
    if not isinstance(meant, RolledBack):
        return meant
    before, after = (
        [repository.entries(commit, folder) for folder in levels(meant.model)]
        for commit in (change.merge_base, change.head)
    )
    outcomes = f"promotions/{meant.model}/outcomes"
    found = strays(meant.model, [folder.version for folder in folders], before, after)
    foreign = [path for path in found if path != outcomes]
    if foreign:
        return not_alone(Folder(meant.model, str(meant.removed[0])), foreign)
    return meant if meant.beside else replace(meant, beside=found)


def _taken_back(known: Chain, meant: RolledBack, story: Story) -> Check:
    """A rollback, unless the ledger does not let the version return that would become active."""
    versions = (*known.versions, *(one for one in known.entries if isinstance(one, Promoted)))
    returning = next((one for one in versions if one.candidate == meant.returns_to), None)
    refused = against(returning, story) if returning is not None else None
    if refused is not None:
        message = f"{meant.returns_to} would serve again, and {refused}: remove it as well, back to one that may"
        return Check(findings=(Finding(Location(Folder(meant.model, str(meant.returns_to)).request), message),))
    return Check(
        rollback=RollbackNote(
            model=meant.model,
            removed=tuple(map(str, meant.removed)),
            returns_to=str(meant.returns_to),
            digest=returning.digest if returning is not None else None,
            beside=meant.beside,
        )
    )


def read_change(repository: Repository, asked: CheckInput) -> Change:
    """The commits of a check, the paths between them, and the chains of the models that they touch."""
    return with_chains(repository, read_revisions(repository, base=asked.base, head=asked.head))


def change_between(repository: Repository, *, base: str, head: str, merge_base: str) -> Change:
    """What differs between a merge base and a head, and the chains on the base of the models that it touches."""
    return with_chains(repository, between(repository, base=base, head=head, merge_base=merge_base))


def with_chains(repository: Files, revisions: Revisions) -> Change:
    """The same with the chains on the base of the models whose promotions differ."""
    models = sorted({folder.model for folder in touched_folders(revisions.paths)})
    return Change(
        base=revisions.base,
        head=revisions.head,
        merge_base=revisions.merge_base,
        paths=revisions.paths,
        chains={model: read_chain(repository, revisions.base, model) for model in models},
    )


def proposal_of(repository: Repository, change: Change, folder: Folder) -> Proposal | Faulty:
    """What a change proposes in one of its folders, whose model's chain is known.

    Raises:
        RepositoryError: git could not answer.
    """
    return read_proposal(
        repository,
        folder,
        base=change.base,
        head=change.head,
        chain=change.chains[folder.model],
        changed=change.paths,
    )


def read_chain(repository: Files, base: str, model: str) -> Chain:
    """The chain of a model's promoted versions on the base branch."""
    there = frozenset(repository.paths(base, f"promotions/{model}"))
    requests = [folder.request for folder in touched_folders(there) if folder.request in there]
    blobs = repository.read(base, requests)
    return chain(model, [_promoted(model, path, blobs.get(path)) for path in requests])


def _promoted(model: str, path: str, blob: Blob | None) -> PromotedOrNot:
    if blob is None:
        return Unreadable(model=model, path=path, message="a submodule is not read")
    if blob.symlink:
        return Unreadable(model=model, path=path, message="a symbolic link is not followed")
    if blob.size > len(blob.content):
        return Unreadable(model=model, path=path, message=f"it holds {blob.size} bytes, more than a document may")
    return read_promoted(path, blob.content)


def gather_evidence(
    proposal: Proposal,
    plan: Plan,
    asked: CheckInput,
    root: Path,
    progress: Progress | None,
    *,
    changed: Collection[str],
    closed: Mapping[Need, Measurement | Missing] = _NOTHING,
    sources: Mapping[str, MetricSource] | None = None,
) -> Evidence:
    """The answers of the model's sources and of the documents beside the request. What the forge tells is not among them.

    ``closed`` is what was sealed of stages that are closed: no source is asked about them again. ``sources`` are asked in the
    place of those that the base branch names.
    """
    from model_ratchet.sources.gather import gather
    from model_ratchet.sources.open import base_needs, deadlines, open_sources, route

    needs = plan.needs()
    own: dict[Need, Measurement | Missing] = {}
    for need in needs:
        if need.shape is Shape.DOCUMENT:
            own[need] = _document(proposal, need.metric)
        elif need.shape is Shape.APPROVALS:
            own[need] = Approvals(approvals=())
    answered = own.keys() | closed.keys()
    asked_of_sources = [
        need for need in needs if need not in answered and need.shape not in (*OF_FORGE, Shape.REPRODUCED)
    ]
    sealed_stages = {need.stage for need in closed}
    for stage in plan.stages:
        if stage.window is not None and stage.name not in sealed_stages and asked_of_sources:
            asked_of_sources += base_needs(proposal.model, stage.name, stage.window, paired=stage.paired)
    if sources is None:
        sources = open_sources(
            proposal.sources,
            proposal.model,
            proposal.versions,
            root=root,
            environ=asked.environ,
            now=asked.now,
            literals=proposal.request.literals,
            windows={stage.name: stage.window for stage in plan.stages if stage.window is not None},
            changed=changed,
        )
    found = gather(
        asked_of_sources,
        sources,
        lambda need: route(need, proposal.model, proposal.sources),
        deadlines=deadlines(proposal.sources),
        progress=progress,
    )
    return Evidence({**closed, **found.answers, **own}, found.queries)


@dataclass(frozen=True, slots=True)
class World:
    """What is asked on the way to a verdict."""

    repository: Repository
    ledger: Ledger
    pull: PullRequest | None
    forge: Forge | None
    progress: Progress | None
    sources: Mapping[str, MetricSource] | None = None
    """Those that are asked in the place of what the base branch names."""


def _pull_request(asked: CheckInput, forge: Forge | None) -> PullRequest | None:
    return PullRequest(forge, asked.pull_request) if forge is not None and asked.pull_request is not None else None


def _judge_all(asked: CheckInput, world: World, change: Change, folders: Sequence[Folder]) -> Check:
    findings: list[Finding] = []
    records: list[Record] = []
    for folder in folders:
        proposal = proposal_of(world.repository, change, folder)
        if isinstance(proposal, Faulty):
            findings += proposal.findings
            continue
        if len(folders) > 1 and not proposal.model.allow_batch:
            place = Location(folder.request)
            findings.append(
                Finding(place, f"one pull request proposes one version: {model_path(folder.model)} allows no batch")
            )
            continue
        strange = altered(folder.model, proposal.inherited, world.ledger)
        if strange:
            findings += strange
            continue
        plan, closed = _bound(proposal, folder, asked, world, change)
        if isinstance(plan, Plan):
            plan, evidence = as_sealed(plan, read_evidence(proposal, plan, asked, world, change, closed))
            records.append(seal(plan, evidence, judge(plan, evidence), now=asked.now))
        else:
            findings += [proposal.finding(misfit) for misfit in plan]
    return Check(findings=tuple(sorted(findings))) if findings else Check(records=tuple(records))


def _bound(
    proposal: Proposal, folder: Folder, asked: CheckInput, world: World, change: Change
) -> tuple[Plan | tuple[Misfit, ...], Mapping[Need, Measurement | Missing]]:
    """The plan of what comes for the first time, or for the next; of a rollback that is taken back, the approvals alone."""
    story = world.ledger.story(folder.model)
    alone = all(path.startswith(f"{folder.path}/") for path in change.paths)
    tree = world.repository.tree(change.head, folder.path) if alone else None
    undo = undo_of(proposal.documents, story, tree, now=asked.now)
    if undo is not None:
        return bind_undo(proposal.documents, undo, now=asked.now), _NOTHING
    return bind_remembered(proposal, story, world.ledger, now=asked.now)


def bind_remembered(
    proposal: Proposal, story: Story, ledger: Ledger, *, now: datetime
) -> tuple[Plan | tuple[Misfit, ...], Mapping[Need, Measurement | Missing]]:
    """The plan of a proposal with what the ledger holds of it, and what was sealed of the stages that are closed.

    Where what the stages were started by has changed meanwhile, the plan has none of them, and says why.
    """
    documents = proposal.documents
    documents = in_view_of(documents, story, ledger.records(named_records(documents, story)))
    attempt = story.attempt(str(documents.request.candidate))
    if attempt is None:
        return bind(documents, None, now=now), _NOTHING
    why = lost(attempt, documents)
    if why is None:
        closed = ledger.closed(attempt)
        plan = bind(documents, attempt.history, now=now)
        if not isinstance(plan, Plan) or covered(attempt, plan, closed):
            return plan, closed
        why = f"{plan.policy} needs of its closed stages what was not sealed"
    again = bind(documents, StageHistory(runs=(), attempt=attempt.number), now=now)
    if isinstance(again, Plan):
        again = replace(again, reasons=(*again.reasons, because(Why.STARTS_AGAIN, what=why)))
    return again, _NOTHING


def read_evidence(
    proposal: Proposal,
    plan: Plan,
    asked: CheckInput,
    world: World,
    change: Change,
    closed: Mapping[Need, Measurement | Missing],
) -> Evidence:
    """What the sources say, or said in a sealed record, and what people and the checks of the model's code say now."""
    found = reusable(plan, asked.sealed) if asked.sealed else None
    if found is None:
        root, progress = world.repository.root, world.progress
        found = gather_evidence(
            proposal, plan, asked, root, progress, changed=change.paths, closed=closed, sources=world.sources
        )
    found = _with_artifacts(found, proposal, plan, world)
    said = read_sign_offs(plan, world.repository, world.pull, base=change.base, head=change.head)
    return replace(found, answers={**found.answers, **said, **read_source_commit(plan, world.forge)})


def _with_artifacts(found: Evidence, proposal: Proposal, plan: Plan, world: World) -> Evidence:
    """The evidence with what became of computing the artefacts again, where a criterion asks for it."""
    settings = proposal.model.integrate
    if settings is None or REPRODUCED not in plan.needs():
        return found
    story = world.ledger.story(proposal.model.name)
    form, sealed = as_sealed(plan, found)
    inputs = read_inputs(form, sealed, settings, proposal.inherited, story, world.ledger)
    return replace(found, answers={**found.answers, REPRODUCED: reproduce(inputs, proposal.brought)})


def _below(repository: Repository, commit: str, folders: Sequence[Folder]) -> Sequence[str]:
    found = [path for folder in folders for path in repository.paths(commit, folder.path)]
    return [*found, *repository.paths(commit, "policies")]


def _document(proposal: Proposal, name: str) -> Document | Missing:
    found = proposal.beside.get(name)
    return found if found is not None else Missing(reason=because(Why.DOCUMENT_ABSENT, document=name))
