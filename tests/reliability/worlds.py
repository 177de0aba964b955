"""The world that a step of the story runs in: made once, set back before each run, and read at its end."""

import copy
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from builders.hubs import Scene
from builders.runs import variables
from forge import faults as forge_faults
from forge.faults import Faults, Half
from forge.state import Repository, Token
from model_ratchet.engine.enclosed import enclosed
from model_ratchet.engine.record import to_bytes
from model_ratchet.report.marker import without_marker
from reliability.commands import Nursery, Process
from reliability.faults import Kind, Place, Point
from reliability.relays import Relay
from reliability.services import Service

_HASH = re.compile(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{40}\b|\b[0-9a-f]{12}\b")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d):\d\d(?::\d\d)?(?:\.\d+)?(?:Z|\+00:00| UTC)?")
_FILLER = "filler"
_RUN = re.compile(r"actions/runs/\d+")


@dataclass(frozen=True)
class Ran:
    """How a run ended, and what it asked outside of its process, in order."""

    codes: tuple[int, ...]
    log: str
    reached: Mapping[Place, tuple[str, ...]]


@dataclass
class World:
    """A fake GitHub with a repository, and what a step runs in it: some commands in a checkout, one after the other.

    It is half past, so that what is a quarter off, or a little later, is within the same hour.
    """

    scene: Scene
    folder: Path
    nursery: Nursery
    commands: Sequence[Sequence[str]]
    event: str
    payload: Mapping[str, Any]
    service: Service = field(default_factory=Service)
    relays: Sequence[Relay] = ()
    """In front of the real servers that the step asks."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """What a workflow adds to the runner's environment."""
    number: int = 500
    """Of the last run."""
    _kept: dict[str, Any] = field(default_factory=dict)
    _running: Process | None = None

    def __post_init__(self) -> None:
        self.scene.repo.git.run("config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub does
        self.now = self.scene.forge.clock.now = self.scene.forge.clock.now.replace(minute=30)
        self._keep()

    @property
    def repo(self) -> Repository:
        """The repository as it stands since the world was set back."""
        return self.scene.forge.repositories[self.scene.repo.full_name.lower()]

    def set_back(self) -> None:
        """All of it as it was made."""
        forge = self.scene.forge
        vars(forge).update(copy.deepcopy(self._kept))
        forge.faults = Faults()
        forge.requests = []
        self.service.told.clear()
        place = self.scene.repo.git.path
        shutil.rmtree(place)
        shutil.copytree(self._beside(place), place)
        shutil.rmtree(self.checkout, ignore_errors=True)
        shutil.copytree(self._beside(self.checkout), self.checkout)

    def run(self, point: Point | None = None, later: timedelta = timedelta()) -> Ran:
        """The step run once, with what goes wrong."""
        codes = []
        with self._disk(point) as disk:
            runner = self._runner(disk, later, point)
            if point is not None and point.left is not None:
                _fill(disk, point.left)
            for command in self.commands:
                self._running = self._started(runner, command, disk / "checkout", point)
                codes.append(self._running.wait())
                if codes[-1] < 0:
                    break
        return self._ran(tuple(codes), runner)

    def start(self) -> Process:
        """The first command of the step, begun in a checkout of its own; others may run beside it."""
        runner = self._runner(self.folder)
        checkout = runner.place / "checkout"
        shutil.copytree(self._beside(self.checkout), checkout)
        return self._started(runner, self.commands[0], checkout)

    def end_state(self) -> str:
        """What anybody sees at the end, without what has to differ from run to run."""
        self.scene.forge.sync()
        state = json.dumps(
            _shown(self.repo) | {"told": sorted(self.service.told.values())}, indent=1, ensure_ascii=False, default=str
        )
        return self._alike(state)

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nothing that a run leaves may tell."""
        return tuple(self.environ.values())

    @property
    def sources(self) -> Mapping[Place, str]:
        """The name of the source behind each real server."""
        return {relay.place: relay.source for relay in self.relays}

    @contextmanager
    def _disk(self, point: Point | None) -> Iterator[Path]:
        """Where a run finds its checkout and writes: the world's own folder, or a small disk that it is carried back from."""
        if point is None or point.left is None:
            yield self.folder
            return
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], check=True)
        try:
            shutil.copytree(self.checkout, disk / "checkout")
            yield disk
            (disk / _FILLER).unlink()
            shutil.rmtree(self.checkout)
            shutil.copytree(disk / "checkout", self.checkout)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
            disk.rmdir()

    def _runner(self, disk: Path, later: timedelta = timedelta(), point: Point | None = None) -> "_Runner":
        forge = self.scene.forge
        forge.clock.now = self.now + later
        forge.clock.skew = point.skew if point is not None and point.kind is Kind.CLOCK else timedelta()
        self.number += 1
        token, place, outside = forge.workflow_token(), disk / f"run-{self.number}", self.folder / f"of-{self.number}"
        environ = variables(self.scene, place, self.event, self.payload, token, self.number)
        (place / "tmp").mkdir()
        outside.mkdir()
        (outside / "asked").touch()
        (outside / "plan").write_text(f"{self._plan(point, token)}\n")
        environ |= {
            **self.environ,
            "PATH": f"{self.nursery.bin}:{os.defpath}",
            "FAULTS": str(outside),
            "TMPDIR": str(place / "tmp"),
        }
        return _Runner(place, outside, environ, token, forge.clock.now + forge.clock.skew)

    def _started(
        self, runner: "_Runner", command: Sequence[str], checkout: Path, point: Point | None = None
    ) -> Process:
        arguments = [one.format(place=runner.place, now=runner.now.isoformat()) for one in command]
        return self.nursery.start(
            [*arguments, "--repo", str(checkout)],
            runner.environ,
            checkout,
            runner.outside / "log",
            largest=point.largest if point is not None else None,
            clock=point.skew if point is not None and point.kind is Kind.OWN_CLOCK else timedelta(),
        )

    def _plan(self, point: Point | None, token: Token) -> str:
        """What the run's git is told; GitHub and the service are told themselves."""
        self.service.begin(point, self._kill)
        for relay in self.relays:
            relay.begin(point, self._kill)
        if point is not None and point.place is Place.REQUEST:
            self.scene.forge.faults.nth(token.value, point.at, self._fault(point.kind))
        if point is None or point.place is not Place.GIT:
            return "0 none"
        return f"{point.at} {'killed' if point.kind.kills else 'failed'}{'-done' if point.kind.done else ''}"

    def _fault(self, kind: Kind) -> forge_faults.Fault:
        match kind:
            case Kind.HALF_BYTES:
                return forge_faults.halved(Half.BYTES)
            case Kind.HALF_LISTS:
                return forge_faults.halved(Half.LISTS)
            case _:
                return forge_faults.dropped(carried_out=kind.done, then=self._kill if kind.kills else None)

    def _kill(self) -> None:
        assert self._running is not None
        with suppress(ProcessLookupError):
            os.killpg(self._running.group, signal.SIGKILL)

    def _ran(self, codes: tuple[int, ...], runner: "_Runner") -> Ran:
        asked = [one for one in self.scene.forge.requests if one.client == runner.token.value]
        reached = {
            Place.REQUEST: tuple(f"{one.method} {one.path}" for one in asked),
            Place.GIT: tuple((runner.outside / "asked").read_text(encoding="utf-8").split()),
            Place.SERVICE: tuple(self.service.asked),
            **{relay.place: tuple(relay.asked) for relay in self.relays},
        }
        return Ran(codes, (runner.outside / "log").read_text(encoding="utf-8"), reached)

    def _keep(self) -> None:
        forge = self.scene.forge
        forge.faults, forge.requests = Faults(), []
        left = {
            name: one for name, one in vars(forge).items() if name not in ("api", "faults", "requests", "violations")
        }
        self._kept = copy.deepcopy(left)
        place = self.scene.repo.git.path
        shutil.copytree(place, self._beside(place))
        kept = self._beside(self.checkout)
        kept.parent.mkdir(parents=True, exist_ok=True)
        self.scene.work.git("clone", "--quiet", "--no-single-branch", f"file://{place}", str(kept))

    def _beside(self, place: Path) -> Path:
        return place.with_name(f"{place.name}.kept")

    def _alike(self, text: str) -> str:
        """Hashes by the order in which they come, runs without their numbers, and instants by their hours."""
        names: dict[str, str] = {}

        def hashed(found: re.Match[str]) -> str:
            return names.setdefault(found[0][:12], f"hash-{len(names)}")

        return _RUN.sub("actions/runs/N", _INSTANT.sub(r"\1", _HASH.sub(hashed, text)))


