"""Lines: the Prometheus servers of one run, which many sources ask side by side: each is opened once, its connections kept."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, Self, TypeVar

from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Server
from model_ratchet.sources.prometheus_api import PrometheusApi

T = TypeVar("T")


class Line:
    """A server that is open, and what it says of itself."""

    def __init__(self, source: str, server: Server) -> None:
        self.server = server
        self._keeps = _Once(PrometheusApi(source, server).keeps)

    def keeps(self) -> tuple[timedelta, datetime] | None:
        """How long the server keeps samples, and its clock when it was asked, which is once; None where it does not say.

        Raises:
            UnanswerableError: it did not answer.
        """
        return self._keeps.get()


class Lines:
    """The lines by the names of the sources of one file. One that could not be opened is not tried again in the same run."""

    def __init__(self, connections: int = 1) -> None:
        """``connections`` is how many may be open to each server."""
        self._connections = connections
        self._lock = Lock()
        self._opened: dict[str, _Once[Line]] = {}

    def of(self, source: str, connect: Callable[[int], Server]) -> Line:
        """The line of a source, which ``connect`` opens for so many connections.

        Raises:
            UnanswerableError: it could not be opened.
        """
        with self._lock:
            line = self._opened.setdefault(source, _Once(lambda: Line(source, connect(self._connections))))
        return line.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._opened.values():
            if (found := line.made()) is not None:
                found.server.close()


class _Once(Generic[T]):
    """What the first of several threads makes for all of them; where it can't be made, none of them is given it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._future: Future[T] = Future()

    def get(self) -> T:
        with self._lock:
            if not self._future.done():
                try:
                    self._future.set_result(self._make())
                except UnanswerableError as error:
                    self._future.set_exception(error)
        return self._future.result()

    def made(self) -> T | None:
        """What was made so far."""
        return self._future.result() if self._future.done() and self._future.exception() is None else None
