"""on_event: what a run of a workflow is asked to check, checked and published. Effects in order, no decisions."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import assert_never

from model_ratchet.actions.check import CheckInput, Progress, check, read_change
from model_ratchet.actions.impact import open_promotions
from model_ratchet.actions.merge_group import Queue
from model_ratchet.actions.publish import Published, Target, publish, publish_group
from model_ratchet.actions.sign_off import PullRequest
from model_ratchet.actions.standing import Said, said_of, same_stages, stands
from model_ratchet.core.errors import ForgeError, RatchetError, UsageError
from model_ratchet.git import Git
from model_ratchet.git_write import Writer
from model_ratchet.github.client import Access, Hub
from model_ratchet.github.comments import speaks, take_up
from model_ratchet.github.event import (
    AdvanceAsked,
    Event,
    MergeGroupBuilt,
    NothingToDo,
    PullRequestChanged,
    PullRequestNamed,
    RecheckAsked,
    RefreshDue,
    RunEnded,
)
from model_ratchet.github.job import Job
from model_ratchet.github.people import may_write
from model_ratchet.github.pulls import PullState, open_pulls, read_pull
from model_ratchet.ledger import GitLedger, fetch_ledger
from model_ratchet.ports import Forge
from model_ratchet.report.check import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that a run depends on besides its event; nothing after it reads the environment or the clock."""

    repo: Path
    hub: Hub
    job: Job
    now: datetime
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What git fetches with, as ``Git`` takes them."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    forge: Forge | None = None
    """Where reviews are read; without it none counts."""
    progress: Progress | None = None
    tips: dict[str, str] = field(default_factory=dict)
    """The commit of each base branch that has been fetched: all pull requests of a refresh are judged by the same one."""
    ledgers: list[GitLedger] = field(default_factory=list)
    """The ledger, once it has been fetched: of it, too, they are all judged by the same commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """One pull request of a refresh: what was published, or why it could not even be judged."""

    number: int
    published: Published | None = None
    trouble: str | None = None
    stands: bool = False
    """What was published still holds, and nothing that it rests on has changed: it was not even judged again."""

    @property
    def sound(self) -> bool:
        """Whether GitHub says now what is so."""
        return self.stands or (self.published is not None and not self.published.troubles)


def git_headers(access: Access, server: str) -> dict[str, str]:
    """What git needs to fetch from GitHub with the same token."""
    secret = base64.b64encode(f"x-access-token:{access.token}".encode()).decode()
    return {f"{server.rstrip('/')}/": f"Authorization: Basic {secret}"}


def check_and_publish(event: Event, run: Run) -> Published | NothingToDo:
    """Judge what an event names and publish the verdict.

    Raises:
        UsageError: the event names no one pull request.
        ForgeError: GitHub could not be asked which commit to judge, or whether somebody may ask for it.
    """
    match event:
        case NothingToDo():
            return event
        case RefreshDue():
            raise UsageError("this event names no pull request: refresh all open ones with --refresh")
        case MergeGroupBuilt():
            target = Target(number=0, head=event.head, base=event.base, fork=False, files=files_of(run))
            return publish_group(_judged_group(run, event), target, run.hub, run.job)
        case PullRequestChanged():
            target = Target(number=event.number, head=event.head, base=event.base, fork=event.fork, files=files_of(run))
        case AdvanceAsked():
            return NothingToDo(why="`/ratchet advance` asks for the next stage, which is answered by `ratchet advance`")
        case RecheckAsked() if not may_write(run.hub, event.login):
            return NothingToDo(why="only who may write here may ask for a recheck")
        case RunEnded():
            there = [state for state in open_pulls(run.hub) if state.head == event.head]
            if len(there) != 1:
                return NothingToDo(why=f"{len(there)} open pull requests have the head {event.head[:12]}")
            target = _target(there[0], files_of(run))
        case RecheckAsked() | PullRequestNamed():
            state = read_pull(run.hub, event.number)
            if not state.open:
                return NothingToDo(why=f"pull request #{state.number} is closed")
            target = _target(state, files_of(run))
        case _:
            assert_never(event)
    warnings = taken_up(event, run)
    published = publish(_judged(run, target, _said(run, target)), target, run.hub, run.job)
    return replace(published, warnings=(*warnings, *published.warnings))


def refresh(event: Event, run: Run) -> Iterator[Refreshed]:
    """Judge every open pull request that touches promotions or policies anew; publish what has changed or would go stale.

    Raises:
        UsageError: the event is none that asks for it.
        ForgeError: the open pull requests can't be listed.
    """
    if not isinstance(event, RefreshDue):
        raise UsageError("this event is of one pull request: publish its check with --publish")
    for state in open_pulls(run.hub, event.branch):
        target = _target(state, files_of(run) / str(state.number))
        try:
            said = _said(run, target)
            if _stands(run, target, said) and speaks(run.hub, target.number, target.head):
                yield Refreshed(number=state.number, stands=True)
                continue
            published = _told_anew(run, target, said)
            if published is not None:
                yield Refreshed(number=state.number, published=published)
        except RatchetError as error:
            yield Refreshed(number=state.number, trouble=str(error))


def tell_anew(state: PullState, run: Run) -> Published | None:
    """Judge a pull request anew and publish what GitHub does not say yet: its check, its comment, or both.

    None where it touches neither promotions nor policies.
    """
    target = _target(state, files_of(run) / str(state.number))
    return _told_anew(run, target, _said(run, target))


def taken_up(event: Event, run: Run) -> tuple[str, ...]:
    """Show who asked in a comment that it has been read; what hinders that hinders nothing else, and is told."""
    try:
        if isinstance(event, RecheckAsked | AdvanceAsked):
            take_up(run.hub, event.number, event.comment)
    except ForgeError as error:
        return (str(error),)
    return ()


def files_of(run: Run) -> Path:
    """The folder of the reports of a run."""
    return run.job.temporary / "ratchet"


def base_tip(run: Run, repository: Git, branch: str) -> str:
    """The commit that a base branch has in this run, fetched once for all of its pull requests.

    Raises:
        RepositoryError: it can't be fetched.
    """
    if branch not in run.tips:
        run.tips[branch] = repository.fetch_branch(branch)
    return run.tips[branch]


def _ledger(run: Run, repository: Writer) -> GitLedger:
    """The ledger as it is in this run. One that can't be fetched is an error, and never an empty one."""
    if not run.ledgers:
        run.ledgers.append(fetch_ledger(repository))
    return run.ledgers[-1]


