"""Reviews: what people said of a pull request and who had a hand in it, as GitHub told it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from model_ratchet.core.reason import Reason

WEB_FLOW = "web-flow"
"""The account that commits what is merged or edited on GitHub's pages: nobody in particular."""


class Said(StrEnum):
    """The last word of a review. Comments say nothing that counts."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    DISMISSED = "dismissed"


class Standing(StrEnum):
    """What a review stands for in one role."""

    COUNTS = "counts"
    OBJECTS = "objects"
    SUPERSEDED = "superseded"
    """The same person said something later."""
    DISMISSED = "dismissed"
    OUTDATED = "outdated"
    """What was approved has changed since."""
    CONTRIBUTOR = "contributor"
    """The person had a hand in what is proposed."""
    NO_PERSON = "no_person"
    OTHER_ROLE = "other_role"
    ELSEWHERE = "elsewhere"
    """The person fills another role, and one person fills one."""
    OUTSIDER = "outsider"
    """The person may not write to the repository: anybody may review what is public."""
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Account:
    """An account on GitHub; ``person`` is False for bots, organisations and the like."""

    id: int
    login: str
    person: bool = True


GHOST = Account(0, "ghost", person=False)
"""Whom GitHub shows in the place of an account that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One submitted review that says something; ``by`` is None where the account is gone."""

    id: int
    by: Account | None
    said: Said
    commit: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit of the range with the accounts that its addresses belong to, None where GitHub knows none.

    ``co_authors`` are the addresses of its ``Co-authored-by`` trailers.
    """

    sha: str
    author: Account | None
    committer: Account | None
    author_email: str = ""
    committer_email: str = ""
    co_authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A pull request as far as sign-off needs it. Reviews and commits are complete, reviews in the order of their time.

    ``pushers`` are the accounts that moved its branch, None for one that is gone; the whole is None where GitHub does not
    tell. ``teams`` maps ``organisation/team`` to the ids of its members, or to the reason why they can't be read.
    """

    pull: int
    head: str
    opened_by: Account | None
    reviews: tuple[Review, ...]
    commits: tuple[Commit, ...]
    pushers: tuple[Account | None, ...] | None
    teams: Mapping[str, frozenset[int] | Reason] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePull:
    """A pull request that a commit came from.

    ``merged_as`` is the commit that its merge made, None before. ``writers`` says of the accounts whose word could count
    whether they may write to the repository, or why nobody can tell; who is not among them was not asked of.
    """

    told: Conversation
    merged_as: str | None
    writers: Mapping[int, bool | Reason]

    def is_about(self, commit: str) -> bool:
        """Whether what it proposes, or has become, is the commit."""
        return commit in (self.told.head, self.merged_as)


def last_words(reviews: Iterable[Review]) -> Mapping[int, Review]:
    """Each account's last word by its id: a dismissal clears, and does not bring back what was said before it."""
    return {one.by.id: one for one in sorted(reviews, key=_order) if one.by is not None}


def _order(review: Review) -> tuple[datetime, int]:
    return review.submitted_at, review.id


@dataclass(frozen=True, slots=True)
class Contributors:
    """Who had a hand in what is proposed, and where nobody can say who it was."""

    ids: frozenset[int]
    logins: frozenset[str]
    strangers: tuple[str, ...]
    """Commits (12 digits) with an address that GitHub knows nobody by; ``a push`` where the hand that pushed is unknown."""

    def hold(self, account: Account) -> bool:
        """Whether an account is one of them."""
        return account.id in self.ids or account.login.lower() in self.logins


def contributors(
    opened_by: Account | None, commits: Iterable[Commit], pushers: Iterable[Account | None] | None
) -> Contributors:
    """Everybody who opened, authored, committed, co-authored or pushed.

    What is committed on GitHub's own pages names GitHub as its committer, who is nobody; as an author it hides somebody.
    """
    commits = tuple(commits)
    known: list[Account | None] = [opened_by]
    logins: set[str] = set()
    strangers: dict[str, None] = {}
    by_email = {
        email.lower(): account
        for one in commits
        for email, account in ((one.author_email, one.author), (one.committer_email, one.committer))
        if account is not None and account.login != WEB_FLOW
    }
    for one in commits:
        committer = one.committer if one.committer is None or one.committer.login != WEB_FLOW else one.author
        author = one.author if one.author is None or one.author.login != WEB_FLOW else None
        for account in (author, committer):
            known.append(account)
            if account is None:
                strangers[one.sha[:12]] = None
        for email in one.co_authors:
            number, login = _of_noreply(email)
            account = by_email.get(email.lower())
            known += [account, Account(number, login) if number else None]
            logins |= {login.lower()} if login else set()
            if account is None and not login:
                strangers[one.sha[:12]] = None
    pushed = (None,) if pushers is None else tuple(pushers)
    if None in pushed:
        strangers["a push"] = None
    accounts = [one for one in (*known, *pushed) if one is not None]
    ids = frozenset(one.id for one in accounts)
    return Contributors(ids, frozenset(logins | {one.login.lower() for one in accounts if one.login}), tuple(strangers))


def _of_noreply(email: str) -> tuple[int, str]:
    """The id (0 where there is none) and login in GitHub's own address for an account; empty in any other."""
    name, _, host = email.lower().partition("@")
    if not host.startswith("users.noreply."):
        return 0, ""
    number, plus, login = name.partition("+")
    return (int(number), login) if plus and number.isascii() and number.isdecimal() else (0, name)
