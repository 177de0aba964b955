"""A model whose newest version turns out worse, on a fake GitHub, and what is left of its rollback."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.events import Runs
from builders.hubs import a_scene
from builders.recordings import ledger_of, recorded
from builders.signed import texts
from builders.small import POLICY, V1, V2, V3, promotion, rules
from builders.traffic import SECTIONS
from forge.rules import Rule
from forge.state import Pull
from model_ratchet.actions.rollback import RolledBack, Where, roll_back
from model_ratchet.engine.rollback import Trigger
from model_ratchet.github.forge import GithubForge

ROUTED = f"assignment: user_id\ntraffic: {{target: nginx, {SECTIONS['nginx']}}}\n"
TRIGGERS = (
    "rollback: {triggers: [{metric: accuracy, statistic: drop, above: 5pp}], "
    "merge: %s, at_most_per_day: %d, undo_within: 24h}\n"
)
WORSE = Trigger(
    model="demo",
    because="accuracy fell by 8 pp",
    version=V3,
    evidence=("71 % of 5,000 rows, and 79 % of the mirrored ones",),
)


def versions() -> dict[str, str | bytes]:
    """V1, V2 and V3, each on the one before."""
    return {**promotion(V1, "none"), **promotion(V2, V1), **promotion(V3, V2)}


def documents(
    merge: str = "automatic", more: str = "", at_most: int = 2, artifacts: str = ""
) -> dict[str, str | bytes]:
    """Rules with a router and with triggers; no source can be read."""
    files = rules(Path("/nowhere.csv"), more=ROUTED + more)
    if artifacts:
        sources = files["policies/sources.yaml"]
        assert isinstance(sources, str)
        files["policies/sources.yaml"] = f"{sources.rstrip()}\norigins: ['{artifacts}']\n"
    return {**files, "policies/small/1.0.0.yaml": POLICY + TRIGGERS % (merge, at_most)}


@dataclass
class Worse:
    """``demo`` has V1, V2 and V3, which serves."""

    runs: Runs
    tree: str = ""
    """Of V3, once it is gone."""

    def rolled_back(self, trigger: Trigger = WORSE) -> RolledBack:
        """What comes of a run of the workflow."""
        self.runs.scene.forge.sync()
        run = self.runs.run()
        with closing(run.forge) if isinstance(run.forge, GithubForge) else closing(run.hub.api):
            done = roll_back(trigger, Where.of(run, "main"))
        self.runs.scene.forge.sync()
        return done

    def removals(self) -> list[Pull]:
        """The pull requests that remove versions."""
        return [one for one in self.runs.scene.repo.pulls.values() if one.head_ref.startswith("ratchet/rollback/")]

    def events(self, *left_out: str) -> list[dict[str, Any]]:
        """The ledger, without instants."""
        left = {"at", *left_out}
        return [one.model_dump(mode="json", exclude_none=True, exclude=left) for one in ledger_of(self.runs).events()]

    def kinds(self) -> list[str]:
        """The kinds of the events in the ledger."""
        return [str(one["kind"]) for one in self.events()]

    def traffic(self) -> str:
        """What routers are given."""
        return self.runs.scene.repo.git.run("show", "ratchet/traffic:demo.conf")

    def promoted(self) -> list[str]:
        """The versions on the base branch."""
        return self.runs.scene.repo.git.run("ls-tree", "--name-only", "main:promotions/demo").splitlines()

    def causes(self) -> list[str]:
        """The titles of the issues that ask for a root cause."""
        issues, pulls = self.runs.scene.repo.issues, self.runs.scene.repo.pulls
        return [one.title for one in issues.values() if one.number not in pulls and "root-cause" in one.labels]

    def end_state(self) -> tuple[object, ...]:
        """What is there at the end, without what differs from run to run."""
        pulls = [(one.head_ref, one.issue.title, one.merged_at is not None) for one in self.removals()]
        return self.events("commit", "because"), self.traffic(), pulls, self.causes(), self.promoted()


@contextmanager
def a_worse(
    folder: Path, *guards: Rule, merge: str = "automatic", more: str = "", at_most: int = 2, artifacts: str = ""
) -> Iterator[Worse]:
    """The scene, whose ledger has begun; with the address of a server that holds the artifacts, where there is one."""
    files = texts({**documents(merge, more, at_most, artifacts), **versions()})
    if artifacts:
        files = {path: text.replace("models://", f"{artifacts}/") for path, text in files.items()}
    with a_scene(folder / "scene", files) as scene:
        if guards:
            scene.forge.ruleset(scene.repo, *guards)
        runs = Runs(scene, folder / "runs")
        recorded(runs)
        scene.forge.clock.advance(minutes=5)
        yield Worse(runs)
