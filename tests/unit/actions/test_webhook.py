"""The server of the webhook over real connections: who is let in, how much, and what everybody else is told."""

import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import pytest
import requests

from builders.webhooks import TOKEN, a_group, post
from model_ratchet.actions.webhook import Address, Bounds, Server
from model_ratchet.documents.alertmanager import MOST_ALERTS, read_notification

AUTHORISED = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


@contextmanager
def serving(bounds: Bounds | None = None) -> Iterator[tuple[Server, list[bytes], list[str]]]:
    """A server, the bodies that it let in, and its log."""
    bodies: list[bytes] = []
    log: list[str] = []

    def take(body: bytes) -> HTTPStatus:
        bodies.append(body)
        return HTTPStatus.OK

    with Server(Address("127.0.0.1", 0), TOKEN, take, log.append, bounds).running() as server:
        yield server, bodies, log


def raw(server: Server, *parts: bytes, end: bool = False) -> bytes:
    """All that comes back for bytes that are sent."""
    with socket.create_connection((server.address.host, server.address.port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        if end:
            connection.shutdown(socket.SHUT_WR)
        told = b""
        while read := connection.recv(65536):
            told += read
    return told


def trickled(server: Server, head: bytes) -> bytes:
    """What comes back while byte after byte is sent, none of them late."""
    with socket.create_connection((server.address.host, server.address.port), timeout=30) as connection:
        connection.sendall(head)
        for _ in range(900):
            connection.sendall(b"x")
            if select.select([connection], [], [], 0.05)[0]:
                return connection.recv(65536)
    raise AssertionError("it goes on")


def test_a_body_with_the_token_is_let_in_as_it_is() -> None:
    with serving() as (server, bodies, log):
        assert post(server, b'{"a": 1}') == HTTPStatus.OK
    assert (bodies, log) == ([b'{"a": 1}'], [])


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        pytest.param("GET", "/healthz", {}, 200, id="health"),
        pytest.param("GET", "/alerts", AUTHORISED, 405, id="get"),
        pytest.param("POST", "/healthz", AUTHORISED, 405, id="post-health"),
        pytest.param("PUT", "/alerts", AUTHORISED, 405, id="put"),
        pytest.param("BREW", "/alerts", AUTHORISED, 405, id="no-method"),
        pytest.param("POST", "/", AUTHORISED, 404, id="path"),
        pytest.param("POST", "/alerts?x=canary", AUTHORISED, 404, id="query"),
        pytest.param("GET", "/canary", {}, 404, id="get-path"),
        pytest.param("POST", "/alerts", AUTHORISED | {"Authorization": ""}, 401, id="no-token"),
        pytest.param("POST", "/alerts", AUTHORISED | {"Authorization": "Bearer canary"}, 401, id="wrong-token"),
        pytest.param("POST", "/alerts", AUTHORISED | {"Authorization": f"Bearer {TOKEN}x"}, 401, id="longer-token"),
        pytest.param("POST", "/alerts", AUTHORISED | {"Authorization": f"Basic {TOKEN}"}, 401, id="basic"),
        pytest.param("POST", "/alerts", AUTHORISED | {"Authorization": "Bearer ü".encode()}, 401, id="not-ascii"),
        pytest.param("POST", "/alerts", AUTHORISED | {"Content-Type": "text/canary"}, 415, id="type"),
        pytest.param("POST", "/alerts", {"Authorization": f"Bearer {TOKEN}"}, 415, id="no-type"),
    ],
)
def test_what_is_refused_is_told_no_more_than_why(method: str, path: str, headers: dict[str, str], status: int) -> None:
    with serving() as (server, bodies, log):
        told = requests.request(method, f"http://{server.address}{path}", headers=headers, data=b"canary", timeout=30)
    assert told.status_code == status
    assert told.text == f"{HTTPStatus(status).phrase.lower()}\n"
    assert "canary" not in str(told.headers) + str(log)
    assert bodies == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param("canary\r\n\r\n", 400, id="no-request"),
        pytest.param(f"GET /{'canary' * 20_000} HTTP/1.1\r\n\r\n", 414, id="long-path"),
        pytest.param(f"GET / HTTP/1.1\r\n{'x: canary' * 10_000}\r\n\r\n", 431, id="long-header"),
        pytest.param("GET / HTTP/1.1\r\n" + "x: canary\r\n" * 200 + "\r\n", 431, id="many-headers"),
        pytest.param("POST /alerts HTTP/1.1\r\n{}\r\n", 411, id="no-length"),
        pytest.param(
            "POST /alerts HTTP/1.1\r\n{}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx", 411, id="chunked"
        ),
        pytest.param("POST /alerts HTTP/1.1\r\n{}Content-Length: -1\r\n\r\n", 400, id="negative"),
        pytest.param("POST /alerts HTTP/1.1\r\n{}Content-Length: 1_0\r\n\r\n", 400, id="underscore"),
        pytest.param(
            "POST /alerts HTTP/1.1\r\n{}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400, id="two-lengths"
        ),
        pytest.param("POST /alerts HTTP/1.1\r\n{}Content-Length: 9\r\n\r\ncanary", 400, id="cut-off"),
        pytest.param("POST /alerts HTTP/1.1\r\n{}Content-Length: 262145\r\n\r\n", 413, id="too-long"),
        pytest.param(f"POST /alerts HTTP/1.1\r\n{{}}Content-Length: {'9' * 5000}\r\n\r\n", 413, id="endless"),
    ],
)
def test_what_is_no_request_is_answered_too(sent: str, status: int) -> None:
    known = "".join(f"{name}: {value}\r\n" for name, value in AUTHORISED.items())
    with serving() as (server, bodies, log):
        told = raw(server, sent.replace("{}", known).encode(), end=True)
    assert told.split()[1] == str(status).encode()
    assert b"canary" not in told
    assert bodies == []
    assert log == [f"refused: {status} {HTTPStatus(status).phrase}"]


