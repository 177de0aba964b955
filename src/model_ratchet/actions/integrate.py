"""integrate: the artefacts of a version, from the evidence of its stage, into its folder. Effects in order, no decisions."""

from collections.abc import Mapping
from dataclasses import dataclass

from model_ratchet.actions.artifacts import altered, read_inputs, reproduce, stage_of
from model_ratchet.actions.check import (
    CheckInput,
    Progress,
    bind_remembered,
    gather_evidence,
    proposal_of,
    read_change,
)
from model_ratchet.actions.proposal import Proposal
from model_ratchet.actions.reading import Faulty
from model_ratchet.actions.worktree import Placed, place
from model_ratchet.core.errors import SourceError, UsageError
from model_ratchet.core.finding import Finding
from model_ratchet.core.inherited import Reproduced
from model_ratchet.core.outcome import Outcome
from model_ratchet.criteria.artifacts import REPRODUCED
from model_ratchet.documents.inherited import ARTIFACTS, FOLDER, artifact_path
from model_ratchet.engine.integrate import artifacts
from model_ratchet.engine.integrate.inputs import Inputs
from model_ratchet.engine.integrate.text import text
from model_ratchet.engine.lifecycle import Folder
from model_ratchet.engine.pins import ARTIFACTS as PINNED
from model_ratchet.engine.pins import lost
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import as_sealed
from model_ratchet.git import Git
from model_ratchet.ledger import open_ledger
from model_ratchet.ports import Ledger
from model_ratchet.report.numbers import instant
from model_ratchet.report.reasons import sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrateInput:
    """What is to be computed, of which commit, and whether it is written, shown, or only compared."""

    check: CheckInput
    model: str
    version: str
    dry_run: bool = False
    compare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrated:
    """The artefacts as text, what became of the files, and how the committed ones compare."""

    findings: tuple[Finding, ...] = ()
    texts: Mapping[str, str] | None = None
    """Path → what the evidence gives."""
    placed: tuple[Placed, ...] = ()
    reproduced: Reproduced | None = None
    unlisted: tuple[str, ...] = ()
    """The artefacts that the request does not name yet."""
    pinned: str | None = None
    """The stage that has started with the committed artefacts."""

    @property
    def outcome(self) -> Outcome:
        """Passed where the committed artefacts are there and are what the evidence gives."""
        found = self.reproduced
        if found is None or found.absent or found.differing:
            return Outcome.FAILED
        return Outcome.PASSED


def integrate(asked: IntegrateInput, *, progress: Progress | None = None) -> Integrated:
    """The artefacts of a version that a head proposes, written into the work tree unless they are only shown or compared.

    Raises:
        UsageError: the head does not propose the version, its model asks for no artefacts, its stage is not over, or a stage
            has started with other ones.
        SourceError: what they are computed from could not be read.
        RepositoryError: git could not answer.
    """
    repository = Git(asked.check.repo)
    change = read_change(repository, asked.check)
    folder = Folder(asked.model, asked.version)
    if asked.model not in change.chains or not repository.paths(change.head, folder.path):
        raise UsageError(f"{asked.check.head} proposes no {asked.model} {asked.version}: commit its folder first")
    proposal = proposal_of(repository, change, folder)
    if isinstance(proposal, Faulty):
        return Integrated(findings=proposal.findings)
    if proposal.model.integrate is None:
        raise UsageError(f"the model file of {asked.model} has no `integrate`: there is nothing to compute")
    ledger = open_ledger(repository)
    story = ledger.story(asked.model)
    strange = altered(asked.model, proposal.inherited, ledger)
    if strange:
        return Integrated(findings=strange)
    attempt = story.attempt(asked.version)
    changed = lost(attempt, proposal.documents) if attempt is not None else None
    if changed is not None:
        raise UsageError(f"{changed}: restore it, or begin a new attempt")
    plan, closed = bind_remembered(proposal, story, ledger, now=asked.check.now)
    if not isinstance(plan, Plan):
        return Integrated(findings=tuple(proposal.finding(misfit) for misfit in plan))
    stage = stage_of(plan)
    if stage.window is None or not stage.decidable:
        when = f"at {instant(stage.decidable_at)}" if stage.decidable_at is not None else "once it has started"
        raise UsageError(f"the artefacts are computed from all of {stage.name}, which can be decided {when}")
    if REPRODUCED not in plan.needs():
        raise UsageError(f"no criterion of {plan.policy} asks for the artefacts: add one of the kind `artifacts`")
    root = repository.root
    found = gather_evidence(proposal, plan, asked.check, root, progress, changed=change.paths, closed=closed)
    plan, evidence = as_sealed(plan, found)
    inputs = read_inputs(plan, evidence, proposal.model.integrate, proposal.inherited, story, ledger)
    if not isinstance(inputs, Inputs):
        why = sentence(inputs.reason) if inputs is not None else "nothing was asked"
        raise SourceError(f"the forecasts of {stage.name} can't be read: {why}")
    texts = {
        artifact_path(asked.model, asked.version, name): text(value, _schema(name))
        for name, value in artifacts(inputs).items()
    }
    reproduced = reproduce(inputs, proposal.brought)
    made = Integrated(
        texts=texts,
        reproduced=reproduced if isinstance(reproduced, Reproduced) else None,
        unlisted=tuple(name for name in ARTIFACTS if name not in proposal.request.artifacts),
        pinned=_pinned(ledger, proposal),
    )
    return made if asked.dry_run or asked.compare else _written(asked, made)


def _written(asked: IntegrateInput, made: Integrated) -> Integrated:
    """The artefacts in the work tree. Those that are served already are not written over with others."""
    if made.pinned is not None and made.outcome is not Outcome.PASSED:
        raise UsageError(
            f"{made.pinned} has started with the artefacts as they are committed, and the evidence gives others (--check shows "
            "them): what is served is what was tested, so that others take a new attempt"
        )
    placed = place(asked.check.repo, dict(made.texts or {}), force=True)
    return Integrated(
        texts=made.texts,
        placed=placed,
        reproduced=made.reproduced,
        unlisted=made.unlisted,
        pinned=made.pinned,
    )


def _pinned(ledger: Ledger, proposal: Proposal) -> str | None:
    """The first stage that has started with artefacts, None where none has."""
    attempt = ledger.story(proposal.request.model).attempt(str(proposal.request.candidate))
    starts = attempt.starts if attempt is not None else ()
    return next((start.stage for start in starts if PINNED in start.pinned), None)


def _schema(name: str) -> str:
    """Where an editor finds the schema of an artefact, from its folder."""
    return f"../../../../schemas/{name}.json"


def told(made: Integrated) -> str:
    """What was written, how it compares, and what is still to be done, in lines."""
    lines = [f"{one.state} {one.path}" for one in made.placed]
    found = made.reproduced
    if found is not None and not made.placed:
        lines += [f"{name} is not there" for name in found.absent]
        lines += [f"{one.key} is {one.committed}, and the evidence gives {one.computed}" for one in found.differences]
        if found.differing > len(found.differences):
            lines.append(f"and {found.differing - len(found.differences)} more")
        if made.outcome is Outcome.PASSED:
            lines.append("the committed artefacts are what the evidence gives")
    if found is not None:
        lines += [f"note: {line}" for line in found.not_measured]
    if made.unlisted:
        listed = ", ".join(f"{name}: {FOLDER}/{name}.yaml" for name in ARTIFACTS)
        lines.append(f"name them in promotion.yaml: artifacts: {{{listed}}}")
    return "\n".join(lines)
