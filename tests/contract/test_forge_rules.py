"""The fake GitHub enforces what GitHub enforces: a story that no rule could have stopped proves nothing."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from github import GithubException

from builders.hubs import Scene, a_scene, client
from builders.repositories import a_repo
from forge.rules import Rule, merge_queue, no_deletion, no_force_push, required_checks, required_reviews
from forge.state import Pull
from forge.web import Refused


def refusal(scene: Scene, pull: Pull) -> str:
    """What a merge by bob is told; empty where it goes through."""
    url = f"/repos/acme/models/pulls/{pull.number}/merge"
    with client(scene.forge, scene.forge.person(scene.bob)) as github:
        status, _, body = github.requester.requestJson("PUT", url, input={"sha": pull.head_sha})
    assert status in {200, 405}
    return "" if status == 200 else str(json.loads(body)["message"])


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merge_lands_in_git(tmp_path: Path, method: str) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        before = scene.work.git("rev-parse", "main")
        pull = scene.propose()
        done = github.get_repo("acme/models").get_pull(1).merge(merge_method=method)
        commit = scene.repo.git.commit(scene.repo.git.resolve("main") or "")
        assert commit.sha == done.sha
        assert commit.parents == ((before, pull.head_sha) if method == "merge" else (before,))
        assert scene.repo.git.run("show", "main:feature.txt") == "new"
        read = github.get_repo("acme/models").get_pull(1)
        assert (read.merged, read.state, read.merge_commit_sha) == (True, "closed", done.sha)
        assert read.changed_files == 1


def test_a_merge_of_a_head_that_has_moved_is_refused(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        old = scene.propose().head_sha
        scene.push("feature", {"b.txt": "b"}, by=scene.ada)
        with pytest.raises(GithubException, match="409"):
            github.get_repo("acme/models").get_pull(1).merge(sha=old)


def test_a_conflict_can_not_be_merged(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        pull = scene.propose(files={"README.md": "one\n"})
        scene.work.git("checkout", "--quiet", "main")
        scene.work.commit({"README.md": "two\n"})
        scene.work.git("push", "--quiet", "origin", "main")
        assert "not mergeable" in refusal(scene, pull)


@pytest.mark.parametrize("classic", [False, True])
def test_a_required_check_blocks_until_it_is_green(tmp_path: Path, classic: bool) -> None:
    with a_scene(tmp_path) as scene:
        rule = required_checks("promotion/main")
        scene.forge.protect(scene.repo, "main", rule) if classic else scene.forge.ruleset(scene.repo, rule)
        pull = scene.propose()
        assert '"promotion/main" is expected' in refusal(scene, pull)
        for conclusion in (None, "failure", "action_required", "cancelled", "timed_out"):
            scene.forge.clock.advance(minutes=1)
            scene.forge.check(scene.repo, pull.head_sha, "promotion/main", conclusion)
            assert "is expected" in refusal(scene, pull), conclusion
        scene.forge.clock.advance(minutes=1)
        scene.forge.check(scene.repo, pull.head_sha, "promotion/main", "success")
        assert refusal(scene, pull) == ""


@pytest.mark.parametrize("conclusion", ["neutral", "skipped"])
def test_neutral_and_skipped_satisfy_a_required_check_as_they_do_on_github(tmp_path: Path, conclusion: str) -> None:
    with a_scene(tmp_path) as scene:
        scene.forge.ruleset(scene.repo, required_checks("promotion/main"))
        pull = scene.propose()
        scene.forge.check(scene.repo, pull.head_sha, "promotion/main", conclusion)
        assert refusal(scene, pull) == ""


def test_a_required_source_takes_no_other_app_s_check_and_no_status(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        app = scene.forge.app("ratchet", {"checks": "write"})
        scene.forge.ruleset(scene.repo, required_checks("promotion/main", app=app))
        pull = scene.propose()
        scene.forge.check(scene.repo, pull.head_sha, "promotion/main", "success")
        with client(scene.forge) as github:
            github.get_repo("acme/models").get_commit(pull.head_sha).create_status("success", context="promotion/main")
        assert "is expected" in refusal(scene, pull)
        scene.forge.check(scene.repo, pull.head_sha, "promotion/main", "success", app=app)
        assert refusal(scene, pull) == ""


def test_a_check_of_an_older_commit_counts_for_nothing(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.forge.ruleset(scene.repo, required_checks("promotion/main"))
        pull = scene.propose()
        scene.forge.check(scene.repo, pull.head_sha, "promotion/main", "success")
        scene.push("feature", {"b.txt": "b"}, by=scene.ada)
        assert "is expected" in refusal(scene, pull)


def test_a_strict_check_wants_the_branch_up_to_date(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.forge.ruleset(scene.repo, required_checks("ci", strict=True))
        pull = scene.propose()
        scene.forge.check(scene.repo, pull.head_sha, "ci")
        scene.work.git("checkout", "--quiet", "main")
        scene.work.commit({"c.txt": "c"})
        scene.work.git("push", "--quiet", "origin", "main")
        assert "not up to date" in refusal(scene, pull)


def test_a_check_left_incomplete_for_fourteen_days_goes_stale(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        run = scene.forge.check(scene.repo, scene.propose().head_sha, "promotion/main", None)
        repo = github.get_repo("acme/models")
        scene.forge.clock.advance(days=14)
        assert repo.get_check_run(run.id).status == "in_progress"
        scene.forge.clock.advance(seconds=1)
        assert (repo.get_check_run(run.id).status, repo.get_check_run(run.id).conclusion) == ("completed", "stale")


def test_approvals_count_by_the_last_word_of_those_who_may_write(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.forge.ruleset(scene.repo, required_reviews(1))
        pull = scene.propose()
        scene.forge.review(pull, by=scene.cleo)
        assert "approving review" in refusal(scene, pull)
        given = scene.forge.review(pull, by=scene.bob)
        scene.forge.review(pull, by=scene.bob, state="COMMENTED")
        scene.forge.dismiss(pull, given, by=scene.ada)
        assert "approving review" in refusal(scene, pull)
        scene.forge.review(pull, by=scene.bob)
        scene.forge.review(pull, by=scene.bob, state="CHANGES_REQUESTED")
        assert "Changes have been requested" in refusal(scene, pull)
        scene.forge.review(pull, by=scene.bob)
        assert refusal(scene, pull) == ""


def test_a_push_dismisses_approvals_where_that_is_on(tmp_path: Path) -> None:
    for dismiss, expected in ((False, ["APPROVED"]), (True, ["DISMISSED"])):
        with a_scene(tmp_path / str(dismiss)) as scene:
            scene.forge.ruleset(scene.repo, required_reviews(1, dismiss_stale=dismiss))
            pull = scene.propose()
            scene.forge.review(pull, by=scene.bob)
            scene.push("feature", {"b.txt": "b"}, by=scene.ada)
            assert [one.state for one in pull.reviews] == expected


def test_the_last_push_is_approved_by_somebody_else(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.forge.ruleset(scene.repo, required_reviews(1, last_push=True))
        pull = scene.propose()
        scene.forge.review(pull, by=scene.bob)
        scene.forge.clock.advance(minutes=1)
        scene.push("feature", {"b.txt": "b"}, by=scene.bob)
        scene.forge.clock.advance(minutes=1)
        scene.forge.review(pull, by=scene.bob)
        assert "other than the last pusher" in refusal(scene, pull)


@pytest.mark.parametrize(
    ("path", "blocked"),
    [("policies/a.yaml", True), ("docs/policies/a.yaml", False), ("deep/x.lock", True), ("a.txt", False)],
)
def test_code_owners_are_asked_for_what_they_own(tmp_path: Path, path: str, blocked: bool) -> None:
    with a_scene(tmp_path, {"CODEOWNERS": "/policies/ @acme/risk\n*.lock @cleo\n"}) as scene:
        scene.forge.team("acme/risk", scene.cleo)
        scene.forge.grant(scene.repo, "write", scene.cleo)
        scene.forge.ruleset(scene.repo, required_reviews(1, code_owners=True))
        pull = scene.propose(files={path: "x"})
        scene.forge.review(pull, by=scene.bob)
        if blocked:
            assert "code owner" in refusal(scene, pull)
            scene.forge.review(pull, by=scene.cleo)
        assert refusal(scene, pull) == ""


@pytest.mark.parametrize(
    ("rules", "force", "says"),
    [
        ([no_force_push()], True, "Cannot force-push"),
        ([required_reviews(1)], False, "through a pull request"),
        ([required_checks("ci")], False, '"ci" is expected'),
        ([merge_queue()], False, "through the merge queue"),
    ],
)
def test_a_direct_push_is_held_to_the_rules_and_bypassed_by_who_may(
    tmp_path: Path, rules: Sequence[Rule], force: bool, says: str
) -> None:
    with a_scene(tmp_path) as scene:
        app = scene.forge.app("ratchet", {"contents": "write"})
        scene.forge.ruleset(scene.repo, *rules, bypass=(app,))
        scene.work.git("checkout", "--quiet", "--orphan" if force else "-b", "other")
        sha = scene.work.commit({"x": "x"})
        scene.work.git("push", "--quiet", "origin", "other")
        with client(scene.forge) as github, pytest.raises(GithubException, match=says):
            github.get_repo("acme/models").get_git_ref("heads/main").edit(sha, force=force)
        with pytest.raises(Refused, match=says):
            scene.forge.push(scene.repo, "main", sha, by=scene.ada, force=force)
        with client(scene.forge, scene.forge.app_token(app)) as github:
            github.get_repo("acme/models").get_git_ref("heads/main").edit(sha, force=force)
        assert scene.repo.git.resolve("main") == sha


def test_a_ruleset_that_is_only_evaluated_or_covers_another_branch_blocks_nothing(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.forge.ruleset(scene.repo, required_checks("ci"), enforcement="evaluate")
        scene.forge.ruleset(scene.repo, required_checks("ci"), branches=("refs/heads/release/*",))
        assert refusal(scene, scene.propose()) == ""


@pytest.mark.parametrize("admins", [True, False], ids=["bound", "left alone"])
def test_classic_protection_may_leave_administrators_alone(tmp_path: Path, admins: bool) -> None:
    with a_scene(tmp_path) as scene:
        scene.forge.grant(scene.repo, "admin", scene.bob)
        scene.forge.protect(scene.repo, "main", required_checks("ci"), admins=admins)
        with client(scene.forge, scene.forge.person(scene.bob)) as github:
            read = github.get_repo("acme/models").get_branch("main").get_protection()
            assert read.enforce_admins is admins
        assert ("is expected" in refusal(scene, scene.propose())) is admins


def test_a_protected_branch_stays(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        scene.forge.ruleset(scene.repo, no_deletion())
        with pytest.raises(GithubException, match="Cannot delete"):
            github.get_repo("acme/models").get_git_ref("heads/main").delete()


def test_a_fork_s_token_reads_and_writes_nothing(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        fork = scene.forge.repository("cleo/models", tmp_path / "fork.git", fork_of=scene.repo)
        theirs = a_repo(tmp_path / "theirs")
        theirs.git("fetch", "--quiet", str(scene.repo.git.path), "main")
        theirs.git("reset", "--quiet", "--hard", "FETCH_HEAD")
        theirs.branch("feature", {"f.txt": "f"})
        theirs.git("push", "--quiet", str(fork.git.path), "feature")
        pull = scene.forge.open(scene.repo, "feature", by=scene.cleo, fork=fork)
        token = scene.forge.workflow_token(fork=True)
        with client(scene.forge, token) as github:
            repo = github.get_repo("acme/models")
            read = repo.get_pull(pull.number)
            assert (read.head.repo.full_name, [one.filename for one in read.get_files()]) == ("cleo/models", ["f.txt"])
            for write in (
                lambda: read.create_issue_comment("hi"),
                lambda: repo.create_check_run("promotion/main", pull.head_sha),
                lambda: repo.get_commit(pull.head_sha).create_status("success"),
                read.merge,
            ):
                with pytest.raises(GithubException, match=r"403.*Resource not accessible by integration"):
                    write()


def test_a_person_can_not_publish_a_check_run(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge, scene.forge.person(scene.ada)) as github:
        sha = scene.propose().head_sha
        with pytest.raises(GithubException, match="authenticate via a GitHub App"):
            github.get_repo("acme/models").create_check_run("promotion/main", sha)


def test_what_a_workflow_s_token_makes_starts_no_workflow(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.work.branch("feature", {"a": "a"})
        scene.work.git("push", "--quiet", "origin", "feature")
        app = scene.forge.app("ratchet", {"contents": "write", "pull_requests": "write"})
        for token in (scene.forge.workflow_token(), scene.forge.app_token(app)):
            with client(scene.forge, token) as github:
                repo = github.get_repo("acme/models")
                repo.create_pull(base="main", head="feature", title="Roll back").edit(state="closed")
        assert [one.starts_workflows for one in scene.forge.deliveries] == [False, False, True, True]


def test_the_merge_queue_lands_a_green_group_and_throws_out_another(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.forge.ruleset(scene.repo, merge_queue(), required_checks("promotion/main"))
        pulls = [scene.propose("one"), scene.propose("two")]
        for pull in pulls:
            scene.forge.check(scene.repo, pull.head_sha, "promotion/main")
        assert "merge queue" in refusal(scene, pulls[0])
        group = scene.forge.queue(*pulls)
        assert group.head_ref.startswith("refs/heads/gh-readonly-queue/main/pr-2-")
        assert not scene.forge.dequeue(group)
        group = scene.forge.queue(*pulls)
        scene.forge.check(scene.repo, group.head_sha, "promotion/main")
        assert scene.forge.dequeue(group)
        assert [one.merged_at is not None for one in pulls] == [True, True]
        assert scene.repo.git.resolve("main") == group.head_sha


def test_a_head_that_git_alone_moved_is_seen(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        scene.propose()
        sha = scene.work.commit({"later.txt": "x"})
        scene.work.git("push", "--quiet", "origin", "feature")
        assert github.get_repo("acme/models").get_pull(1).head.sha == sha
        assert scene.forge.deliveries[-1].action == "synchronize"
        assert scene.repo.git.refs("refs/pull/")["refs/pull/1/head"] == sha
