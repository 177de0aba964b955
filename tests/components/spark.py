"""A real Spark cluster of this machine: one master, two workers and a Spark Connect server, all on its loopback."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from components import absent
from components.ports import free_port, listening

_VENV = Path(__file__).parents[2] / ".venv-spark"
_CLASSES = "org.apache.spark"
_SHORT_RUNS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@contextmanager
def serving(folder: Path, *, token: str | None = None, java: str = _SHORT_RUNS) -> Iterator[str]:
    """The URL of its Spark Connect server. Tables are kept below ``folder``; ``java`` are options of all its processes."""
    homes = sorted(_VENV.glob("lib/python3*/site-packages/pyspark/bin/spark-class"))
    if not homes:
        absent("Spark", "make components")
    if shutil.which("java") is None:
        absent("Java", "apt-get install openjdk-17-jre-headless")
    home = homes[0].parents[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(_VENV / "bin" / "python"),
        "SPARK_DAEMON_MEMORY": "768m",
        "JAVA_TOOL_OPTIONS": java,
    }
    if token is not None:
        environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = token
    master, connect = free_port(), free_port()
    url = f"spark://127.0.0.1:{master}"
    with ExitStack() as running:

        def start(name: str, *command: str, port: int | None = None) -> None:
            process = running.enter_context(_process(folder, name, [str(homes[0]), *command], environment))
            if port is not None:
                listening(port, process, folder / f"{name}.log")

        at_master = ["--host", "127.0.0.1", "--port", str(master), "--webui-port", "0"]
        start("master", f"{_CLASSES}.deploy.master.Master", *at_master, port=master)
        for number in (1, 2):
            sized = ["--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", str(folder / f"work{number}")]
            start(f"worker{number}", f"{_CLASSES}.deploy.worker.Worker", "--host", "127.0.0.1", *sized, url)
        settings = {
            "spark.driver.host": "127.0.0.1",
            "spark.executor.memory": "512m",
            "spark.executor.cores": "1",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.sql.session.timeZone": "America/New_York",
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": str(connect),
        }
        given = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
        server = ["--class", f"{_CLASSES}.sql.connect.service.SparkConnectServer", *given, "spark-internal"]
        start("connect", f"{_CLASSES}.deploy.SparkSubmit", "--master", url, *server, port=connect)
        yield f"sc://127.0.0.1:{connect}"


def workers_seen(folder: Path) -> int:
    """How many workers the master has let in."""
    return len(set(re.findall(r"Registering worker (\S+)", (folder / "master.log").read_text(encoding="utf-8"))))


@contextmanager
def _process(
    folder: Path, name: str, command: list[str], environment: Mapping[str, str]
) -> "Iterator[subprocess.Popen[bytes]]":
    """A process of its own group, ended with all that it started."""
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env=dict(environment), start_new_session=True
        )
    try:
        yield started
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait(20)
