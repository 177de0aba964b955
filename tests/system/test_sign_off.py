"""Sign-off on a fake GitHub, from the first early approval to the last role: real git, real HTTP, the whole check."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders.reviewing import DECIDED, FOLDER, MODEL, MODEL_PATH, POLICY_PATH, STARTED, Signing, a_signing
from builders.waiving import sha256, waiver_text
from forge import faults
from model_ratchet.core.evidence import Approvals, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Leaf
from model_ratchet.engine.record import Record, digest
from model_ratchet.report import render
from model_ratchet.report.check import judged

HOUR = timedelta(hours=1)


@pytest.fixture
def signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signing]:
    with a_signing(tmp_path, monkeypatch) as signing:
        yield signing


def leaf(record: Record, name: str) -> Leaf:
    return next(one for gate in record.verdict.gates for one in gate.leaves if one.id == name)


def reason(record: Record, name: str = "risk") -> Reason:
    return leaf(record, name).judgement.reason


def approved(signing: Signing, at: datetime, *logins: str) -> None:
    signing.at(at)
    for login in logins:
        signing.scene.forge.review(signing.pull, by=signing.scene.forge.user(login))


def test_from_waiting_through_an_early_approval_to_passed(signing: Signing) -> None:
    assert signing.check(now=STARTED + HOUR).verdict.outcome is Outcome.PENDING
    approved(signing, STARTED + HOUR, "dan")
    early = signing.check(now=DECIDED + HOUR)
    assert early.verdict.evidence_outcome is Outcome.PASSED
    assert reason(early) == because(Why.EARLY_APPROVAL, role="risk", by="dan", stage="canary")
    approved(signing, DECIDED + HOUR, "dan", "bob")
    passed = signing.check(now=DECIDED + 2 * HOUR)
    assert passed.verdict.outcome is Outcome.PASSED, render(judged((passed,)), "text")
    assert passed.decided_at == DECIDED + HOUR


def test_an_unrelated_push_keeps_approvals_and_a_push_to_the_folder_drops_them(signing: Signing) -> None:
    approved(signing, DECIDED + HOUR, "dan", "bob")
    signing.scene.push("proposal", {"notes.txt": "words\n"}, by=signing.scene.ada)
    signing.scene.forge.sync()
    assert signing.check(now=DECIDED + 2 * HOUR).verdict.outcome is Outcome.PASSED
    signing.scene.push("proposal", {f"{FOLDER}/risk.md": "words\n"}, by=signing.scene.ada)
    signing.scene.forge.sync()
    later = signing.check(now=DECIDED + 2 * HOUR)
    assert reason(later) == because(Why.OUTDATED_APPROVAL, role="risk", by="dan", what=FOLDER)
    assert later.verdict.evidence_outcome is Outcome.PASSED


@pytest.mark.parametrize("path", [MODEL_PATH, POLICY_PATH])
def test_a_change_of_the_rules_on_the_base_branch_drops_approvals(signing: Signing, path: str) -> None:
    approved(signing, DECIDED + HOUR, "dan", "bob")
    merged(signing, DECIDED + 2 * HOUR, {path: signing.scene.work.git("show", f"main:{path}") + "\n# a word\n"})
    assert reason(signing.check(now=DECIDED + 3 * HOUR)).why is Why.OUTDATED_APPROVAL
    approved(signing, DECIDED + 3 * HOUR, "dan", "bob")
    assert signing.check(now=DECIDED + 4 * HOUR).verdict.outcome is Outcome.PASSED


def test_a_waiver_that_comes_to_the_base_branch_drops_approvals_and_its_end_drops_none(signing: Signing) -> None:
    (signing.cases / "cases.csv").write_text("case,passed\nempty,true\nnegative,false\n", encoding="utf-8")
    approved(signing, DECIDED + HOUR, "dan", "bob")
    merged(signing, DECIDED + 2 * HOUR, {WAIVER_PATH: waiver(signing, DECIDED + 9 * HOUR)})
    record = signing.check(now=DECIDED + 3 * HOUR)
    assert (record.verdict.evidence_outcome, record.verdict.waived) == (Outcome.PASSED, True)
    assert reason(record) == because(Why.OUTDATED_APPROVAL, role="risk", by="dan", what=WAIVER_PATH)
    approved(signing, DECIDED + 3 * HOUR, "dan", "bob")
    assert signing.check(now=DECIDED + 4 * HOUR).verdict.outcome is Outcome.PASSED
    ended = signing.check(now=DECIDED + 9 * HOUR).verdict
    assert (ended.evidence_outcome, ended.sign_off_outcome) == (Outcome.FAILED, Outcome.PASSED)


def merged(signing: Signing, at: datetime, files: dict[str, str]) -> None:
    """A change of the rules, merged on GitHub."""
    scene = signing.scene
    scene.work.git("checkout", "--quiet", "main")
    scene.work.branch("rules", files)
    scene.work.git("push", "--quiet", "origin", "rules")
    rules = scene.forge.open(scene.repo, "rules", by=scene.ada)
    signing.at(at)
    scene.forge.merge(rules, by=scene.bob)


WAIVER_PATH = "policies/waivers/edge-cases.yaml"


def waiver(signing: Signing, expires_at: datetime) -> str:
    """One of two edge cases may fail."""
    return waiver_text(
        id="edge-cases",
        model=MODEL,
        artifact=f"sha256:{'ab' * 32}",
        policy="signed/1.0.0",
        policy_digest=sha256(signing.scene.work.git("show", f"main:{POLICY_PATH}") + "\n"),
        criterion="edge-cases",
        up_to="50%",
        granted_at=DECIDED,
        expires_at=expires_at,
    )


def test_an_approval_of_a_commit_that_was_forced_away_is_fetched_by_its_id(signing: Signing) -> None:
    approved(signing, DECIDED + HOUR, "dan", "bob")
    force(signing, {"other.txt": "1\n"})
    assert signing.check(now=DECIDED + 2 * HOUR).verdict.outcome is Outcome.PASSED


def test_where_it_is_gone_for_good_it_can_not_be_verified(signing: Signing) -> None:
    approved(signing, DECIDED + HOUR, "dan", "bob")
    before = signing.pull.head_sha
    force(signing, {"other.txt": "1\n"})
    (signing.scene.repo.git.path / "objects" / before[:2] / before[2:]).unlink()
    record = signing.check(now=DECIDED + 2 * HOUR)
    assert reason(record) == because(Why.REVIEWED_COMMIT_GONE, commit=before[:12])
    assert record.verdict.sign_off_outcome is Outcome.ERRORED


def force(signing: Signing, files: dict[str, str]) -> None:
    """The same folder in a commit of its own on top of main."""
    scene = signing.scene
    text = scene.work.git("show", f"proposal:{FOLDER}/promotion.yaml")
    scene.work.git("checkout", "--quiet", "main")
    sha = scene.work.branch("again", {f"{FOLDER}/promotion.yaml": f"{text}\n", **files})
    scene.work.git("branch", "--quiet", "--force", "proposal", sha)
    scene.forge.push(scene.repo, "proposal", sha, by=scene.ada, source=scene.work.path, force=True)
    scene.forge.sync()


def test_a_review_asks_no_metric_source_again_where_the_sealed_record_is_handed_in(signing: Signing) -> None:
    first = signing.check(now=DECIDED + HOUR)
    (signing.cases / "cases.csv").unlink()
    approved(signing, DECIDED + HOUR, "dan", "bob")
    with_it = signing.check(now=DECIDED + 2 * HOUR, sealed=(first,))
    assert with_it.verdict.outcome is Outcome.PASSED
    assert with_it.evidence.queries == first.evidence.queries
    assert signing.check(now=DECIDED + 2 * HOUR).verdict.evidence_outcome is Outcome.ERRORED


def test_new_evidence_leaves_reviews_as_they_are(signing: Signing) -> None:
    approved(signing, DECIDED + HOUR, "dan", "bob")
    (signing.cases / "cases.csv").write_text("case,passed\nempty,false\n", encoding="utf-8")
    record = signing.check(now=DECIDED + 2 * HOUR)
    assert (record.verdict.evidence_outcome, record.verdict.sign_off_outcome) == (Outcome.FAILED, Outcome.PASSED)


def test_sealed_evidence_of_other_documents_is_not_taken(signing: Signing) -> None:
    first = signing.check(now=DECIDED + HOUR)
    (signing.cases / "cases.csv").unlink()
    signing.scene.push("proposal", {f"{FOLDER}/risk.md": "words\n"}, by=signing.scene.ada)
    signing.scene.forge.sync()
    assert signing.check(now=DECIDED + HOUR, sealed=(first,)).verdict.evidence_outcome is Outcome.ERRORED


def test_the_default_token_can_not_verify_a_team_and_the_report_says_what_helps(signing: Signing) -> None:
    approved(signing, DECIDED + HOUR, "dan", "bob")
    record = signing.check(now=DECIDED + 2 * HOUR, token=signing.scene.forge.workflow_token())
    assert reason(record).why is Why.TEAM_UNREADABLE
    assert "members: read" in render(judged((record,)), "text")
    assert leaf(record, "business").outcome is Outcome.PASSED


def test_github_that_does_not_answer_errs_the_sign_off_and_not_the_evidence(signing: Signing) -> None:
    signing.scene.forge.faults.plan(faults.failing(500), "GET", "/reviews", times=3)
    record = signing.check(now=DECIDED + HOUR)
    assert (record.verdict.evidence_outcome, record.verdict.sign_off_outcome) == (Outcome.PASSED, Outcome.ERRORED)
    assert reason(record) == because(Why.FORGE_UNREADABLE, what="the reviews of #1", status="no answer")


def test_the_record_tells_an_audit_all_that_github_said(signing: Signing) -> None:
    approved(signing, DECIDED + HOUR, "dan")
    record = signing.check(now=DECIDED + 2 * HOUR)
    need = next(need for need in record.evidence.answers if need.shape is Shape.APPROVALS and need.metric == "risk")
    answer = record.evidence.answers[need]
    assert isinstance(answer, Approvals)
    (heard,) = answer.heard
    review = signing.pull.reviews[0]
    assert (heard.review, heard.user, heard.login, heard.commit) == (review.id, review.user.id, "dan", review.commit_id)
    assert heard.teams == (("@acme/risk", "member"),)
    assert digest(record) == digest(signing.check(now=DECIDED + 2 * HOUR))


def test_an_ordinary_run_asks_github_little(signing: Signing) -> None:
    approved(signing, DECIDED + HOUR, "dan", "bob")
    signing.scene.forge.requests.clear()
    signing.check(now=DECIDED + 2 * HOUR)
    assert len(signing.scene.forge.requests) == 5
