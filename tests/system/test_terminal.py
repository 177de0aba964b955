"""``ratchet check`` on a real terminal: as wide as it is, coloured where that is wanted; and plain where it is piped."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from builders.small import NOW, V1, V2, promotion, rules, write_log

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COMMAND = [str(Path(sys.executable).with_name("ratchet")), "check", "--base", "main", "--head", "proposal"]


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    folder = tmp_path_factory.mktemp("terminal")
    made = a_repo(folder / "repo", {**rules(write_log(folder / "log.csv")), **promotion(V1, "none")})
    made.branch("proposal", promotion(V2, V1))
    return made


def shown(repo: Repo, columns: int, *, term: str = "xterm-256color", **environ: str) -> str:
    """What stands on a terminal of so many columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    command = [*COMMAND, "--now", NOW.isoformat()]
    with subprocess.Popen(
        command, cwd=repo.path, env={**kept, "TERM": term, **environ}, stdin=theirs, stdout=theirs
    ) as running:
        os.close(theirs)
        found = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # what a terminal answers once nobody holds its other end
                break
            if not part:
                break
            found += part
    os.close(ours)
    assert running.returncode == 0
    return found.decode("utf-8").replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [60, 132])
def test_a_check_is_as_wide_as_the_terminal_and_coloured(repo: Repo, columns: int) -> None:
    told = shown(repo, columns)
    plain = COLOUR.sub("", told)
    assert plain != told
    assert max(len(line) for line in plain.splitlines() if not line.startswith("record sha256:")) <= columns
    assert ("stage   exposure" in plain) == (columns == 132)


def test_no_colour_stands_where_none_is_wanted(repo: Repo) -> None:
    plain = shown(repo, 60, NO_COLOR="1")
    assert "\x1b" not in plain
    coloured = COLOUR.sub("", shown(repo, 60))
    assert [line.rstrip() for line in coloured.splitlines()] == plain.splitlines()
    assert shown(repo, 60, term="dumb") == plain


def test_what_is_piped_is_plain_and_as_wide_everywhere(repo: Repo) -> None:
    command = [*COMMAND, "--now", NOW.isoformat()]
    environ = {**os.environ, "COLUMNS": "60", "TERM": "xterm-256color"}
    told = subprocess.run(command, cwd=repo.path, env=environ, capture_output=True, text=True, check=True).stdout
    assert "\x1b" not in told
    assert "stage   exposure" in told
    assert told == subprocess.run(command, cwd=repo.path, capture_output=True, text=True, check=True).stdout
