"""The fuzz targets: each holds for what was saved of earlier runs, and for what a short run of libFuzzer makes of it."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from components import absent
from fuzz.driver import CORPUS, ROOT, TARGETS, library

SECONDS = 20
SAVED = [path for name in TARGETS for path in sorted((CORPUS / name).iterdir())]


def fuzzed(target: str, seconds: float, **more: str) -> "subprocess.CompletedProcess[str]":
    if library() is None:
        absent("Atheris", "make components (requirements/fuzz.txt)")
    command = [sys.executable, "-m", "fuzz.driver", target, f"--seconds={seconds}"]
    paths = os.pathsep.join((str(ROOT / "tests"), str(ROOT)))
    environ = {**os.environ, "PYTHONPATH": paths, **more}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        errors="replace",
    )


@pytest.mark.parametrize("path", SAVED, ids=lambda path: f"{path.parent.name}-{path.name[:16]}")
def test_a_saved_input_holds(path: Path) -> None:
    importlib.import_module(f"fuzz.{path.parent.name}").one_input(path.read_bytes())


@pytest.mark.fuzz
@pytest.mark.parametrize("target", TARGETS)
def test_a_short_run_breaks_nothing(target: str) -> None:
    done = fuzzed(target, SECONDS)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " inputs, the slowest " in done.stdout


@pytest.mark.fuzz
@pytest.mark.parametrize(
    ("trap", "seconds", "code", "said"),
    [
        ("nothing", 1, 0, "inputs, the slowest"),
        ("crash", 4, 77, "what nobody foresaw"),
        ("hang", 4, 77, "more than 1 s of CPU time"),
        ("hoard", 4, 77, "inputs took 25"),
    ],
    ids=["nothing", "crash", "hang", "hoard"],
)
def test_the_driver_sees_what_a_target_may_never_do(trap: str, seconds: int, code: int, said: str) -> None:
    done = fuzzed("trap", seconds, TRAP=trap)
    assert done.returncode == code, done.stdout[-4000:]
    assert said in done.stdout
