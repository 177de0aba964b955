"""What the hourly refresh leaves alone, and what it judges again: on a fake GitHub, with real git, the sources out of reach."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from builders.publishing import comments, latest_check
from builders.signed import ROLES, SIGNED, WAIVING, Signed, a_signed, texts
from builders.small import MODEL, V1, V2, V3, promotion
from builders.waiving import sha256, waiver_file
from forge import faults
from model_ratchet.actions.on_event import Refreshed
from model_ratchet.actions.publish import Published
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted
from model_ratchet.engine.enclosed import enclose, enclosed, without_measurements
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, append


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Signed]:
    """Published by an App of its own."""
    with a_signed(tmp_path, hardened=True) as made:
        yield made


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Signed]:
    """Published with a workflow's own token."""
    with a_signed(tmp_path) as made:
        yield made


def writes(signed: Signed) -> int:
    return sum(len(signed.scene.forge.asked(method)) for method in ("POST", "PATCH", "DELETE"))


def refreshed(signed: Signed, **later: float) -> tuple[Refreshed, int]:
    """What a refresh makes of the pull request, and how often it wrote."""
    signed.scene.forge.clock.advance(**(later or {"hours": 1}))
    before = writes(signed)
    return signed.runs.refreshed()[signed.pull.number], writes(signed) - before


def on_main(signed: Signed, files: dict[str, str]) -> None:
    work = signed.scene.work
    work.git("checkout", "--quiet", "main")
    work.commit(files)
    work.git("push", "--quiet", "origin", "main")


def test_a_verdict_that_nothing_has_touched_is_left_alone(signed: Signed) -> None:
    signed.passed()
    assert refreshed(signed) == (Refreshed(number=1, stands=True), 0)
    assert refreshed(signed, days=30) == (Refreshed(number=1, stands=True), 0)


def test_a_verdict_whose_measurements_did_not_fit_is_left_alone_too(signed: Signed) -> None:
    run = latest_check(signed.scene, signed.passed().head_sha)
    less = [without_measurements(record) for record in enclosed(run.output["summary"])]
    run.output["summary"] = enclose(less, 60_000)
    assert refreshed(signed) == (Refreshed(number=1, stands=True), 0)


def test_a_baseline_that_moved_is_published(signed: Signed) -> None:
    signed.passed()
    on_main(signed, texts(promotion(V3, V1)))
    done, _ = refreshed(signed)
    assert done.published is not None
    conclusion, title = signed.verdict()
    assert conclusion == "failure"
    assert f"baseline moved: {V3} is active, and the request compares with {V1}" in title


def test_a_verdict_whose_stages_the_ledger_tells_otherwise_is_judged_again(signed: Signed) -> None:
    signed.passed()
    now = signed.scene.forge.clock.now
    admitted = Admitted(
        at=now,
        model="demo",
        candidate=Version.parse(V2),
        pull=signed.pull.number,
        baseline=Version.parse(V1),
        digest=f"sha256:{'a' * 64}",
        policy=PolicyName.parse("small/1.0.0"),
        attempt=1,
    )
    append(Writer(signed.scene.repo.git.path), lambda _: Entry((admitted,)), "a new attempt", now, hidden={})
    assert refreshed(signed)[0].published is not None
    assert signed.verdict()[0] is None  # its stages are all to come


def test_a_revocation_is_published_at_the_instant_that_it_names(signed: Signed) -> None:
    signed.passed()
    since = signed.scene.forge.clock.now + timedelta(days=1)
    digest = hashlib.sha256(SIGNED.encode()).hexdigest()
    revoked = f'{{policy: small/1.0.0, digest: "sha256:{digest}", from: {since.isoformat()}, reason: mistyped}}'
    on_main(
        signed,
        {"policies/revocations.yaml": f"apiVersion: ratchet/v1\nkind: Revocations\nrevocations:\n  - {revoked}\n"},
    )
    refreshed(signed)
    assert signed.verdict()[0] == "success"
    refreshed(signed, days=1)
    conclusion, title = signed.verdict()
    assert (conclusion, "small/1.0.0 is revoked since" in title) == ("failure", True)


def test_a_waiver_is_judged_by_once_it_is_on_the_base_branch_and_no_longer_once_it_has_expired(tmp_path: Path) -> None:
    with a_signed(tmp_path, hardened=True, policy=WAIVING) as signed:
        signed.runs.opened(signed.pull)
        signed.log.unlink()
        assert refreshed(signed) == (Refreshed(number=1, stands=True), 0)
        now = signed.scene.forge.clock.now
        granted = {"granted_at": now, "expires_at": now + timedelta(days=2), "policy_digest": sha256(WAIVING)}
        on_main(signed, texts(waiver_file(**granted)))
        assert refreshed(signed)[0].published is not None
        awaiting = f"waiting: the evidence for {V2} has passed; awaiting risk; waived: better"
        assert signed.verdict() == (None, awaiting)
        signed.scene.forge.review(signed.pull, by=signed.scene.bob)
        assert refreshed(signed)[0].published is not None
        assert signed.verdict() == ("success", f"{V2} may be merged: every gate has passed; waived: better")
        assert refreshed(signed) == (Refreshed(number=1, stands=True), 0)
        refreshed(signed, days=2)
        assert signed.verdict() == ("failure", f"{V2} is shown to break the policy: better")


