"""Clients of a router: requests of many users over connections that are kept open, and what came back."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import RemoteDisconnected
from socket import create_connection
from uuid import uuid4

from scipy.stats import binom

FALSE_ALARM = 1e-6
"""Of a bound that a right router breaks by chance."""


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    status: int
    version: str


class Client:
    """One connection that is kept open. A router may close it between two requests; the next one then takes a new one.

    It speaks HTTP by itself: of tens of thousands of requests the general client would take most of the time.
    """

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._open()

    def _open(self) -> None:
        self._socket = create_connection(self._address, timeout=60)
        self._answers = self._socket.makefile("rb")
        self._used = False

    def ask(self, path: str, user: str | None, body: str) -> Answer:
        """One request, which claims what only a router may say."""
        headers = {"X-Request-Id": "mine", "X-Ratchet-Mirrored": "1"} | (
            {"X-User-Id": user} if user is not None else {}
        )
        try:
            return self._ask(path, headers, body)
        except (RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            if not self._used:
                raise
            self.close()
            self._open()
            return self._ask(path, headers, body)

    def _ask(self, path: str, headers: dict[str, str], body: str) -> Answer:
        content, host = body.encode(), "{}:{}".format(*self._address)
        said = {"Host": host, "Content-Length": len(content)} | headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        self._socket.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + content)
        first, length = self._answers.readline(), 0
        if not first:
            raise RemoteDisconnected("nothing came back")
        while line := self._answers.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self._used = True
        return Answer(int(first.split()[1]), self._answers.read(length).decode())

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


def ask(
    port: int,
    users: Sequence[str | None],
    *,
    threads: int = 8,
    path: str = "/score",
    body: Callable[[int], str] = lambda _: uuid4().hex,
) -> list[Answer]:
    """One request for each user, its body by its number; the answers in the order of the users."""
    parts = [range(first, len(users), threads) for first in range(threads)]
    answers: dict[int, Answer] = {}

    def work(part: range) -> None:
        client = Client(port)
        for number in part:
            answers[number] = client.ask(path, users[number], body(number))
        client.close()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, parts))
    return [answers[number] for number in range(len(users))]


def within(found: int, share: float, number: int) -> bool:
    """Whether a count is one that a binomial with this share gives but once in a million times."""
    low, high = binom.ppf(FALSE_ALARM / 2, number, share), binom.isf(FALSE_ALARM / 2, number, share)
    return bool(low <= found <= high)


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds."""
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to hold")
