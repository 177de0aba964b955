"""Workflow: a workflow file of GitHub Actions, read as data: what starts it, and what its jobs may and do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from model_ratchet.core.finding import Finding
from model_ratchet.documents.yaml import Path, Tree, Value, load

FOLDER = ".github/workflows"
OUR_ACTION = "/.github/actions/ratchet"
"""How the path of Ratchet's action ends, whoever keeps a copy of it."""


_FOLLOWING = ("record", "advance", "rollback", "watch", "keep")
"""Modes of the action for what follows from verdicts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a job."""

    uses: str = ""
    """The action with its revision; empty for a step that runs a script."""
    run: str = ""
    given: Mapping[str, Value] = field(default_factory=dict)
    """What stands below ``with:``."""

    @property
    def is_ours(self) -> bool:
        """Whether the step uses Ratchet's action."""
        return self.uses.partition("@")[0].endswith(OUR_ACTION)

    def is_of(self, action: str) -> bool:
        """Whether the step uses this action, at whatever revision."""
        return self.uses.partition("@")[0] == action


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job; ``permissions`` is None where it has none of its own."""

    key: str
    name: str
    """What its check is called."""
    conditional: bool = False
    """Whether it has an ``if:``."""
    environment: str | None = None
    permissions: Mapping[str, str] | str | None = None
    steps: tuple[Step, ...] = ()

    @property
    def calls_ratchet(self) -> bool:
        """Whether it judges, records or advances: by the action, or by the command itself."""
        return any(step.is_ours or re.search(r"\bratchet (check|record|advance) --\w", step.run) for step in self.steps)

    @property
    def only_looks(self) -> bool:
        """Whether it is the watch, which publishes no verdict and writes nothing but issues."""
        modes = [step.given.get("mode") for step in self.steps if step.is_ours]
        return bool(modes) and set(modes) == {"watch"}

    @property
    def judges(self) -> bool:
        """Whether it is there for verdicts, and not for what follows from them."""
        return any(
            (step.is_ours and step.given.get("mode") not in _FOLLOWING)
            or re.search(r"\bratchet check --(publish|refresh)", step.run)
            for step in self.steps
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What of an event starts a workflow; what is empty restricts nothing."""

    types: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    """The other keys that restrict it, such as ``paths``."""

    def covers(self, branch: str) -> bool:
        """Whether it is started for this branch."""
        return not self.branches or any(fnmatchcase(branch, pattern) for pattern in self.branches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow file."""

    path: str
    triggers: Mapping[str, Trigger]
    permissions: Mapping[str, str] | str | None = None
    """What stands at the top, None where nothing does."""
    jobs: tuple[Job, ...] = ()

    @property
    def file(self) -> str:
        """Its name without the folder."""
        return PurePosixPath(self.path).name

    @property
    def ours(self) -> bool:
        """Whether it is part of Ratchet: by its name, or because it calls it."""
        return self.file.startswith("promotion-") or any(job.calls_ratchet for job in self.jobs)

    @property
    def only_follows(self) -> bool:
        """Whether all that it calls Ratchet for follows from verdicts: to move stages, and to record what was merged."""
        return any(job.calls_ratchet for job in self.jobs) and not any(job.judges for job in self.jobs)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A workflow file that can't be read as data, and the first reason."""

    path: str
    why: Finding


def read_workflow(path: str, content: bytes) -> Workflow | Unreadable:
    """The workflow that a file holds. What GitHub takes and our reader does not (anchors, say) makes it unreadable."""
    tree = load(path, content)
    if not isinstance(tree, Tree):
        return Unreadable(path, tree[0])
    if tree.findings:
        return Unreadable(path, tree.findings[0])
    try:
        root = _mapping(tree.value, ())
        jobs = _mapping(root.get("jobs", {}), ("jobs",))
        return Workflow(
            path=path,
            triggers=_triggers(root.get("on")),
            permissions=_permissions(root.get("permissions"), ("permissions",)),
            jobs=tuple(_job(key, _mapping(job, ("jobs", key))) for key, job in jobs.items()),
        )
    except _ShapeError as error:
        return Unreadable(
            path, Finding(tree.at(error.place), f"this is not {error.expected}: see the syntax of workflows")
        )


class _ShapeError(Exception):
    def __init__(self, place: Path, expected: str) -> None:
        super().__init__(expected)
        self.place = place
        self.expected = expected


def _triggers(on: Value) -> Mapping[str, Trigger]:
    if isinstance(on, str):
        return {on: Trigger()}
    if isinstance(on, list):
        return {str(event): Trigger() for event in on}
    events = _mapping(on, ("on",))
    return {event: _trigger(filters) for event, filters in events.items()}


def _trigger(filters: Value) -> Trigger:
    if not isinstance(filters, dict):  # nothing, or the cron lines of a schedule
        return Trigger()
    return Trigger(
        types=_texts(filters.get("types")),
        branches=_texts(filters.get("branches")),
        filters=tuple(key for key in ("paths", "paths-ignore", "branches-ignore") if key in filters),
    )


def _job(key: str, job: Mapping[str, Value]) -> Job:
    place: Path = ("jobs", key)
    environment = job.get("environment")
    named = environment.get("name") if isinstance(environment, dict) else environment
    steps = job.get("steps", [{"uses": job["uses"]}] if "uses" in job else [])  # a job may be a workflow of its own
    if not isinstance(steps, list):
        raise _ShapeError((*place, "steps"), "a list")
    return Job(
        key=key,
        name=str(job.get("name", key)),
        conditional="if" in job,
        environment=None if named is None else str(named),
        permissions=_permissions(job.get("permissions"), (*place, "permissions")),
        steps=tuple(_step(_mapping(step, (*place, "steps", at))) for at, step in enumerate(steps)),
    )


def _step(step: Mapping[str, Value]) -> Step:
    given = step.get("with")
    return Step(
        uses=str(step.get("uses") or ""),
        run=str(step.get("run") or ""),
        given=given if isinstance(given, dict) else {},
    )


def _permissions(value: Value, place: Path) -> Mapping[str, str] | str | None:
    if value is None or isinstance(value, str):
        return value
    return {name: str(level) for name, level in _mapping(value, place).items()}


def _mapping(value: Value, place: Path) -> Mapping[str, Value]:
    if not isinstance(value, dict):
        raise _ShapeError(place, "a mapping")
    return value


def _texts(value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(one) for one in value) if isinstance(value, list) else (str(value),)
