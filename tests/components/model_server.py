"""A small model server in a process of its own: ``python model_server.py PORT LOG VERSION [--delay S] [--status N]``.

It answers with its version, and writes a line of JSON for every request that it scored.
"""

import argparse
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    options: argparse.Namespace
    log: int

    def do_GET(self) -> None:
        self._score()

    def do_POST(self) -> None:
        self._score()

    def _score(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/slow":
            time.sleep(0.5)
        if self.options.delay:
            time.sleep(self.options.delay)
        row = {
            "version": self.options.version,
            "path": self.path,
            "method": self.command,
            "body": body.decode(),
            "user": self.headers.get("X-User-Id"),
            "host": self.headers.get("Host"),
            "request": self.headers.get("X-Request-Id"),
            "mirrored": self.headers.get("X-Ratchet-Mirrored"),
        }
        os.write(self.log, (json.dumps(row) + "\n").encode())  # one write of a file opened to append: lines stay whole
        answer = self.options.version.encode()
        self.send_response(self.options.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("log")
    parser.add_argument("version")
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--status", type=int, default=200)
    _Handler.options = parser.parse_args()
    _Handler.log = os.open(_Handler.options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    _Server(("127.0.0.1", _Handler.options.port), _Handler).serve_forever()
