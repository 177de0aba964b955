"""Issues: opened once each, found again by their marker and by who wrote them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from model_ratchet.core.errors import LostError
from model_ratchet.github.client import Hub, asking
from model_ratchet.github.people import own_id
from model_ratchet.report.marker import first_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an issue is to say; the first line of its body is a marker of its own, which nobody sees."""

    title: str
    body: str
    label: str

    @property
    def marker(self) -> str:
        """By what it is found again."""
        return first_line(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An issue that is there."""

    number: int
    opened_at: datetime
    closed_at: datetime | None
    """None while it is open."""


def open_once(hub: Hub, draft: Draft) -> tuple[int, bool]:
    """The number of the issue with this marker that our own account wrote, and whether it was opened just now.

    One that was closed since is not opened again, and what others wrote under the same marker is left alone.

    Raises:
        ForgeError: issues can't be listed or opened.
    """
    there = ours(hub, draft.label)
    if draft.marker in there:
        return there[draft.marker].number, False
    for last in (False, True):
        try:
            with asking("open an issue: it takes `issues: write`, and"):
                made = hub.repository.create_issue(draft.title, body=draft.body, labels=[draft.label])
                return made.number, True
        except LostError:  # it may be there: look before it is opened again
            there = ours(hub, draft.label)
            if draft.marker in there:
                return there[draft.marker].number, True
            if last:
                raise
    raise AssertionError("unreachable")


def keep(hub: Hub, draft: Draft, *, closed: bool) -> int:
    """The number of the issue with this marker, which says what the draft says, and is open or closed as it should be.

    Where there is none it is opened; one that was closed is opened again.

    Raises:
        ForgeError: issues can't be listed, opened or edited.
    """
    number, opened = open_once(hub, draft)
    if closed or not opened:
        with asking("edit an issue: it takes `issues: write`, and"):
            issue = hub.repository.get_issue(number)
            issue.edit(title=draft.title, body=draft.body, state="closed" if closed else "open")
    return number


def edit(hub: Hub, number: int, said: Callable[[str], str]) -> bool:
    """Whether an issue says something else now: what ``said`` makes of its body.

    Raises:
        ForgeError: the issue can't be read or edited.
    """
    with asking("edit an issue: it takes `issues: write`, and"):
        issue = hub.repository.get_issue(number)
        before = (issue.body or "").replace("\r\n", "\n")
        body = said(before)
        if body != before:
            issue.edit(body=body)
    return body != before


def ours(hub: Hub, label: str) -> Mapping[str, Kept]:
    """Marker → the oldest issue of this label that our own account wrote and that begins with it.

    Raises:
        ForgeError: issues can't be listed.
    """
    us = own_id(hub)
    listed = hub.read("list issues", lambda: list(hub.repository.get_issues(state="all", labels=[label])), there=True)
    mine = sorted((one for one in listed if us is not None and one.user.id == us), key=lambda one: -one.number)
    return {
        first_line(one.body or ""): Kept(number=one.number, opened_at=one.created_at, closed_at=one.closed_at)
        for one in mine
    }
