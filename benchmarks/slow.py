"""A Prometheus on this machine that thinks for 50 ms about each query, in a process of its own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from time import sleep
from urllib.parse import parse_qs

SECONDS = 0.05


@contextmanager
def prometheus() -> Iterator[int]:
    """Its port, as long as it runs."""
    here, there = Pipe()
    server = Process(target=_serve, args=(there,), daemon=True)
    server.start()
    try:
        yield here.recv()
    finally:
        server.terminate()


class _Slow(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """It does not say how long it keeps its samples."""
        self._tell(404, b"{}")

    def do_POST(self) -> None:
        """A gauge of one series with a sample at each step, or a latency histogram of two buckets that has grown by ten."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        sleep(SECONDS)
        answer = self._range(form) if self.path.endswith("query_range") else self._instant(form)
        self._tell(200, json.dumps({"status": "success", "data": answer}).encode())

    def _range(self, form: Mapping[str, Sequence[str]]) -> dict[str, object]:
        start, end, step = (float(form[name][0]) for name in ("start", "end", "step"))
        values = [[start + step * number, "1"] for number in range(int((end - start) / step) + 1)]
        return {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}

    def _instant(self, form: Mapping[str, Sequence[str]]) -> dict[str, object]:
        query, at = form["query"][0], float(form["time"][0])
        value = "0" if query.startswith("resets") else "10" if "[1h]" in query else "20"
        found = [{"metric": {"le": edge}, "value": [at, value]} for edge in ("500", "+Inf")]
        return {"resultType": "vector", "result": found}

    def _tell(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 512


def _serve(port: "Connection[int, None]") -> None:
    server = _Server(("127.0.0.1", 0), _Slow)
    port.send(server.server_port)
    server.serve_forever()
