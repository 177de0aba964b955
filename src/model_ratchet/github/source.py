"""The source commit of a model: what reports on it, the pull requests that it came from, and who may write where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from model_ratchet.core.code import Reported
from model_ratchet.core.errors import ForgeError
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Account, Conversation, Said, SourcePull, contributors, last_words
from model_ratchet.github.answers import Json, every, instant, one
from model_ratchet.github.reviews import conversation

if TYPE_CHECKING:
    from github import Github

_MOST_PULLS = 10
_MOST_PEOPLE = 30
_WRITES = frozenset({"write", "admin"})
"""GitHub answers for ``maintain`` with ``write``, and for ``triage`` with ``read``."""


def reported_on(github: Github, repository: str, commit: str) -> tuple[Reported, ...]:
    """Every check run (of each check suite the latest of its name) and every commit status (of each context the latest).

    Raises:
        ForgeError: they can't be told, whole and at once.
    """
    what = f"the checks of {commit[:12]} in {repository}"
    path = f"/repos/{repository}/commits/{commit}"
    runs = every(github, f"{path}/check-runs", what, key="check_runs", filter="latest")
    statuses = every(github, f"{path}/status", what, key="statuses")
    try:
        return (*(_run(told) for told in runs), *(_status(told) for told in statuses))
    except (KeyError, TypeError, ValueError):
        raise _not_understood(what) from None


def pulls_of(github: Github, repository: str, commit: str) -> tuple[SourcePull, ...]:
    """The pull requests that a commit came from, with all that was said of each.

    Raises:
        ForgeError: they can't be told, whole and at once, or they are more than 10.
    """
    what = f"the pull requests of {commit[:12]} in {repository}"
    listed = every(github, f"/repos/{repository}/commits/{commit}/pulls", what)
    if len(listed) > _MOST_PULLS:
        status = f"more than {_MOST_PULLS}"
        raise ForgeError(f"GitHub tells of {status} {what}", what=what, status=status)
    try:
        return tuple(_pull(github, repository, told) for told in listed)
    except (KeyError, TypeError, ValueError):
        raise _not_understood(what) from None


def _run(told: Json) -> Reported:
    app, ended = told["app"] or {}, told["completed_at"]
    return Reported(
        name=str(told["name"]),
        state=str(told["conclusion"] or told["status"]),
        app=int(app["id"]) if app else None,
        by=str(app.get("slug") or ""),
        at=instant(ended) if ended else None,
    )


def _status(told: Json) -> Reported:
    return Reported(
        name=str(told["context"]),
        state=str(told["state"]),
        app=None,
        by=str((told.get("creator") or {}).get("login") or ""),
        at=instant(told["updated_at"]),
    )


def _pull(github: Github, repository: str, listed: Json) -> SourcePull:
    told = conversation(github, repository, int(listed["number"]), ())
    merged_as = str(listed["merge_commit_sha"]) if listed["merged_at"] else None
    return SourcePull(told=told, merged_as=merged_as, writers=_writers(github, repository, told))


def _writers(github: Github, repository: str, told: Conversation) -> Mapping[int, bool | Reason]:
    """Whether those may write whose word could count; of more than 30 people it is not asked."""
    asked = islice(_counting(told), _MOST_PEOPLE)
    return {account.id: _writes(github, repository, account) for account in asked}


def _counting(told: Conversation) -> Iterator[Account]:
    hands = contributors(told.opened_by, told.commits, told.pushers)
    for review in last_words(told.reviews).values():
        if review.by is not None and review.by.person:
            approves = review.said is Said.APPROVED and not hands.hold(review.by)
            if approves or review.said is Said.CHANGES_REQUESTED:
                yield review.by


def _writes(github: Github, repository: str, account: Account) -> bool | Reason:
    """Whether an account may write; a 404 may mean that it may not, or that the token may not look: nobody can tell."""
    what = f"whether {account.login} may write to {repository}"
    try:
        told = one(github, f"/repos/{repository}/collaborators/{account.login}/permission", what)
        return str(told["permission"]) in _WRITES
    except ForgeError as error:
        return because(Why.FORGE_UNREADABLE, what=what, status=error.status)


def _not_understood(what: str) -> ForgeError:
    return ForgeError(f"GitHub's answer on {what} can't be understood", what=what, status="not understood")
