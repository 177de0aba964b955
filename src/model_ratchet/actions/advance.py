"""advance: a stage closed, the next one started, or why not; each an event of the ledger. Effects in order, no decisions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from model_ratchet.actions.check import (
    CheckInput,
    Progress,
    World,
    bind_remembered,
    meaning_of,
    proposal_of,
    read_change,
    read_evidence,
)
from model_ratchet.actions.proposal import Proposal
from model_ratchet.actions.reading import Faulty, hidden_at
from model_ratchet.actions.sign_off import PullRequest, read_entries
from model_ratchet.core.errors import UsageError
from model_ratchet.core.finding import Finding
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import (
    Actor,
    Admitted,
    Confirmed,
    Event,
    Extended,
    RefusedAdvance,
    StageClosed,
    StageStarted,
    Withdrawn,
)
from model_ratchet.engine.advance import (
    Cause,
    Close,
    End,
    Extend,
    Situation,
    Start,
    State,
    Step,
    Wait,
    may_move,
    next_steps,
    overtaken,
)
from model_ratchet.engine.disclosure import refuse_unlisted
from model_ratchet.engine.judge import judge
from model_ratchet.engine.lifecycle import Folder, Proposed, Refused
from model_ratchet.engine.pins import pins
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record, as_sealed, digest, seal, to_bytes
from model_ratchet.engine.story import Story
from model_ratchet.git_write import MovedError, Writer
from model_ratchet.ledger import Entry, GitLedger, append, fetch_ledger, record_path, report_path
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.signing import signer_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be advanced, who asks for it, and what is known of its pull request."""

    check: CheckInput
    state: State = State.OPEN
    by: Actor | None = None
    """None where nobody asked for it, which leaves no trace where it changes nothing."""
    cause: Cause = Cause.ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """What was done: the steps, the events that they became, and the record of a stage that was closed; none of it where
    nobody asked for it and the policy leaves it to people."""

    folder: Folder | None = None
    steps: tuple[Step, ...] = ()
    events: tuple[Event, ...] = ()
    record: Record | None = None
    findings: tuple[Finding, ...] = ()
    moved_at: datetime | None = None
    """When it moved before; None where it is under no evaluation."""


def advance(
    asked: Asked, repository: Writer, *, pull: PullRequest | None = None, progress: Progress | None = None
) -> Advanced:
    """The next steps of the promotion that a head proposes to a base, done.

    Raises:
        UsageError: the head proposes no promotion, or more than one; or there is to be signed, and can't be.
        MovedError: somebody else was faster, and nothing was appended: it may be asked again.
        RepositoryError: git could not answer, or the ledger can't be written.
        ForgeError: the reviews can't be read.
    """
    change = read_change(repository, asked.check)
    meant = meaning_of(repository, change)
    if isinstance(meant, Refused):
        return Advanced(findings=meant.findings)
    if not isinstance(meant, Proposed) or len(meant.folders) != 1:
        if asked.cause is not Cause.ASKED:
            return Advanced()
        raise UsageError("there is nothing to advance here: that takes a head that proposes one version")
    (folder,) = meant.folders
    ledger = fetch_ledger(repository)
    story = ledger.story(folder.model)
    told = _Told(folder, asked, hidden_at(repository, change.base, asked.check.environ))
    end = overtaken(story.attempt(folder.version), change.chains[folder.model])
    if end is not None:
        return _append(repository, told, story, (end,), (Withdrawn(**told.fields, because=end.because),))
    proposal = proposal_of(repository, change, folder)
    if isinstance(proposal, Faulty):
        return Advanced(folder=folder, findings=proposal.findings)
    policy = proposal.policy.document
    if not may_move(asked.cause, policy, story.attempt(folder.version)):
        return Advanced(folder=folder, moved_at=_moved_at(story, folder))
    plan, closed = bind_remembered(proposal, story, ledger, now=asked.check.now)
    if not isinstance(plan, Plan):
        return Advanced(folder=folder, findings=tuple(proposal.finding(misfit) for misfit in plan))
    world = World(
        repository=repository,
        ledger=ledger,
        pull=pull,
        forge=pull.forge if pull is not None else None,
        progress=progress,
    )
    plan, evidence = as_sealed(plan, read_evidence(proposal, plan, asked.check, world, change, closed))
    roles = sorted({role for stage in policy.stages for role in stage.enter})
    situation = Situation(
        policy=policy,
        plan=plan,
        verdict=judge(plan, evidence),
        story=story,
        state=asked.state,
        entries=read_entries(plan, repository, pull, roles, base=change.base, head=change.head),
    )
    steps = next_steps(situation)
    record = seal(plan, evidence, situation.verdict, now=asked.check.now)
    events = tuple(_events(steps, told, proposal, record, story))
    refuse_unlisted(evidence, proposal.model.segments)
    return _append(repository, told, story, steps, events, record)