def _judged_group(run: Run, group: MergeGroupBuilt) -> Check:
    """The check of a merge group; where our world is broken, one that says so, so that the queue goes on."""
    try:
        repository = Git(run.repo, run.headers)
        tip = repository.fetch_branch(group.base)
        base, head = (repository.ensure(commit) for commit in (group.base_commit, group.head))
        queue = Queue(repository, run.hub, group.base, tip, run.forge)
        return Check(queue=queue.judge(base=base, head=head, now=run.now))
    except RatchetError as error:
        return Check(trouble=str(error))


def _said(run: Run, target: Target) -> Said:
    """What our check has sealed; where it can't be read, nothing has, and all is judged again."""
    try:
        return said_of(run.hub, head=target.head, base=target.base, number=target.number, now=run.now)
    except ForgeError:
        return Said()


def _stands(run: Run, target: Target, said: Said) -> bool:
    """Whether a published verdict is left as it is. What a change of the policies would mean is told anew each time."""
    if not (said.records and said.fresh):
        return False
    try:
        repository = Writer(run.repo, run.headers)
        asked = _asked(run, target, repository, said)
        base, head = asked.base or "", asked.head
        change = read_change(repository, asked)
        if any(path.startswith("policies/") for path in change.paths):
            return False
        ledger = _ledger(run, repository)
        if not all(same_stages(one, repository, ledger, change, now=run.now) for one in said.records):
            return False
        pull = PullRequest(run.forge, target.number) if run.forge is not None else None
        return all(stands(one, repository, pull, base=base, head=head, now=run.now) for one in said.records)
    except RatchetError:
        return False


def _told_anew(run: Run, target: Target, said: Said) -> Published | None:
    checked = _judged(run, target, said)
    if checked.untouched and checked.policies is None:
        return None
    return publish(checked, target, run.hub, run.job, unless_said=run.now)


def _asked(run: Run, target: Target, repository: Git, said: Said) -> CheckInput:
    return CheckInput(
        repo=run.repo,
        base=base_tip(run, repository, target.base),
        head=repository.ensure(target.head),
        now=run.now,
        environ=run.environ,
        pull_request=target.number,
        sealed=said.records,
    )


def _judged(run: Run, target: Target, said: Said) -> Check:
    """The check of a head; where our world is broken, a check that says so, because silence would keep an old verdict."""
    try:
        repository = Writer(run.repo, run.headers)
        asked = _asked(run, target, repository, said)
        ledger = _ledger(run, repository)
        checked = check(asked, repository=repository, ledger=ledger, forge=run.forge, progress=run.progress)
        return _with_impact(run, target, repository, asked, checked)
    except RatchetError as error:
        return Check(trouble=str(error))


def _with_impact(run: Run, target: Target, repository: Git, asked: CheckInput, checked: Check) -> Check:
    """The check with what a change of the policies, if its documents are sound, would mean for what is open."""
    note = checked.policies
    if note is None or any(one.location.file.startswith("policies/") for one in checked.findings):
        return checked
    change = read_change(repository, asked)
    found = open_promotions(repository, run.hub, change, branch=target.base, number=target.number, now=run.now)
    return replace(checked, policies=replace(note, promotions=found))


def _target(state: PullState, files: Path) -> Target:
    return Target(number=state.number, head=state.head, base=state.base, fork=False, files=files, draft=state.draft)
