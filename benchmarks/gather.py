"""Many sources that each take 50 ms, gathered side by side, beside the sum of their times.

python -m benchmarks.gather SOURCES
"""

import json
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.log import BASELINE, CANDIDATE, START
from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Arm, Interval, Missing, Need, Shape, Window
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Prometheus, Sources
from model_ratchet.sources.gather import gather
from model_ratchet.sources.prometheus import PrometheusSource
from model_ratchet.sources.reach import Reach

SECONDS = 0.05
_QUERY = "{kind: gauge, source: prom, unit: B, promql: 'max(rss{version={{ version }}})'}"


class _Slow(BaseHTTPRequestHandler):
    """A Prometheus that thinks for 50 ms about each query."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """It does not say how long it keeps its samples."""
        self._tell(404, b"{}")

    def do_POST(self) -> None:
        """One series, one sample a minute."""
        self.rfile.read(int(self.headers["Content-Length"]))
        sleep(SECONDS)
        values = [[START.timestamp() + 60 * minute, "1"] for minute in range(60)]
        answer = {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}}
        self._tell(200, json.dumps(answer).encode())

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


def main() -> None:
    """Gathers from so many sources and prints the seconds beside the sum of what they took."""
    count = int(sys.argv[1])
    here, there = Pipe()
    server = Process(target=_serve, args=(there,), daemon=True)
    server.start()
    port = here.recv()
    text = f"apiVersion: ratchet/v1\nkind: Sources\nsources: {{prom: {{kind: prometheus, url: 'http://127.0.0.1:{port}'}}}}"
    held = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(held, Sources), held
    config = held.sources["prom"]
    assert isinstance(config, Prometheus)
    metrics = "".join(f"  m{n}: {_QUERY}\n" for n in range(count))
    model = read(
        ModelFile,
        "policies/models/fraud.yaml",
        f"apiVersion: ratchet/v1\nkind: Model\nname: fraud\npolicies: [standard/1.0.0]\ntime: {{column: t}}\n"
        f"rows: {{source: prom, request_id: r, arm: v}}\nmetrics:\n{metrics}".encode(),
    )
    assert isinstance(model, ModelFile), model
    versions = Versions(candidate=CANDIDATE, baseline=BASELINE, others=frozenset())
    sources = {
        f"s{n}": PrometheusSource(
            name="prom", config=config, model=model, versions=versions, reach=Reach.of(held), root=Path()
        )
        for n in range(count)
    }
    window = Window((Interval(START, START + timedelta(hours=1)),), START + timedelta(hours=1))
    needs = [Need(shape=Shape.SERIES, metric=f"m{n}", window=window, arms=(Arm.CANDIDATE,)) for n in range(count)]
    started = perf_counter()
    found = gather(needs, sources, lambda need: f"s{need.metric[1:]}")
    seconds = perf_counter() - started
    missing = [answer for answer in found.answers.values() if isinstance(answer, Missing)]
    assert not missing, missing[:2]
    print(json.dumps({"seconds": seconds, "sum": count * SECONDS}))
    server.terminate()


if __name__ == "__main__":
    main()
