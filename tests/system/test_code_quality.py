"""Checks, reviews and scans of a model's own code, through the command line: real git, real HTTP, a fake GitHub."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.code import a_result, a_run, sarif
from builders.hubs import Scene, a_scene
from builders.repositories import Repo, a_repo
from forge import faults
from forge.state import Pull, Repository, Token
from model_ratchet.cli import ExitCode, run

CANDIDATE = "v1.1.0_20250801_090000"
REQUEST_FILE = f"promotions/fraud/{CANDIDATE}/promotion.yaml"
NOW = datetime(2025, 9, 1, 13, tzinfo=UTC)
POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: quality
version: 1.0.0
retrospective: allowed
stages: [{name: canary, traffic: 5%, lasts: 24h}]
gates:
  - name: quality
    criteria:
      - {id: code, kind: required_checks, checks: [tests, performance], app: 15368, reviews: 1}
      - {id: security, kind: scan, scan: code, at_most: note, score_below: 7.0, within: 7d, tool: CodeQL}
      - {id: regressions, kind: scan, scan: performance, at_most: none, within: 30d}
"""
MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: fraud
policies: [quality/1.0.0]
time: {column: requested_at, timezone: UTC}
rows: {source: log, request_id: request_id, arm: version}
labels: {mature_after: 1h, min_coverage: 90%}
metrics: {errors: {kind: proportion, column: error}}
code: {repositories: [acme/fraud-code]}
scans: {code: {source: codeql}, performance: {source: bench}}
"""
SOURCES = """\
apiVersion: ratchet/v1
kind: Sources
sources:
  log: {kind: table, path: log.parquet}
  codeql: {kind: sarif, path: "${SCANS}/{{ version }}.sarif"}
  bench: {kind: junit, path: "${SCANS}/{{ version }}.xml"}
