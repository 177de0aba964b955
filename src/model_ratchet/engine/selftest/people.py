"""People: made-up accounts that stand for the roles of a model, and what they say of a pull request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from model_ratchet.core.reviews import Account, Commit, Conversation, Review, Said

AUTHOR = Account(1, "selftest-author")
BOT = Account(2, "selftest-reviewer[bot]", person=False)
AUTHOR_EMAIL = "author@selftest.invalid"
_SEATS = 4
"""How many members a made-up team has."""


@dataclass(frozen=True, slots=True)
class People:
    """Who stands for the roles of a model file: each person named there, and members of each team named there."""

    roles: Mapping[str, Sequence[str]]

    def of(self, role: str) -> tuple[Account, ...]:
        """The accounts of a role, which fill no other one as long as each role names its own people."""
        return tuple(account for who in self.roles.get(role, ()) for account in self._accounts(who))

    def teams(self, asked: Sequence[str]) -> dict[str, frozenset[int]]:
        """The members of each team that is asked for."""
        return {team: frozenset(one.id for one in self._accounts(f"@{team}")) for team in asked}

    @property
    def every(self) -> tuple[Account, ...]:
        """All of them, once."""
        return tuple(dict.fromkeys(one for role in self.roles for one in self.of(role)))

    def _accounts(self, who: str) -> Iterator[Account]:
        name = who.removeprefix("@")
        known = sorted({one.removeprefix("@") for people in self.roles.values() for one in people})
        first = 100 + known.index(name) * _SEATS
        if "/" not in name:
            yield Account(first, name)
            return
        for seat in range(_SEATS):
            yield Account(first + seat, f"{name.rpartition('/')[2]}-{seat}")


def approval(by: Account, commit: str, at: datetime, said: Said = Said.APPROVED) -> Review:
    """A review of a commit."""
    return Review(id=1000 + by.id, by=by, said=said, commit=commit, submitted_at=at)


def conversation(
    head: str,
    reviews: Sequence[Review],
    *,
    opened_by: Account = AUTHOR,
    commits: Sequence[Commit] = (),
    pushers: Sequence[Account | None] | None = (AUTHOR,),
) -> Conversation:
    """A pull request of one commit, written by its author unless it is said otherwise; the teams are filled in when asked."""
    return Conversation(
        pull=1,
        head=head,
        opened_by=opened_by,
        reviews=tuple(sorted(reviews, key=lambda one: (one.submitted_at, one.id))),
        commits=tuple(commits) or (a_commit(head),),
        pushers=None if pushers is None else tuple(pushers),
    )


def a_commit(sha: str, author: Account | None = AUTHOR, email: str = AUTHOR_EMAIL, **more: tuple[str, ...]) -> Commit:
    """A commit of an account, None where GitHub knows nobody by the address."""
    return Commit(
        sha=sha,
        author=author,
        committer=AUTHOR,
        author_email=email,
        committer_email=AUTHOR_EMAIL,
        co_authors=more.get("co_authors", ()),
    )
