"""Publishing: what GitHub shows at the end, whatever goes wrong on the way."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders import records
from builders.hubs import Scene, a_scene
from builders.publishing import NO_WAIT, a_hub, a_job, a_target, comments, end_state, latest_check, published, waiting
from forge import faults
from forge.faults import Fault
from model_ratchet.actions.publish import publish
from model_ratchet.core.finding import Finding, Location
from model_ratchet.report.check import Check, judged
from model_ratchet.report.html import as_html
from model_ratchet.report.notes import RollbackNote

PASSED = judged([records.a_passed_record()])
FAILED = judged([records.a_failed_record()])
PENDING = judged([records.a_pending_record()])
ERRORED = judged([records.an_errored_record()])
FINDINGS = Check(findings=(Finding(Location("promotions/a/b/promotion.yaml", 3, 1), "`ovner` is unknown"),))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path / "scene") as made:
        yield made


@pytest.mark.parametrize(
    ("checked", "status", "conclusion", "title"),
    [
        (PASSED, "completed", "success", "may be merged: every gate has passed"),
        (FAILED, "completed", "failure", "is shown to break the policy: latency-p95"),
        (ERRORED, "completed", "failure", "can't be judged"),
        (FINDINGS, "completed", "failure", "1 finding, nothing was judged: `ovner` is unknown"),
        (Check(trouble="git is gone"), "completed", "failure", "errored: git is gone"),
        (PENDING, "in_progress", None, "waiting: "),
        (Check(untouched=True), "completed", "success", "nothing to judge"),
        (Check(rollback=RollbackNote(model="m", removed=("v2",), returns_to="v1")), "completed", "success", "v1"),
    ],
    ids=["passed", "failed", "errored", "findings", "trouble", "pending", "untouched", "rollback"],
)
def test_each_outcome_has_its_state(
    tmp_path: Path, scene: Scene, checked: Check, status: str, conclusion: str | None, title: str
) -> None:
    pull = scene.propose()
    done = published(scene, pull, checked, tmp_path / "run")
    run = latest_check(scene, pull.head_sha)
    assert (run.status, run.conclusion) == (status, conclusion)
    assert title in run.output["title"]
    assert not done.troubles
    assert len(comments(scene)) == (0 if checked.untouched else 1)
    assert len(scene.forge.requests) <= 25


def test_what_waits_says_when(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    published(scene, pull, PENDING, tmp_path / "run")
    assert "can be decided at 2025-08-09" in latest_check(scene, pull.head_sha).output["title"]


def test_inconclusive_after_the_last_window_asks_for_an_action_and_before_it_waits(
    tmp_path: Path, scene: Scene
) -> None:
    pull = scene.propose()
    record = records.an_inconclusive_record()
    published(scene, pull, judged([record]), tmp_path / "run")
    run = latest_check(scene, pull.head_sha)
    assert run.conclusion == "action_required"
    assert run.output["title"].endswith("ways out: extend the stage, a new attempt, a waiver, or close")
    running = replace(record, plan=replace(record.plan, stages=(replace(record.plan.stages[0], decidable=False),)))
    published(scene, pull, judged([running]), tmp_path / "run", run=101)
    assert latest_check(scene, pull.head_sha).status == "in_progress"


def test_an_ordinary_run_takes_few_requests_and_the_next_one_edits_the_same_comment(
    tmp_path: Path, scene: Scene
) -> None:
    pull = scene.propose()
    published(scene, pull, PENDING, tmp_path / "a")
    first = len(scene.forge.requests)
    published(scene, pull, PASSED, tmp_path / "b", run=101)
    assert first <= 12
    assert len(scene.forge.requests) - first <= 12
    (comment,) = comments(scene)
    assert "run=101" in comment.body
    assert "Passed: flight-delay" in comment.body


def test_a_comment_that_says_the_same_is_not_written_again(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    for run in (100, 101):
        published(scene, pull, PASSED, tmp_path / "run", run=run)
    assert not scene.forge.asked("PATCH")
    assert len(scene.forge.asked("POST", "/comments")) == 1


def test_a_change_that_no_longer_touches_a_promotion_updates_the_comment_that_is_there(
    tmp_path: Path, scene: Scene
) -> None:
    pull = scene.propose()
    published(scene, pull, FAILED, tmp_path / "a")
    published(scene, pull, Check(untouched=True), tmp_path / "b", run=101)
    (comment,) = comments(scene)
    assert "touches no promotion" in comment.body


def test_summary_files_and_outputs_are_written(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    published(scene, pull, PASSED, tmp_path)
    assert "Passed: flight-delay" in (tmp_path / "summary.md").read_text()
    assert sorted(one.name for one in (tmp_path / "ratchet").iterdir()) == [
        "record.json",
        "report.html",
        "report.json",
        "report.md",
        "report.sarif",
        "report.xml",
    ]
    assert json.loads((tmp_path / "ratchet" / "report.json").read_text())["outcome"] == "passed"
    assert (tmp_path / "ratchet" / "report.html").read_text() == as_html(PASSED.records[0])
    assert f"{tmp_path / 'ratchet' / 'report.html'}\n" in (tmp_path / "output.txt").read_text()
    assert "\npassed\n" in (tmp_path / "output.txt").read_text()


def test_annotations_stand_on_the_lines_of_request_and_policy_most_severe_first(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    published(scene, pull, FAILED, tmp_path)
    notes = latest_check(scene, pull.head_sha).annotations
    assert {one["path"] for one in notes} == {"policies/standard/1.0.0.yaml", f"{records.FOLDER}/promotion.yaml"}
    levels = [one["annotation_level"] for one in notes]
    assert levels == sorted(levels, key=["failure", "warning", "notice"].index)
    assert any("latency-p95" in one["message"] and one["start_line"] > 1 for one in notes)


def many_findings(count: int) -> Check:
    return Check(findings=tuple(Finding(Location("a.yaml", line), f"wrong {line}") for line in range(1, count + 1)))


@pytest.mark.parametrize(("count", "patches"), [(50, 0), (51, 1), (130, 1)])
def test_more_than_fifty_annotations_come_in_several_requests_and_more_than_a_hundred_are_counted(
    tmp_path: Path, scene: Scene, count: int, patches: int
) -> None:
    pull = scene.propose()
    published(scene, pull, many_findings(count), tmp_path)
    run = latest_check(scene, pull.head_sha)
    assert [one["start_line"] for one in run.annotations] == list(range(1, min(count, 100) + 1))
    assert len([one for one in scene.forge.asked("PATCH") if "/check-runs/" in one.path]) == patches
    assert ("30 annotations more than 100 are left out" in run.output["summary"]) == (count == 130)


def test_a_report_of_500_segments_and_30_criteria_is_one_comment_within_github_s_limits(
    tmp_path: Path, scene: Scene
) -> None:
    pull = scene.propose()
    done = published(scene, pull, judged([records.a_huge_record(segments=500, criteria=30)]), tmp_path)
    (comment,) = comments(scene)
    run = latest_check(scene, pull.head_sha)
    assert not done.troubles
    assert len(comment.body) <= 60_000
    assert max(len(run.output["summary"]), len(run.output["text"])) <= 65_535
    assert (tmp_path / "summary.md").stat().st_size < 1024 * 1024
    assert comment.body.count("<details") == comment.body.count("</details>")
    assert "breaks the policy" in comment.body or "break the policy" in comment.body
    assert len(scene.forge.requests) <= 25


# superseded


def moved_head(scene: Scene) -> None:
    scene.push("feature", {"later": "x"}, by=scene.ada)


def retargeted(scene: Scene) -> None:
    scene.repo.git.move("refs/heads/other", scene.work.git("rev-parse", "main"))
    scene.repo.pulls[1].base_ref = "other"


def closed(scene: Scene) -> None:
    scene.forge.close(scene.repo.pulls[1], by=scene.ada)


@pytest.mark.parametrize(
    ("happens", "says"),
    [(moved_head, "is no longer the head"), (retargeted, "goes to other now"), (closed, "was closed meanwhile")],
)
def test_what_moved_on_during_the_run_is_superseded_and_nothing_is_published(
    tmp_path: Path, scene: Scene, happens: object, says: str
) -> None:
    target = a_target(scene.propose(), tmp_path)
    assert callable(happens)
    happens(scene)
    done = publish(PASSED, target, a_hub(scene), a_job(tmp_path))
    assert done.superseded is not None
    assert says in done.superseded
    assert not scene.repo.checks
    assert not scene.repo.comments
    assert "Passed: flight-delay" in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize(("run", "attempt"), [(99, 1), (99, 3), (100, 1)])
def test_an_older_run_never_overwrites_a_newer_one(tmp_path: Path, scene: Scene, run: int, attempt: int) -> None:
    pull = scene.propose()
    published(scene, pull, PASSED, tmp_path / "newer", run=100, attempt=2)
    before = end_state(scene, pull)
    done = published(scene, pull, FAILED, tmp_path / "older", run=run, attempt=attempt)
    assert done.superseded == "a newer run has published its verdict"
    assert end_state(scene, pull) == before


# two runs at once: see also test_publish_together


def test_a_run_for_an_older_head_that_writes_last_restores_what_the_newer_has_said(
    tmp_path: Path, scene: Scene
) -> None:
    pull = scene.propose()
    published(scene, pull, PENDING, tmp_path / "first", run=99)
    old = a_target(pull, tmp_path / "old")
    slow = scene.forge.workflow_token()

    def newer(asked: faults.Exchange) -> None:
        if asked.client == slow.value and asked.method == "PATCH" and "/comments/" in asked.path and not done:
            done.append(True)
            moved_head(scene)
            published(scene, pull, PASSED, tmp_path / "new", run=101)

    done: list[bool] = []
    scene.forge.faults.before(newer)
    publish(FAILED, old, a_hub(scene, slow), a_job(tmp_path / "old", 100))
    (comment,) = comments(scene)
    assert done
    assert "Passed: flight-delay" in comment.body
    assert latest_check(scene, pull.head_sha).conclusion == "success"


def test_a_run_that_comes_to_the_comment_of_a_newer_one_leaves_it_alone(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    old = a_target(pull, tmp_path / "old")
    slow = scene.forge.workflow_token()

    def newer(asked: faults.Exchange) -> None:
        if asked.client == slow.value and asked.path.endswith("/comments") and not comments(scene):
            moved_head(scene)
            published(scene, pull, PASSED, tmp_path / "new", run=101)

    scene.forge.faults.before(newer)
    publish(FAILED, old, a_hub(scene, slow), a_job(tmp_path / "old", 100))
    (comment,) = comments(scene)
    assert "Passed: flight-delay" in comment.body
    assert not [one for one in scene.forge.requests if one.method in ("POST", "PATCH") and "/comments" in one.path][1:]


# faults


def test_a_502_on_a_post_that_did_create_ends_in_one_comment_and_one_check(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    scene.forge.faults.plan(faults.lost(502), "POST", "/comments")
    scene.forge.faults.plan(faults.lost(502), "POST", "/check-runs")
    done = published(scene, pull, many_findings(70), tmp_path)
    assert not done.troubles
    assert (len(comments(scene)), len(scene.repo.checks)) == (1, 1)
    assert len(latest_check(scene, pull.head_sha).annotations) == 70


@pytest.mark.parametrize("fault", [faults.failing(502), faults.dropped(), faults.dropped(carried_out=True)])
@pytest.mark.parametrize("path", ["/comments", "/check-runs"])
def test_a_post_whose_answer_is_lost_is_looked_for_before_it_is_sent_again(
    tmp_path: Path, scene: Scene, fault: Fault, path: str
) -> None:
    pull = scene.propose()
    scene.forge.faults.plan(fault, "POST", path)
    assert not published(scene, pull, PASSED, tmp_path).troubles
    assert (len(comments(scene)), len(scene.repo.checks)) == (1, 1)


LIMITS = {
    "403 with Retry-After": (faults.secondary_limit(7), 7),
    "429 with Retry-After": (faults.secondary_limit(7, status=429), 7),
    "403 that speaks of a limit": (faults.secondary_limit(), 30),
    "429 that speaks of a limit": (faults.secondary_limit(status=429), 30),
    "429 that says nothing": (faults.bare(429), 30),
    "403 until a reset": (faults.primary_limit(1756728000 + 40), 41),
    "429 until a reset": (faults.primary_limit(1756728000 + 40, status=429), 41),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize(("method", "path"), [("GET", "/pulls/1"), ("POST", "/check-runs"), ("POST", "/comments")])
def test_a_limit_is_waited_for_as_github_says(tmp_path: Path, scene: Scene, name: str, method: str, path: str) -> None:
    fault, seconds = LIMITS[name]
    waited: list[float] = []
    target = a_target(scene.propose(), tmp_path)
    scene.forge.faults.plan(fault, method, path)
    done = publish(PASSED, target, a_hub(scene, pace=waiting(waited.append)), a_job(tmp_path))
    assert not done.troubles
    assert waited == [seconds]
    assert (len(comments(scene)), len(scene.repo.checks)) == (1, 1)


@pytest.mark.parametrize(
    "fault",
    [
        faults.secondary_limit(3600),
        faults.secondary_limit(),
        faults.secondary_limit(60, status=429),
        faults.bare(429),
        faults.primary_limit(1756728000 + 3600),
    ],
)
def test_a_limit_that_lasts_is_not_waited_for_beyond_the_cap_and_the_verdict_stands_in_the_summary(
    tmp_path: Path, scene: Scene, fault: Fault
) -> None:
    waited: list[float] = []
    target = a_target(scene.propose(), tmp_path)
    scene.forge.faults.plan(fault, "POST", times=99)
    done = publish(PASSED, target, a_hub(scene, pace=waiting(waited.append)), a_job(tmp_path))
    scene.forge.faults.planned.clear()
    assert sum(waited) <= 90
    assert [one.partition(":")[0] for one in done.troubles] == ["check run", "comment"]
    assert "run it again later" in done.troubles[0]
    assert done.check.outcome == "passed"
    assert "Passed: flight-delay" in (tmp_path / "summary.md").read_text()
    assert (tmp_path / "ratchet" / "record.json").exists()


def test_a_403_that_is_no_limit_is_not_asked_again(tmp_path: Path, scene: Scene) -> None:
    target = a_target(scene.propose(), tmp_path)
    token = scene.forge.workflow_token({"contents": "read", "pull_requests": "write"})
    done = publish(PASSED, target, a_hub(scene, token), a_job(tmp_path))
    (trouble,) = done.troubles
    said = (
        "check run: the token may not publish the check run: grant `checks: write` under `permissions:` of the workflow"
    )
    assert trouble == said
    assert len(scene.forge.asked("POST", "/check-runs")) == 1
    assert len(comments(scene)) == 1


def test_a_fork_s_token_leaves_the_summary_and_a_word_to_the_maintainer(tmp_path: Path, scene: Scene) -> None:
    target = a_target(scene.propose(), tmp_path, fork=True)
    done = publish(PASSED, target, a_hub(scene, scene.forge.workflow_token(fork=True)), a_job(tmp_path))
    assert done.read_only
    assert not done.troubles
    assert "`/ratchet recheck`" in done.warnings[0]
    assert "Passed: flight-delay" in (tmp_path / "summary.md").read_text()
    assert not scene.repo.comments


def test_a_pull_request_that_was_just_opened_may_not_be_there_yet(tmp_path: Path, scene: Scene) -> None:
    target = a_target(scene.propose(), tmp_path)
    scene.forge.faults.plan(faults.not_yet(), "GET", "/pulls/1", times=2)
    scene.forge.faults.plan(faults.not_yet(), "GET", "/comments", times=2)
    scene.forge.faults.plan(faults.not_yet(), "POST", "/comments")
    assert not publish(PASSED, target, a_hub(scene), a_job(tmp_path)).troubles
    assert len(comments(scene)) == 1


def test_a_truncated_answer_is_read_again(tmp_path: Path, scene: Scene) -> None:
    target = a_target(scene.propose(), tmp_path)
    for method, path in (("GET", "/pulls/1"), ("GET", "/comments"), ("GET", "/check-runs")):
        scene.forge.faults.plan(faults.truncated(30), method, path)
    scene.forge.faults.plan(faults.truncated(30), "POST", "/comments")
    scene.forge.faults.plan(faults.truncated(30), "POST", "/check-runs")
    assert not publish(PASSED, target, a_hub(scene), a_job(tmp_path)).troubles
    assert (len(comments(scene)), len(scene.repo.checks)) == (1, 1)


def test_a_list_that_leaves_our_comment_out_makes_no_second_one(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    published(scene, pull, FAILED, tmp_path / "a")
    scene.forge.faults.plan(faults.shortened(0), "GET", "/comments")
    published(scene, pull, PASSED, tmp_path / "b", run=101)
    (comment,) = comments(scene)
    assert "Passed: flight-delay" in comment.body


def test_our_comment_is_found_behind_250_others(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    for number in range(250):
        scene.forge.comment(scene.repo, pull.number, f"word {number}", by=scene.cleo)
    published(scene, pull, FAILED, tmp_path / "a")
    published(scene, pull, PASSED, tmp_path / "b", run=101)
    assert len(comments(scene)) == 1
    assert len(scene.forge.asked("POST", "/comments")) == 1


@pytest.mark.parametrize("sink", ["job summary", "check run", "comment", "files"])
def test_one_step_that_fails_stops_no_other_and_changes_no_verdict(tmp_path: Path, scene: Scene, sink: str) -> None:
    pull = scene.propose()
    job = a_job(tmp_path)
    if sink == "job summary":
        job = replace(job, summary=tmp_path / "nowhere" / "summary.md")
    elif sink == "check run":
        scene.forge.faults.plan(faults.bare(403), "POST", "/check-runs")
    elif sink == "comment":
        scene.forge.faults.plan(faults.bare(403), "POST", "/comments")
    else:
        (tmp_path / "ratchet").write_text("")
    done = publish(PASSED, a_target(pull, tmp_path), a_hub(scene), job)
    assert [one.partition(":")[0] for one in done.troubles] == [sink]
    assert done.check.outcome == "passed"
    assert (len(comments(scene)), len(scene.repo.checks)) == (int(sink != "comment"), int(sink != "check run"))
    assert (tmp_path / "summary.md").exists() == (sink != "job summary")
    assert (tmp_path / "ratchet").is_dir() == (sink != "files")


def test_an_app_writes_in_its_own_name(tmp_path: Path, scene: Scene) -> None:
    app = scene.forge.app("ratchet", {"checks": "write", "pull_requests": "write"})
    pull = scene.propose()
    scene.forge.check(scene.repo, pull.head_sha, "promotion/main")  # a workflow's forged success
    hub = replace(a_hub(scene, scene.forge.app_token(app), NO_WAIT), app="ratchet")
    for number, checked in ((100, PENDING), (101, FAILED)):
        assert not publish(checked, a_target(pull, tmp_path), hub, a_job(tmp_path, number)).troubles
    (comment,) = comments(scene)
    assert comment.user.login == "ratchet[bot]"
    assert latest_check(scene, pull.head_sha).conclusion == "failure"


def test_an_enterprise_server_is_published_to_at_its_own_address(tmp_path: Path) -> None:
    with a_scene(tmp_path / "scene", prefix="/api/v3") as scene:
        pull = scene.propose()
        assert scene.forge.api.endswith("/api/v3")
        assert not published(scene, pull, PENDING, tmp_path / "a").troubles
        assert not published(scene, pull, PASSED, tmp_path / "b", run=101).troubles
        (comment,) = comments(scene)
        assert "Passed: flight-delay" in comment.body
        assert latest_check(scene, pull.head_sha).conclusion == "success"


def test_a_token_of_another_app_than_is_said_is_told(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    hub = replace(a_hub(scene), app="ratchet")
    done = publish(PASSED, a_target(pull, tmp_path), hub, a_job(tmp_path))
    assert "the token is of the app github-actions, and RATCHET_APP says ratchet" in done.troubles[0]
    publish(FAILED, a_target(pull, tmp_path), hub, a_job(tmp_path, 101))
    assert len(comments(scene)) == 1
