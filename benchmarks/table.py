"""What was measured: ratios beside their targets, kept by section in ``benchmarks/results``."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.log import ROOT

RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True)
class Row:
    """A ratio beside its target, if it has one."""

    what: str
    beside: str
    ratio: float
    at_most: float | None
    note: str = ""

    @property
    def met(self) -> bool:
        """False for a ratio above its target."""
        return self.at_most is None or self.ratio <= self.at_most

    def line(self) -> str:
        """The row of the table."""
        limit = "" if self.at_most is None else f"{self.at_most:g}×"
        mark = "" if self.at_most is None else ("✔" if self.met else "✘")
        return f"| {self.what} | {self.beside} | {self.ratio:.2f}× | {limit} | {mark} | {self.note} |"


@dataclass(frozen=True)
class Taken:
    """What was measured of a section, when and on what; ``shown`` is a text that belongs to it, such as a plan."""

    at: datetime
    machine: str
    rows: tuple[Row, ...]
    shown: str = ""


def keep(section: str, found: Iterable[Row | str], libraries: Iterable[str]) -> None:
    """Replace what was measured of a section."""
    measured = list(found)
    taken = {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": _machine(libraries),
        "rows": [asdict(one) for one in measured if isinstance(one, Row)],
        "shown": "\n".join(one for one in measured if isinstance(one, str)),
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(taken, indent=1, ensure_ascii=False)
    _path(section).write_text(f"{text}\n", encoding="utf-8")


def kept(section: str) -> Taken | None:
    """What was measured of a section; None where nothing was."""
    if not _path(section).exists():
        return None
    taken = json.loads(_path(section).read_text(encoding="utf-8"))
    rows = tuple(Row(**row) for row in taken["rows"])
    return Taken(datetime.fromisoformat(taken["at"]), taken["machine"], rows, taken["shown"])


def _path(section: str) -> Path:
    return RESULTS / f"{section}.json"


def _machine(libraries: Iterable[str]) -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown processor")
    used = [f"{name} {version(name)}" for name in libraries]
    return ", ".join([model, f"{os.cpu_count()} cores", f"Python {platform.python_version()}", *used])
