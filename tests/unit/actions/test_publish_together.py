"""Publishing runs that meet, and one that ends half way: what is left is never untrue, and the newest run has the last word.

Two runs are stepped request by request. All orders are tried in which the older run is held up once, at any request, while
the newer one takes any number of steps; and a sample of all others.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import records
from builders.hubs import Scene, a_scene
from builders.publishing import a_hub, a_job, a_target, comments, end_state, latest_check, published
from forge.state import CheckRun, Comment, Pull
from model_ratchet.actions.publish import publish
from model_ratchet.core.finding import Finding, Location
from model_ratchet.report.check import Check, judged

PASSED = judged([records.a_passed_record()])
FAILED = judged([records.a_failed_record()])
PENDING = judged([records.a_pending_record()])
FINDINGS = Check(findings=tuple(Finding(Location("a.yaml", line), f"wrong {line}") for line in range(1, 71)))
ENOUGH = 40
"""More requests than any run has."""


@dataclass(repr=False)
class Stage:
    """One pull request that is published again and again, each time from the same state."""

    scene: Scene
    pull: Pull
    folder: Path
    left: dict[int, tuple[list[CheckRun], list[Comment]]] = field(default_factory=dict)
    """What a check that was published before has left behind."""

    def begin(self, before: Check | None) -> None:
        """What GitHub holds before it starts: nothing, or what run 99 has published."""
        repo, faults = self.scene.repo, self.scene.forge.faults
        repo.checks.clear()
        repo.comments.clear()
        faults.hooks.clear()
        faults.scripts.clear()
        faults.ends.clear()
        if before is None:
            return
        if id(before) not in self.left:
            published(self.scene, self.pull, before, self.folder / "before", run=99)
            self.left[id(before)] = [*map(_copy, repo.checks.values())], [*map(replace, repo.comments.values())]
        checks, said = self.left[id(before)]
        repo.checks |= {one.id: _copy(one) for one in checks}
        repo.comments |= {one.id: replace(one) for one in said}

    def together(self, order: str) -> None:
        """The older run ``a`` failed and the newer run ``b`` passed, one request each in this order."""
        tokens = {name: self.scene.forge.workflow_token() for name in "ab"}
        turns = self.scene.forge.faults.in_turns([tokens[one].value for one in order])

        def run(name: str) -> None:
            number, checked = {"a": (100, FAILED), "b": (101, PASSED)}[name]
            hub = a_hub(self.scene, tokens[name])
            publish(checked, a_target(self.pull, self.folder / name), hub, a_job(self.folder / name, number))
            turns.leave(tokens[name].value)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, "ab"))
        assert turns.broken is None
        (comment,) = comments(self.scene)
        check = latest_check(self.scene, self.pull.head_sha)
        assert "Passed: flight-delay" in comment.body, order
        assert (check.conclusion, check.external_id) == ("success", "ratchet:v1:1:101:1"), order

    def requests(self, checked: Check, before: Check | None) -> int:
        """How many requests an undisturbed run has."""
        self.begin(before)
        so_far = len(self.scene.forge.requests)
        published(self.scene, self.pull, checked, self.folder / "alone")
        return len(self.scene.forge.requests) - so_far


def _copy(run: CheckRun) -> CheckRun:
    return replace(run, output=dict(run.output), annotations=list(run.annotations))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with a_scene(folder / "scene") as scene:
        yield Stage(scene, scene.propose(), folder)


@pytest.mark.slow
@pytest.mark.parametrize("quarter", range(4))
def test_an_older_run_that_is_held_up_anywhere_leaves_what_the_newer_one_says(stage: Stage, quarter: int) -> None:
    most = stage.requests(PASSED, PENDING)
    for held in range(1 + quarter, most + 1, 4):
        for steps in range(1, most + 2):
            stage.begin(PENDING)
            stage.together("a" * held + "b" * steps + "a" * ENOUGH + "b" * ENOUGH)


@settings(max_examples=20)
@given(order=st.text("ab", min_size=24, max_size=24), commented=st.booleans())
def test_two_runs_in_any_order_leave_what_the_newer_one_says(stage: Stage, order: str, commented: bool) -> None:
    stage.begin(PENDING if commented else None)
    stage.together(order + "a" * ENOUGH + "b" * ENOUGH)


@pytest.mark.parametrize("carried_out", [False, True], ids=["lost", "done"])
@pytest.mark.parametrize(
    ("before", "now"),
    [(None, PASSED), (None, FINDINGS), (PASSED, FINDINGS), (FAILED, PASSED)],
    ids=["passes", "fails", "no longer passes", "passes now"],
)
def test_a_run_that_ends_at_any_request_leaves_nothing_untrue_and_the_next_one_sets_it_right(
    stage: Stage, before: Check | None, now: Check, carried_out: bool
) -> None:
    most = stage.requests(now, before)
    wanted = end_state(stage.scene, stage.pull)
    true = {"success" if one in (PASSED,) else "failure" for one in (before, now) if one is not None}
    for after in range(most + 1):
        stage.begin(before)
        token = stage.scene.forge.workflow_token()
        stage.scene.forge.faults.end(token.value, after, carried_out=carried_out)
        hub = a_hub(stage.scene, token)
        done = publish(now, a_target(stage.pull, stage.folder / "ended"), hub, a_job(stage.folder / "ended"))
        assert bool(done.troubles) == (after < most)
        assert {one.conclusion for one in stage.scene.repo.checks.values()} <= true
        assert all(one.status == "completed" for one in stage.scene.repo.checks.values())
        assert len(comments(stage.scene)) <= 1
        published(stage.scene, stage.pull, now, stage.folder / "next", run=101)
        assert len(comments(stage.scene)) == 1
        assert end_state(stage.scene, stage.pull) == wanted, after


def test_three_runs_one_after_the_other_backwards_leave_what_the_newest_says(stage: Stage) -> None:
    stage.begin(None)
    for run, checked in ((103, PASSED), (102, FAILED), (101, PENDING)):
        published(stage.scene, stage.pull, checked, stage.folder / str(run), run=run)
    (comment,) = comments(stage.scene)
    assert "run=103 " in comment.body
    assert latest_check(stage.scene, stage.pull.head_sha).conclusion == "success"
    assert replace(comment).body.count("<!-- ") == 1
