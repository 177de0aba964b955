"""Merge groups on a fake GitHub: judged by what the checks of their pull requests have sealed, and by nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.events import verdict_on
from builders.publishing import latest_check
from builders.signed import Signed, a_signed
from builders.small import V1, V2, V3, folder, write_log
from forge.moves import Group
from forge.rules import merge_queue, required_checks
from forge.state import Pull
from model_ratchet.actions.publish import Published
from model_ratchet.engine.enclosed import enclose, enclosed, without_measurements
from model_ratchet.github.event import NothingToDo

BOTH = pytest.mark.parametrize("queueing", ["MERGE", "SQUASH"], indirect=True, ids=["merge", "squash"])


@pytest.fixture
def queueing(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Signed]:
    method = getattr(request, "param", "MERGE")
    with a_signed(tmp_path, merge_queue(method), required_checks("promotion/main")) as made:
        yield made


def judged(queueing: Signed, *pulls: Pull) -> tuple[str | None, str]:
    """What the queue is told of a group of these."""
    group = queueing.scene.forge.queue(*pulls)
    queueing.runs.queued(group)
    return verdict_on(queueing.runs, group.head_sha)


@BOTH
def test_a_group_lands_by_the_verdict_of_its_pull_request_and_no_source_is_asked(queueing: Signed) -> None:
    pull = queueing.passed()
    docs = queueing.scene.propose("docs", {"README.md": "words\n"})
    group = queueing.scene.forge.queue(docs, pull)
    queueing.runs.queued(group)
    conclusion, title = verdict_on(queueing.runs, group.head_sha)
    assert (conclusion, title.partition(",")[0]) == ("success", "merge group: 2 changes may be merged")
    assert queueing.scene.forge.dequeue(group)


def test_a_group_of_what_nobody_has_judged_is_thrown_out(queueing: Signed) -> None:
    group = queueing.scene.forge.queue(queueing.pull)
    queueing.runs.queued(group)
    conclusion, title = verdict_on(queueing.runs, group.head_sha)
    assert conclusion == "failure"
    assert f"no sealed verdict of demo {V2}" in title
    assert not queueing.scene.forge.dequeue(group)


def test_what_waits_is_a_failure_in_a_queue(queueing: Signed) -> None:
    queueing.runs.opened(queueing.pull)
    assert latest_check(queueing.scene, queueing.pull.head_sha).status == "in_progress"
    conclusion, title = judged(queueing, queueing.pull)
    assert (conclusion, "is pending, and only passed is merged" in title) == ("failure", True)


def test_an_approval_that_was_taken_back_since_counts_no_more(queueing: Signed) -> None:
    pull = queueing.passed()
    queueing.scene.forge.clock.advance(minutes=1)
    queueing.scene.forge.review(pull, by=queueing.scene.bob, state="CHANGES_REQUESTED")
    conclusion, title = judged(queueing, pull)
    assert (conclusion, "is failed, and only passed is merged" in title) == ("failure", True)


def test_reviews_that_can_not_be_read_fail_a_group(queueing: Signed) -> None:
    from forge import faults

    pull = queueing.passed()
    queueing.scene.forge.faults.plan(faults.failing(500), "GET", "/reviews", times=9)
    conclusion, title = judged(queueing, pull)
    queueing.scene.forge.faults.planned.clear()
    assert (conclusion, "is errored, and only passed is merged" in title) == ("failure", True)


def test_the_check_of_another_app_or_of_an_older_run_vouches_for_nothing(queueing: Signed) -> None:
    scene, pull = queueing.scene, queueing.passed()
    sealed = latest_check(scene, pull.head_sha)
    queueing.log.write_text("", encoding="utf-8")
    queueing.runs.opened(pull)  # a newer run could not judge
    sealed.id += 10_000  # and GitHub lists the older one last
    scene.repo.checks[sealed.id] = sealed
    forged = scene.forge.check(scene.repo, pull.head_sha, "promotion/main", app=scene.forge.app("other", {}))
    forged.external_id, forged.output = f"ratchet:v1:{pull.number}:999:1", dict(sealed.output)
    assert judged(queueing, pull)[0] == "failure"


def test_a_verdict_on_another_head_vouches_for_nothing(queueing: Signed) -> None:
    pull = queueing.passed()
    queueing.scene.push("demo-2", {f"{folder(V2)}/risk.md": "# Risk\nnone at all\n"}, by=queueing.scene.ada)
    conclusion, title = judged(queueing, pull)
    assert (conclusion, "no sealed verdict" in title) == ("failure", True)


@BOTH
def test_a_baseline_that_moves_within_the_group_fails_what_compares_with_it(queueing: Signed) -> None:
    first = queueing.passed()
    write_log(queueing.log, (V1, V3))
    second = queueing.propose("demo-3", V3, V1)
    queueing.scene.forge.review(second, by=queueing.scene.bob)
    queueing.runs.opened(second)
    assert judged(queueing, second)[0] == "success"
    conclusion, title = judged(queueing, first, second)
    assert (conclusion, f"promotion of demo {V3} may not be merged" in title) == ("failure", True)


def test_a_record_that_is_damaged_fails_the_group(queueing: Signed) -> None:
    pull = queueing.passed()
    run = latest_check(queueing.scene, pull.head_sha)
    run.output["summary"] = run.output["summary"].replace("ratchet:v1:record e", "ratchet:v1:record f")
    conclusion, title = judged(queueing, pull)
    assert (conclusion, "errored: the record in the check run is damaged" in title) == ("failure", True)


def test_a_record_without_its_measurements_is_enough(queueing: Signed) -> None:
    pull = queueing.passed()
    run = latest_check(queueing.scene, pull.head_sha)
    (record,) = enclosed(run.output["summary"])
    assert len(record.evidence.answers) > 2
    run.output["summary"] = enclose([without_measurements(record)], 60_000)
    assert judged(queueing, pull)[0] == "success"


def test_a_group_is_judged_from_the_protected_branch_once_the_relay_has_ended(queueing: Signed) -> None:
    pull = queueing.passed()
    group: Group = queueing.scene.forge.queue(pull)
    done = queueing.runs.relayed("merge_group", group.head_sha, group.head_ref)
    assert isinstance(done, Published)
    assert verdict_on(queueing.runs, group.head_sha)[0] == "success"
    for branch in ("main", "gh-readonly-queue/main", f"gh-readonly-queue/main/pr-0-{group.base_sha}"):
        assert isinstance(queueing.runs.relayed("merge_group", group.head_sha, branch), NothingToDo)
