"""Stages moved by the advance workflow on a fake GitHub: who may ask, what an approval lets on, what a schedule does alone."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.advancing import AUTOMATIC, ROLES, Staged, a_staged
from builders.publishing import comments, latest_check
from builders.recordings import kinds, ledger_of, recorded
from builders.signed import texts
from builders.small import START, V1, V2, V3, promotion
from builders.traffic import SECTIONS
from forge import events, faults
from model_ratchet.actions.advancing import advance_on_github
from model_ratchet.actions.on_event import check_and_publish
from model_ratchet.actions.publish import Published
from model_ratchet.core.errors import RepositoryError
from model_ratchet.documents.events import Actor
from model_ratchet.engine.lines import read_lines

HOUR = timedelta(hours=1)
SHADOWED = START + 37 * HOUR
"""The shadow's day, twelve hours in which its labels come, and one more."""
DECIDED = SHADOWED + 62 * HOUR


@pytest.fixture
def staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    with a_staged(tmp_path, monkeypatch) as made:
        yield made
        assert read_lines(ledger_of(made.runs).lines()).broken == ()


@pytest.fixture
def automatic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    with a_staged(tmp_path, monkeypatch, policy=AUTOMATIC) as made:
        yield made


def at(staged: Staged, instant: Any) -> None:
    staged.scene.forge.clock.now = instant


def reactions(staged: Staged) -> list[str]:
    return [one.content for made in staged.scene.repo.comments.values() for one in made.reactions]


STARTED = ["admitted", "stage-started", "confirmed"]


def test_who_may_write_moves_a_candidate_by_a_comment(staged: Staged) -> None:
    done = staged.commented("bob")
    assert (done.whole, done.errored) == (True, False), staged.log_of_run
    assert staged.kinds() == STARTED
    ledger = ledger_of(staged.runs)
    bob = staged.scene.bob
    assert {event.by for event in ledger.events()} == {Actor(login="bob", id=bob.id)}
    assert reactions(staged) == ["eyes"]
    assert f"#1: demo {V2}: shadow starts (mirror 100" in staged.log_of_run
    assert "shadow starts" in staged.summary
    assert "\nmoved\n" in staged.outputs
    title = latest_check(staged.scene, staged.pull.head_sha).output["title"]
    assert title.startswith("waiting")


def test_a_reader_is_refused_and_told_why(staged: Staged) -> None:
    done = staged.commented("cleo")
    assert (done.refused, staged.kinds(), reactions(staged)) == (True, [], [])
    assert "only who may write here may ask for the next stage" in staged.summary
    assert "\nrefused\n" in staged.outputs
    assert not staged.scene.repo.checks


@pytest.mark.parametrize("body", ["/ratchet recheck", "/ratchet advance now", "please /ratchet advance"])
def test_any_other_comment_moves_nothing(staged: Staged, body: str) -> None:
    done = staged.commented("bob", body)
    assert (done.idle is not None, staged.kinds(), reactions(staged)) == (True, [], [])
    assert "\nnothing\n" in staged.outputs


def test_an_approval_starts_the_stage_that_waited_for_it_alone(staged: Staged) -> None:
    staged.reviewed()
    assert staged.kinds() == []  # nobody has asked for the first stage
    staged.commented("ada")
    at(staged, SHADOWED)
    staged.reviewed()
    assert staged.kinds() == STARTED  # nor for the shadow to be closed
    at(staged, SHADOWED + HOUR)
    staged.commented("ada")
    assert staged.kinds()[3:] == ["stage-closed", "stage-started", "confirmed"]


def test_an_early_approval_is_asked_for_again_and_then_lets_the_candidate_on(staged: Staged) -> None:
    staged.commented("ada")
    at(staged, START + 2 * HOUR)
    staged.reviewed()
    at(staged, SHADOWED)
    staged.commented("ada")
    assert staged.kinds()[3:] == ["stage-closed", "refused"]
    assert "canary needs the approval of risk, given after 2025-02-02T12:00Z" in staged.log_of_run
    at(staged, SHADOWED + HOUR)
    done = staged.reviewed()
    assert staged.kinds()[3:] == ["stage-closed", "refused", "stage-started", "confirmed"]
    assert [event.by for event in ledger_of(staged.runs).events()[-2:]] == [None, None]
    assert done.whole


def test_an_approval_that_is_relayed_does_the_same(staged: Staged) -> None:
    staged.commented("ada")
    at(staged, SHADOWED)
    staged.commented("ada")
    at(staged, SHADOWED + HOUR)
    staged.approved()
    scene = staged.scene
    ended = events.workflow_run(scene.forge, scene.repo, staged.pull.head_sha, "pull_request_review", by=scene.bob)
    staged.on("workflow_run", ended)
    assert staged.kinds()[-2:] == ["stage-started", "confirmed"]


