"""Many runs: at once on one pull request, and on many pull requests within an hour under GitHub's limits."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from builders.hubs import Scene, a_scene
from builders.publishing import a_job, comments, latest_check
from builders.signed import texts
from builders.small import V1, V2, promotion, rules, write_log
from forge.limits import HOUR, MINUTE, Limits
from forge.state import App, Pull
from model_ratchet.actions.on_event import Run, check_and_publish, refresh
from model_ratchet.actions.publish import Published
from model_ratchet.core.errors import ForgeError
from model_ratchet.github.client import Access, Pace, open_hub
from model_ratchet.github.event import PullRequestNamed, RefreshDue
from model_ratchet.github.forge import GithubForge
from reliability.worlds import World


@dataclass(frozen=True)
class Met:
    """What many runs at once have left of one pull request."""

    codes: tuple[int, ...]
    comments: int
    says: str
    """The title of the check that GitHub reads."""
    revision: int
    """The run that it names."""
    newest: int
    """The run that began last."""


def at_once(world: World, runs: int) -> Met:
    """So many processes on one pull request, side by side; while they run it is approved, which half of them may see."""
    world.set_back()
    started = [world.start() for _ in range(runs // 2)]
    (pull,) = world.repo.pulls.values()
    world.scene.forge.review(pull, by=world.scene.bob)
    started += [world.start() for _ in range(runs - len(started))]
    codes = tuple(one.wait() for one in started)
    scene = replace(world.scene, repo=world.repo)
    latest = latest_check(scene, pull.head_sha)
    revision = int((latest.external_id or "").split(":")[3])
    return Met(codes, len(comments(scene)), str(latest.output["title"]), revision, world.number)


@dataclass(frozen=True)
class Hour:
    """What an hour has brought."""

    requests: int
    published: int
    """Pull requests whose verdict stands at the end of it."""


GRANTED = {"checks": "write", "pull_requests": "write", "contents": "read", "members": "read"}


@dataclass
class Crowd:
    """Many pull requests, each a promotion of its own."""

    scene: Scene
    folder: Path
    pulls: list[Pull]
    app: App | None
    """Whose token publishes; a workflow's own where it is None."""
    numbers: "count[int]" = field(default_factory=lambda: count(100))

    def opened(self, pull: Pull) -> bool:
        """Whether the run that a pull request starts has published its verdict."""
        with self._run() as run:
            try:
                done = check_and_publish(PullRequestNamed(number=pull.number), run)
            except ForgeError:
                return False
        return isinstance(done, Published) and not done.troubles

    def refreshed(self) -> int:
        """How many pull requests the hourly run finds, or leaves, as they should be."""
        with self._run() as run:
            try:
                return sum(one.sound for one in refresh(RefreshDue(), run))
            except ForgeError:
                return 0

    def standing(self) -> int:
        """How many pull requests have one comment, and a check that says what is so."""
        found = Counter(one.issue for one in comments(self.scene))
        checks = {one.head_sha for one in self.scene.repo.checks.values() if one.conclusion == "success"}
        assert set(found.values()) <= {1}, "a pull request has two comments"
        return sum(found[one.number] == 1 and one.head_sha in checks for one in self.pulls)

    @contextmanager
    def _run(self) -> Iterator[Run]:
        forge, number = self.scene.forge, next(self.numbers)
        token = forge.app_token(self.app) if self.app is not None else forge.workflow_token()
        access = Access(
            repository=self.scene.repo.full_name,
            api=forge.api,
            token=token.value,
            app=self.app.slug if self.app is not None else "github-actions",
        )
        job = a_job(self.folder / "job", number)
        paced = patch(
            "github.Requester.time", SimpleNamespace(sleep=self._wait)
        )  # where PyGithub waits between requests
        with paced, closing(open_hub(access, Pace(sleep=self._wait))) as hub:
            yield Run(
                repo=self.scene.work.path,
                hub=hub,
                job=job,
                now=forge.clock.now,
                forge=GithubForge(access, client=hub.api),
            )

    def _wait(self, seconds: float) -> None:
        """Time passes on GitHub alone."""
        self.scene.forge.clock.advance(seconds=seconds)


@contextmanager
def a_crowd(folder: Path, number: int, *, hardened: bool) -> Iterator[Crowd]:
    """So many pull requests, none of which anybody has looked at."""
    log = write_log(folder / "requests.csv")
    with a_scene(folder / "scene", texts({**rules(log), **promotion(V1, "none")})) as scene:
        scene.work.branch("proposal", promotion(V2, V1))
        tree = scene.work.git("rev-parse", "HEAD^{tree}")
        heads = {
            f"proposal-{one}": scene.work.git("commit-tree", tree, "-p", "main", "-m", f"proposal {one}")
            for one in range(number)
        }
        scene.work.git("push", "--quiet", "origin", *(f"{sha}:refs/heads/{name}" for name, sha in heads.items()))
        pulls = [scene.forge.open(scene.repo, name, by=scene.ada) for name in heads]
        scene.work.git("fetch", "--quiet", "origin")
        app = scene.forge.app("promotions", GRANTED) if hardened else None
        scene.forge.limits = Limits()
        yield Crowd(scene, folder, pulls, app)


def in_an_hour(crowd: Crowd, hours: int = 24) -> Iterator[Hour]:
    """All pull requests opened evenly within an hour, and after that the hourly run, until all are as they should be."""
    forge = crowd.scene.forge
    limits = forge.limits
    assert limits is not None
    began = forge.clock.now
    for number, pull in enumerate(crowd.pulls):
        forge.clock.now = max(forge.clock.now, began + HOUR * number / len(crowd.pulls))
        crowd.opened(pull)
    for hour in range(1, hours + 1):
        asked = {at: count for (_, at), count in limits.asked.items()}
        yield Hour(asked.get(began + (hour - 1) * HOUR, 0), crowd.standing())
        if crowd.standing() == len(crowd.pulls):
            return
        forge.clock.now = max(forge.clock.now, began + hour * HOUR + MINUTE)
        crowd.refreshed()
