"""Real routers and small model servers on free ports of this machine, each a process that the test ends by its id."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from components import absent
from components.ports import free_port, listening

SERVER = Path(__file__).parent / "model_server.py"

NGINX = f"""\
{"user root;" if os.getuid() == 0 else ""}
worker_processes 2;
pid nginx.pid;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    keepalive_requests 100000;
    include ratchet/*.conf;
}}
"""

HAPROXY = """\
global
    maxconn 2000
defaults
    timeout connect 5s
    timeout client 30s
    timeout server 30s
"""


class Row(TypedDict):
    """What a model server wrote of one request."""

    version: str
    path: str
    method: str
    body: str
    user: str | None
    host: str | None
    request: str | None
    mirrored: str | None
    at: float
    """Seconds since 1970, when it arrived."""
    score: float | None
    digest: str | None
    latency_ms: float
    status: int


@dataclass(frozen=True)
class ModelServer:
    """A model server that runs."""

    version: str
    port: int
    log: Path
    pid: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def rows(self) -> list[Row]:
        """What it has scored so far."""
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def memory(self) -> int:
        """What its process holds in memory now, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def rows_once(self, number: int) -> list[Row]:
        """What it has scored, once that are so many: mirrored requests arrive when they arrive."""
        for _ in range(600):
            if self.log.exists() and self.log.read_bytes().count(b"\n") >= number:
                break
            time.sleep(0.05)
        return self.rows()


@contextmanager
def model_server(
    folder: Path,
    version: str,
    *,
    delay: float = 0,
    status: int = 200,
    weights: Path | None = None,
    trouble: Path | None = None,
) -> Iterator[ModelServer]:
    """A server of one version, which takes ``delay`` seconds for each answer; without ``weights`` it scores nothing.

    ``trouble`` is a file that says how it degrades, read at each request.
    """
    port, log = free_port(), folder / f"{version}.jsonl"
    options = [str(port), str(log), version, f"--delay={delay}", f"--status={status}"]
    options += [f"--weights={weights}"] if weights is not None else []
    options += [f"--trouble={trouble}"] if trouble is not None else []
    process = subprocess.Popen([sys.executable, SERVER, *options])
    try:
        listening(port, process)
        yield ModelServer(version, port, log, process.pid)
    finally:
        process.kill()
        process.wait(20)


@dataclass(frozen=True)
class Router:
    """A router that runs."""

    process: "subprocess.Popen[bytes]"
    file: Path
    again: signal.Signals

    def reload(self, text: str) -> None:
        """Give it another configuration, as an operator does: nothing is stopped."""
        self.file.write_text(text, encoding="utf-8")
        self.process.send_signal(self.again)


@contextmanager
def nginx(folder: Path, text: str, *ports: int) -> Iterator[Router]:
    """nginx with one rendered file, once it listens on these ports."""
    command = [*_nginx(folder), "-g", "daemon off;"]
    with _running(command, folder / "ratchet" / "model.conf", text, signal.SIGHUP, ports) as router:
        yield router


@contextmanager
def haproxy(folder: Path, text: str, *ports: int) -> Iterator[Router]:
    """HAProxy as master and worker, with one rendered file, once it listens on these ports."""
    file = folder / "model.cfg"
    command = [*_haproxy(folder), "-W", "-q", "-f", str(file)]
    with _running(command, file, text, signal.SIGUSR2, ports) as router:
        yield router


def loads(target: str, folder: Path, name: str, text: str) -> None:
    """Has the router itself read a rendered file, which it takes without a warning."""
    if target == "nginx":
        command = [*_nginx(folder), "-t", "-q"]
        file = folder / "ratchet" / name
    else:
        file = folder / name
        command = [*_haproxy(folder), "-c", "-q", "-f", str(file)]
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    file.unlink()
    assert (done.returncode, done.stderr) == (0, ""), done.stderr + text


def _nginx(folder: Path) -> list[str]:
    if shutil.which("nginx") is None:
        absent("nginx", "apt-get install nginx-light")
    (folder / "ratchet").mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(NGINX, encoding="utf-8")
    return ["nginx", "-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"]


def _haproxy(folder: Path) -> list[str]:
    if shutil.which("haproxy") is None:
        absent("HAProxy", "apt-get install haproxy")
    (folder / "haproxy.cfg").write_text(HAPROXY, encoding="utf-8")
    return ["haproxy", "-f", str(folder / "haproxy.cfg")]


@contextmanager
def _running(
    command: list[str], file: Path, text: str, again: signal.Signals, ports: tuple[int, ...]
) -> Iterator[Router]:
    file.write_text(text, encoding="utf-8")
    process = subprocess.Popen(command)
    try:
        for port in ports:
            listening(port, process)
        yield Router(process, file, again)
    finally:
        process.terminate()
        process.wait(20)
