"""The source commit on a fake GitHub: everything that reports on it, its pull requests, and who may write there."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from builders.hubs import Scene, a_scene
from builders.reviewing import QUICK
from forge import faults
from forge.hub import FULL
from forge.state import Token
from model_ratchet.core.code import Reported
from model_ratchet.core.errors import ForgeError
from model_ratchet.core.reason import Reason
from model_ratchet.core.reviews import Said, SourcePull
from model_ratchet.github.client import Access
from model_ratchet.github.forge import GithubForge


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path, {"model.py": "x\n"}) as scene:
        scene.forge.users["ada"] = replace(scene.ada, emails=("author@example.invalid",))
        yield scene


def forge_of(scene: Scene, token: Token | None = None) -> GithubForge:
    value = (token or scene.forge.workflow_token()).value
    return GithubForge(Access(repository="acme/promotions", api=scene.forge.api, token=value), QUICK)


def reported(scene: Scene, commit: str, token: Token | None = None) -> tuple[Reported, ...]:
    with closing(forge_of(scene, token)) as forge:
        return forge.reported_on("acme/models", commit)


def pulls(scene: Scene, commit: str, token: Token | None = None) -> tuple[SourcePull, ...]:
    with closing(forge_of(scene, token)) as forge:
        return forge.pulls_of("acme/models", commit)


def head(scene: Scene) -> str:
    return scene.work.git("rev-parse", "HEAD")


def set_status(scene: Scene, commit: str, context: str, state: str) -> None:
    from forge import moves

    moves.status(scene.forge, scene.repo, commit, {"context": context, "state": state}, scene.forge.person(scene.ada))


def test_check_runs_and_statuses_are_told_with_who_made_them(scene: Scene) -> None:
    commit = head(scene)
    app = scene.forge.app("scanner", {"checks": "write"})
    scene.forge.check(scene.repo, commit, "tests")
    scene.forge.check(scene.repo, commit, "lint", None)
    scene.forge.check(scene.repo, commit, "scan", "neutral", app=app)
    set_status(scene, commit, "legacy", "pending")
    set_status(scene, commit, "legacy", "success")
    found = {(one.name, one.state, one.app, one.by, one.at is not None) for one in reported(scene, commit)}
    assert found == {
        ("tests", "success", 15368, "github-actions", True),
        ("lint", "in_progress", 15368, "github-actions", False),
        ("scan", "neutral", app.id, "scanner", True),
        ("legacy", "success", None, "ada", True),
    }
    assert len(scene.forge.requests) == 2


def test_a_check_that_ran_again_is_told_as_it_ended_last(scene: Scene) -> None:
    commit = head(scene)
    scene.forge.check(scene.repo, commit, "tests", "failure")
    scene.forge.check(scene.repo, commit, "tests", "success")
    assert [one.state for one in reported(scene, commit)] == ["success"]


def test_nothing_reports_on_a_fresh_commit(scene: Scene) -> None:
    assert reported(scene, head(scene)) == ()


def test_every_page_is_read(scene: Scene) -> None:
    commit = head(scene)
    for number in range(101):
        scene.forge.check(scene.repo, commit, f"job-{number}")
        set_status(scene, commit, f"old-{number}", "success")
    assert len(reported(scene, commit)) == 202


def test_a_list_that_is_cut_short_is_not_taken_for_the_whole(scene: Scene) -> None:
    commit = head(scene)
    scene.forge.check(scene.repo, commit, "tests", "failure")
    scene.forge.check(scene.repo, commit, "lint")
    scene.forge.faults.plan(faults.shortened(1), "GET", "/check-runs")
    with pytest.raises(ForgeError, match="cut short"):
        reported(scene, commit)


@pytest.mark.parametrize("path", ["/check-runs", "/status"])
@pytest.mark.parametrize("status", [403, 404, 500])
def test_what_is_refused_is_an_error_that_says_what_was_asked(scene: Scene, path: str, status: int) -> None:
    commit = head(scene)
    scene.forge.faults.plan(
        faults.bare(status) if status < 500 else faults.failing(status), "GET", path, times=3 if status == 500 else 1
    )
    with pytest.raises(ForgeError) as raised:
        reported(scene, commit)
    assert raised.value.what == f"the checks of {commit[:12]} in acme/models"
    assert raised.value.status == ("no answer" if status == 500 else str(status))


def test_a_commit_that_is_not_there_has_no_checks(scene: Scene) -> None:
    with pytest.raises(ForgeError):
        reported(scene, "ab" * 20)


def test_a_private_repository_that_the_token_may_not_see_is_an_error(scene: Scene) -> None:
    scene.repo.private = True
    with pytest.raises(ForgeError) as raised:
        pulls(scene, head(scene), scene.forge.person(scene.forge.user("stranger")))
    assert raised.value.status == "404"


def test_the_pull_request_of_a_head_is_told_with_who_may_write(scene: Scene) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    stranger, bot = scene.forge.user("stranger"), scene.forge.bot("helper[bot]")
    for one in (scene.bob, scene.cleo, stranger, bot):
        scene.forge.review(pull, by=one)
    (found,) = pulls(scene, pull.head_sha)
    assert (found.told.pull, found.told.head, found.merged_as) == (pull.number, pull.head_sha, None)
    assert found.is_about(pull.head_sha)
    assert found.writers == {scene.bob.id: True, scene.cleo.id: False, stranger.id: False}


def test_of_whoever_had_a_hand_in_it_nothing_is_asked(scene: Scene) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    scene.push("feature", {"model.py": "z\n"}, by=scene.bob)
    scene.forge.sync()
    scene.forge.review(pull, by=scene.bob)
    (found,) = pulls(scene, pull.head_sha)
    assert found.writers == {}
    assert not scene.forge.asked("GET", "/permission")


@pytest.mark.parametrize("role", ["read", "triage", "write", "maintain", "admin"])
def test_who_may_write_is_asked_of_github(scene: Scene, role: str) -> None:
    scene.forge.grant(scene.repo, role, scene.bob)
    pull = scene.propose("feature", {"model.py": "y\n"})
    scene.forge.review(pull, by=scene.bob)
    (found,) = pulls(scene, pull.head_sha)
    assert found.writers == {scene.bob.id: role in ("write", "maintain", "admin")}


def test_of_a_merge_the_commit_that_it_made_is_told(scene: Scene) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    scene.forge.review(pull, by=scene.bob)
    made = scene.forge.merge(pull, by=scene.bob, method="squash")
    (found,) = pulls(scene, made)
    assert (found.merged_as, found.told.head) == (made, pull.head_sha)
    assert found.is_about(made)


def test_the_test_merge_of_an_open_pull_request_is_no_merge(scene: Scene) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    pull.merge_commit_sha = "ab" * 20
    (found,) = pulls(scene, pull.head_sha)
    assert found.merged_as is None


def test_a_commit_that_was_pushed_without_a_pull_request_has_none(scene: Scene) -> None:
    assert pulls(scene, head(scene)) == ()


def test_an_objection_is_asked_of_also_where_its_author_had_a_hand_in_it(scene: Scene) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    scene.push("feature", {"model.py": "z\n"}, by=scene.bob)
    scene.forge.sync()
    scene.forge.review(pull, by=scene.bob, state="CHANGES_REQUESTED")
    (found,) = pulls(scene, pull.head_sha)
    assert found.writers == {scene.bob.id: True}
    assert [one.said for one in found.told.reviews] == [Said.CHANGES_REQUESTED]


@pytest.mark.parametrize("status", [403, 404])
def test_a_permission_that_can_not_be_read_is_told_and_not_taken_for_a_no(scene: Scene, status: int) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    scene.forge.review(pull, by=scene.bob)
    scene.forge.faults.plan(faults.bare(status), "GET", "/permission")
    (found,) = pulls(scene, pull.head_sha)
    doubt = found.writers[scene.bob.id]
    assert isinstance(doubt, Reason)
    assert doubt.parameters == {"what": "whether bob may write to acme/models", "status": str(status)}


def test_of_a_crowd_only_the_first_are_asked_of(scene: Scene) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    for number in range(40):
        scene.forge.review(pull, by=scene.forge.user(f"passer-by-{number}"))
    (found,) = pulls(scene, pull.head_sha)
    assert list(found.writers.values()) == [False] * 30
    assert len(found.told.reviews) == 40


def test_more_pull_requests_than_are_read_are_an_error(scene: Scene) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    for number in range(10):
        scene.work.git("push", "--quiet", "origin", f"feature:copy-{number}")
        scene.forge.open(scene.repo, f"copy-{number}", by=scene.ada)
    with pytest.raises(ForgeError, match="more than 10"):
        pulls(scene, pull.head_sha)


def test_the_requests_are_few(scene: Scene) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    scene.forge.review(pull, by=scene.bob)
    scene.forge.requests.clear()
    pulls(scene, pull.head_sha)
    assert len(scene.forge.requests) == 6


def test_the_token_needs_to_read_and_nothing_more(scene: Scene) -> None:
    pull = scene.propose("feature", {"model.py": "y\n"})
    scene.forge.check(scene.repo, pull.head_sha, "tests")
    scene.repo.private = True
    needed = ("checks", "statuses", "pull_requests", "contents")
    token = scene.forge.workflow_token({name: "read" for name in FULL if name in needed})
    assert reported(scene, pull.head_sha, token)
    assert pulls(scene, pull.head_sha, token)
