"""Comments: the one comment of ours on a pull request, kept up to date and never read back as state.

Whoever may edit a comment may write anything into it, so that what it says of itself is no more than a hint: that a newer
run has spoken is believed only of its check run, which nobody but our own app can make.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_ratchet.core.errors import AbsentError, ForgeError, LostError
from model_ratchet.github.checks import own_checks
from model_ratchet.github.client import Hub, asking
from model_ratchet.github.people import own_id
from model_ratchet.github.pulls import read_pull
from model_ratchet.report.marker import Marker, read_marker, without_marker

if TYPE_CHECKING:
    from github.IssueComment import IssueComment

_NEEDS = "`pull-requests: write`"
_ROUNDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A comment that begins with a marker."""

    id: int
    author: int
    login: str
    body: str
    marker: Marker


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """What came of it. ``id`` is None where there is no comment of ours."""

    id: int | None
    written: bool = False
    superseded: bool = False
    foreign: tuple[str, ...] = ()
    """Logins of others who wrote a comment that begins as ours do."""


def stick(hub: Hub, number: int, text: str, *, create: bool = True) -> Stuck:
    """Bring our comment on a pull request to this text, which begins with its marker; ``create`` it where there is none.

    Ours is what our own account wrote and what begins with a marker; of several the oldest stays. A comment that says the
    same is left alone, and so is that of a newer run that has published its check run; where one did so while we wrote, what
    it says is written again.

    Raises:
        ForgeError: comments can't be listed or written.
    """
    for last in (False, True):
        try:
            stuck = _stick(hub, number, text, create)
            if stuck.id is not None and stuck.written:
                _restore(hub, number, stuck.id, text)
            return stuck
        except AbsentError:  # somebody deleted it under our hands
            if last:
                raise
    raise AssertionError("unreachable")


def speaks(hub: Hub, number: int, head: str) -> bool:
    """Whether our comment on a pull request is there, and is of this head.

    Raises:
        ForgeError: comments can't be listed.
    """
    us = own_id(hub)
    return any(one.author == us and one.marker.head == head for one in _remarks(hub, number))


def take_up(hub: Hub, number: int, comment: int) -> None:
    """Show whoever asked in a comment that it has been read, by 👀.

    Raises:
        ForgeError: it can't be shown.
    """
    with asking("react to the comment", needs=_NEEDS):
        hub.repository.get_issue(number).get_comment(comment).create_reaction("eyes")


def _stick(hub: Hub, number: int, text: str, create: bool) -> Stuck:
    us = own_id(hub)
    there = _remarks(hub, number)
    made = None
    if create and not any(one.author == us for one in there):
        made = _create(hub, number, us, text)
        us = made.author  # whoever we thought we are: this account writes with our token
        there = _with(_remarks(hub, number), made)
    ours = [one for one in there if one.author == us]
    foreign = tuple(sorted({one.login for one in there if one.author != us}))
    if not ours:
        return Stuck(id=None, foreign=foreign)
    oldest, *others = ours
    superseded = any(one.marker.revision > _marker(text).revision and _spoken(hub, number, one.marker) for one in ours)
    differs = not superseded and without_marker(oldest.body) != without_marker(text)
    if differs:
        _edit(hub, number, oldest.id, text)
    for one in others:
        if not superseded or (made is not None and one.id == made.id):
            _delete(hub, number, one.id)
    return Stuck(id=oldest.id, written=differs or made is not None, superseded=superseded, foreign=foreign)


def _spoken(hub: Hub, number: int, marker: Marker) -> bool:
    """Whether the run that a marker names, or a newer one, has published a check run where the marker says."""
    try:
        there = own_checks(hub, marker.head, marker.base, number)
    except ForgeError as error:
        if error.status in ("404", "422"):  # GitHub knows no such commit
            return False
        raise
    return any(one.revision >= marker.revision for one in there)


def _restore(hub: Hub, number: int, id_: int, text: str) -> None:
    """Where a newer run has spoken since and we wrote over it, write what it says, until nobody newer has spoken."""
    for _ in range(_ROUNDS):
        said = _newest(hub, number)
        theirs = read_marker(said)
        if theirs is None or theirs.revision <= _marker(text).revision:
            return
        _edit(hub, number, id_, said)
        text = said


def _newest(hub: Hub, number: int) -> str:
    """What the newest run published of the pull request as it stands now, with its marker; nothing where there is none."""
    now = read_pull(hub, number)
    there = own_checks(hub, now.head, now.base, number)
    return max(there, key=lambda one: (one.revision, one.id)).text if there else ""


def _marker(text: str) -> Marker:
    marker = read_marker(text)
    if marker is None:
        raise ValueError("a comment begins with its marker, by which the next run finds it")
    return marker


def _remarks(hub: Hub, number: int) -> list[Remark]:
    """The comments that begin with a marker, whoever wrote them, oldest first."""
    issue = hub.repository.get_issue(number)
    listed = hub.read("list the comments", lambda: [_remark(one) for one in issue.get_comments()], there=True)
    return sorted((one for one in listed if one is not None), key=lambda one: one.id)


def _remark(comment: "IssueComment") -> Remark | None:
    body = comment.body or ""
    marker = read_marker(body)
    if marker is None or comment.user is None:
        return None
    return Remark(id=comment.id, author=comment.user.id, login=comment.user.login, body=body, marker=marker)


def _create(hub: Hub, number: int, us: int | None, text: str) -> Remark:
    """Create it once: where no answer came, look before it is created again."""
    for last in (False, True):
        try:
            with asking("write the comment", needs=_NEEDS):
                made = hub.repository.get_issue(number).create_comment(text)
                return Remark(
                    id=made.id, author=made.user.id, login=made.user.login, body=made.body, marker=_marker(text)
                )
        except (LostError, AbsentError):  # GitHub says 404 also of what was opened a moment ago
            mine = [one for one in _remarks(hub, number) if one.author == us and one.marker == _marker(text)]
            if mine:
                return mine[0]
            if last:
                raise
    raise AssertionError("unreachable")


def _with(there: Sequence[Remark], made: Remark) -> list[Remark]:
    """GitHub's lists lag: what was made is there, whatever the list says."""
    return sorted({one.id: one for one in (made, *there)}.values(), key=lambda one: one.id)


def _edit(hub: Hub, number: int, id_: int, text: str) -> None:
    with asking("write the comment", needs=_NEEDS):
        hub.repository.get_issue(number).get_comment(id_).edit(text)


def _delete(hub: Hub, number: int, id_: int) -> None:
    """Delete one too many; somebody else may have done it already."""
    try:
        with asking("delete a comment of ours", needs=_NEEDS):
            hub.repository.get_issue(number).get_comment(id_).delete()
    except AbsentError:
        pass
