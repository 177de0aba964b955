"""A small HTTP server on this machine that answers as it is told, and remembers what it was asked."""

import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Told:
    """What to answer; ``cut`` closes the connection after so many bytes of the body, ``length`` is announced for its own."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    length: int | None = None
    dropped: bool = False
    """The connection ends without an answer."""


def holding(body: bytes, tag: str = '"v1"') -> Callable[[Asked], Told]:
    """A server's answers about one file that it holds: to HEAD, to GET, and to GET of a range."""

    def tell(asked: Asked) -> Told:
        headers = {"ETag": tag, "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers.get("Range", ""))
        if asked.headers.get("If-Match", tag) != tag:
            return Told(412, b"", headers)
        if wanted is None:
            return Told(200, body, headers)
        first, last = int(wanted[1]), min(int(wanted[2]), len(body) - 1)
        if first >= len(body):
            return Told(416, b"", headers)
        return Told(206, body[first : last + 1], headers | {"Content-Range": f"bytes {first}-{last}/{len(body)}"})

    return tell


@dataclass
class Running:
    """A server that runs."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def answering(tell: Callable[[Asked], Told], tls: ssl.SSLContext | None = None) -> Iterator[Running]:
    """A server that answers every request with what ``tell`` says, with ``tls`` over HTTPS."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length).decode())
            running.asked.append(asked)
            told = tell(asked)
            if told.dropped:
                self.close_connection = True
                return
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body) if told.length is None else told.length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told.body[: told.cut])
            if told.cut is not None:
                self.close_connection = True

        do_GET = do_HEAD = do_POST = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64  # a refused connection is tried again after a whole second

        def finish_request(self, request: Any, client_address: Any) -> None:
            """In the thread of the request: a client that never speaks TLS keeps no other one waiting."""
            if tls is None:
                super().finish_request(request, client_address)
                return
            with suppress(OSError), tls.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    running = Running(f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
