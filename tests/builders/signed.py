"""A small promotion that bob has to sign, proposed by ada on a fake GitHub; its metrics are in a log that can be taken away."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from builders.events import Runs, verdict_on
from builders.hubs import Scene, a_scene
from builders.small import POLICY, V1, V2, promotion, rules, write_log
from forge.rules import Rule
from forge.state import Pull

SIGNED = POLICY + "  - {name: sign-off, before: merge, criteria: [{id: risk, kind: approval, role: risk}]}\n"
WAIVING = SIGNED.replace("by: 2pp", "by: 25pp") + "waivers: {max_age: 14d}\n"
"""V2 fails it by a little, and it lets that be waived."""
ROLES = 'roles: {risk: ["@bob"]}\n'


@dataclass
class Signed:
    """``demo`` has V1, and V2 is proposed under a title that ends like a squash's."""

    scene: Scene
    runs: Runs
    log: Path
    pull: Pull

    def passed(self) -> Pull:
        """The pull request, approved and green; from now on no source can be read."""
        self.scene.forge.review(self.pull, by=self.scene.bob)
        self.runs.opened(self.pull)
        assert self.verdict()[0] == "success", self.verdict()
        self.log.unlink()
        return self.pull

    def verdict(self) -> tuple[str | None, str]:
        """What GitHub shows of the pull request."""
        return verdict_on(self.runs, self.pull.head_sha)

    def propose(self, branch: str, version: str, baseline: str) -> Pull:
        """Another promotion of the same model."""
        return self.scene.propose(branch, texts(promotion(version, baseline)))


@contextmanager
def a_signed(folder: Path, *guards: Rule, hardened: bool = False, policy: str = SIGNED) -> Iterator[Signed]:
    """The scene, with these rules on its main branch."""
    log = write_log(folder / "requests.csv")
    files = {**rules(log, more=ROLES), "policies/small/1.0.0.yaml": policy, **promotion(V1, "none")}
    with a_scene(folder / "scene", texts(files)) as scene:
        scene.forge.users["ada"] = replace(scene.ada, emails=("author@example.invalid",))
        if guards:
            scene.forge.ruleset(scene.repo, *guards)
        pull = scene.propose("demo-2", texts(promotion(V2, V1)), "Better (#7)")
        scene.forge.clock.advance(minutes=5)
        runs = Runs(scene, folder / "runs")
        yield Signed(scene, runs.hardened() if hardened else runs, log, pull)


def texts(files: dict[str, str | bytes]) -> dict[str, str]:
    """Files as the scene takes them."""
    return {path: str(text) for path, text in files.items()}
