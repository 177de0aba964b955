"""webhook: a small HTTP server for one sender: one path, one token, and a bound on everything.

What it refuses gets a status and its name, and nothing of what was sent.
"""

import hmac
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socketserver import TCPServer
from typing import Any, Self

PATH, HEALTH = "/alerts", "/healthz"
_TO_ANSWER = 5.0
_DRAINED = 2**20

Take = Callable[[bytes], HTTPStatus]
"""What is done with a body that was let in, and how it is answered."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address of this machine, and a port of it; 0 is any that is free."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """``9099`` is a port of 127.0.0.1; any other address is written out: ``10.0.0.7:9099``, ``[::1]:9099``.

        Raises:
            ValueError: it names no address, or all of them at once.
        """
        host, _, port = text.rpartition(":")
        if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 2**16):
            raise ValueError(f"{text!r} ends with no port: write 127.0.0.1:9099")
        try:
            found = ip_address(host.removeprefix("[").removesuffix("]") or "127.0.0.1")
        except ValueError:
            raise ValueError(f"{text!r} is no address of this machine: write 127.0.0.1:9099") from None
        if found.is_unspecified:
            raise ValueError(f"{text!r} is every address of this machine: name the one to listen on")
        return cls(str(found), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is let in."""

    body: int = 256 * 1024
    """Bytes."""
    seconds: float = 10.0
    """For a whole request to arrive, however it trickles."""
    connections: int = 64
    """At a time."""


class Server(ThreadingHTTPServer):
    """Listens from its construction on. ``take`` is asked of bodies that were let in, by several threads at once.

    Raises:
        ValueError: there is no token.
        OSError: nothing can listen there.
    """

    daemon_threads = False  # whoever is being answered is answered to the end
    request_queue_size = 128

    def __init__(
        self, address: Address, token: str, take: Take, say: Callable[[str], None], bounds: Bounds | None = None
    ) -> None:
        if not token:
            raise ValueError("there is no token to know a sender by")
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self.bounds = bounds if bounds is not None else Bounds()
        self.take = take
        self.say = say
        self._token = token
        self._slots = threading.BoundedSemaphore(self.bounds.connections)
        super().__init__((address.host, address.port), _Handler)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(str(self.server_address[0]), int(self.server_address[1]))

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve meanwhile; whoever is being answered at the end is answered."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()

    def knows(self, authorization: str) -> bool:
        """Whether a header holds the token; how long that takes tells nothing of it."""
        scheme, _, token = authorization.partition(" ")
        same = hmac.compare_digest(token.encode("latin-1", "replace"), self._token.encode())
        return same and scheme.lower() == "bearer"

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own, as long as there are not too many."""
        if not self._slots.acquire(blocking=False):
            self.say("refused: too many connections")
            with suppress(OSError):
                request.setblocking(False)
                request.send(b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be had
            self._slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The whole of one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def server_bind(self) -> None:
        """Without asking anybody what the address is called."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A connection that broke: nothing of it is shown."""
        self.say("a connection broke before it was answered")


class _Arriving(io.RawIOBase):
    """What a connection receives until a deadline."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "ratchet", ""
    default_request_version = "HTTP/1.0"  # an answer always has a status

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_Arriving(self.connection, self.server.bounds.seconds))

    def do_GET(self) -> None:
        if self.path == HEALTH:
            self._answer(HTTPStatus.OK)
        else:
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED if self.path == PATH else HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        refused = self._refused()
        if refused is not None:
            self._refuse(refused)
            return
        length = int(self.headers["Content-Length"])
        try:
            body = self.rfile.read(length)
        except TimeoutError:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
            return
        if len(body) < length:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        self._answer(self.server.take(body))

    def _refused(self) -> HTTPStatus | None:
        """Why a request is refused before its body is read."""
        if self.path != PATH:
            return HTTPStatus.METHOD_NOT_ALLOWED if self.path == HEALTH else HTTPStatus.NOT_FOUND
        if not self.server.knows(self.headers.get("Authorization", "")):
            return HTTPStatus.UNAUTHORIZED
        if self.headers.get_content_type() != "application/json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        lengths = self.headers.get_all("Content-Length", [])
        if not lengths or "Transfer-Encoding" in self.headers:
            return HTTPStatus.LENGTH_REQUIRED
        if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            return HTTPStatus.BAD_REQUEST
        if len(lengths[0]) > 12 or int(lengths[0]) > self.server.bounds.body:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What the base class refuses: a request that is none, and every other method."""
        status = HTTPStatus(code)
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED if status is HTTPStatus.NOT_IMPLEMENTED else status)

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer, and let what is still on its way arrive: the sender reads an answer only then."""
        self.server.say(f"refused: {status.value} {status.phrase}")
        self._answer(status)
        left = _DRAINED
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while left > 0 and (read := self.rfile.read1(65536)):
                left -= len(read)

    def _answer(self, status: HTTPStatus) -> None:
        self.connection.settimeout(_TO_ANSWER)
        body = f"{status.phrase.lower()}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: what is said of a request is chosen above."""