@dataclass(frozen=True, slots=True)
class _Told:
    """What every event of one run says."""

    folder: Folder
    asked: Asked
    hidden: Mapping[str, str] = field(repr=False)
    """Variable → its value, which may stand nowhere in the ledger."""

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that all events of an attempt have."""
        return {
            "at": self.asked.check.now,
            "by": self.asked.by,
            "model": self.folder.model,
            "candidate": Version.parse(self.folder.version),
            "pull": self.asked.check.pull_request,
        }


def _append(
    repository: Writer,
    told: _Told,
    story: Story,
    steps: tuple[Step, ...],
    events: tuple[Event, ...],
    record: Record | None = None,
) -> Advanced:
    """Append the events, unless the model's story is another one by now. Raises ``MovedError`` then."""
    folder = told.folder
    entry = Entry(events, _files(events, record) if record is not None else {})

    def decide(latest: GitLedger) -> Entry:
        if latest.story(folder.model) != story:
            raise MovedError(f"somebody else advanced {folder.model} meanwhile: run this again")
        return entry

    message = f"{folder.model} {folder.version}: {', '.join(event.kind for event in events)}"
    check = told.asked.check
    append(repository, decide, message, check.now, hidden=told.hidden, sign=signer_of(check.environ))
    return Advanced(
        folder=folder,
        steps=steps,
        events=events,
        record=record if entry.files else None,
        moved_at=_moved_at(story, folder),
    )


def _moved_at(story: Story, folder: Folder) -> datetime | None:
    attempt = story.attempt(folder.version)
    return attempt.moved_at if attempt is not None else None


def _events(steps: Sequence[Step], told: _Told, proposal: Proposal, record: Record, story: Story) -> Iterator[Event]:
    """The events that steps are written down as."""
    fields = told.fields
    for step in steps:
        match step:
            case Close():
                yield StageClosed(**fields, stage=step.stage, outcome=step.outcome.value, record=digest(record))
            case Start():
                if step.admits:
                    yield _admission(fields, record.plan, story)
                yield StageStarted(
                    **fields,
                    stage=step.stage,
                    share=step.share,
                    mirror=step.mirror,
                    pinned=pins(proposal.documents, served=step.share > 0),
                )
                if proposal.model.traffic is None:  # whoever moves the router by hand asks for this when it is moved
                    yield Confirmed(**fields, stage=step.stage)
            case Extend():
                yield Extended(**fields, stage=step.stage)
            case End():
                yield Withdrawn(**fields, because=step.because)
            case Wait():
                if step.refused and told.asked.by is not None:
                    yield RefusedAdvance(**fields, because=step.because)


def _admission(fields: Mapping[str, Any], plan: Plan, story: Story) -> Admitted:
    facts = plan.facts
    if facts.candidate_digest is None:
        raise UsageError(f"{facts.candidate} has no digest: nothing can be admitted that nobody can name")
    return Admitted(
        **fields,
        baseline=Version.parse(facts.baseline) if facts.baseline is not None else None,
        digest=facts.candidate_digest,
        policy=PolicyName.parse(plan.policy),
        attempt=story.attempts_of(facts.candidate_digest, facts.baseline) + 1,
    )


def _files(events: Sequence[Event], record: Record) -> Mapping[str, bytes]:
    """What the events name: the record of a stage that was closed, with its report."""
    if not any(isinstance(event, StageClosed) for event in events):
        return {}
    sealed = digest(record)
    report = render(Check(records=(record,)), "markdown")
    return {record_path(sealed): to_bytes(record), report_path(sealed): report.encode()}
