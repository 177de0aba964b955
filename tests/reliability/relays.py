"""A relay in front of a real server: it hands on what both say, and cuts them off, or kills the server, as a point says."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

from reliability.faults import Kind, Place, Point

_MOST = 1 << 20


@dataclass
class Relay:
    """``source`` is what the server is called in the sources file."""

    place: Place
    source: str
    server: int
    """The port that it listens on."""
    kill: Callable[[], None]
    start: Callable[[], None]
    port: int = 0
    """The port of the relay."""
    asked: list[str] = field(default_factory=list)
    """The questions of the last run: each is all that a client sends until it is answered."""
    _point: Point | None = None
    _kill_client: Callable[[], None] = lambda: None
    _killed: bool = False

    def begin(self, point: Point | None, kill: Callable[[], None]) -> None:
        """Another run begins, which a point at this server ends by ``kill``; the server runs."""
        if self._killed:
            self.start()
        self._killed = False
        self.asked = []
        self._point = point if point is not None and point.place is self.place else None
        self._kill_client = kill

    def next(self) -> Kind | None:
        """What the next question meets."""
        self.asked.append(self.place.value)
        met = self._point is not None and self._point.at == len(self.asked)
        return self._point.kind if met and self._point is not None else None

    def fall(self, kind: Kind | None) -> None:
        """The client or the server ends, if that is what a kind of fault means."""
        if kind is Kind.KILLED:
            self._kill_client()
        elif kind in (Kind.SERVER_KILLED, Kind.SERVER_KILLED_HALF):
            self._killed = True
            self.kill()

    def accept(self, listening: socket.socket) -> None:
        """Serve until the socket is shut."""
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError), socket.create_connection(("127.0.0.1", self.server)) as server:
            _Connection(self, client, server).run()


@dataclass
class _Connection:
    relay: Relay
    client: socket.socket
    server: socket.socket
    _answered: bool = True
    _met: Kind | None = None

    def run(self) -> None:
        """Until either side ends it."""
        answers = threading.Thread(target=self._until_cut, args=(self._answers,), daemon=True)
        answers.start()
        self._until_cut(self._questions)
        answers.join()

    def _until_cut(self, pump: Callable[[], None]) -> None:
        with suppress(OSError):
            pump()
        for one in (self.client, self.server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _questions(self) -> None:
        while said := self.client.recv(_MOST):
            if self._answered:
                self._answered, self._met = False, self.relay.next()
                if self._met is not Kind.SERVER_KILLED_HALF:
                    self.relay.fall(self._met)
                if self._met in (Kind.KILLED, Kind.DROPPED):
                    return
            self.server.sendall(said)

    def _answers(self) -> None:
        while said := self.server.recv(_MOST):
            self._answered = True
            if self._met not in (Kind.HALF_BYTES, Kind.SERVER_KILLED_HALF):
                self.client.sendall(said)
                continue
            self.client.sendall(said[: len(said) // 2])
            self.relay.fall(self._met)
            return


@contextmanager
def relayed(relay: Relay) -> Iterator[Relay]:
    """The relay while it listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        relay.port = listening.getsockname()[1]
        thread = threading.Thread(target=relay.accept, args=(listening,), daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
