"""A mistaken rollback taken back: by a release before the removal is merged, else by on-call and risk, to the same tree."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from builders.events import verdict_on
from builders.recordings import recorded
from builders.rollbacks import WORSE, Worse, a_worse
from builders.small import V1, V2, V3, folder
from forge.state import Pull
from model_ratchet.actions.after_merge import Followed
from model_ratchet.actions.rollback import Where
from model_ratchet.actions.undo import take_back
from model_ratchet.core.errors import UsageError
from model_ratchet.github.forge import GithubForge

ROLES = 'roles: {risk: ["@bob"], on-call: ["@cleo"]}\n'


def undone(worse: Worse) -> tuple[Followed, ...]:
    """What comes of an undo inside a workflow."""
    worse.runs.scene.forge.sync()
    run = worse.runs.run()
    with closing(run.forge) if isinstance(run.forge, GithubForge) else closing(run.hub.api):
        done = take_back("demo", V3, "the monitor was wrong", Where.of(run, "main"))
    worse.runs.scene.forge.sync()
    return done


def proposed(worse: Worse) -> Pull:
    (pull,) = [one for one in worse.runs.scene.repo.pulls.values() if one.head_ref.startswith("ratchet/undo/")]
    return pull


def judged(worse: Worse, pull: Pull) -> tuple[str | None, str]:
    worse.runs.opened(pull)
    return verdict_on(worse.runs, pull.head_sha)


@pytest.fixture
def gone(tmp_path: Path) -> Iterator[Worse]:
    """V3 was rolled back, by mistake."""
    with a_worse(tmp_path, more=ROLES) as worse:
        worse.rolled_back()
        worse.tree = worse.runs.scene.repo.git.run("rev-parse", f"main~1:{folder(V3)}")
        yield worse


def test_within_its_time_two_roles_restore_the_same_tree(gone: Worse) -> None:
    scene = gone.runs.scene
    assert not any(one.trouble for one in undone(gone))
    pull = proposed(gone)
    assert scene.repo.git.run("rev-parse", f"{pull.head_sha}:{folder(V3)}") == gone.tree
    assert judged(gone, pull)[0] is None
    scene.forge.review(pull, by=scene.bob)
    assert judged(gone, pull)[0] is None
    scene.forge.review(pull, by=scene.cleo)
    assert judged(gone, pull)[0] == "success"
    scene.forge.clock.advance(minutes=1)
    scene.forge.merge(pull, by=scene.bob, method="squash")
    done = recorded(gone.runs)
    assert [event.kind for event in done.recorded.events] == ["promoted"]
    assert getattr(done.recorded.events[0], "record", None) is not None
    assert gone.promoted() == [V1, V2, V3]
    assert not gone.rolled_back(WORSE).trouble
    assert [one["incident"] for one in gone.events() if one["kind"] == "hold"] == [f"{V3}-1", f"{V3}-2"]


def test_an_undo_again_opens_nothing_more(gone: Worse) -> None:
    undone(gone)
    assert undone(gone) == ()
    proposed(gone)


def test_after_its_time_the_version_needs_its_root_cause(gone: Worse) -> None:
    undone(gone)
    pull, scene = proposed(gone), gone.runs.scene
    scene.forge.review(pull, by=scene.bob)
    scene.forge.review(pull, by=scene.cleo)
    scene.forge.clock.advance(hours=25)
    conclusion, title = judged(gone, pull)
    assert conclusion == "failure"
    assert "name its closed root cause" in title


def test_another_tree_is_no_undo(gone: Worse) -> None:
    undone(gone)
    pull, scene = proposed(gone), gone.runs.scene
    scene.work.git("fetch", "--quiet", "origin", f"{pull.head_ref}:{pull.head_ref}")
    scene.push(pull.head_ref, {f"{folder(V3)}/risk.md": "# Risk\nNone.\n"}, by=scene.ada)
    scene.forge.review(pull, by=scene.bob)
    scene.forge.review(pull, by=scene.cleo)
    conclusion, title = judged(gone, pull)
    assert (conclusion, "name its closed root cause" in title) == ("failure", True)


def test_before_the_merge_the_hold_is_released(tmp_path: Path) -> None:
    with a_worse(tmp_path, merge="manual") as worse:
        worse.rolled_back()
        (removal,) = worse.removals()
        assert undone(worse)[-1].said == f"to do: close pull request #{removal.number}"
        assert worse.kinds() == ["began", "hold", "root-cause", "released"]
        assert f"# active     {V3}" in worse.traffic()
        with pytest.raises(UsageError, match="no incident refuses it"):
            undone(worse)


def test_what_was_not_rolled_back_is_not_undone(tmp_path: Path) -> None:
    with a_worse(tmp_path) as worse, pytest.raises(UsageError, match="no incident refuses it"):
        undone(worse)


def test_with_anything_else_it_is_no_undo(gone: Worse) -> None:
    undone(gone)
    pull, scene = proposed(gone), gone.runs.scene
    scene.work.git("fetch", "--quiet", "origin", f"{pull.head_ref}:{pull.head_ref}")
    scene.push(pull.head_ref, {"README.md": "and this\n"}, by=scene.ada)
    assert judged(gone, pull)[0] == "failure"
