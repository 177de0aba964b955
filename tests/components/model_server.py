"""A small model server in a process of its own: ``python model_server.py PORT LOG VERSION [OPTIONS]``.

It answers with its version, and writes a line of JSON for every request that it scored. With ``--weights FILE`` (JSON, two
numbers) the body of a request is two features, each from 0 to 1, and the score is above 0.5 where their weighted mean is.
With ``--trouble FILE`` it degrades as the file says at the moment: JSON with ``errors``, the share of requests that fail.
"""

import argparse
import hashlib
import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512


class _Handler(StreamRequestHandler):
    """Reads as much of HTTP as routers send: the general server takes most of the time of a request."""

    disable_nagle_algorithm = True
    options: argparse.Namespace
    log: int
    weights: tuple[float, float] | None = None
    digest: str | None = None
    lock = threading.Lock()
    due = 0.0

    def handle(self) -> None:
        while first := self.rfile.readline():
            method, path, version = first.decode().split()
            headers: dict[str, str] = {}
            while line := self.rfile.readline().decode("latin-1").strip():
                name, _, text = line.partition(":")
                headers.setdefault(name.lower(), text.strip())
            self._score(method, path, headers, self.rfile.read(int(headers.get("content-length", 0))))
            if version == "HTTP/1.0" or headers.get("connection", "").lower() == "close":
                break

    def _score(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        at = time.time()
        if path == "/slow":
            time.sleep(0.5)
        if self.options.delay:
            time.sleep(self.options.delay)
        status = 503 if self._fails() else self.options.status
        row = {
            "version": self.options.version,
            "path": path,
            "method": method,
            "body": body.decode(),
            "user": headers.get("x-user-id"),
            "host": headers.get("host"),
            "request": headers.get("x-request-id"),
            "mirrored": headers.get("x-ratchet-mirrored"),
            "at": at,
            "score": self._scored(body),
            "digest": self.digest,
            "status": status,
            "latency_ms": (time.time() - at) * 1000,
        }
        os.write(self.log, (json.dumps(row) + "\n").encode())  # one write of a file opened to append: lines stay whole
        answer = self.options.version.encode()
        self.wfile.write(b"HTTP/1.1 %d Said\r\nContent-Length: %d\r\n\r\n%b" % (status, len(answer), answer))

    def _fails(self) -> bool:
        """Every so manieth request, so that the share is met over few of them."""
        if self.options.trouble is None:
            return False
        share = json.loads(self.options.trouble.read_text())["errors"]
        with _Handler.lock:
            _Handler.due += share
            fails = _Handler.due >= 1
            _Handler.due -= fails
        return fails

    def _scored(self, body: bytes) -> float | None:
        if self.weights is None:
            return None
        features = [float(word) for word in body.split()]
        return sum(weight * one for weight, one in zip(self.weights, features, strict=True)) / sum(self.weights)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("log")
    parser.add_argument("version")
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--trouble", type=Path)
    _Handler.options = parser.parse_args()
    if _Handler.options.weights is not None:
        artifact = _Handler.options.weights.read_bytes()
        _Handler.weights = tuple(json.loads(artifact))
        _Handler.digest = f"sha256:{hashlib.sha256(artifact).hexdigest()}"
    _Handler.log = os.open(_Handler.options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    _Server(("127.0.0.1", _Handler.options.port), _Handler).serve_forever()
