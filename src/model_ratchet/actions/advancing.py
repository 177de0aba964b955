"""advancing: what a run of the advance workflow does: the ledger first, then what GitHub and the routers are told of it.

Effects in order. What comes after an event is in the ledger never undoes it; what could not be told is told by the next run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from model_ratchet.actions.advance import Advanced, Asked, advance
from model_ratchet.actions.after_stage import tell_deployments, tell_routers
from model_ratchet.actions.anchoring import keep_anchor
from model_ratchet.actions.check import CheckInput
from model_ratchet.actions.on_event import Run, base_tip, check_and_publish, taken_up, tell_anew
from model_ratchet.actions.publish import Published
from model_ratchet.actions.sign_off import PullRequest
from model_ratchet.core.errors import RatchetError, UsageError
from model_ratchet.documents.events import Actor
from model_ratchet.engine.advance import Cause, End, State, Wait
from model_ratchet.git_write import MovedError, Writer
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
from model_ratchet.report.advanced import step_lines
from model_ratchet.report.annotations import command
from model_ratchet.report.escape import text
from model_ratchet.report.log import log_safe

_TRIES = 3
_TOLD_AGAIN = timedelta(hours=3)
"""So long after it moved the schedule looks whether GitHub was told: the run that moved it may have been cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One pull request: what was done, or why nothing could be, and what could not be told of it afterwards."""

    number: int
    advanced: Advanced | None = None
    refused: str | None = None
    trouble: str | None = None
    """Git, GitHub or the ledger could not be asked."""
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advancing:
    """What came of a run."""

    moved: tuple[Moved, ...] = ()
    idle: str | None = None
    """Why no pull request was looked at."""
    refused: bool = False
    """That is because of who asked."""
    warnings: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()

    @property
    def errored(self) -> bool:
        """Whether something could not be looked at."""
        return any(one.trouble is not None for one in self.moved)

    @property
    def whole(self) -> bool:
        """Whether all of it was told."""
        return not self.untold and not any(one.untold for one in self.moved)


def advance_on_github(event: Event, run: Run, *, base: str | None = None, by: Actor | None = None) -> Advancing:
    """Advance what an event names: one pull request, or all that go to the protected branch, by default the default branch.

    Only what goes to that branch moves: policies of another one are whatever its author has written. ``by`` is who
    started the workflow by hand.

    Raises:
        ForgeError: GitHub could not be asked which pull requests there are, or whether somebody may ask for it.
    """
    if isinstance(event, AdvanceAsked) and not may_write(run.hub, event.login):
        return Advancing(idle="only who may write here may ask for the next stage", refused=True)
    found = _named(event, run, by)
    if isinstance(found, NothingToDo):
        return Advancing(idle=found.why)
    branch = base if base is not None else _default_branch(run)
    warnings = taken_up(event, run)
    if found is None:
        ours = [one for one in open_pulls(run.hub, branch) if not one.draft and not one.fork]
        moved = tuple(_moved(run, branch, state, _Why(Cause.SCHEDULED)) for state in ours)
    else:
        state, why = found
        moved = (_moved(run, branch, state, why),)
        if state.fork:  # it starts nothing, and the token of its run may only read
            return Advancing(moved=moved, warnings=warnings)
    number = found[0].number if found is not None else None
    untold = (*tell_deployments(run, number), *tell_routers(run, branch), *keep_anchor(run, branch))
    return Advancing(moved=moved, warnings=warnings, untold=untold)


def advancing_lines(done: Advancing, job: Job) -> str:
    """The log, one line or more for each pull request; the job's summary and outputs say the same.

    Raises:
        OSError: a file of the runner can't be written.
    """
    lines = [(f"#{one.number}: {line}", good) for one in done.moved for line, good in _lines(one)]
    lines += [(f"not told: {one}", False) for one in done.untold]
    if not lines:
        lines = [(done.idle if done.idle is not None else "no candidate can go on by itself", True)]
    job.summarise("".join(f"* {text(line)}\n" for line, _ in lines), f"{len(lines)} lines: see the log of the run.\n")
    job.say(advanced=_became(done), because=lines[0][0], report="")
    log = [command("warning", one) for one in done.warnings]
    return "\n".join((*log, *(log_safe(line) if good else command("error", line) for line, good in lines)))


def _lines(one: Moved) -> Iterator[tuple[str, bool]]:
    if one.trouble is not None:
        yield f"not looked at: {one.trouble}", False
    if one.refused is not None:
        yield f"refused: {one.refused}", True
    if one.advanced is not None:
        folder = one.advanced.folder
        subject = f"{folder.model} {folder.version}" if folder is not None else ""
        yield from ((line, True) for line in step_lines(subject, one.advanced.steps, one.advanced.events))
        if one.advanced.findings:
            yield f"refused: its documents are invalid: {one.advanced.findings[0]}", True
    yield from ((f"not told: {what}", False) for what in one.untold)


def _became(done: Advancing) -> str:
    """In one word: ``errored``, ``refused``, ``over``, ``moved``, ``waiting``, or ``nothing``; the first that is so of any."""
    steps = [step for one in done.moved if one.advanced is not None for step in one.advanced.steps]
    invalid = any(one.advanced is not None and one.advanced.findings for one in done.moved)
    waits = [step for step in steps if isinstance(step, Wait)]
    refused = len(waits) == len(steps) and any(step.refused for step in waits)
    found = {
        "errored": done.errored,
        "refused": done.refused or refused or invalid or any(one.refused is not None for one in done.moved),
        "over": any(isinstance(step, End) for step in steps),
        "moved": len(waits) < len(steps),
        "waiting": bool(steps),
    }
    return next((word for word, so in found.items() if so), "nothing")


@dataclass(frozen=True, slots=True)
class _Why:
    """Why a pull request is looked at, and who asked for it."""

    cause: Cause
    by: Actor | None = None


def _named(event: Event, run: Run, by: Actor | None) -> tuple[PullState, _Why] | NothingToDo | None:
    """The pull request that an event names, None for one that means all of them."""
    match event:
        case RefreshDue():
            return None
        case AdvanceAsked():
            actor = Actor(login=event.login, id=event.account)
            return read_pull(run.hub, event.number), _Why(Cause.ASKED, actor)
        case PullRequestNamed():
            return read_pull(run.hub, event.number), _Why(Cause.ASKED, by)
        case PullRequestChanged():
            return read_pull(run.hub, event.number), _Why(Cause.REVIEWED)
        case RunEnded():
            there = [state for state in open_pulls(run.hub) if state.head == event.head]
            if len(there) != 1:
                return NothingToDo(why=f"{len(there)} open pull requests have the head {event.head[:12]}")
            return there[0], _Why(Cause.REVIEWED)
        case RecheckAsked():
            return NothingToDo(why="`/ratchet recheck` asks for a verdict, which is answered by `ratchet check`")
        case MergeGroupBuilt():
            return NothingToDo(why="a merge group moves no stage")
        case NothingToDo():
            return event


def _default_branch(run: Run) -> str:
    return run.hub.read("read the default branch", lambda: run.hub.repository.default_branch, there=True)


def _moved(run: Run, base: str, state: PullState, why: _Why) -> Moved:
    """One pull request advanced, and its check published anew where somebody asked, or something moves or has just moved."""
    if state.base != base:
        return Moved(
            number=state.number, refused=f"it goes to {state.base}: only what goes to {base} moves through stages"
        )
    try:
        advanced = _advanced(run, base, state, why)
    except UsageError as error:
        return Moved(number=state.number, refused=str(error))
    except RatchetError as error:
        return Moved(number=state.number, trouble=str(error))
    told = Moved(number=state.number, advanced=advanced)
    if advanced.events or why.cause is Cause.ASKED:
        anew = partial(check_and_publish, PullRequestNamed(number=state.number), run)
        return replace(told, untold=tuple(_published(run, state, anew)))
    if advanced.moved_at is not None and run.now - advanced.moved_at < _TOLD_AGAIN:
        return replace(told, untold=tuple(_published(run, state, partial(tell_anew, state, run))))
    return told


def _advanced(run: Run, base: str, state: PullState, why: _Why) -> Advanced:
    """The next steps; decided anew where somebody else was faster."""
    repository = Writer(run.repo, run.headers)
    asked = Asked(
        check=CheckInput(
            repo=run.repo,
            base=base_tip(run, repository, base),
            head=repository.ensure(state.head),
            now=run.now,
            environ=run.environ,
            pull_request=state.number,
        ),
        state=_state(state),
        by=why.by,
        cause=why.cause,
    )
    pull = PullRequest(run.forge, state.number) if run.forge is not None else None
    for _ in range(_TRIES - 1):
        try:
            return advance(asked, repository, pull=pull, progress=run.progress)
        except MovedError:
            continue
    return advance(asked, repository, pull=pull, progress=run.progress)


def _state(state: PullState) -> State:
    if not state.open:
        return State.CLOSED
    if state.fork:
        return State.FORK
    return State.DRAFT if state.draft else State.OPEN


def _published(run: Run, state: PullState, publish: Callable[[], Published | NothingToDo | None]) -> Iterator[str]:
    """The check and the comment with the stages as they are now; what could not be told of them."""
    run.ledgers.clear()
    try:
        published = publish()
    except RatchetError as error:
        yield f"check of #{state.number}: {error}"
        return
    if isinstance(published, Published):
        yield from published.troubles
