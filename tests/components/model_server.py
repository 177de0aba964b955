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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    options: argparse.Namespace
    log: int
    weights: tuple[float, float] | None = None
    digest: str | None = None
    lock = threading.Lock()
    due = 0.0

    def do_GET(self) -> None:
        self._score()

    def do_POST(self) -> None:
        self._score()

    def _score(self) -> None:
        at = time.time()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/slow":
            time.sleep(0.5)
        if self.options.delay:
            time.sleep(self.options.delay)
        status = 503 if self._fails() else self.options.status
        row = {
            "version": self.options.version,
            "path": self.path,
            "method": self.command,
            "body": body.decode(),
            "user": self.headers.get("X-User-Id"),
            "host": self.headers.get("Host"),
            "request": self.headers.get("X-Request-Id"),
            "mirrored": self.headers.get("X-Ratchet-Mirrored"),
            "at": at,
            "score": self._scored(body),
            "digest": self.digest,
            "status": status,
            "latency_ms": (time.time() - at) * 1000,
        }
        os.write(self.log, (json.dumps(row) + "\n").encode())  # one write of a file opened to append: lines stay whole
        answer = self.options.version.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

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

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


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
