"""Trials of the one comment on a pull request, on a made-up page that holds comments of anybody."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from model_ratchet.actions.selftest.ground import Control, OfProposal
from model_ratchet.engine.selftest.attack import Said, held
from model_ratchet.github.client import Hub, Pace
from model_ratchet.github.comments import Stuck, stick
from model_ratchet.report.comment import comment
from model_ratchet.report.detail import CommentContext
from model_ratchet.report.marker import Marker

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository

_HEAD = "5e1f" * 10
_MARKER = Marker(head=_HEAD, base="main", run=17)
_US, _MALLORY = SimpleNamespace(id=1, login="ratchet[bot]"), SimpleNamespace(id=66, login="mallory")
_PULL = 1


@dataclass(eq=False)
class Comment:
    """A comment on the page, under the names that GitHub's client has for its parts."""

    page: "Page"
    id: int
    user: SimpleNamespace
    body: str

    def edit(self, body: str) -> None:
        """Write something else."""
        self.body = body

    def delete(self) -> None:
        """Take it away."""
        self.page.comments.remove(self)


@dataclass
class Page:
    """One pull request as a client sees it: its comments, and that nobody of ours has published a check run."""

    comments: list[Comment] = field(default_factory=list)

    def said(self, user: SimpleNamespace, body: str) -> Comment:
        """A comment by somebody."""
        self.comments.append(Comment(self, len(self.comments) + 1, user, body))
        return self.comments[-1]

    def stuck(self, text: str) -> Stuck:
        """What comes of bringing our comment to a text."""
        hub = Hub(api=cast("Github", self), repository=cast("Repository", self), pace=Pace(), app="ratchet")
        return stick(hub, _PULL, text)

    def get_user(self, login: str) -> SimpleNamespace:
        """Our own account."""
        del login
        return _US

    def get_issue(self, number: int) -> "Page":
        """The page itself."""
        del number
        return self

    def get_comments(self) -> list[Comment]:
        """All of them."""
        return list(self.comments)

    def get_comment(self, number: int) -> Comment:
        """One of them."""
        return next(one for one in self.comments if one.id == number)

    def create_comment(self, body: str) -> Comment:
        """One of ours."""
        return self.said(_US, body)

    def get_pull(self, number: int) -> SimpleNamespace:
        """The pull request."""
        end = SimpleNamespace(sha=_HEAD, ref="main", repo=SimpleNamespace(id=1))
        return SimpleNamespace(number=number, head=end, base=end, state="open", draft=False)

    def get_commit(self, sha: str) -> "Page":
        """Its head, on which nothing was published."""
        del sha
        return self

    def get_check_runs(self, **named: str) -> list[SimpleNamespace]:
        """None."""
        del named
        return []


def of_somebody_else(control: Control) -> Said:
    """A comment of somebody else begins as ours does, and claims to be of a newer run."""
    page, text = Page(), _text(control)
    forged = f"{replace(_MARKER, run=10**12)}\n### Passed\n"
    theirs = page.said(_MALLORY, forged)
    done = page.stuck(text)
    ours = [one.body for one in page.comments if one.user is _US]
    return held(
        theirs.body == forged and ours == [text] and done.foreign == ("mallory",),
        "a comment of somebody else is left alone and told, and ours is written beside it",
        "a comment of somebody else is taken for ours",
    )


def edited(control: Control) -> Said:
    """Our comment says something else than we wrote, and claims to be of a newer run."""
    page, text = Page(), _text(control)
    page.said(_US, f"{replace(_MARKER, run=10**12)}\n### Everything passed\n")
    page.stuck(text)
    return held(
        [one.body for one in page.comments] == [text],
        "an edited comment is written again, whatever run it claims to be of",
        "an edited comment stays as it is",
    )


def a_second(control: Control) -> Said:
    """Two runs wrote a comment at the same time, and more will come."""
    page, text = Page(), _text(control)
    for _ in range(2):
        page.said(_US, f"{replace(_MARKER, run=3)}\n### Pending\n")
    for _ in range(3):
        page.stuck(text)
    return held(
        [(one.id, one.body) for one in page.comments] == [(1, text)],
        "of two comments the older stays, and later runs write into it",
        f"{len(page.comments)} comments stand on the pull request",
    )


def _text(control: Control) -> str:
    return comment(control.check, CommentContext(marker=_MARKER))


TRIALS: tuple[tuple[tuple[str, ...], OfProposal], ...] = (
    (("T22",), of_somebody_else),
    (("T23",), edited),
    (("E48",), a_second),
)
