"""Measuring: pieces of work in processes of their own, in turns, so that what else the machine does falls on all alike."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.log import ROOT

ROUNDS = 3
MIB = 2**20


@dataclass(frozen=True)
class Work:
    """What a piece of work took: medians of the rounds, the largest memory, and all the answers that it gave."""

    seconds: float
    memory: float
    parts: Mapping[str, float]
    digests: frozenset[str]


def say(text: str) -> None:
    """What is being done."""
    print(text, file=sys.stderr, flush=True)


def one(module: str, *arguments: str, python: Path | None = None) -> dict[str, Any]:
    """What a module prints as JSON when it is run, by this Python or another."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    command = [str(python or sys.executable), "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=environ)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def in_turns(works: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Work]:
    """Each piece of work, by its name, as ``benchmarks.one`` is told of it."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in works}
    for turn in range(rounds):
        for name, told in works.items():
            say(f"  round {turn + 1}: {name}")
            found[name].append(one("benchmarks.one", *told))
    return {name: _medians(rounds_of) for name, rounds_of in found.items()}


def _medians(told: Sequence[Mapping[str, Any]]) -> Work:
    parts = told[0].get("parts", {})
    return Work(
        seconds=median(one["seconds"] for one in told),
        memory=max(one["memory"] for one in told),
        parts={part: median(one["parts"][part] for one in told) for part in parts},
        digests=frozenset(one["digest"] for one in told),
    )