@dataclass(frozen=True)
class _Runner:
    """What a run is given."""

    place: Path
    outside: Path
    """What tells of the run, and is on no disk of its own."""
    environ: Mapping[str, str]
    token: Token
    now: datetime
    """What GitHub's clock says, or is taken to say."""


def _fill(disk: Path, left: int) -> None:
    """A file that leaves so many bytes free."""
    free = os.statvfs(disk)
    with (disk / _FILLER).open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, free.f_bavail * free.f_bsize - left)


def _shown(repo: Repository) -> dict[str, object]:
    """The pull requests, issues, comments, checks, deployments and branches of a repository."""
    latest = {(one.head_sha, one.name): one for one in sorted(repo.checks.values(), key=lambda one: one.id)}
    return {
        "pulls": [
            [
                one.number,
                one.head_ref,
                one.base_ref,
                one.issue.title,
                one.issue.body,
                one.issue.state,
                one.merged_at is not None,
            ]
            for one in repo.pulls.values()
        ],
        "issues": [
            [one.number, one.title, one.body, one.state, one.labels]
            for one in repo.issues.values()
            if one.number not in repo.pulls
        ],
        "comments": [
            [one.issue, one.user.login, without_marker(one.body), [reaction.content for reaction in one.reactions]]
            for one in repo.comments.values()
        ],
        "checks": sorted(
            [one.name, one.status, one.conclusion, _said(one.output), one.annotations] for one in latest.values()
        ),
        "deployments": [
            [one.said, [(status.state, status.said) for status in one.statuses]] for one in repo.deployments.values()
        ],
        "branches": {name: _files(repo, name) for name in _branches(repo)},
    }


def _said(output: Mapping[str, Any]) -> str:
    """What a check run says, with the records that it holds in plain text."""
    summary = str(output.get("summary"))
    records = [to_bytes(one).decode() for one in enclosed(summary)]
    text = without_marker(output.get("text") or "")
    return "\n".join([str(output.get("title")), summary.partition("<!-- ratchet:v1:record")[0], *records, text])


def _branches(repo: Repository) -> list[str]:
    return repo.git.run("for-each-ref", "--format=%(refname:short)", "refs/heads").split()


def _files(repo: Repository, branch: str) -> dict[str, list[str]]:
    """Path → its lines."""
    paths = repo.git.run("ls-tree", "-r", "--name-only", branch).split()
    return {path: repo.git.run("show", f"{branch}:{path}").splitlines() for path in paths}
