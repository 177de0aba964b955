"""The watch as a process that goes on: is its memory flat, and does it come to every run in time? Writes docs/soak.md.

python -m benchmarks.soak [MINUTES MODELS]    (default: 30 1000)

``ratchet watch --every 1m`` looks at the models by blocks of one minute, so that each run asks of each model what is new: five
queries of 50 ms. What it remembers is on disk, as in production; its resident memory is sampled from outside.
"""

import itertools
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import linear_regression, median

from benchmarks.log import RATCHET, ROOT
from benchmarks.slow import prometheus
from benchmarks.watch_many import POLICY, watched
from model_ratchet.core.names import Version

PAGE = ROOT / "docs" / "soak.md"
BETWEEN = timedelta(minutes=1)
WARM = 1 / 6
"""The part of the time after which memory has to be flat: interpreters and allocators fill their pools first."""
_PAUSE = 1.0
_AGE = timedelta(minutes=7)
"""How long ago the versions were built: a block can be read five minutes after its end."""


@dataclass(frozen=True)
class Run:
    """One run of the watch, as its health file tells of it."""

    at: datetime
    seconds: float
    looked: bool
    versions: int


@dataclass(frozen=True)
class Soak:
    """What was seen: the runs, and the resident memory in MiB by the seconds since the start."""

    minutes: float
    models: int
    runs: Sequence[Run]
    memory: Sequence[tuple[float, float]]
    code: int

    @property
    def due(self) -> int:
        """How many runs begin in this time: the first at once."""
        return int(timedelta(minutes=self.minutes) / BETWEEN)

    @property
    def lost(self) -> int:
        """How many of them there were not."""
        return max(0, self.due - len(self.runs))

    def settled(self) -> Sequence[tuple[float, float]]:
        """The samples after the warm-up."""
        return [(at, mib) for at, mib in self.memory if at >= WARM * self.minutes * 60]

    def slope(self) -> float:
        """By how many MiB an hour the memory grows after the warm-up, by least squares."""
        hours, mib = zip(*((at / 3600, mib) for at, mib in self.settled()), strict=True)
        return linear_regression(hours, mib).slope


def main() -> None:
    """One soak, and its page."""
    minutes, models = (*map(int, sys.argv[1:]), *(30, 1000)[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory(prefix="ratchet-soak-") as folder, prometheus() as port:
        began = datetime.now(UTC).replace(microsecond=0) - _AGE
        policy = POLICY.replace("min_rows: 5", "min_rows: 5, over: 12m")
        watched(Path(folder, "repository"), models, port, Version(1, 0, 0, began), policy)
        found = _soak(Path(folder), minutes, models)
    text = _page(found)
    print(text)
    PAGE.write_text(text, encoding="utf-8")


def _soak(folder: Path, minutes: int, models: int) -> Soak:
    health = folder / "health.json"
    command = [
        RATCHET,
        "watch",
        "--every",
        "1m",
        "--repo",
        str(folder / "repository"),
    ]
    command += ["--base", "main", "--state", str(folder / "state"), "--health", str(health)]
    runs: dict[str, Run] = {}
    memory = []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        started = time.monotonic()
        while (since := time.monotonic() - started) < minutes * 60:
            assert process.poll() is None, f"the watch ended by itself with {process.returncode}"
            memory.append((since, _resident(process.pid)))
            _tell(runs, health)
            time.sleep(_PAUSE)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait()
    _tell(runs, health)
    return Soak(minutes=minutes, models=models, runs=list(runs.values()), memory=memory, code=code)


def _resident(pid: int) -> float:
    """The resident memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def _tell(runs: dict[str, Run], health: Path) -> None:
    with suppress(FileNotFoundError):
        told: Mapping[str, str] = json.loads(health.read_bytes())
        at, ended = (datetime.fromisoformat(told[name]) for name in ("at", "ended"))
        runs[told["at"]] = Run(at, (ended - at).total_seconds(), bool(told["looked"]), int(told["versions"]))


def _page(found: Soak) -> str:
    """The whole page."""
    seconds = sorted(run.seconds for run in found.runs)
    gaps = [(after.at - before.at).total_seconds() for before, after in itertools.pairwise(found.runs)]
    settled, warm = [mib for _, mib in found.settled()], WARM * found.minutes
    sound = sum(run.looked and run.versions == found.models for run in found.runs)
    rows = {
        "runs that were due, one each minute": f"{found.due}",
        "runs that were": f"{len(found.runs)}",
        "lost": f"{found.lost}",
        f"of them with all {found.models:,} models looked at": f"{sound}",
        "seconds of a run: median, longest": f"{median(seconds):.1f}, {seconds[-1]:.1f}",
        "seconds from one run's start to the next: least, most": f"{min(gaps):.1f}, {max(gaps):.1f}",
        f"MiB of resident memory after {warm:g} minutes: least, most": f"{min(settled):.0f}, {max(settled):.0f}",
        "its slope after that, by least squares": f"{found.slope():+.1f} MiB an hour",
        "exit code after SIGTERM": f"{found.code}",
    }
    table = "\n".join(f"| {what} | {value} |" for what, value in rows.items())
    fives = range(0, int(found.minutes), 5)
    within = {minute: [mib for at, mib in found.memory if minute * 60 <= at < (minute + 5) * 60] for minute in fives}
    told = "\n".join(
        f"| {minute}–{minute + 5} | {median(mib):.0f} | {max(mib):.0f} |" for minute, mib in within.items()
    )
    return f"""\
# The watch over half an hour

`make soak` writes this page. `ratchet watch --every 1m` looks at {found.models:,} models for {found.minutes:g} minutes, by
blocks of one minute: five queries for each model and minute, at a Prometheus stand-in on the same machine that thinks for 50 ms
about each. A run is lost when the one before it takes longer than a minute.

| what | |
|---|---|
{table}

Resident memory by the time since the start, sampled each second. The rule looks back over twelve blocks, so that what is
remembered of each model still grows in the first twelve minutes:

| minutes | median, MiB | most, MiB |
|---|---|---|
{told}

{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()};
the load of the machine at the end was {os.getloadavg()[0]:.1f}.
"""


if __name__ == "__main__":
    main()
