"""Reviews, commits, pushes and teams are read to their end, or not at all."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from builders.hubs import Scene, a_scene
from builders.repositories import Repo
from builders.reviewing import QUICK
from forge import faults, shapes
from forge.hub import FULL
from forge.shapes import Shapes
from forge.state import Pull, Push, Token
from model_ratchet.core.errors import ForgeError
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Conversation, Said
from model_ratchet.github import reviews
from model_ratchet.github.client import Access
from model_ratchet.github.forge import GithubForge


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path, {"README.md": "x"}) as scene:
        scene.forge.team("acme/risk", scene.bob)
        yield scene


def told(scene: Scene, pull: Pull, *, token: Token | None = None, teams: tuple[str, ...] = ()) -> Conversation:
    value = (token or members_token(scene)).value
    access = Access(repository="acme/models", api=scene.forge.api, token=value)
    with closing(GithubForge(access, QUICK)) as forge:
        return forge.conversation(pull.number, teams)


def members_token(scene: Scene) -> Token:
    return scene.forge.app_token(scene.forge.app("promotions", {**FULL, "members": "read"}))


@pytest.mark.parametrize("number", [101, 250])
def test_every_review_is_read(scene: Scene, number: int) -> None:
    pull = scene.propose()
    people = [scene.forge.user(f"reviewer-{at}") for at in range(number)]
    for one in people:
        scene.forge.review(pull, by=one)
    found = told(scene, pull)
    assert [one.by and one.by.login for one in found.reviews] == [one.login for one in people]
    assert len(scene.forge.asked("GET", "/reviews")) == -(-number // 100)


def test_comments_say_nothing_and_a_dismissed_review_says_so(scene: Scene) -> None:
    pull = scene.propose()
    scene.forge.review(pull, by=scene.bob, state="COMMENTED")
    review = scene.forge.review(pull, by=scene.bob)
    scene.forge.dismiss(pull, review, by=scene.ada)
    (one,) = told(scene, pull).reviews
    assert (one.id, one.said, one.commit) == (review.id, Said.DISMISSED, pull.head_sha)


def test_a_bot_is_no_person(scene: Scene) -> None:
    pull = scene.propose()
    scene.forge.review(pull, by=scene.forge.bot("helper[bot]"))
    (one,) = told(scene, pull).reviews
    assert one.by is not None
    assert not one.by.person


def test_authors_co_authors_and_pushers_are_told(scene: Scene) -> None:
    scene.forge.user("author", "author@example.invalid")
    pull = scene.propose()
    scene.work.git("checkout", "--quiet", "feature")
    scene.work.commit({"b": "1"}, "more\n\nCo-authored-by: Cleo <cleo@example.org>\nco-authored-by: X <x@y>")
    scene.forge.push(scene.repo, "feature", scene.work.git("rev-parse", "HEAD"), by=scene.bob, source=scene.work.path)
    found = told(scene, pull)
    assert [one.author and one.author.login for one in found.commits] == ["author", "author"]
    assert found.commits[1].co_authors == ("cleo@example.org", "x@y")
    assert found.opened_by is not None
    assert found.opened_by.login == "ada"
    assert sorted(one.login for one in found.pushers or () if one) == ["ada", "bob"]


def test_a_commit_of_an_unknown_address_has_no_author(scene: Scene) -> None:
    (one,) = told(scene, scene.propose()).commits
    assert (one.author, one.author_email) == (None, "author@example.invalid")


def test_who_moved_the_branch_since_it_was_proposed_or_brought_a_commit_of_it_has_pushed(scene: Scene) -> None:
    pull = scene.propose()
    opened, hour = pull.pushes[0].at, timedelta(hours=1)
    early, brought, later, at_once, deleted = (
        scene.forge.user(name) for name in ("early", "brought", "later", "at-once", "deleted")
    )
    pull.pushes += [
        Push("a" * 40, early, opened - hour),
        Push(pull.head_sha, brought, opened - hour),
        Push("b" * 40, later, opened + hour),
        Push("c" * 40, at_once, opened),
        Push("0" * 40, deleted, opened + hour),
    ]
    found = told(scene, pull).pushers
    assert sorted(one.login for one in found or () if one) == ["ada", "at-once", "brought", "later"]


def test_a_branch_whose_repository_is_gone_was_pushed_to_by_nobody_who_could_be_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull = scene.propose()
    shown = Shapes._end
    monkeypatch.setattr(Shapes, "_end", lambda this, *end: {**shown(this, *end), "repo": None})
    assert told(scene, pull).pushers is None
    scene.forge.violations.clear()  # of a fork that is gone GitHub answers so, and its description does not know it


def test_a_commit_whose_author_github_does_not_tell_has_no_address(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull = scene.propose()
    monkeypatch.setattr(shapes, "_person", lambda person: None)
    (one,) = told(scene, pull).commits
    assert (one.author, one.author_email) == (None, "")


@pytest.mark.parametrize("account", [None, {}, {"login": "ghost"}], ids=["none", "empty", "no-id"])
def test_an_account_without_an_id_is_nobody(account: dict[str, str] | None) -> None:
    assert reviews.account(account) is None


def test_pushes_that_can_not_be_read_are_not_told(scene: Scene) -> None:
    pull = scene.propose()
    scene.forge.faults.plan(faults.bare(404), "GET", "/activity")
    assert told(scene, pull).pushers is None


def test_an_answer_that_ends_early_is_asked_for_again(scene: Scene) -> None:
    pull = scene.propose()
    scene.forge.faults.plan(faults.truncated(20), "GET", "/activity", times=2)
    assert told(scene, pull).pushers is not None


@pytest.mark.parametrize("path", ["/activity", "/members"])
@pytest.mark.parametrize("fault", [faults.failing(500), faults.truncated(20)], ids=["500", "cut off"])
def test_what_can_not_be_told_now_is_not_taken_for_what_is_never_told(
    scene: Scene, path: str, fault: faults.Fault
) -> None:
    pull = scene.propose()
    scene.forge.review(pull, by=scene.bob)
    scene.forge.faults.plan(fault, "GET", path, times=9)
    with pytest.raises(ForgeError):
        told(scene, pull, token=members_token(scene), teams=("acme/risk",))
    scene.forge.faults.planned.clear()


def test_more_commits_than_github_lists_are_no_answer(scene: Scene) -> None:
    grown(scene.work, 251)
    scene.work.git("push", "--quiet", "origin", "feature")
    pull = scene.forge.open(scene.repo, "feature", by=scene.ada)
    with pytest.raises(ForgeError, match="250 of 251 listed; squash them"):
        told(scene, pull)


def grown(work: Repo, commits: int) -> None:
    work.git("checkout", "--quiet", "-b", "feature")
    tree = work.git("rev-parse", "HEAD^{tree}")
    tip = work.git("rev-parse", "HEAD")
    for at in range(commits):
        tip = work.git("commit-tree", tree, "-p", tip, "-m", str(at))
    work.git("reset", "--quiet", "--hard", tip)


def test_the_members_of_a_team_are_told_by_their_ids(scene: Scene) -> None:
    pull = scene.propose()
    scene.forge.review(pull, by=scene.bob)
    assert told(scene, pull, teams=("acme/risk",)).teams == {"acme/risk": frozenset({scene.bob.id})}


@pytest.mark.parametrize("status", [404, 403])
def test_a_team_that_the_default_token_may_not_read_is_a_reason_and_no_empty_team(scene: Scene, status: int) -> None:
    pull = scene.propose()
    scene.forge.review(pull, by=scene.bob)
    scene.forge.team_refusal = status
    found = told(scene, pull, token=scene.forge.workflow_token(), teams=("acme/risk",)).teams["acme/risk"]
    assert found == because(Why.TEAM_UNREADABLE, team="@acme/risk", status=str(status))


def test_no_team_is_asked_for_before_anybody_has_said_anything(scene: Scene) -> None:
    told(scene, scene.propose(), teams=("acme/risk",))
    assert scene.forge.asked("GET", "/members") == []


@pytest.mark.parametrize("path", ["/pulls/1", "/pulls/1/reviews", "/pulls/1/commits"])
@pytest.mark.parametrize(
    "fault",
    [faults.bare(403), faults.bare(404), faults.failing(500), faults.truncated(20), faults.dropped()],
    ids=["403", "404", "500", "cut off", "dropped"],
)
def test_whatever_is_not_told_is_one_exception_without_a_secret(scene: Scene, path: str, fault: faults.Fault) -> None:
    pull = scene.propose()
    scene.forge.review(pull, by=scene.bob)
    token = members_token(scene)
    scene.forge.faults.plan(fault, "GET", path, times=3)
    with pytest.raises(ForgeError) as raised:
        told(scene, pull, token=token)
    scene.forge.faults.planned.clear()
    assert raised.value.what.startswith(("pull request #1", "the reviews of #1", "the commits of #1"))
    assert token.value not in str(raised.value)
    assert isinstance(because(Why.FORGE_UNREADABLE, what=raised.value.what, status=raised.value.status), Reason)