@pytest.mark.parametrize(
    "files",
    [
        {"policies/models/demo.yaml": MODEL.format(name="demo", more=ROLES).replace("90%", "95%")},
        {
            "policies/sources.yaml": "apiVersion: ratchet/v1\nkind: Sources\nsources:\n  requests: {kind: table, path: b}\n"
        },
    ],
    ids=["model", "sources"],
)
def test_rules_and_sources_that_changed_are_judged_by_again(signed: Signed, files: dict[str, str]) -> None:
    signed.passed()
    on_main(signed, files)
    refreshed(signed)
    conclusion, title = signed.verdict()
    assert (conclusion, "can't be judged" in title) == ("failure", True)  # its log is gone, and it was asked


def test_an_approval_that_is_taken_back_is_published_and_no_source_is_asked(signed: Signed) -> None:
    pull = signed.passed()
    signed.scene.forge.dismiss(pull, pull.reviews[0], by=signed.scene.ada)
    done, wrote = refreshed(signed)
    assert (done.published is not None, wrote) == (True, 2)
    conclusion, title = signed.verdict()
    assert (conclusion, title.partition(":")[0]) == (None, "waiting")


def test_a_review_that_is_relayed_asks_no_source(signed: Signed) -> None:
    pull = signed.pull
    signed.runs.opened(pull)
    signed.log.unlink()
    signed.scene.forge.review(pull, by=signed.scene.bob)
    done = signed.runs.relayed("pull_request_review", pull.head_sha, pull.head_ref)
    assert isinstance(done, Published)
    assert signed.verdict()[0] == "success"


def test_a_check_that_waits_is_published_again_before_github_lets_it_go_stale(signed: Signed) -> None:
    signed.runs.opened(signed.pull)
    signed.log.unlink()
    assert refreshed(signed, days=6) == (Refreshed(number=1, stands=True), 0)
    done, wrote = refreshed(signed, days=2)
    assert done.published is not None
    assert wrote == 1
    signed.scene.forge.clock.advance(days=10)
    signed.scene.forge.sync()
    run = latest_check(signed.scene, signed.pull.head_sha)
    assert (run.status, run.output["title"].partition(":")[0]) == ("in_progress", "waiting")


def test_a_record_that_is_damaged_is_judged_again_from_the_sources(signed: Signed) -> None:
    run = latest_check(signed.scene, signed.passed().head_sha)
    run.output["summary"] = run.output["summary"].replace("ratchet:v1:record e", "ratchet:v1:record f")
    refreshed(signed)
    assert "can't be judged" in signed.verdict()[1]


def test_where_the_reviews_can_not_be_read_the_check_says_so(signed: Signed) -> None:
    signed.passed()
    signed.scene.forge.faults.plan(faults.failing(500), "GET", "/reviews", times=99)
    refreshed(signed)
    signed.scene.forge.faults.planned.clear()
    assert signed.verdict()[0] == "failure"


def test_what_any_workflow_could_have_written_is_judged_again_from_the_sources(quick: Signed) -> None:
    quick.passed()
    refreshed(quick)
    conclusion, title = quick.verdict()
    assert (conclusion, "can't be judged" in title) == ("failure", True)  # the log is gone, and it was asked


def test_a_refresh_that_finds_the_same_writes_nothing(quick: Signed) -> None:
    quick.runs.opened(quick.pull)
    done, wrote = refreshed(quick)
    assert done.published is not None
    assert (done.published.unchanged, wrote) == (True, 0)
    assert len(comments(quick.scene)) == 1


def test_a_comment_that_was_deleted_is_written_again_although_the_verdict_stands(signed: Signed) -> None:
    signed.passed()
    signed.scene.repo.comments.clear()
    done, wrote = refreshed(signed)
    assert (done.stands, wrote) == (False, 1)
    assert len(comments(signed.scene)) == 1
    assert refreshed(signed) == (Refreshed(number=1, stands=True), 0)


def test_a_comment_that_was_deleted_is_written_again_where_all_is_judged_again(quick: Signed) -> None:
    quick.runs.opened(quick.pull)
    quick.scene.repo.comments.clear()
    assert refreshed(quick)[0].published is not None
    assert len(comments(quick.scene)) == 1