"""
REQUEST = f"""\
apiVersion: ratchet/v1
kind: PromotionRequest
model: fraud
candidate: {CANDIDATE}
baseline: none
policy: quality/1.0.0
artifact: {{uri: "models://fraud/1", digest: "sha256:{"ab" * 32}"}}
owner: payments
history: [{{stage: canary, started: 2025-08-28T00:00:00Z}}]
metadata: {{source: {{repository: acme/fraud-code, commit: COMMIT}}}}
"""
BENCH = "<testsuite name='bench' timestamp='2025-08-20T09:00:00Z'><testcase name='p95'/></testsuite>"


@dataclass(frozen=True)
class Quality:
    """A proposal in one repository; its code is the pull request of ada in another one, on the fake GitHub."""

    scene: Scene
    code: Repository
    pull: Pull
    work: Repo
    scans: Path

    def scan(self, *results: dict[str, object], age: timedelta = timedelta(days=1), **more: Any) -> None:
        """Write the scan of the candidate, which ended so long ago."""
        ended = [{"executionSuccessful": True, "endTimeUtc": (NOW - age).isoformat()}]
        provenance = [{"repositoryUri": "https://x", "revisionId": self.pull.head_sha}]
        told: dict[str, Any] = {"invocations": ended, "versionControlProvenance": provenance} | more
        (self.scans / f"{CANDIDATE}.sarif").write_bytes(sarif(a_run(*results, **told)))

    def green(self) -> None:
        """Let both checks end well, and somebody else approve."""
        for name in ("tests", "performance"):
            self.scene.forge.check(self.code, self.pull.head_sha, name)
        self.scene.forge.review(self.pull, by=self.scene.bob)


@pytest.fixture
def quality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Quality]:
    with a_scene(tmp_path) as scene:
        forge = scene.forge
        forge.users["ada"] = replace(scene.ada, emails=("author@example.invalid",))
        code = forge.repository("acme/fraud-code", tmp_path / "code.git")
        forge.grant(code, "write", scene.ada, scene.bob)
        written = a_repo(tmp_path / "code", {"model.py": "x\n"})
        written.git("remote", "add", "origin", str(code.git.path))
        written.branch("feature", {"model.py": "y\n"})
        written.git("push", "--quiet", "origin", "main", "feature")
        pull = forge.open(code, "feature", by=scene.ada)
        files = {"policies/quality/1.0.0.yaml": POLICY, "policies/models/fraud.yaml": MODEL}
        work = a_repo(tmp_path / "models", {**files, "policies/sources.yaml": SOURCES})
        work.branch("proposal", {REQUEST_FILE: REQUEST.replace("COMMIT", pull.head_sha)})
        scans = tmp_path / "scans"
        scans.mkdir()
        (scans / f"{CANDIDATE}.xml").write_text(BENCH)
        monkeypatch.setenv("SCANS", str(scans))
        monkeypatch.setenv("GITHUB_API_URL", forge.api)
        monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
        monkeypatch.delenv("GITHUB_REF", raising=False)
        use(monkeypatch, forge.workflow_token())
        found = Quality(scene, code, pull, work, scans)
        found.scan()
        yield found


def use(monkeypatch: pytest.MonkeyPatch, token: Token | None) -> None:
    if token is None:
        monkeypatch.delenv("GITHUB_TOKEN")
    else:
        monkeypatch.setenv("GITHUB_TOKEN", token.value)


def checked(quality: Quality, capsys: pytest.CaptureFixture[str], *more: str, form: str = "text") -> tuple[int, str]:
    asked = ["--repo", str(quality.work.path), "--base", "main", "--head", "proposal", "--now", NOW.isoformat()]
    code = run(["check", *asked, "--format", form, *more])
    return code, " ".join(capsys.readouterr().out.split())


def test_from_a_running_check_through_a_missing_review_to_passed(
    quality: Quality, capsys: pytest.CaptureFixture[str]
) -> None:
    forge, sha = quality.scene.forge, quality.pull.head_sha
    code, said = checked(quality, capsys)
    assert code == ExitCode.WAITING
    assert "? tests nothing reports a check tests on" in said
    forge.check(quality.code, sha, "tests", None)
    forge.check(quality.code, sha, "performance")
    code, said = checked(quality, capsys)
    assert code == ExitCode.WAITING
    assert "the check tests of github-actions is still in progress" in said
    forge.check(quality.code, sha, "tests")
    code, said = checked(quality, capsys)
    assert code == ExitCode.WAITING
    assert "awaiting 1 approval of exactly this commit in #1" in said
    forge.review(quality.pull, by=quality.scene.bob)
    code, said = checked(quality, capsys)
    assert (code, "✔ code 2 green, reviewed" in said) == (ExitCode.PASSED, True), said


@pytest.mark.parametrize("form", ["text", "markdown", "json", "junit", "sarif", "github"])
def test_the_record_alone_says_the_same_when_nothing_can_be_asked_any_more(
    quality: Quality, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quality.green()
    record = tmp_path / "record.json"
    first = checked(quality, capsys, "--write-record", str(record), form=form)
    asked = len(quality.scene.forge.requests)
    assert first[0] == ExitCode.PASSED
    code = run(["check", "--record", str(record), "--format", form])
    assert (code, " ".join(capsys.readouterr().out.split())) == first
    assert len(quality.scene.forge.requests) == asked
    sealed = json.loads(record.read_text())["sealed"]
    shapes = sorted(one["answer"]["shape"] for one in sealed["evidence"] if one["need"]["shape"] in SHAPES)
    assert shapes == ["checks", "checks", "code_reviews", "scan", "scan"]
    assert sealed["queries"]["codeql"].startswith(f"{CANDIDATE}.sarif sha256:")


SHAPES = ("checks", "code_reviews", "scan")


def test_without_a_token_nothing_is_known_of_the_checks_and_the_scans_are_judged(
    quality: Quality, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quality.green()
    use(monkeypatch, None)
    code, said = checked(quality, capsys)
    assert code == ExitCode.ERRORED
    assert f"what reports on {quality.pull.head_sha[:12]} in acme/fraud-code can't be read without GitHub" in said
    assert "set GITHUB_TOKEN" in said
    assert "✔ security 0 findings of CodeQL" in said


@pytest.mark.parametrize(
    ("path", "status"), [("/check-runs", 403), ("/check-runs", 404), ("/pulls", 404), ("/permission", 403)]
)
def test_what_github_does_not_tell_is_errored(
    quality: Quality, capsys: pytest.CaptureFixture[str], path: str, status: int
) -> None:
    quality.green()
    quality.scene.forge.faults.plan(faults.bare(status), "GET", path)
    code, said = checked(quality, capsys)
    assert code == ExitCode.ERRORED
    assert f"({status})" in said


def test_a_private_repository_that_the_token_may_not_see_is_errored(
    quality: Quality, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quality.green()
    quality.code.private = True
    use(monkeypatch, quality.scene.forge.person(quality.scene.cleo))
    code, said = checked(quality, capsys)
    assert code == ExitCode.ERRORED
    assert "GitHub does not tell the checks of" in said


def test_a_failed_check_fails_and_is_named(quality: Quality, capsys: pytest.CaptureFixture[str]) -> None:
    quality.green()
    quality.scene.forge.check(quality.code, quality.pull.head_sha, "tests", "failure")
    code, said = checked(quality, capsys)
    assert code == ExitCode.FAILED
    assert "the check tests of github-actions ended as failure" in said


def test_a_check_of_another_app_counts_for_nothing(quality: Quality, capsys: pytest.CaptureFixture[str]) -> None:
    quality.green()
    forge = quality.scene.forge
    for run_ in list(quality.code.checks.values()):
        del quality.code.checks[run_.id]
        forge.check(quality.code, run_.head_sha, run_.name, app=forge.app("anybody", {"checks": "write"}))
    code, said = checked(quality, capsys)
    assert code == ExitCode.WAITING
    assert "for the app 15368" in said


def test_the_approval_of_an_older_commit_is_none_of_the_newer(
    quality: Quality, capsys: pytest.CaptureFixture[str]
) -> None:
    quality.green()
    older = quality.code.git.resolve("feature~1")
    assert older is not None
    quality.pull.reviews[0] = replace(quality.pull.reviews[0], commit_id=older)
    code, said = checked(quality, capsys)
    assert code == ExitCode.WAITING
    assert "awaiting 1 approval" in said


@pytest.mark.parametrize(
    ("result", "code", "word"),
    [
        (
            a_result("warning"),
            ExitCode.FAILED,
            "1 finding above note or scored 7 or more by CodeQL: r1 (src/app.py:12)",
        ),
        (a_result("note", properties={"security-severity": "8.1"}), ExitCode.FAILED, "1 finding above note"),
        (a_result("note"), ExitCode.PASSED, "✔ security 1 finding of CodeQL"),
        (a_result("error", suppressions=[{"kind": "inSource"}]), ExitCode.FAILED, "1 finding above note"),
        (a_result(None, kind="open"), ExitCode.WAITING, "1 result of the scan"),
    ],
    ids=["level", "score", "note", "suppressed", "open"],
)
def test_a_scan_is_judged_by_what_it_found(
    quality: Quality, capsys: pytest.CaptureFixture[str], result: dict[str, object], code: int, word: str
) -> None:
    quality.green()
    quality.scan(result)
    found, said = checked(quality, capsys)
    assert (found, word in said) == (code, True), said


def test_a_scan_that_is_old_cut_off_silent_of_another_commit_or_gone_does_not_pass(
    quality: Quality, capsys: pytest.CaptureFixture[str]
) -> None:
    quality.green()
    path = quality.scans / f"{CANDIDATE}.sarif"
    whole = path.read_bytes()
    quality.scan(age=timedelta(days=12))
    assert checked(quality, capsys)[0] == ExitCode.WAITING
    quality.scan(age=-timedelta(days=1))
    assert checked(quality, capsys)[0] == ExitCode.ERRORED
    quality.scan(invocations=None)
    assert checked(quality, capsys)[0] == ExitCode.ERRORED
    quality.scan(versionControlProvenance=[{"repositoryUri": "https://x", "revisionId": "ab" * 20}])
    assert checked(quality, capsys)[0] == ExitCode.ERRORED
    path.write_bytes(whole[:-3])
    assert checked(quality, capsys)[0] == ExitCode.ERRORED
    path.unlink()
    assert checked(quality, capsys)[0] == ExitCode.ERRORED
    path.write_bytes(whole)
    assert checked(quality, capsys)[0] == ExitCode.PASSED


def test_a_regression_of_performance_that_a_report_of_junit_tells_fails(
    quality: Quality, capsys: pytest.CaptureFixture[str]
) -> None:
    quality.green()
    (quality.scans / f"{CANDIDATE}.xml").write_text(
        BENCH.replace("<testcase name='p95'/>", "<testcase name='p95'><failure/></testcase>")
    )
    code, said = checked(quality, capsys)
    assert (code, "1 finding above none by bench: p95" in said) == (ExitCode.FAILED, True), said


def test_a_request_that_states_no_commit_or_a_repository_of_its_own_is_refused_with_its_place(
    quality: Quality, capsys: pytest.CaptureFixture[str]
) -> None:
    text = REQUEST.replace("COMMIT", quality.pull.head_sha)
    quality.work.commit({REQUEST_FILE: text.partition("metadata:")[0]})
    code, said = checked(quality, capsys)
    assert code == ExitCode.INVALID
    assert f"{REQUEST_FILE}:1:1" in said
    assert "code of the policy rests on metadata.source, which is not stated" in said
    quality.work.commit({REQUEST_FILE: text.replace("acme/fraud-code", "mallory/fraud-code")})
    code, said = checked(quality, capsys)
    assert code == ExitCode.INVALID
    assert f"{REQUEST_FILE}:10:33" in said
    assert "mallory/fraud-code is not where the code of fraud is" in said


def test_checks_and_reviews_are_asked_anew_where_sealed_evidence_is_taken(
    quality: Quality, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    quality.green()
    record = tmp_path / "record.json"
    checked(quality, capsys, "--write-record", str(record))
    (quality.scans / f"{CANDIDATE}.sarif").unlink()
    assert checked(quality, capsys, "--reuse", str(record))[0] == ExitCode.PASSED
    quality.scene.forge.check(quality.code, quality.pull.head_sha, "tests", "failure")
    assert checked(quality, capsys, "--reuse", str(record))[0] == ExitCode.FAILED


def test_sealed_scans_are_taken_also_where_github_could_not_be_asked_then(
    quality: Quality, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quality.green()
    record = tmp_path / "record.json"
    use(monkeypatch, None)
    assert checked(quality, capsys, "--write-record", str(record))[0] == ExitCode.ERRORED
    (quality.scans / f"{CANDIDATE}.sarif").unlink()
    use(monkeypatch, quality.scene.forge.workflow_token())
    assert checked(quality, capsys, "--reuse", str(record))[0] == ExitCode.PASSED


def test_a_check_of_everything_asks_github_eight_times(quality: Quality, capsys: pytest.CaptureFixture[str]) -> None:
    quality.green()
    quality.scene.forge.requests.clear()
    checked(quality, capsys)
    assert len(quality.scene.forge.requests) == 8
