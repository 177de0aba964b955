"""Runs of GitHub Actions as processes: the real command in a runner's environment, beside the fake GitHub.

The clone is what ``actions/checkout`` leaves: the base branch, one commit deep, with an ``origin`` that gives any commit by
its id, as GitHub does. What it does **not** prove is that GitHub starts such a run, and with which rights.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builders.hubs import Scene
from builders.repositories import Repo
from forge.git import TEMPLATE
from forge.state import Token

RIGHTS = {"checks": "write", "contents": "read", "members": "read", "metadata": "read", "pull_requests": "write"}
"""Of the App in the hardened tier."""


@dataclass(frozen=True)
class Ran:
    """What is left of a run."""

    code: int
    log: str
    folder: Path

    @property
    def summary(self) -> str:
        return self._text("summary.md")

    @property
    def outputs(self) -> str:
        return self._text("output.txt")

    def _text(self, name: str) -> str:
        file = self.folder / name
        return file.read_text(encoding="utf-8") if file.exists() else ""


@dataclass
class Runner:
    """Starts runs with rising numbers, each in a folder of its own."""

    scene: Scene
    folder: Path
    token: Token
    environ: Mapping[str, str] = field(default_factory=dict)
    last: int = 100

    def __post_init__(self) -> None:
        self.scene.repo.git.run("config", "uploadpack.allowAnySHA1InWant", "true")

    def clone(self, depth: int = 1, branch: str = "main") -> Repo:
        """A fresh checkout of a branch."""
        place = self.folder / f"checkout-{self.last}"
        url = f"file://{self.scene.repo.git.path}"
        Repo(self.folder).git("clone", "--quiet", TEMPLATE, f"--depth={depth}", "--branch", branch, url, str(place))
        return Repo(place)

    def start(
        self,
        event: str,
        payload: Mapping[str, Any] | bytes,
        mode: str = "publish",
        *,
        clone: Repo | None = None,
        token: Token | None = None,
        **environ: str,
    ) -> "subprocess.Popen[str]":
        """A process that has begun."""
        self.last += 1
        place = clone or self.clone()
        given = variables(self.scene, self.place, event, payload, token or self.token, self.last)
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("ratchet")), "check", f"--{mode}", "--repo", str(place.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=place.path,
            env={**given, **self.environ, **environ},
            text=True,
        )

    def run(self, event: str, payload: Mapping[str, Any] | bytes, mode: str = "publish", **more: Any) -> Ran:
        """What comes of a run that nobody disturbs."""
        with self.start(event, payload, mode, **more) as process:
            log, _ = process.communicate(timeout=120)
        return Ran(process.returncode, log, self.place)

    @property
    def place(self) -> Path:
        """The folder of the last run."""
        return self.folder / f"run-{self.last}"


def variables(
    scene: Scene, folder: Path, event: str, payload: Mapping[str, Any] | bytes, token: Token, number: int
) -> dict[str, str]:
    """What a runner sets for a run whose files are in a folder, which is made."""
    (folder / "home").mkdir(parents=True)
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    (folder / "event.json").write_bytes(content)
    return {
        "PATH": os.defpath,
        "HOME": str(folder / "home"),
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": scene.forge.api,
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_OUTPUT": str(folder / "output.txt"),
        "GITHUB_REPOSITORY": scene.repo.full_name,
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": str(number),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_TOKEN": token.value,
        "RATCHET_APP": token.app.slug if token.app is not None else "",
        "RUNNER_TEMP": str(folder),
    }