def test_a_schedule_moves_what_the_policy_lets_move_and_nothing_else(staged: Staged) -> None:
    assert (staged.hour().errored, staged.kinds()) == (False, [])
    assert "\nnothing\n" in staged.outputs


def test_under_an_automatic_policy_the_hours_carry_a_candidate_to_the_merge(automatic: Staged) -> None:
    automatic.hour()
    assert automatic.kinds() == STARTED
    at(automatic, START + 5 * HOUR)
    checks = len(automatic.scene.repo.checks)
    assert "\nwaiting\n" in (automatic.hour(), automatic.outputs)[1]
    assert len(automatic.scene.repo.checks) == checks  # nothing moved, so that there is nothing to publish
    at(automatic, SHADOWED)
    automatic.hour()
    assert automatic.kinds()[3:] == ["stage-closed"]
    at(automatic, SHADOWED + HOUR)
    automatic.reviewed()
    at(automatic, DECIDED)
    automatic.hour()
    assert automatic.kinds()[3:] == ["stage-closed", "stage-started", "confirmed", "stage-closed"]
    assert "every stage has passed: what follows is the merge" in automatic.log_of_run
    assert automatic.deployments() == [
        ("demo/shadow", ["in_progress", "success"]),
        ("demo/canary", ["in_progress", "success"]),
    ]
    assert latest_check(automatic.scene, automatic.pull.head_sha).conclusion == "success"


def test_drafts_and_forks_start_nothing_by_themselves(automatic: Staged) -> None:
    automatic.pull.draft = True
    fork(automatic)
    automatic.hour()
    assert automatic.kinds() == []


def fork(staged: Staged) -> Any:
    scene = staged.scene
    there = scene.forge.repository("cleo/models", scene.repo.git.path.parent / "fork.git", fork_of=scene.repo)
    there.git.fetch(scene.work.path, staged.pull.head_sha, "refs/heads/demo-2")
    return scene.forge.open(scene.repo, "demo-2", by=scene.cleo, fork=there)


@pytest.mark.parametrize("what", ["draft", "fork"])
def test_who_asks_for_a_draft_or_a_fork_is_refused_in_the_ledger(staged: Staged, what: str) -> None:
    pull = fork(staged) if what == "fork" else staged.pull
    pull.draft = what == "draft"
    staged.commented("bob", pull=pull)
    assert staged.kinds() == ["refused"]
    assert "\nrefused\n" in staged.outputs
    assert what in staged.summary
    assert staged.deployments() == []


def test_what_goes_to_another_branch_moves_nothing(staged: Staged) -> None:
    """The policies there are whatever its author has written."""
    scene = staged.scene
    scene.work.git("push", "--quiet", "origin", "main:refs/heads/lax")
    staged.pull.base_ref = "lax"
    staged.commented("bob")
    assert staged.kinds() == []
    assert "it goes to lax: only what goes to main moves through stages" in staged.log_of_run


def test_a_pull_request_that_is_closed_is_withdrawn_once_and_its_deployment_ends(staged: Staged) -> None:
    staged.commented("bob")
    at(staged, START + HOUR)
    staged.scene.forge.close(staged.pull, by=staged.scene.ada)
    done = staged.commented("bob")
    assert done.idle == "the pull request is closed"
    assert kinds(recorded(staged.runs)) == ["began", "withdrawn"]
    assert staged.deployments() == [("demo/shadow", ["in_progress"])]
    staged.hour()
    assert staged.deployments() == [("demo/shadow", ["in_progress", "inactive"])]
    assert kinds(recorded(staged.runs)) == []
    staged.hour()
    assert staged.deployments() == [("demo/shadow", ["in_progress", "inactive"])]


def test_a_baseline_that_moved_ends_the_attempt_whatever_the_policy(staged: Staged) -> None:
    staged.commented("bob")
    work = staged.scene.work
    work.git("checkout", "--quiet", "main")
    work.commit(texts(promotion(V3, V1, more="")))
    work.git("push", "--quiet", "origin", "main")
    at(staged, START + HOUR)
    staged.hour()
    assert staged.kinds() == [*STARTED, "withdrawn"]
    assert f"the baseline moved from {V1} to {V3}" in staged.log_of_run
    assert "\nover\n" in staged.outputs
    assert staged.deployments() == [("demo/shadow", ["in_progress", "inactive"])]
    staged.hour()
    assert staged.kinds() == [*STARTED, "withdrawn"]


def test_what_github_could_not_be_told_stands_in_the_ledger_and_is_told_later(staged: Staged) -> None:
    staged.scene.forge.faults.plan(faults.failing(403), "POST", "/deployments")
    done = staged.commented("bob")
    assert (done.whole, staged.kinds(), staged.deployments()) == (False, STARTED, [])
    assert "::error title=ratchet::not told: deployment demo/shadow: the token may not create a deployment" in (
        staged.log_of_run
    )
    assert staged.hour().whole
    assert staged.deployments() == [("demo/shadow", ["in_progress"])]
    assert staged.kinds() == STARTED


