"""A repository that ``ratchet init`` has made ready, on the fake GitHub, and its workflows, whose ``run:`` lines are run.

What is not run is the installation of the product: the command of the environment that runs the tests stands in its place, and
is told what time it is.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from builders.hubs import Scene
from builders.repositories import Repo
from builders.scaffolds import ROOT
from forge import events
from forge.git import TEMPLATE
from forge.state import Pull, Review
from model_ratchet.actions.init import ACTION, InitInput, init
from steps.harness import Job, Runner

LOCAL = "./.github/actions/ratchet"


@dataclass
class Installed:
    """The quickstart tier; ``environ`` is what its owner has set below ``env:`` of the step that judges."""

    scene: Scene
    folder: Path
    environ: Mapping[str, str]
    numbers: "count[int]" = field(default_factory=lambda: count(500))

    def __post_init__(self) -> None:
        scene = self.scene
        scene.repo.git.run("config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub does
        scene.forge.users["ada"] = replace(scene.ada, emails=("author@example.invalid",))
        init(InitInput(repo=scene.work.path))
        scene.work.commit(message="Make ready for promotions")
        scene.work.git("push", "--quiet", "origin", "main")

    def opened(self, pull: Pull) -> Job:
        """What a pull request starts when it is opened or pushed to."""
        return self._run("promotion-check.yml", "check", "pull_request", events.pull_request(self.scene.forge, pull))

    def reviewed(self, pull: Pull, review: Review) -> Job:
        """What a review starts."""
        payload = events.pull_request_review(self.scene.forge, pull, review)
        return self._run("promotion-check.yml", "check", "pull_request_review", payload)

    def pushed(self, before: str, after: str) -> Job:
        """What a push to main starts."""
        payload = events.push(self.scene.forge, self.scene.repo, "main", before, after, by=self.scene.ada)
        return self._run("promotion-recheck.yml", "refresh", "push", payload)

    def recorded(self, before: str, after: str) -> Job:
        """What the same push starts that records what was merged."""
        payload = events.push(self.scene.forge, self.scene.repo, "main", before, after, by=self.scene.ada)
        return self._run("promotion-record.yml", "record", "push", payload)

    def hour(self) -> Job:
        """What the schedule starts."""
        payload = events.schedule(self.scene.forge, self.scene.repo, "17 * * * *")
        return self._run("promotion-recheck.yml", "refresh", "schedule", payload)

    def _run(self, workflow: str, job: str, event: str, payload: Mapping[str, Any]) -> Job:
        number = next(self.numbers)
        checkout = self._checkout(number)
        file = checkout / ".github" / "workflows" / workflow
        self._point_to_the_local_action(file, job)
        scratch = self.folder / f"runner-{number}"
        self._command(scratch / "ratchet" / "bin" / "ratchet")
        forge = self.scene.forge
        github = {
            "repository": self.scene.repo.full_name,
            "ref_name": "main",
            "api_url": forge.api,
            "server_url": "https://github.com",
            "run_id": str(number),
            "run_attempt": "1",
            "token": forge.workflow_token().value,
        }
        return Runner(checkout, scratch, event, payload, github).job(file, job)

    def _checkout(self, number: int) -> Path:
        """What the step that checks out leaves: the base branch, with the history of all branches."""
        clone = Repo(self.folder / f"checkout-{number}")
        clone.path.mkdir(parents=True)
        clone.git("clone", "--quiet", TEMPLATE, f"file://{self.scene.repo.git.path}", ".")
        return clone.path

    def _point_to_the_local_action(self, file: Path, job: str) -> None:
        """The action from this repository without the step that installs, and the owner's ``env:``."""
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        (step,) = [one for one in workflow["jobs"][job]["steps"] if one["uses"].startswith(f"{ACTION}@")]
        step |= {"uses": LOCAL, "env": dict(self.environ)}
        file.write_text(yaml.safe_dump(workflow), encoding="utf-8")
        action = yaml.safe_load((ROOT / ".github" / "actions" / "ratchet" / "action.yml").read_text(encoding="utf-8"))
        kept = [one for one in action["runs"]["steps"] if not one["name"].startswith("Install")]
        assert len(kept) == len(action["runs"]["steps"]) - 1
        action["runs"]["steps"] = kept
        here = file.parents[2] / LOCAL / "action.yml"
        here.parent.mkdir(parents=True)
        here.write_text(yaml.safe_dump(action), encoding="utf-8")

    def _command(self, file: Path) -> None:
        file.parent.mkdir(parents=True)
        now = self.scene.forge.clock.now.isoformat()
        ratchet = Path(sys.executable).with_name("ratchet")
        file.write_text(f'#!/bin/sh\nexec "{ratchet}" "$@" --now "{now}"\n', encoding="utf-8")
        file.chmod(0o755)
