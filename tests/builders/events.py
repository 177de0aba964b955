"""Runs of our workflows on the fake GitHub: a payload in, what was published out, at an instant that the test says."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from builders.hubs import Scene
from builders.publishing import NO_WAIT, a_hub, a_job, latest_check
from builders.repositories import Repo
from forge import events
from forge.git import TEMPLATE
from forge.moves import Group
from forge.state import App, CheckRun, Pull
from model_ratchet.actions.on_event import Refreshed, Run, check_and_publish, refresh
from model_ratchet.actions.publish import Published
from model_ratchet.github.client import Access
from model_ratchet.github.event import Event, NothingToDo, read_event
from model_ratchet.github.forge import GithubForge


@dataclass
class Runs:
    """Each run has a clone of its own, as on a hosted runner, a number that grows, and GitHub's time."""

    scene: Scene
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    app: App | None = None
    """Whose token publishes, in the hardened tier; a workflow's own in the other."""
    numbers: "count[int]" = field(default_factory=lambda: count(100))
    told: "count[int]" = field(default_factory=count)

    def hardened(self) -> "Runs":
        """The same runs, publishing as an App of the repository's own."""
        granted = {"checks": "write", "pull_requests": "write", "contents": "read", "members": "read"}
        return replace(self, app=self.scene.forge.app("promotions", granted))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.scene.repo.git.run("config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub does

    def at(self, instant: datetime) -> None:
        """Set GitHub's clock."""
        self.scene.forge.clock.now = instant

    def opened(self, pull: Pull) -> Published:
        """The check of a pull request that was opened or pushed to."""
        return self._published("pull_request", events.pull_request(self.scene.forge, pull))

    def queued(self, group: Group) -> Published:
        """The check of a merge group."""
        return self._published("merge_group", events.merge_group(self.scene.forge, group))

    def relayed(self, event: str, head: str, branch: str) -> Published | NothingToDo:
        """What comes of a run without rights that has ended."""
        forge = self.scene.forge
        ended = events.workflow_run(forge, self.scene.repo, head, event, by=forge.web_flow, branch=branch)
        return self.on("workflow_run", ended)

    def refreshed(self) -> dict[int, Refreshed]:
        """What the hourly schedule makes of each pull request."""
        forge = self.scene.forge
        event, run = self.event("schedule", events.schedule(forge, self.scene.repo, "17 * * * *")), self.run()
        with closing(run.forge) if isinstance(run.forge, GithubForge) else closing(run.hub.api):
            return {one.number: one for one in refresh(event, run)}

    def on(self, name: str, payload: Mapping[str, Any]) -> Published | NothingToDo:
        """What comes of an event."""
        event, run = self.event(name, payload), self.run()
        with closing(run.forge) if isinstance(run.forge, GithubForge) else closing(run.hub.api):
            return check_and_publish(event, run)

    def run(self) -> Run:
        """The next run."""
        number = next(self.numbers)
        forge = self.scene.forge
        token = forge.app_token(self.app) if self.app is not None else forge.workflow_token()
        access = Access(repository=self.scene.repo.full_name, api=forge.api, token=token.value)
        hub = a_hub(self.scene, token)
        return Run(
            repo=self._clone(number),
            hub=hub if self.app is None else replace(hub, app=self.app.slug),
            job=a_job(self.folder / f"job-{number}", number),
            now=forge.clock.now,
            environ=self.environ,
            forge=GithubForge(access, NO_WAIT),
        )

    def _published(self, name: str, payload: Mapping[str, Any]) -> Published:
        done = self.on(name, payload)
        assert isinstance(done, Published), done
        assert not done.troubles, done.troubles
        return done

    def event(self, name: str, payload: Mapping[str, Any]) -> Event:
        """The event that a payload tells of."""
        file = self.folder / f"event-{next(self.told)}.json"  # (runs at once each read their own)
        file.write_text(json.dumps(payload), encoding="utf-8")
        given = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file)}
        return read_event({**given, "GITHUB_REPOSITORY": self.scene.repo.full_name})

    def _clone(self, number: int) -> Path:
        clone = Repo(self.folder / f"clone-{number}")
        clone.path.mkdir(parents=True)
        clone.git(
            "clone", "--quiet", TEMPLATE, "--depth=1", "--no-single-branch", f"file://{self.scene.repo.git.path}", "."
        )
        return clone.path


def verdict_on(runs: Runs, sha: str) -> tuple[str | None, str]:
    """The conclusion and the title that GitHub shows of a commit."""
    run: CheckRun = latest_check(runs.scene, sha)
    return run.conclusion, str(run.output["title"])
