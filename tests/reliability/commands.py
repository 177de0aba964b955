"""The commands that a workflow runs, started in a runner's environment and waited for; their git can be made to fail."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

GIT = """\
#!/bin/sh
# Counts what git asks of another repository, and ends there as it is told to.
case " $* " in
*" push "*) what=push ;;
*" fetch "*) what=fetch ;;
*" ls-remote "*) what=ls-remote ;;
*) exec {git} "$@" ;;
esac
echo "$what" >> "$FAULTS/asked"
count=$(wc -l < "$FAULTS/asked")
read -r at how < "$FAULTS/plan"
test "$count" -eq "$at" || exec {git} "$@"
case $how in
*done) {git} "$@" > /dev/null 2>&1 ;;
esac
case $how in
killed*) kill -KILL 0 ;;
esac
exit 128
"""
PATIENCE = 900.0
"""Seconds after which a command is taken to hang."""


@dataclass
class Process:
    """A command that runs, in a process group of its own."""

    group: int
    log: Path
    _told: IO[str]

    def wait(self) -> int:
        """Its exit code; below zero the signal that ended it."""
        code = self._told.readline()
        self._told.close()
        return int(code)


@dataclass(frozen=True)
class Nursery:
    """Where commands are forked (``nursery.py``), and the folder of the ``git`` that they find."""

    address: Path
    bin: Path

    def start(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        log: Path,
        *,
        largest: int | None = None,
        clock: timedelta = timedelta(),
    ) -> Process:
        """A command that has begun; none of its files may grow beyond ``largest`` bytes, and its clock is off by ``clock``."""
        told = self._asked(
            {
                "arguments": list(arguments),
                "environ": dict(environ),
                "folder": str(folder),
                "log": str(log),
                "largest": largest,
                "faked": _faked(clock) if clock else {},
            }
        )
        return Process(int(told.readline()), log, told)

    def _asked(self, command: Mapping[str, object]) -> IO[str]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(self.address))
            told = connection.makefile("rw")
        print(json.dumps(command), file=told, flush=True)
        return told


def faketime() -> Path | None:
    """The library that tells a process another time, where it is installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def _faked(clock: timedelta) -> dict[str, str]:
    library = faketime()
    assert library is not None
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{clock.total_seconds():+.0f}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery that ends with the block."""
    address, bin_ = folder / "nursery", folder / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "git").write_text(GIT.format(git=shutil.which("git")), encoding="utf-8")
    (bin_ / "git").chmod(0o755)
    command = [sys.executable, str(Path(__file__).with_name("nursery.py")), str(address)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield Nursery(address, bin_)
        finally:
            process.terminate()
