"""What goes wrong on demand, and who goes first: faults of the answers, and two clients in a scripted order."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
PRIMARY = "API rate limit exceeded for installation."
PATIENCE = 20.0
"""Seconds that a request waits for its turn before the script is broken."""


class Half(Enum):
    """Of which an answer holds the first half only."""

    BYTES = "bytes"
    LISTS = "lists"


@dataclass
class Exchange:
    """A request that came in, and the status that it was answered with (0 where the connection was dropped)."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    client: str
    status: int = 0


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. ``carried_out``: what was asked is done all the same, and only its answer is lost."""

    status: int | None = None
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    carried_out: bool = False
    seconds: float = 0
    drop: bool = False
    cut: int | None = None
    keep: int | None = None
    half: Half | None = None
    then: Callable[[], None] | None = None
    """What happens once the request is carried out or lost, before anything is answered."""


def failing(status: int) -> Fault:
    """An error of GitHub's own: nothing was done."""
    return Fault(status, "Server Error")


def lost(status: int = 502) -> Fault:
    """An error after the work was done: the object is there, the client does not know."""
    return Fault(status, "Server Error", carried_out=True)


def primary_limit(reset_at: int, status: int = 403) -> Fault:
    """The hour's requests are used up until ``reset_at`` (seconds since the epoch)."""
    said = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset_at)}
    return Fault(status, PRIMARY, said)


def secondary_limit(retry_after: int | None = None, status: int = 403) -> Fault:
    """Too much in too short a time, with or without a word on how long to wait (seconds)."""
    return Fault(status, SECONDARY, {} if retry_after is None else {"Retry-After": str(retry_after)})


def bare(status: int) -> Fault:
    """A refusal that gives neither reason nor time."""
    return Fault(status, "Forbidden" if status == 403 else "Too Many Requests")


def slow(seconds: float) -> Fault:
    """The right answer, late."""
    return Fault(seconds=seconds)


def dropped(*, carried_out: bool = False, then: Callable[[], None] | None = None) -> Fault:
    """The connection ends without an answer."""
    return Fault(drop=True, carried_out=carried_out, then=then)


def truncated(cut: int) -> Fault:
    """The right answer's first so many bytes under a length that promises all of them fewer: the JSON ends early."""
    return Fault(cut=cut)


def halved(what: Half) -> Fault:
    """The right answer's first half: of its bytes, under a length that says so, or of its lists, with no link to the rest."""
    return Fault(half=what)


def not_yet() -> Fault:
    """A 404 on what was made a moment ago: GitHub's replicas lag."""
    return Fault(404, "Not Found")


def shortened(keep: int) -> Fault:
    """A list with its first so many items only, and no link to the rest."""
    return Fault(keep=keep)


@dataclass
class _Planned:
    fault: Fault
    method: str
    path: str
    skip: int
    times: int
    client: str | None


@dataclass
class Faults:
    """The faults to come and the hooks that run before each request."""

    planned: list[_Planned] = field(default_factory=list)
    hooks: list[Callable[[Exchange], None]] = field(default_factory=list)
    scripts: list["Turns"] = field(default_factory=list)
    ends: dict[str, tuple[int, bool]] = field(default_factory=dict)
    numbered: dict[tuple[str, int], Fault] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def plan(
        self, fault: Fault, method: str, path: str = "", *, times: int = 1, skip: int = 0, client: str | None = None
    ) -> None:
        """The next so many requests by this method whose path ends so meet the fault, after ``skip`` that don't.

        ``client`` is a token's value; None means any.
        """
        self.planned.append(_Planned(fault, method, path, skip, times, client))

    def next(self, asked: Exchange) -> Fault | None:
        """The fault that a request meets."""
        self.counted[asked.client] += 1
        numbered = self.numbered.pop((asked.client, self.counted[asked.client]), None)
        if numbered is not None:
            return numbered
        if asked.client in self.ends:
            left, carried_out = self.ends[asked.client]
            self.ends[asked.client] = (left - 1, carried_out)
            if left <= 0:
                return dropped(carried_out=carried_out and left == 0)
        for one in self.planned:
            fits = one.method == asked.method and asked.path.endswith(one.path) and one.client in (None, asked.client)
            if not fits or one.times == 0:
                continue
            if one.skip:
                one.skip -= 1
                continue
            one.times -= 1
            return one.fault
        return None

    def nth(self, client: str, number: int, fault: Fault) -> None:
        """A client's request of this number, from 1, meets the fault."""
        self.numbered[client, number] = fault

    def end(self, client: str, after: int, *, carried_out: bool) -> None:
        """A client (token value) that has had so many answers gets no more: it is as if its process had ended.

        The first request without an answer may still be ``carried_out``.
        """
        self.ends[client] = (after, carried_out)

    def unmet(self) -> list[Fault]:
        """Faults that no request has met: their test proved nothing."""
        return [*(one.fault for one in self.planned if one.times), *self.numbered.values()]

    def before(self, hook: Callable[[Exchange], None]) -> None:
        """Run something before every request, outside the lock: it may push, merge, or let time pass."""
        self.hooks.append(hook)

    def in_turns(self, turns: Sequence[str]) -> "Turns":
        """Two or more clients (token values), one request each in this order; after the script all are free."""
        made = Turns(list(turns))
        self.before(made.wait)
        self.scripts.append(made)
        return made


@dataclass
class Turns:
    """A script of whose request comes next. A request is let in once the one before it has been answered."""

    left: list[str]
    broken: str | None = None
    _moved: threading.Condition = field(default_factory=threading.Condition)
    _busy: str | None = None

    def wait(self, asked: Exchange) -> None:
        """Hold a request back until it is its client's turn."""
        with self._moved:
            ready = self._moved.wait_for(lambda: not self.left or self._next(asked), PATIENCE)
            if not ready:
                self.broken = (
                    f"{asked.method} {asked.path} of {asked.client} waited in vain; still to come: {self.left}"
                )
                self.left.clear()
            if self.left:
                self._busy = self.left.pop(0)
            self._moved.notify_all()

    def _next(self, asked: Exchange) -> bool:
        return self._busy is None and self.left[0] == asked.client

    def answered(self) -> None:
        """The request that had its turn has been carried out."""
        with self._moved:
            self._busy = None
            self._moved.notify_all()

    def leave(self, client: str) -> None:
        """A client has ended early: its turns are skipped."""
        with self._moved:
            self.left[:] = [one for one in self.left if one != client]
            self._moved.notify_all()
