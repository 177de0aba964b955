"""Real git repositories for tests: files in, commits out."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forge.git import TEMPLATE

WHEN = datetime(2025, 9, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Repo:
    """A repository in a folder, with the branch ``main`` checked out."""

    path: Path

    def git(self, *arguments: str) -> str:
        """What one git command prints."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "author",
            "GIT_AUTHOR_EMAIL": "author@example.invalid",
            "GIT_AUTHOR_DATE": WHEN.isoformat(),
            "GIT_COMMITTER_NAME": "author",
            "GIT_COMMITTER_EMAIL": "author@example.invalid",
            "GIT_COMMITTER_DATE": WHEN.isoformat(),
        }
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments], capture_output=True, check=False, env=environ, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Files of the work tree."""
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes] | None = None, message: str = "change") -> str:
        """Commit these files (and whatever else changed in the work tree); the commit's id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, files: Mapping[str, str | bytes] | None = None, start: str = "main") -> str:
        """A new branch with one commit; it is checked out."""
        self.git("checkout", "--quiet", "-b", name, start)
        return self.commit(files)


def a_repo(path: Path, files: Mapping[str, str | bytes] | None = None) -> Repo:
    """A repository whose ``main`` holds these files."""
    path.mkdir(parents=True, exist_ok=True)
    repo = Repo(path)
    repo.git("init", "--quiet", TEMPLATE, "--initial-branch=main")
    repo.commit(files)
    return repo
