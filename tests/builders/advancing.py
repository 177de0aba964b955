"""Runs of the advance workflow on the fake GitHub, and a small model with a gate of people before its canary."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builders import repositories
from builders.events import Runs
from builders.hubs import Scene, a_scene
from builders.recordings import ledger_of
from builders.signed import texts
from builders.small import POLICY, START, V1, V2, promotion, rules, write_log
from forge import events
from forge.state import Pull, Review
from model_ratchet.actions.advancing import Advancing, advance_on_github, advancing_lines
from model_ratchet.github.forge import GithubForge

ENTERED = POLICY.replace("mirror: 100%, lasts: 48h}", "mirror: 100%, lasts: 48h, enter: [risk]}").replace(
    "retrospective: allowed\n", ""
)
"""The canary takes bob's approval of what the shadow showed."""
AUTOMATIC = ENTERED.replace("stages:\n", "advance: automatic\nstages:\n")
ROLES = 'roles: {risk: ["@bob"]}\n'


@dataclass
class Staged:
    """``demo`` has V1, and ada proposes V2; the clock stands at the first row of its log."""

    scene: Scene
    runs: Runs
    pull: Pull
    log: Path

    def commented(self, by: str, body: str = "/ratchet advance", pull: Pull | None = None) -> Advancing:
        """What comes of a comment."""
        scene = self.scene
        comment = scene.forge.comment(scene.repo, (pull or self.pull).number, body, by=scene.forge.user(by))
        return self.on("issue_comment", events.issue_comment(scene.forge, scene.repo, comment))

    def reviewed(self, by: str = "bob") -> Advancing:
        """What comes of an approval."""
        return self.of_review(self.approved(by))

    def approved(self, by: str = "bob") -> Review:
        """An approval that no run has seen yet."""
        return self.scene.forge.review(self.pull, by=self.scene.forge.user(by))

    def of_review(self, review: Review) -> Advancing:
        """What a review starts."""
        return self.on("pull_request_review", events.pull_request_review(self.scene.forge, self.pull, review))

    def hour(self) -> Advancing:
        """What comes of the schedule."""
        return self.on("schedule", events.schedule(self.scene.forge, self.scene.repo, "7 * * * *"))

    def on(self, name: str, payload: Mapping[str, Any]) -> Advancing:
        """What comes of an event; log, summary and outputs are written."""
        event, run = self.runs.event(name, payload), self.runs.run()
        with closing(run.forge) if isinstance(run.forge, GithubForge) else closing(run.hub.api):
            done = advance_on_github(event, run)
        self.log_of_run = advancing_lines(done, run.job)
        self.summary = (run.job.summary or Path()).read_text(encoding="utf-8")
        self.outputs = (run.job.output or Path()).read_text(encoding="utf-8")
        return done

    def kinds(self) -> list[str]:
        """The events of the ledger."""
        return [event.kind for event in ledger_of(self.runs).events()]

    def deployments(self) -> list[tuple[str, list[str]]]:
        """Environment and states of each deployment, oldest first."""
        return [
            (str(one.said["environment"]), [status.state for status in one.statuses])
            for one in self.scene.repo.deployments.values()
        ]


@contextmanager
def a_staged(folder: Path, monkeypatch: Any, *, policy: str = ENTERED, more: str = ROLES) -> Iterator[Staged]:
    """The scene, with commits older than its log."""
    monkeypatch.setattr(repositories, "WHEN", START.replace(month=1))
    log = write_log(folder / "requests.csv")
    files = {**rules(log, more=more), "policies/small/1.0.0.yaml": policy, **promotion(V1, "none", more="")}
    with a_scene(folder / "scene", texts(files)) as scene:
        scene.forge.clock.now = START.replace(month=1, day=2)
        scene.forge.users["ada"] = replace(scene.ada, emails=("author@example.invalid",))
        pull = scene.propose("demo-2", texts(promotion(V2, V1, more="")))
        scene.forge.clock.now = START
        yield Staged(scene, Runs(scene, folder / "runs"), pull, log)
