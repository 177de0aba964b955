"""Pull requests: what is true of one now, and which are open."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_ratchet.core.errors import LostError
from model_ratchet.github.client import Hub, asking

if TYPE_CHECKING:
    from github.PullRequest import PullRequest
    from github.Repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class PullState:
    """A pull request as it stands."""

    number: int
    head: str
    """The commit of its head."""
    base: str
    """The branch it goes to."""
    open: bool = True
    draft: bool = False
    fork: bool = False
    """Its head is in another repository; a run for it may have a token that only reads."""


def read_pull(hub: Hub, number: int) -> PullState:
    """The state of a pull request that is known to be there.

    Raises:
        ForgeError: it can't be read.
    """
    return hub.read(f"read pull request #{number}", lambda: _state(hub.repository.get_pull(number)), there=True)


def open_pulls(hub: Hub, base: str | None = None) -> tuple[PullState, ...]:
    """The open pull requests (that go to a branch), by number.

    Raises:
        ForgeError: they can't be listed.
    """
    given = {"base": base} if base is not None else {}
    found = hub.read("list pull requests", lambda: [_state(one) for one in hub.repository.get_pulls("open", **given)])
    return tuple(sorted(found, key=lambda one: one.number))


def pull_of(hub: Hub, branch: str) -> int | None:
    """The newest pull request from a branch of the repository itself, open or not; None where there was none.

    Raises:
        ForgeError: they can't be listed.
    """
    owner = hub.repository.full_name.partition("/")[0]
    listed = hub.read(
        f"list the pull requests of {branch}",
        lambda: [one.number for one in hub.repository.get_pulls("all", head=f"{owner}:{branch}")],
    )
    return max(listed, default=None)


def propose(hub: Hub, branch: str, base: str, *, title: str, body: str) -> int:
    """Open a pull request from a branch that has none; its number.

    Raises:
        ForgeError: it can't be opened: the token may not, or GitHub Actions are not allowed to.
    """
    for last in (False, True):
        try:
            with asking("open a pull request: it takes `pull-requests: write`, and"):
                return hub.repository.create_pull(base, branch, title=title, body=body).number
        except LostError:  # it may be there: look before it is opened again
            there = pull_of(hub, branch)
            if there is not None:
                return there
            if last:
                raise
    raise AssertionError("unreachable")


def _state(pull: "PullRequest") -> PullState:
    home = pull.base.repo
    there: Repository | None = pull.head.repo  # None where a fork was deleted, which its type leaves out
    return PullState(
        number=pull.number,
        head=pull.head.sha,
        base=pull.base.ref,
        open=pull.state == "open",
        draft=bool(pull.draft),
        fork=there is None or there.id != home.id,
    )
