"""Job: the files and the numbers that a runner gives to a job, and what may be written into them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model_ratchet.core.errors import ForgeError

SUMMARY_AT_MOST = 1024 * 1024
"""Bytes of a step's summary; GitHub drops one with more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One attempt of one run."""

    run: int
    attempt: int
    repository: str
    """Its address on the web."""
    temporary: Path
    summary: Path | None = None
    output: Path | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Job":
        """What the runner's environment says.

        Raises:
            ForgeError: the run or its attempt is no number, or the repository or the scratch folder is not named.
        """
        numbers = {name: environ.get(name, "") for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT")}
        for name, text in numbers.items():
            if not (text.isascii() and text.isdigit()):
                raise ForgeError(f"{name} is {text!r}, not a number: publish inside GitHub Actions")
        for name in ("GITHUB_REPOSITORY", "RUNNER_TEMP"):
            if not environ.get(name):
                raise ForgeError(f"{name} is not set: publish inside GitHub Actions")
        server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
        return cls(
            run=int(numbers["GITHUB_RUN_ID"]),
            attempt=int(numbers["GITHUB_RUN_ATTEMPT"]),
            repository=f"{server}/{environ['GITHUB_REPOSITORY']}",
            temporary=Path(environ["RUNNER_TEMP"]),
            summary=_file(environ, "GITHUB_STEP_SUMMARY"),
            output=_file(environ, "GITHUB_OUTPUT"),
        )

    @property
    def url(self) -> str:
        """The run on the web."""
        return f"{self.repository}/actions/runs/{self.run}"

    def summarise(self, text: str, shorter: str) -> None:
        """Add a text to the job's summary; the shorter one where the summary would grow too long for GitHub.

        Raises:
            OSError: the file can't be written.
        """
        if self.summary is None:
            return
        used = self.summary.stat().st_size if self.summary.exists() else 0
        for one in (text, shorter, "The rest does not fit into a summary: see the files of this run.\n"):
            content = (one if one.endswith("\n") else one + "\n").encode()
            if used + len(content) < SUMMARY_AT_MOST:
                with self.summary.open("ab") as file:
                    file.write(content)
                return

    def say(self, **outputs: str) -> None:
        """Set outputs of the step. A value may hold anything: it ends at a line that nobody can guess.

        Raises:
            OSError: the file can't be written.
        """
        if self.output is None:
            return
        with self.output.open("a", encoding="utf-8", newline="\n") as file:
            for name, value in outputs.items():
                end = f"end-{secrets.token_hex(16)}"
                file.write(f"{name}<<{end}\n{value}\n{end}\n")


def _file(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None
