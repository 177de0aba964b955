"""Code: what is known of the model's own code: what reports on its commit, and what a scan of it found."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Level(StrEnum):
    """How grave a finding of a scan is, in the words of SARIF, from least to most."""

    NONE = "none"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for the least grave, 3 for the gravest."""
        return tuple(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One thing that reports on a commit under a name: a check run, or, with ``app`` None, a commit status.

    ``state`` is the word of GitHub: the conclusion of a check run that has ended, else its status; the state of a status.
    """

    name: str
    state: str
    app: int | None
    """The number of the app that made the check run."""
    by: str
    """The slug of that app, or the login of who set the status; empty where GitHub does not say."""
    at: datetime | None
    """When it ended, or was set; None while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Everything that reports on the source commit under the name of the need: the latest of each check suite."""

    reported: tuple[Reported, ...]
    shape: Literal["checks"] = "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding of a scan: its rule, and the first place that it names; ``score`` is its ``security-severity``, 0 to 10."""

    level: Level
    score: float | None
    suppressed: bool
    rule: str
    place: str

    @property
    def shown(self) -> str:
        """The rule and the place."""
        return f"{self.rule} ({self.place})" if self.place else self.rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many findings are of one level and one score, suppressed or not."""

    level: Level
    score: float | None
    suppressed: bool
    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"{self.count} is no number of findings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one scan found, in all of its runs and artefacts.

    ``undecided`` are results that ask a person, and cases that did not run. ``completed`` is whether every run says that it
    ended well, None where one does not say; ``ended_at`` the earliest instant at which one ended (or, where only that is
    told, started), None where one tells neither. ``commits`` are, for each run that says so, those that it is of.
    """

    artefacts: tuple[tuple[str, str], ...]
    """The name of each file and its SHA-256, in lower-case hexadecimal."""
    tools: tuple[str, ...]
    """The name of the tool of each run, each once, sorted."""
    tallies: tuple[Tally, ...]
    worst: tuple[Found, ...] = ()
    """The gravest findings, at most 20."""
    undecided: int = 0
    completed: bool | None = None
    ended_at: datetime | None = None
    commits: tuple[tuple[str, ...], ...] = ()
    shape: Literal["scan"] = "scan"
