"""Merges: which pull request, or whose push, brought a commit onto a branch, how one ended unmerged; and merging one.

Letting GitHub merge one later is the only thing that is asked of its GraphQL API: there is no other way.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from model_ratchet.core.errors import AbsentError, ForbiddenError, ForgeError, LostError
from model_ratchet.core.names import check_name
from model_ratchet.github.answers import every
from model_ratchet.github.client import Hub, asking

if TYPE_CHECKING:
    from github.NamedUser import NamedUser
    from github.PullRequest import PullRequest

_REFUSED = "400"
"""What a refusal of GraphQL is told as: GitHub itself answers 200."""
_NOT_YET = frozenset({"405", "409"})
"""What GitHub answers where its rules, or a head that moved, stand in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a pull request ended: merged or not, when, by whom (login and number), and the head that it had then."""

    number: int
    head: str
    at: datetime
    by: tuple[str, int] | None


def merged_pull(hub: Hub, commit: str, base: str, *, parents: Sequence[str], number: int | None) -> Ended | None:
    """The pull request that a commit of ``base`` merged; None where GitHub knows of none.

    ``parents`` are those of the commit and ``number`` is what its message names, which GitHub may know before it knows of
    the commit: a pull request counts by its own merge commit, or by its head among the parents, never by a message.

    Raises:
        ForgeError: GitHub can't be asked.
    """
    for pull in _candidates(hub, commit, number):
        if pull.merged_at is None or pull.base.ref != base:
            continue
        if pull.merge_commit_sha == commit or pull.head.sha in parents[1:]:
            by = hub.read(f"read pull request #{pull.number}", partial(getattr, pull, "merged_by"), there=True)
            return Ended(number=pull.number, head=pull.head.sha, at=pull.merged_at, by=_account(by))
    return None


def closed_pull(hub: Hub, number: int) -> Ended | None:
    """How a pull request ended that was closed without a merge; None where it is open, or merged.

    Raises:
        ForgeError: it can't be read.
    """
    what = f"read pull request #{number}"
    pull = hub.read(what, lambda: hub.repository.get_pull(number), there=True)
    closed_at = hub.read(what, lambda: pull.closed_at, there=True)
    if pull.state != "closed" or pull.merged_at is not None or closed_at is None:
        return None
    by = hub.read(what, lambda: hub.repository.get_issue(number).closed_by, there=True)
    return Ended(number=number, head=pull.head.sha, at=closed_at, by=_account(by))


def merge_pull(hub: Hub, number: int, head: str) -> str | None:
    """Merge a pull request at this head, squashed where that is allowed; None once it is merged, else why it is not.

    What GitHub's rules do not let through yet is no error: the next run asks again.

    Raises:
        ForgeError: it can't be read, or the token may not merge.
    """
    what = f"merge pull request #{number}"
    for method in ("squash", "merge"):
        pull = hub.read(what, lambda: hub.repository.get_pull(number), there=True)
        if hub.read(what, partial(getattr, pull, "merged"), there=True):
            return None
        try:
            with asking(what, needs="`contents: write` and `pull-requests: write`"):
                pull.merge(merge_method=method, sha=head)
        except LostError:  # it may be done: look before anything else
            if not hub.read(what, lambda: hub.repository.get_pull(number).merged, there=True):
                raise
        except ForgeError as error:
            if error.status not in _NOT_YET:
                raise
        else:
            return None
    return (
        f"GitHub does not let #{number} be merged yet: a review, a check or the merge queue is missing, or it conflicts"
    )


def merge_when_ready(hub: Hub, number: int, head: str) -> str:
    """Let GitHub merge a pull request at this head by itself, once its rules are met; what came of it, in a sentence.

    Raises:
        ForgeError: GitHub can't be asked, or the token may not.
    """
    what = f"let #{number} be merged once GitHub's rules are met"
    pull = hub.read(what, lambda: hub.repository.get_pull(number), there=True)
    if hub.read(what, lambda: pull.raw_data["auto_merge"], there=True) is not None:
        return "It will be merged once they are met"
    for method in ("SQUASH", "MERGE"):
        try:
            with asking(what, needs="`contents: write` and `pull-requests: write`"):
                pull.enable_automerge(merge_method=method, expected_head_oid=head)
        except ForgeError as error:
            if error.status != _REFUSED:
                raise
        else:
            return "It will be merged once they are met"
    return "Merge it by hand then, or run this again: auto-merge was refused, as where the repository does not allow it"


def other_publishers(hub: Hub, head: str, base: str) -> tuple[str, ...]:
    """The slugs of the apps besides ours that published a check of our name on a commit, sorted.

    Raises:
        ForgeError: check runs can't be listed.
    """
    name = check_name(base)
    commit = hub.repository.get_commit(head)
    runs = hub.read("list check runs", lambda: list(commit.get_check_runs(check_name=name, filter="all")), there=True)
    return tuple(sorted({run.app.slug for run in runs} - {hub.app}))


def pusher(hub: Hub, branch: str, commits: Iterable[str]) -> tuple[str, int] | None:
    """Who pushed, within the last month, the first of these commits that a branch was moved to; None where nobody tells.

    A push brings several commits and is known by the last of them: of a commit and those after it, the oldest first.

    Raises:
        ForgeError: GitHub can't be asked now.
    """
    path, ref = f"/repos/{hub.repository.full_name}/activity", f"refs/heads/{branch}"
    try:
        moves = every(hub.api, path, f"who pushed to {branch}", ref=ref, time_period="month")
    except (AbsentError, ForbiddenError):
        return None
    actors = {str(move["after"]): move["actor"] for move in reversed(moves)}
    told = next((actors[commit] for commit in commits if commit in actors), None)
    return (str(told["login"]), int(told["id"])) if told is not None else None


def _candidates(hub: Hub, commit: str, number: int | None) -> Iterator["PullRequest"]:
    what = f"list the pull requests of {commit[:12]}"
    yield from hub.read(what, lambda: list(hub.repository.get_commit(commit).get_pulls()), there=True)
    if number is None:
        return
    try:
        pull = hub.read(f"read pull request #{number}", lambda: hub.repository.get_pull(number))
        hub.read(f"read pull request #{number}", lambda: pull.state)
    except AbsentError:
        return
    yield pull


def _account(user: "NamedUser | None") -> tuple[str, int] | None:
    return (user.login, user.id) if user is not None else None
