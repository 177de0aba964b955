"""Beside a real Prometheus and a real Alertmanager: a model server that degrades is held, and its rollback is started."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from builders import small
from builders.http import Asked, Told, answering
from builders.repositories import Repo, a_repo
from builders.small import V1, V2
from builders.webhooks import TOKEN
from components import absent, alertmanager, prometheus
from components.ports import free_port, listening
from model_ratchet.cli import ExitCode, run
from model_ratchet.documents.events import Hold
from model_ratchet.git_write import Writer
from model_ratchet.ledger import fetch_ledger

MODEL = f"""{small.MODEL.partition("metrics:")[0].format(name="demo")}metrics:
  errors:
    kind: proportion
    better: lower
    promql:
      events: 'requests_total{{version={{{{ version }}}},code=~"5.."}}'
      total: 'requests_total{{version={{{{ version }}}}}}'
      no_series: zero
"""
POLICY = small.POLICY + (
    "rollback:\n  triggers:\n    - {metric: errors, statistic: rate, above: 20%, over: 10s, sustained: 1 of 1}\n"
)
PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ['{rules}']
scrape_configs: [{{job_name: model, static_configs: [{{targets: ['127.0.0.1:{model}']}}]}}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}
"""


class Model:
    """A model server that answers with an error once it is degraded, and counts what it answers."""

    def __init__(self) -> None:
        self.degraded = threading.Event()
        self.answered = {200: 0, 500: 0}

    def metrics(self) -> str:
        lines = (f'requests_total{{version="{V2}",code="{code}"}} {n}\n' for code, n in self.answered.items())
        return "# TYPE requests_total counter\n" + "".join(lines)

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Its port, while somebody asks it all the time."""
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = 200, model.metrics().encode()
                if self.path != "/metrics":
                    status, body = (500 if model.degraded.is_set() else 200), b"0.7"
                    model.answered[status] += 1
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        server, stop = ThreadingHTTPServer(("127.0.0.1", 0), Handler), threading.Event()

        def ask() -> None:
            while not stop.wait(0.05):
                requests.get(f"http://127.0.0.1:{server.server_port}/score", timeout=10)

        threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=ask)]
        for thread in threads:
            thread.start()
        try:
            yield server.server_port
        finally:
            stop.set()
            threads[1].join()
            server.shutdown()
            threads[0].join()
            server.server_close()


@contextmanager
def watching(repo: Repo, github: str, log: Path) -> Iterator[str]:
    """The address of ``ratchet watch --listen``; it ends as it should when it is asked to."""
    port = free_port()
    environ = {"RATCHET_WATCH_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/models", "GITHUB_TOKEN": "of-github"}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "model_ratchet", "watch", "--listen", f"127.0.0.1:{port}"],
            cwd=repo.path,
            env=os.environ | environ | {"GITHUB_API_URL": github},
            stderr=file,
        )
        try:
            listening(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(60)
    assert ended == ExitCode.PASSED


def a_folder(path: Path) -> Path:
    path.mkdir()
    return path


def until(what: Callable[[], bool]) -> float:
    """The instant at which something has come about; more than two minutes are too long."""
    for _ in range(1200):
        if what():
            return time.monotonic()
        time.sleep(0.1)
    raise AssertionError("it did not come about")


def test_a_model_that_degrades_is_held_within_seconds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[Asked] = []

    def github(one: Asked) -> Told:
        asked.append(one)
        return Told(503 if len(asked) == 1 else 204, b"")

    files = {"policies/small/1.0.0.yaml": POLICY, "policies/models/demo.yaml": MODEL}
    repo = a_repo(tmp_path / "repo", {**files, **small.promotion(V1, "none"), **small.promotion(V2, V1)})
    rules = tmp_path / "rules"
    rendered = ["render", "alerts", "--target", "prometheus", "--repo", str(repo.path), "--out", str(rules)]
    assert run(rendered) == ExitCode.PASSED
    model, log = Model(), tmp_path / "listen.log"

    def held() -> bool:
        return bool(fetch_ledger(Writer(repo.path)).events())

    with (
        model.serving() as port,
        answering(github) as api,
        watching(repo, api.url, log) as listener,
        alertmanager.serving(a_folder(tmp_path / "am"), f"{listener}/alerts", token=TOKEN) as manager,
    ):
        config = PROMETHEUS.format(
            rules=rules / "*.rules.yaml", model=port, alertmanager=manager.removeprefix("http://")
        )
        with prometheus.scraping(a_folder(tmp_path / "prometheus"), config) as url:
            measured = {"query": "count_over_time(ratchet:share[10s]) > 8 and ratchet:share == 0"}
            until(lambda: requests.get(f"{url}/api/v1/query", measured, timeout=10).json()["data"]["result"] != [])
            assert not held()
            model.degraded.set()
            degraded = time.monotonic()
            hold = until(held) - degraded
            rollback = until(lambda: len(asked) == 2) - degraded
    with capsys.disabled():
        print(f"\nheld {hold:.1f} s after the first error, its rollback started after {rollback:.1f} s")
    (event,) = fetch_ledger(Writer(repo.path)).events()
    assert isinstance(event, Hold)
    assert event.because == f"an alert of Prometheus: errors rate above 20% over 10s, of {V2}"
    assert [json.loads(one.body)["inputs"]["model"] for one in asked] == ["demo", "demo"]
    assert TOKEN not in log.read_text(encoding="utf-8")


PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"


@pytest.mark.parametrize(
    ("action", "receivers"), [("rollback", "ratchet,people"), ("tell", "people")], ids=["rollback", "tell"]
)
def test_the_documented_routes_bring_triggers_here_and_all_alerts_to_people(
    tmp_path: Path, action: str, receivers: str
) -> None:
    if shutil.which("amtool") is None:
        absent("amtool", "apt-get install prometheus-alertmanager")
    _, example = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    config = tmp_path / "alertmanager.yml"
    config.write_text(example, encoding="utf-8")
    subprocess.run(["amtool", "check-config", str(config)], check=True, capture_output=True)
    asked = ["amtool", "config", "routes", "test", f"--config.file={config}", f"action={action}", "severity=critical"]
    assert subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip() == receivers