def test_a_body_of_the_greatest_length_is_let_in_and_one_byte_more_is_refused() -> None:
    with serving() as (server, bodies, _):
        assert post(server, b"x" * 256 * 1024) == HTTPStatus.OK
        assert post(server, b"x" * (256 * 1024 + 1)) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert [len(one) for one in bodies] == [256 * 1024]


@pytest.mark.parametrize(
    ("lines", "status"),
    [(b"", None), (b"Content-Length: 999\r\n\r\n", b"408")],
    ids=["headers", "body"],
)
def test_what_trickles_ends_at_the_deadline(lines: bytes, status: bytes | None) -> None:
    known = "".join(f"{name}: {value}\r\n" for name, value in AUTHORISED.items()).encode()
    with serving(Bounds(seconds=0.5)) as (server, bodies, _):
        told = trickled(server, b"POST /alerts HTTP/1.1\r\n" + known + lines)
        assert post(server, b"{}") == HTTPStatus.OK
    assert (told.split()[1] if told else None) == status
    assert bodies == [b"{}"]


def test_one_connection_too_many_is_turned_away_and_others_go_on() -> None:
    arrived, go_on = threading.Semaphore(0), threading.Event()

    def take(_: bytes) -> HTTPStatus:
        arrived.release()
        go_on.wait(30)
        return HTTPStatus.OK

    told: list[int] = []
    server = Server(Address("127.0.0.1", 0), TOKEN, take, lambda _: None, Bounds(connections=2))
    with server.running():
        senders = [threading.Thread(target=lambda: told.append(post(server, b"{}"))) for _ in range(2)]
        for sender in senders:
            sender.start()
            assert arrived.acquire(timeout=30)
        assert raw(server).startswith(b"HTTP/1.0 503 ")
        go_on.set()
        for sender in senders:
            sender.join()
        assert post(server, b"{}") == HTTPStatus.OK
    assert told == [200, 200]


def test_a_server_without_a_token_does_not_start() -> None:
    with pytest.raises(ValueError, match="no token"):
        Server(Address("127.0.0.1", 0), "", lambda _: HTTPStatus.OK, print)


@pytest.mark.parametrize(
    ("text", "address"),
    [("9099", "127.0.0.1:9099"), ("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:9099", "[::1]:9099"), ("10.0.0.7:80", None)],
    ids=["port", "loopback", "ipv6", "explicit"],
)
def test_an_address_is_loopback_or_written_out(text: str, address: str | None) -> None:
    assert str(Address.parse(text)) == (address or text)


@pytest.mark.parametrize("text", ["0.0.0.0:1", "[::]:1", "localhost:1", "127.0.0.1", "127.0.0.1:65536", "", "1:x"])
def test_no_other_address_is_taken(text: str) -> None:
    with pytest.raises(ValueError, match=r"write 127\.0\.0\.1:9099|name the one"):
        Address.parse(text)


ONE = json.loads(a_group())["alerts"][0]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"x":' * 300 + b"1" + b"}" * 300, id="deep-and-closed"),
        pytest.param(b'{"version": "4", "alerts": 1}', id="no-list"),
        pytest.param(a_group(version="3"), id="version"),
        pytest.param(a_group(*[ONE] * (MOST_ALERTS + 1)), id="many"),
        pytest.param(a_group(ONE | {"labels": {"a": 1}}), id="number"),
        pytest.param(a_group(ONE | {"labels": {str(n): "" for n in range(65)}}), id="many-labels"),
        pytest.param(a_group(ONE | {"labels": {"a": "x" * 2001}}), id="long-label"),
        pytest.param(a_group(ONE | {"startsAt": "2025-01-01T00:00:00"}), id="no-zone"),
        pytest.param(a_group(ONE | {"status": "canary"}), id="status"),
    ],
)
def test_what_is_no_notification_is_none(body: bytes) -> None:
    assert read_notification(body) is None


def test_nanoseconds_and_what_is_not_known_are_taken() -> None:
    found = read_notification(a_group(ONE | {"startsAt": "2025-01-01T00:00:00.123456789Z", "new": [{}]}, new=1))
    assert found is not None
    assert found.alerts[0].since.microsecond == 123456