def test_what_the_run_that_moved_it_did_not_publish_the_next_hour_publishes_once(automatic: Staged) -> None:
    automatic.hour()
    at(automatic, SHADOWED)
    for method in ("POST", "PATCH"):
        automatic.scene.forge.faults.plan(faults.failing(403), method, times=9)
    assert not automatic.hour().whole
    automatic.scene.forge.faults.planned.clear()
    assert automatic.kinds()[3:] == ["stage-closed"]
    assert "⏳&nbsp;**shadow**" in comments(automatic.scene)[0].body
    at(automatic, SHADOWED + HOUR)
    assert automatic.hour().whole
    assert "✅&nbsp;**shadow**" in comments(automatic.scene)[0].body
    checks = len(automatic.scene.repo.checks)
    at(automatic, SHADOWED + 2 * HOUR)
    assert automatic.hour().whole
    assert len(automatic.scene.repo.checks) == checks


def test_what_can_not_be_published_again_is_told_and_keeps_nothing_else_from_moving(
    automatic: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RepositoryError("no git")

    automatic.hour()
    at(automatic, SHADOWED)
    automatic.hour()
    at(automatic, SHADOWED + HOUR)
    monkeypatch.setattr("model_ratchet.actions.advancing.tell_anew", fail)
    (moved,) = automatic.hour().moved
    assert moved.untold == (f"check of #{moved.number}: no git",)


def test_a_deployment_is_of_the_head_and_of_this_attempt_and_asks_for_no_check(staged: Staged) -> None:
    staged.commented("bob")
    staged.hour()
    (made,) = staged.scene.repo.deployments.values()
    assert (made.sha, made.said["task"]) == (staged.pull.head_sha, "ratchet")
    assert (made.said["auto_merge"], made.said["required_contexts"]) == (False, [])
    assert made.said["payload"] == {
        "candidate": V2,
        "pull": "1",
        "attempt": "1",
        "started": START.isoformat(),
        "ledger": str(ledger_of(staged.runs).head()),
    }


def test_a_lost_answer_makes_no_second_deployment(staged: Staged) -> None:
    staged.scene.forge.faults.plan(faults.lost(), "POST", "/deployments")
    staged.commented("bob")
    assert staged.deployments() == [("demo/shadow", ["in_progress"])]


def test_a_ledger_that_can_not_be_fetched_is_told_as_trouble_and_starts_nothing(staged: Staged) -> None:
    staged.commented("bob")
    at(staged, SHADOWED)
    named = staged.runs.event("pull_request", events.pull_request(staged.scene.forge, staged.pull))
    moving, checking = staged.runs.run(), staged.runs.run()
    git = staged.scene.repo.git
    tip = git.resolve("ratchet/ledger") or ""
    (git.path / "refs/heads/ratchet/ledger").write_text("f" * 40 + "\n")
    (moved,) = advance_on_github(named, moving).moved
    assert moved.trouble is not None
    assert "origin can't be asked for the branch ratchet/ledger" in moved.trouble
    published = check_and_publish(named, checking)
    assert isinstance(published, Published)
    assert published.check.trouble == moved.trouble
    assert latest_check(staged.scene, staged.pull.head_sha).conclusion == "failure"
    (git.path / "refs/heads/ratchet/ledger").write_text(f"{tip}\n")
    assert staged.kinds() == STARTED


def test_two_runs_at_once_write_one_set_of_events(staged: Staged) -> None:
    runs = [Staged(staged.scene, staged.runs, staged.pull, staged.log) for _ in range(2)]
    comment = staged.scene.forge.comment(staged.scene.repo, 1, "/ratchet advance", by=staged.scene.bob)
    payload = events.issue_comment(staged.scene.forge, staged.scene.repo, comment)
    threads = [threading.Thread(target=one.on, args=("issue_comment", payload)) for one in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert staged.kinds() == STARTED
    living = [one for one in staged.scene.repo.deployments.values() if one.statuses[-1].state == "in_progress"]
    assert len(living) == 1


def test_where_a_model_is_routed_its_router_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routed = f"{ROLES}assignment: user_id\ntraffic: {{target: nginx, {SECTIONS['nginx']}}}\n"
    with a_staged(tmp_path, monkeypatch, more=routed) as staged:
        done = staged.commented("bob")
        assert done.whole, staged.log_of_run
        assert staged.kinds() == ["admitted", "stage-started"]
        git = staged.scene.repo.git
        (path,) = git.run("ls-tree", "-r", "--name-only", "ratchet/traffic").split()
        assert V2 in git.run("show", f"ratchet/traffic:{path}")
        tip = git.resolve("ratchet/traffic")
        staged.hour()
        assert git.resolve("ratchet/traffic") == tip
