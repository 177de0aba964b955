"""What the pages tell people to type, and a shell that types it."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class File:
    """A block that shows a file."""

    path: str
    text: str


@dataclass(frozen=True)
class Typed:
    """A command, and the lines that the page shows below it."""

    command: str
    shown: tuple[str, ...] = ()


def steps(page: str) -> list[File | Typed]:
    """The files and commands of a page, in their order."""
    found: list[File | Typed] = []
    for language, title, text in BLOCK.findall(page):
        if title:
            found.append(File(title, text))
        elif language == "console":
            found += [
                Typed(command, tuple(shown))
                for command, *shown in (part.splitlines() for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:])
            ]
    return found


def environment() -> dict[str, str]:
    """That of somebody at a terminal with the command installed, who has no settings of git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_"))}
    who = {
        f"GIT_{role}_{what}": "oncall@example.invalid" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**kept, **who, "PATH": path, "GIT_CONFIG_GLOBAL": os.devnull}


def carried_out(folder: Path, *lines: str) -> str:
    """What the commands print, one after the other; each of them succeeds."""
    done = subprocess.run(
        ["bash", "-euc", "\n".join(lines)], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


@dataclass
class Shell:
    """One shell for all steps of a page: a folder that was entered and the code of the last command stay."""

    folder: Path
    code: int = 0

    def put(self, file: File) -> None:
        """Write a file that the page shows."""
        path = self.folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")

    def type(self, command: str) -> tuple[str, int]:
        """Run a command; what it prints, and its exit code."""
        script = f"(exit {self.code})\n{command}\ncode=$?; printf '\\0%s' \"$PWD\"; exit $code"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        printed, _, folder = done.stdout.rpartition("\0")
        self.folder, self.code = Path(folder), done.returncode
        return printed, done.returncode


def shows(shown: Sequence[str], printed: str) -> bool:
    """Whether a page shows what was printed: ``…`` stands for any text, alone in a line for any lines."""
    lines = ["(?:.*\n)*?" if line.strip() == "…" else _pattern(line) + " *\n" for line in shown]
    return re.fullmatch("".join(lines), printed.rstrip("\n") + "\n" if printed.strip() else "") is not None


def _pattern(line: str) -> str:
    words = [".*".join(map(re.escape, word.split("…"))) for word in line.split()]
    return " *" + " +".join(words)
