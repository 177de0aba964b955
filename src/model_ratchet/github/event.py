"""Event: why a run was started, read once from the runner's environment and the payload beside it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from model_ratchet.core.errors import ForgeError

_LARGEST = 25 * 2**20
"""GitHub sends no payload with more bytes."""
_GROUP = re.compile(
    r"gh-readonly-queue/(?P<base>.+)/pr-[1-9]\d*-(?P<base_commit>[0-9a-f]{40}(?:[0-9a-f]{24})?)", re.ASCII
)
"""The branch that the merge queue builds a group on: where it goes to, and the commit that it starts from."""
_COMMAND = re.compile(r"/ratchet (recheck|advance)\s*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestChanged:
    """A pull request was opened, pushed to, edited or reviewed: its head as it was then, and the branch it goes to."""

    number: int
    head: str
    base: str
    fork: bool = False
    """The head is in another repository: the run's token may only read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeGroupBuilt:
    """The merge queue built a group on a branch of its own and asks for its checks."""

    head: str
    head_ref: str
    base: str
    base_commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckAsked:
    """Somebody wrote ``/ratchet recheck`` under a pull request; whether they may is still to be asked of GitHub."""

    number: int
    login: str
    comment: int
    """The id of the comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceAsked:
    """Somebody wrote ``/ratchet advance`` under a pull request; whether they may is still to be asked of GitHub."""

    number: int
    login: str
    account: int
    """The number of the account, which no other ever has."""
    comment: int
    """The id of the comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestNamed:
    """A workflow was started by hand for one pull request."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """A run without rights ended, which asked for a verdict on the pull request whose head this is."""

    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshDue:
    """A schedule, a start by hand, or a push to ``branch`` asks for all open pull requests (of that branch)."""

    branch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToDo:
    """An event that asks for nothing, and why."""

    why: str


Event: TypeAlias = (
    PullRequestChanged
    | MergeGroupBuilt
    | RecheckAsked
    | AdvanceAsked
    | PullRequestNamed
    | RunEnded
    | RefreshDue
    | NothingToDo
)

_Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
_Ref = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
_Number = Annotated[int, Field(gt=0)]


class _Repository(BaseModel):
    full_name: str


class _End(BaseModel):
    sha: _Sha
    ref: _Ref
    repo: _Repository | None
    """None where the fork was deleted."""


class _Pull(BaseModel):
    number: _Number
    head: _End
    base: _End


class _PullPayload(BaseModel):
    action: str
    pull_request: _Pull


class _Group(BaseModel):
    head_sha: _Sha
    head_ref: _Ref
    base_sha: _Sha
    base_ref: _Ref


class _GroupPayload(BaseModel):
    action: Literal["checks_requested", "destroyed"]
    merge_group: _Group


class _User(BaseModel):
    login: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    id: _Number


class _Comment(BaseModel):
    id: _Number
    body: str | None
    user: _User | None


class _Issue(BaseModel):
    number: _Number
    pull_request: dict[str, Any] | None = None
    state: str


class _CommentPayload(BaseModel):
    action: str
    issue: _Issue
    comment: _Comment


class _DispatchPayload(BaseModel):
    inputs: dict[str, Any] | None = None


class _WorkflowRun(BaseModel):
    head_sha: _Sha
    head_branch: str | None
    event: str


class _RunPayload(BaseModel):
    workflow_run: _WorkflowRun


class _PushPayload(BaseModel):
    ref: _Ref


class _AnyPayload(BaseModel):
    repository: _Repository


def read_event(environ: Mapping[str, str]) -> Event:
    """The event that ``GITHUB_EVENT_NAME`` and the payload at ``GITHUB_EVENT_PATH`` tell of.

    Raises:
        ForgeError: they are not there, the payload is cut off, of another repository or not of the event's form, or the
            event is none that asks for a check.
    """
    for needed in ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY"):
        if not environ.get(needed):
            raise ForgeError(f"{needed} is not set: publish inside GitHub Actions, or check without publishing")
    name = environ["GITHUB_EVENT_NAME"]
    if name not in _READERS:
        raise ForgeError(
            f"{name!r} is no event that asks for a check: start the workflow by one of {', '.join(_READERS)}"
        )
    payload = _payload(Path(environ["GITHUB_EVENT_PATH"]))
    try:
        repository = _AnyPayload.model_validate(payload).repository.full_name
        if repository.lower() != environ["GITHUB_REPOSITORY"].lower():
            raise ForgeError(f"the event's payload is of another repository than {environ['GITHUB_REPOSITORY']}")
        return _READERS[name](payload)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors(include_url=False, include_input=False)[0]["loc"])
        raise ForgeError(f"the payload of {name} has no good {where or 'form'}: run the workflow again") from None


def _payload(path: Path) -> object:
    try:
        content = path.read_bytes()[: _LARGEST + 1]
    except OSError as error:
        raise ForgeError(f"the event's payload can't be read: {error.strerror}; run the workflow again") from None
    if len(content) > _LARGEST:
        raise ForgeError(f"the event's payload has more than {_LARGEST} bytes, which GitHub sends none of")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise ForgeError(f"the event's payload ({len(content)} bytes) is not JSON: run the workflow again") from None


def _pull_request(payload: object) -> Event:
    read = _PullPayload.model_validate(payload)
    pull = read.pull_request
    if read.action == "closed":
        return NothingToDo(why=f"pull request #{pull.number} was closed")
    return PullRequestChanged(
        number=pull.number, head=pull.head.sha, base=pull.base.ref, fork=pull.head.repo != pull.base.repo
    )


def _merge_group(payload: object) -> Event:
    read = _GroupPayload.model_validate(payload)
    group = read.merge_group
    if read.action != "checks_requested":
        return NothingToDo(why="the merge queue took its group apart")
    return MergeGroupBuilt(
        head=group.head_sha,
        head_ref=group.head_ref,
        base=group.base_ref.removeprefix("refs/heads/"),
        base_commit=group.base_sha,
    )


def _issue_comment(payload: object) -> Event:
    read = _CommentPayload.model_validate(payload)
    if read.issue.pull_request is None:
        return NothingToDo(why="the comment is on an issue, not on a pull request")
    if read.issue.state != "open":
        return NothingToDo(why="the pull request is closed")
    if read.action != "created":
        return NothingToDo(why="only a new comment asks for anything, never an edited one")
    comment, by = read.comment, read.comment.user
    command = _COMMAND.fullmatch(comment.body or "")
    if by is None or command is None:
        return NothingToDo(why="the comment is neither `/ratchet recheck` nor `/ratchet advance`")
    if command[1] == "advance":
        return AdvanceAsked(number=read.issue.number, login=by.login, account=by.id, comment=comment.id)
    return RecheckAsked(number=read.issue.number, login=by.login, comment=comment.id)


def _dispatch(payload: object) -> Event:
    inputs = _DispatchPayload.model_validate(payload).inputs or {}
    asked = str(inputs.get("pull_request") or "").strip()
    if not asked:
        return RefreshDue()
    if re.fullmatch(r"[1-9]\d{0,8}", asked, re.ASCII) is None:
        raise ForgeError(f"the input pull_request is {asked[:20]!r}: write the number of a pull request, or nothing")
    return PullRequestNamed(number=int(asked))


def _workflow_run(payload: object) -> Event:
    ended = _RunPayload.model_validate(payload).workflow_run
    group = _GROUP.fullmatch(ended.head_branch or "")
    if ended.event == "merge_group" and group is not None:
        return MergeGroupBuilt(
            head=ended.head_sha, head_ref=group[0], base=group["base"], base_commit=group["base_commit"]
        )
    if ended.event != "pull_request_review":
        return NothingToDo(why=f"the run that ended was started by {ended.event}, which asks for no verdict here")
    return RunEnded(head=ended.head_sha)


def _push(payload: object) -> Event:
    ref = _PushPayload.model_validate(payload).ref
    if not ref.startswith("refs/heads/"):
        return NothingToDo(why="no branch was pushed to")
    return RefreshDue(branch=ref.removeprefix("refs/heads/"))


_READERS: dict[str, Callable[[object], Event]] = {
    "pull_request": _pull_request,
    "pull_request_target": _pull_request,
    "pull_request_review": _pull_request,
    "merge_group": _merge_group,
    "issue_comment": _issue_comment,
    "schedule": lambda _: RefreshDue(),
    "workflow_dispatch": _dispatch,
    "push": _push,
    "workflow_run": _workflow_run,
}
