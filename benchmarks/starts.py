"""Whole commands from the start of Python to their last line, beside what others take for the same or for less; prints JSON.

python -m benchmarks.starts help|validate|validate-many|untouched|check [ROUNDS]

Each round runs ours and theirs in turn; the medians of both are told.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import duckdb

from benchmarks.log import RATCHET, ROOT
from benchmarks.many import promotions, repository, rules

PYTHON = sys.executable
LINTER = [str(Path(PYTHON).with_name("check-jsonschema")), "--schemafile"]
MANY = 1000
_AUTHOR = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")

Command = Sequence[str]


def main() -> None:
    """One comparison."""
    work, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as folder:
        ours, theirs = WORK[work](Path(folder))
        taken: dict[str, list[float]] = {"ours": [], "theirs": []}
        for _ in range(rounds):
            taken["ours"].append(sum(map(_seconds, ours)))
            taken["theirs"].append(sum(map(_seconds, theirs)))
    print(json.dumps({name: median(seconds) for name, seconds in taken.items()}))


def _seconds(command: Command) -> float:
    started = perf_counter()
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    seconds = perf_counter() - started
    # a verdict may be any; what could not be read or judged is no measurement
    assert done.returncode in (0, 1, 4), (command, done.stdout[-500:], done.stderr[-500:])
    return seconds


def _help(_: Path) -> tuple[list[Command], list[Command]]:
    return [[RATCHET, "--help"]], [[PYTHON, "-c", "pass"]]


def _validate(folder: Path) -> tuple[list[Command], list[Command]]:
    (request,) = _promotions(folder, 1)
    return [[RATCHET, "validate", "--repo", str(folder), request]], [_linted(folder, request)]


def _validate_many(folder: Path) -> tuple[list[Command], list[Command]]:
    requests = _promotions(folder, MANY)
    return [[RATCHET, "validate", "--repo", str(folder), *requests]], [_linted(folder, *requests)]


def _untouched(folder: Path) -> tuple[list[Command], list[Command]]:
    repository(folder, 1, 1)
    ours = [RATCHET, "check", "--repo", str(folder), "--base", "main", "--head", "untouched"]
    return [ours], [["git", "-C", str(folder), "status"], [PYTHON, "-c", "pass"]]


def _check(folder: Path) -> tuple[list[Command], list[Command]]:
    """The demo's three-stage promotion, judged of a tenth of its requests in CSV files, as Markdown for the comment."""
    demo = folder / "demo"
    subprocess.run([RATCHET, "demo", "--dir", str(demo)], check=True, capture_output=True)
    for log in (demo / "logs").glob("*.parquet"):
        some = "WHERE hash(request_id) % 10 = 0" if log.stem in ("requests", "gateway") else ""
        duckdb.sql(f"COPY (FROM '{log}' {some}) TO '{log.with_suffix('.csv')}'")
    sources = demo / "policies" / "sources.yaml"
    sources.write_text(sources.read_text(encoding="utf-8").replace(".parquet", ".csv"), encoding="utf-8")
    subprocess.run(["git", "-C", str(demo), *_AUTHOR, "commit", "--quiet", "--all", "--message", "CSV"], check=True)
    ours = [RATCHET, "check", "--repo", str(demo), "--base", "main", "--head", "gained-feature"]
    ours += ["--now", "2013-08-25T16:00:00Z", "--format", "markdown"]
    return [ours], [[PYTHON, "-c", "import pandas, scipy.stats, github"]]


def _promotions(folder: Path, count: int) -> list[str]:
    """So many promotions of one model in a work tree: the paths of their requests."""
    files = rules(1) | promotions(1, count)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return [path for path in files if path.endswith("promotion.yaml")]


def _linted(folder: Path, *requests: str) -> Command:
    return [*LINTER, str(ROOT / "schemas" / "request.json"), *(str(folder / path) for path in requests)]


WORK = {
    "help": _help,
    "validate": _validate,
    "validate-many": _validate_many,
    "untouched": _untouched,
    "check": _check,
}

if __name__ == "__main__":
    main()
