"""A real MLflow server on a free port of this machine, with its registry in SQLite, and what is written into it by REST."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from components import absent
from components.ports import free_port

COMMANDS = Path(__file__).parents[2] / ".venv-mlflow" / "bin"


@dataclass(frozen=True)
class Mlflow:
    """A server that runs, and the calls by which a training pipeline fills it."""

    url: str

    def post(self, path: str, **body: Any) -> Any:
        """The answer to one call."""
        answer = requests.post(f"{self.url}/api/2.0/mlflow/{path}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def run(
        self,
        parameters: Mapping[str, str],
        metrics: list[tuple[str, float | str, int]],
        tags: Mapping[str, str],
        datasets: list[dict[str, Any]],
    ) -> str:
        """The id of a run that logged these; a metric is (name, value, step)."""
        made = self.post("runs/create", experiment_id="0", start_time=1)
        run_id = str(made["run"]["info"]["run_id"])
        self.post(
            "runs/log-batch",
            run_id=run_id,
            params=[{"key": key, "value": value} for key, value in parameters.items()],
            metrics=[{"key": key, "value": value, "step": step, "timestamp": step} for key, value, step in metrics],
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
        if datasets:
            self.post("runs/log-inputs", run_id=run_id, datasets=datasets)
        return run_id

    def register(self, name: str, source: str, run_id: str = "", tags: Mapping[str, str] | None = None) -> str:
        """The number of a new version."""
        listed = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        made = self.post("model-versions/create", name=name, source=source, run_id=run_id, tags=listed)
        return str(made["model_version"]["version"])


@contextmanager
def serving(folder: Path) -> Iterator[Mlflow]:
    """A server whose files lie in a folder. It and all that it started have ended afterwards."""
    if not (COMMANDS / "mlflow").exists():
        absent("MLflow", "make components")
    url = f"http://127.0.0.1:{free_port()}"
    with (folder / "mlflow.log").open("wb") as log:
        server = subprocess.Popen(
            [
                COMMANDS / "mlflow",
                "server",
                f"--backend-store-uri=sqlite:///{folder / 'mlflow.db'}",
                f"--artifacts-destination={folder / 'artifacts'}",
                "--host=127.0.0.1",
                f"--port={url.rpartition(':')[2]}",
                "--workers=1",
            ],
            env={
                **os.environ,
                "PATH": f"{COMMANDS}:{os.environ['PATH']}",
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            },
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(url, server, folder / "mlflow.log")
            yield Mlflow(url)
        finally:
            # its workers outlive it: the whole group is ended
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait(20)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(1800):
        assert server.poll() is None, log.read_text(errors="replace")[-2000:]
        with suppress(requests.RequestException):
            if requests.get(f"{url}/health", timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("MLflow was not ready within 180 s")
