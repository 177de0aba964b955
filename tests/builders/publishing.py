"""A run of a workflow on the fake GitHub, for tests of what is published: its hub, its job, and what it evaluated."""

import time
from collections.abc import Callable
from pathlib import Path

from builders.hubs import Scene
from forge.state import CheckRun, Comment, Pull, Token
from model_ratchet.actions.publish import Published, Target, publish
from model_ratchet.github.client import Access, Hub, Pace, open_hub
from model_ratchet.github.job import Job
from model_ratchet.report.check import Check
from model_ratchet.report.marker import without_marker

NO_WAIT = Pace(between_requests=None, between_writes=None, sleep=lambda _: None)


def waiting(sleep: Callable[[float], None] = time.sleep) -> Pace:
    """The real patience; ``sleep`` is told how long it would wait."""
    return Pace(between_requests=None, between_writes=None, sleep=sleep)


def a_hub(scene: Scene, token: Token | None = None, pace: Pace = NO_WAIT) -> Hub:
    """The repository as a workflow's token sees it."""
    value = (token or scene.forge.workflow_token()).value
    hub = open_hub(Access(repository=scene.repo.full_name, api=scene.forge.api, token=value), pace)
    scene.at_end.callback(hub.api.close)
    return hub


def a_job(folder: Path, run: int = 100, attempt: int = 1) -> Job:
    """A job whose files are in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return Job(
        run=run,
        attempt=attempt,
        repository="https://github.com/acme/models",
        temporary=folder,
        summary=folder / "summary.md",
        output=folder / "output.txt",
    )


def a_target(pull: Pull, folder: Path, *, fork: bool = False) -> Target:
    """The pull request as it stands."""
    return Target(number=pull.number, head=pull.head_sha, base=pull.base_ref, fork=fork, files=folder / "ratchet")


def published(scene: Scene, pull: Pull, checked: Check, folder: Path, *, run: int = 100, attempt: int = 1) -> Published:
    """What comes of one undisturbed publication."""
    return publish(checked, a_target(pull, folder), a_hub(scene), a_job(folder, run, attempt))


def comments(scene: Scene) -> list[Comment]:
    """The comments that begin as ours do, oldest first."""
    return [one for one in scene.repo.comments.values() if one.body.startswith("<!-- ratchet:v1 ")]


def latest_check(scene: Scene, sha: str, name: str = "promotion/main") -> CheckRun:
    """The check run that GitHub goes by."""
    return max(
        (one for one in scene.repo.checks.values() if (one.head_sha, one.name) == (sha, name)), key=lambda one: one.id
    )


def end_state(scene: Scene, pull: Pull) -> tuple[object, ...]:
    """What people see at the end, without the numbers that every run has of its own."""
    run = latest_check(scene, pull.head_sha)
    shown = [(one.user.login, without_marker(one.body)) for one in comments(scene)]
    return (
        run.status,
        run.conclusion,
        run.output["title"],
        without_marker(run.output["text"]),
        run.annotations,
        shown,
    )
