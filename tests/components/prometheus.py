"""A real Prometheus server on a free port of this machine, holding given samples."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from components import absent
from components.ports import free_port


@contextmanager
def serving(folder: Path, openmetrics: str, *, retention: str = "15y", port: int | None = None) -> Iterator[str]:
    """The server's address. Its samples are those of a text in the OpenMetrics format, back-filled by ``promtool``."""
    with running(folder, openmetrics, retention=retention, port=port) as (url, _):
        yield url


@contextmanager
def running(
    folder: Path, openmetrics: str, *, retention: str = "15y", port: int | None = None
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The same with the process, which the test may end."""
    fill(folder, openmetrics)
    with started(folder, port or free_port(), retention=retention) as running:
        yield running


def fill(folder: Path, openmetrics: str) -> None:
    """Puts samples into a folder that a server is started in."""
    _there()
    (folder / "samples.om").write_text(openmetrics, encoding="utf-8")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=168h"]
    subprocess.run([*command, folder / "samples.om", folder / "data"], check=True, capture_output=True)


@contextmanager
def started(folder: Path, port: int, *, retention: str = "15y") -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The address and the process of a server with the samples of a folder."""
    with _started(folder, "global: {scrape_interval: 1h}\n", retention, port) as running:
        yield running


@contextmanager
def scraping(folder: Path, config: str) -> Iterator[str]:
    """The address of a server that does what its configuration says, and has no samples at its start."""
    _there()
    with _started(folder, config, "1d", free_port()) as (url, _):
        yield url


def _there() -> None:
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        absent("Prometheus", "apt-get install prometheus")


@contextmanager
def _started(folder: Path, config: str, retention: str, port: int) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--storage.tsdb.retention.time={retention}",
            f"--web.listen-address={url.removeprefix('http://')}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(url, server)
        yield url, server
    finally:
        server.terminate()
        server.wait(20)


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "Prometheus ended at its start"
        try:
            if requests.get(f"{url}/-/ready", timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError("Prometheus was not ready within 30 s")
