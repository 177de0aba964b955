"""Reviews of a pull request, the hands that made it, and the members of teams, as GitHub tells them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from model_ratchet.core.errors import AbsentError, ForbiddenError, ForgeError
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Account, Commit, Conversation, Review, Said
from model_ratchet.github.answers import Json, every, instant, one

if TYPE_CHECKING:
    from github import Github

_SAYS = {
    "APPROVED": Said.APPROVED,
    "CHANGES_REQUESTED": Said.CHANGES_REQUESTED,
    "DISMISSED": Said.DISMISSED,
}
_CO_AUTHOR = re.compile(r"^\s*co-authored-by:.*<([^<>]*)>\s*$", re.IGNORECASE | re.MULTILINE)


def conversation(github: Github, repository: str, pull: int, teams: Sequence[str]) -> Conversation:
    """What was said of a pull request, by whom, and who had a hand in it.

    Teams are asked for only where somebody has said something. A team is read as its list of members, because a 404 on a
    single membership may mean either that the person is not in it or that the token may not look.

    Raises:
        ForgeError: something of it can't be told, whole and at once.
    """
    what = f"pull request #{pull}"
    path = f"/repos/{repository}/pulls/{pull}"
    try:
        about = one(github, path, what)
        reviews = reviews_of(github, repository, pull)
        commits = commits_of(github, repository, pull, int(about["commits"]))
        return Conversation(
            pull=pull,
            head=str(about["head"]["sha"]),
            opened_by=account(about.get("user")),
            reviews=reviews,
            commits=commits,
            pushers=_pushers(github, about, frozenset(commit.sha for commit in commits)),
            teams={team: _members(github, team) for team in teams} if reviews else {},
        )
    except (KeyError, TypeError, ValueError):
        raise ForgeError(f"GitHub's answer on {what} can't be understood", what=what, status="not understood") from None


def reviews_of(github: Github, repository: str, pull: int) -> tuple[Review, ...]:
    """Every review that says something, in the order of their time."""
    listed = every(github, f"/repos/{repository}/pulls/{pull}/reviews", f"the reviews of #{pull}")
    found = (_review(told) for told in listed if told["state"] in _SAYS)
    return tuple(sorted(found, key=lambda review: (review.submitted_at, review.id)))


def commits_of(github: Github, repository: str, pull: int, number: int) -> tuple[Commit, ...]:
    """Every commit of a pull request that holds so many.

    Raises:
        ForgeError: GitHub lists fewer (it lists 250 at most).
    """
    what = f"the commits of #{pull}"
    listed = every(github, f"/repos/{repository}/pulls/{pull}/commits", what)
    if len(listed) < number:
        status = f"{len(listed)} of {number} listed; squash them"
        raise ForgeError(f"GitHub does not tell {what} ({status})", what=what, status=status)
    return tuple(_commit(told) for told in listed)


def account(told: Json | None) -> Account | None:
    """An account; None where it is gone, or GitHub knows none."""
    if not told or "id" not in told:
        return None
    return Account(int(told["id"]), str(told["login"]), person=told.get("type") == "User")


def _review(told: Json) -> Review:
    return Review(
        id=int(told["id"]),
        by=account(told["user"]),
        said=_SAYS[told["state"]],
        commit=str(told["commit_id"] or ""),
        submitted_at=instant(told["submitted_at"]),
    )


def _commit(told: Json) -> Commit:
    inside = told["commit"]
    return Commit(
        sha=str(told["sha"]),
        author=account(told["author"]),
        committer=account(told["committer"]),
        author_email=_email(inside["author"]),
        committer_email=_email(inside["committer"]),
        co_authors=tuple(email.strip() for email in _CO_AUTHOR.findall(str(inside["message"]))),
    )


def _email(person: Json | None) -> str:
    return str((person or {}).get("email") or "")


def _pushers(github: Github, about: Json, shas: frozenset[str]) -> tuple[Account | None, ...] | None:
    """Who moved the branch since the pull request was opened, or brought one of its commits; None where GitHub never tells.

    Raises:
        ForgeError: it can't be told now.
    """
    source = about["head"].get("repo")
    if not source:
        return None
    path, ref = f"/repos/{source['full_name']}/activity", f"refs/heads/{about['head']['ref']}"
    try:
        moves = every(github, path, "who pushed", ref=ref)
    except (AbsentError, ForbiddenError):
        return None
    since = instant(about["created_at"])
    own = [
        move
        for move in moves
        if move["activity_type"] != "branch_deletion" and (move["after"] in shas or instant(move["timestamp"]) >= since)
    ]
    return tuple(account(move["actor"]) for move in own) if own else None


def _members(github: Github, team: str) -> frozenset[int] | Reason:
    organisation, _, slug = team.partition("/")
    try:
        listed = every(github, f"/orgs/{organisation}/teams/{slug}/members", f"the members of {team}")
        return frozenset(int(told["id"]) for told in listed)
    except (AbsentError, ForbiddenError) as error:
        return because(Why.TEAM_UNREADABLE, team=f"@{team}", status=error.status)
