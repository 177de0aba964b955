"""The fake GitHub over HTTP on this machine: one request at a time is matched, checked, carried out and checked again."""

import hashlib
import json
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from forge import contract, graphql, handlers
from forge.faults import Exchange, Fault, Half
from forge.hub import Forge
from forge.state import Token
from forge.web import Answer, Call, Refused, encoded, match, not_found

assert handlers.ALL
NOBODY = "nobody"


@dataclass(frozen=True)
class Sent:
    """An answer as bytes."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    drop: bool = False
    length: int | None = None


@dataclass
class Desk:
    """Takes requests for a fake GitHub."""

    forge: Forge
    prefix: str
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Sent:
        """The answer to one request, with whatever goes wrong."""
        split = urlsplit(target)
        value = headers.get("Authorization", "").split(" ")[-1]
        path = split.path.removeprefix(self.prefix)
        asked = Exchange(method, unquote(path), dict(parse_qsl(split.query, keep_blank_values=True)), None, value)
        for hook in self.forge.faults.hooks:
            hook(asked)
        try:
            with self.lock:
                fault = self.forge.faults.next(asked) or self._limit(asked)
                asked.body = json.loads(body) if body else None
                self.forge.requests.append(asked)
                sent = self._answer(asked, path, headers, fault)
                if fault is not None and fault.then is not None:
                    fault.then()
            if fault is not None and fault.seconds:
                time.sleep(fault.seconds)
            return sent
        finally:
            for script in self.forge.faults.scripts:
                script.answered()

    def _limit(self, asked: Exchange) -> Fault | None:
        token = self.forge.tokens.get(asked.client)
        if token is None or self.forge.limits is None:
            return None
        return self.forge.limits.meet(token, asked.method, self.forge.clock.now)

    def _answer(self, asked: Exchange, path: str, headers: Mapping[str, str], fault: Fault | None) -> Sent:
        token = self.forge.tokens.get(asked.client)
        answer = Answer(200)
        if fault is None or fault.carried_out or (fault.status is None and not fault.drop):
            answer = self._carried_out(asked, path, token, headers)
        said = {**self._headers(token), **answer.headers}
        if fault is not None and fault.status is not None:
            answer, said = Answer(fault.status, {"message": fault.message}), said | dict(fault.headers)
        if fault is not None and fault.keep is not None:
            keep = fault.keep
            answer = Answer(answer.status, _kept(answer.body, lambda _: keep))
            said.pop("Link", None)
        if fault is not None and fault.half is Half.LISTS:
            answer = Answer(answer.status, _kept(answer.body, lambda length: length // 2))
            said.pop("Link", None)
        content = b"" if answer.body is None else encoded(answer.body)
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        if asked.method == "GET" and answer.status == 200:
            said["ETag"] = tag
            if headers.get("If-None-Match") == tag:
                answer, content = Answer(304), b""
        if token is not None and answer.status != 304:
            self.forge.spent[token.value] = self.forge.spent.get(token.value, 0) + 1
        drop = fault is not None and fault.drop
        asked.status = 0 if drop else answer.status
        cut = None if fault is None else len(content) // 2 if fault.half is Half.BYTES else fault.cut
        return Sent(answer.status, content[:cut], said, drop)

    def _carried_out(self, asked: Exchange, path: str, token: Token | None, headers: Mapping[str, str]) -> Answer:
        self.forge.sync()
        if asked.method == "POST" and path in ("/graphql", "/api/graphql") and token is not None:
            return graphql.answer(Call(self.forge, "POST", path, {}, {}, asked.body, token))
        found = match(asked.method, path)
        if found is None:
            self.forge.violations.append(f"{asked.method} {path}: the fake has no such endpoint")
            return not_found().answer
        route, params = found
        operation = contract.operations()[route.method, route.template]
        wrong = list(contract.request_violations(operation, params, asked.query, asked.body))
        self._hold(operation, "request", wrong)
        if token is None and "jwt" not in (route.needs or ""):
            return Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})
        call = Call(
            self.forge, asked.method, route.template, params, asked.query, asked.body, token or _nobody(self.forge)
        )
        call.path = path
        call.headers = headers
        try:
            if route.needs and route.needs != "jwt":
                call.require(route.needs)
            answer = route.handler(call)
        except Refused as refusal:
            answer = refusal.answer
        except Exception:  # noqa: BLE001 (a fault of the fake fails the test, which would else read a closed connection)
            self.forge.violations.append(f"{operation.name}: {traceback.format_exc()}")
            answer = Answer(500, {"message": "the fake is broken"})
        schema = operation.described["responses"].get(str(answer.status))
        if schema is not None and answer.body is not None:
            answer = Answer(answer.status, contract.rest().complete(answer.body, schema), answer.headers)
        self._hold(operation, "response", list(contract.response_violations(operation, answer.status, answer.body)))
        return answer

    def _hold(self, operation: contract.Operation, side: str, wrong: list[str]) -> None:
        kept = [one for one in wrong if not contract.allowed(operation, side, one)]
        self.forge.violations += [f"{operation.name} {side}: {one}" for one in kept]

    def _headers(self, token: Token | None) -> dict[str, str]:
        said = {
            "Date": format_datetime(self.forge.clock.now + self.forge.clock.skew, usegmt=True),
            "X-GitHub-Request-Id": f"FAKE:{len(self.forge.requests)}",
            "x-github-api-version-selected": "2022-11-28",
        }
        if token is not None:
            limit, used, reset = self.forge.budget(token)
            used += 1
            numbers = {"limit": limit, "used": used, "remaining": max(0, limit - used), "reset": reset}
            said |= {f"x-ratelimit-{name}": str(number) for name, number in numbers.items()}
            said["x-ratelimit-resource"] = "core"
        return said


def _nobody(forge: Forge) -> Token:
    return Token(NOBODY, forge.web_flow, None, {})


def _kept(body: Any, keep: Callable[[int], int]) -> Any:
    """A body with the beginnings of its lists; ``keep`` says how much of one of so many items."""
    if isinstance(body, list):
        return body[: keep(len(body))]
    if isinstance(body, dict):
        return {name: _kept(one, keep) if isinstance(one, list) else one for name, one in body.items()}
    return body


class _Server(ThreadingHTTPServer):
    """Ends open connections when it closes, so that no thread outlives the test."""

    daemon_threads = True
    block_on_close = True

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_close(self) -> None:
        for one in list(self.open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.request)

    def finish(self) -> None:
        self.server.open.discard(self.request)
        with suppress(OSError):
            super().finish()

    def _take(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.server.desk.take(self.command, self.path, dict(self.headers), self.rfile.read(length))
        if sent.drop:
            self.close_connection = True
            return
        self.send_response_only(sent.status)
        for name, value in sent.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(sent.body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(sent.body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _take  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def serving(*, prefix: str = "") -> Iterator[Forge]:
    """A fake GitHub that answers at ``forge.api``; ``prefix`` is ``/api/v3`` for an Enterprise server.

    At the end every exchange must have been as GitHub describes it, every planned fault met and every script kept.
    """
    contract.operations()
    forge = Forge()
    server = _Server(Desk(forge, prefix))
    forge.api = f"http://127.0.0.1:{server.server_port}{prefix}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not forge.violations, "not as GitHub describes it:\n" + "\n".join(forge.violations)
    assert not forge.faults.unmet(), f"no request met these faults: {forge.faults.unmet()}"
    broken = [script.broken for script in forge.faults.scripts if script.broken]
    assert not broken, broken
