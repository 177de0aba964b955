"""The policy ``standard``, fed by tables alone: what is good passes, and each thing that is wrong is named.

The policy's only difference from the shipped one is ``retrospective: allowed``.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from builders import production
from builders.production import BASELINE, CANDIDATE, DECIDABLE, Truth
from builders.repositories import Repo, a_repo
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.rejudge import rejudge, write_records
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.verdict import Leaf
from model_ratchet.engine.record import to_bytes
from model_ratchet.report import render
from model_ratchet.report.check import Check


@pytest.fixture(scope="module")
def good_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    production.write_logs(folder, Truth())
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = a_repo(tmp_path / "repository", production.base_files())
    repo.branch("proposal", production.proposal())
    return repo


def judged(repo: Repo, logs: Path, now: datetime = DECIDABLE, head: str = "proposal") -> Check:
    return check(CheckInput(repo=repo.path, base="main", head=head, now=now, environ={"LOGS": str(logs)}))


def leaves(checked: Check) -> dict[tuple[str, str | None], Leaf]:
    (record,) = checked.records
    return {(leaf.id, leaf.stage): leaf for gate in record.verdict.gates for leaf in gate.leaves}


def not_passed(checked: Check) -> dict[str, str]:
    """Criterion → reason, of what is counted in the evidence and has not passed."""
    (record,) = checked.records
    return {
        leaf.id: str(leaf.judgement.reason.why)
        for gate in record.verdict.gates
        if gate.name != "sign-off"
        for leaf in gate.leaves
        if leaf.counted and leaf.outcome is not Outcome.PASSED
    }


def test_a_better_version_passes_every_gate_of_evidence_and_awaits_its_sign_offs(repo: Repo, good_logs: Path) -> None:
    checked = judged(repo, good_logs)
    (record,) = checked.records
    assert not_passed(checked) == {}
    assert record.verdict.evidence_outcome is Outcome.PASSED
    assert record.verdict.sign_off_outcome is Outcome.PENDING
    assert checked.outcome is Outcome.PENDING
    business = next(gate for gate in record.verdict.gates if gate.name == "business")
    assert business.otherwise == "business-impact"


def test_its_estimates_are_near_the_truth(repo: Repo, good_logs: Path) -> None:
    found = leaves(judged(repo, good_logs))
    accuracy = found["accuracy-improvement", "canary"].judgement.estimate
    memory = found["memory", None].judgement.estimate
    assert accuracy is not None
    assert memory is not None
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert accuracy.low < 0.04 < accuracy.high
    assert memory.value == pytest.approx(205 / 200, abs=0.005)


@pytest.mark.parametrize(
    ("truth", "criterion", "reason"),
    [
        (Truth(accuracy=0.76), "accuracy-improvement", "worse"),
        (Truth(accuracy=0.80), "accuracy-improvement", "not_enough_better"),
        (Truth(latency_ms=600), "latency-p95", "limit_broken"),
        (Truth(errors=0.01), "error-rate", "limit_broken"),
        (Truth(memory_mib=260), "memory", "limit_broken"),
        (Truth(cpu_cores=0.95), "cpu", "limit_broken"),
        (Truth(failed_cases=("empty request",)), "edge-cases", "suite_failed"),
    ],
    ids=["worse", "no-better", "slow", "faulty", "large", "busy", "fragile"],
)
def test_what_is_wrong_fails_by_name(repo: Repo, tmp_path: Path, truth: Truth, criterion: str, reason: str) -> None:
    production.write_logs(tmp_path / "logs", truth)
    checked = judged(repo, tmp_path / "logs")
    assert checked.outcome is Outcome.FAILED
    assert not_passed(checked)[criterion] == reason


def test_a_stage_that_has_not_ended_is_pending_until_its_labels_are_mature(repo: Repo, good_logs: Path) -> None:
    during = production.STAGES["blue_green"][0] + timedelta(hours=5)
    leaf = leaves(judged(repo, good_logs, now=during))["accuracy-blue-green", "blue_green"]
    assert leaf.outcome is Outcome.PENDING
    assert leaf.judgement.reason.why == "stage_running"
    assert leaf.judgement.reason.parameters["until"] == DECIDABLE.isoformat()
    assert leaf.decidable_at == DECIDABLE
    just_before = judged(repo, good_logs, now=DECIDABLE - timedelta(seconds=1))
    assert leaves(just_before)["accuracy-blue-green", "blue_green"].outcome is Outcome.PENDING


def test_a_pending_criterion_says_how_many_rows_are_missing(repo: Repo, good_logs: Path) -> None:
    during = production.STAGES["shadow"][0] + timedelta(hours=5)
    leaf = leaves(judged(repo, good_logs, now=during))["error-rate", None]
    assert leaf.outcome is Outcome.PENDING
    seen = 5 * 6000 // 24
    assert 2995 - 1.2 * seen < int(leaf.judgement.reason.parameters["more_rows"]) < 2995 - 0.6 * seen


def test_a_stored_record_is_judged_and_rendered_again_from_itself_alone(
    repo: Repo, good_logs: Path, tmp_path: Path
) -> None:
    checked = judged(repo, good_logs)
    write_records(checked, tmp_path / "record.json")
    again = rejudge(tmp_path / "record.json")
    for form in ("text", "markdown", "json", "junit", "sarif", "github"):
        assert render(again, form, width=110) == render(checked, form, width=110)
    write_records(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "record.json").read_bytes()


def test_a_first_version_is_judged_by_absolute_limits_only(tmp_path: Path, good_logs: Path) -> None:
    files = {name: content for name, content in production.base_files().items() if not name.startswith("promotions/")}
    repo = a_repo(tmp_path / "first", {**files, "promotions/.keep": ""})
    folder = f"promotions/fraud/{CANDIDATE}"
    proposal = production.proposal()
    text = str(proposal[f"{folder}/promotion.yaml"])
    before, _, after = text.partition("drill:")
    text = before.replace(f"baseline: {BASELINE}", "baseline: none") + after.partition("\n")[2]
    repo.branch("proposal", {**proposal, f"{folder}/promotion.yaml": text})
    checked = judged(repo, good_logs)
    (record,) = checked.records
    found = leaves(checked)
    assert not found["accuracy-improvement", "canary"].counted
    assert found["accuracy-improvement", "canary"].judgement.reason.why == "first_version"
    assert found["latency-p95", "canary"].counted
    assert any(reason.why == "first_version" for reason in record.verdict.reasons)


def _truncate(logs: Path) -> None:
    content = (logs / "requests.parquet").read_bytes()
    (logs / "requests.parquet").write_bytes(content[: len(content) // 2])


def _change(logs: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change(pd.read_parquet(logs / "requests.parquet")).to_parquet(logs / "requests.parquet", index=False)


def _without_score(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns="score")


def _stranger(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[rows.index[5], "version"] = "v9.9.9_20250101_000000"
    return rows


LOG = "${LOGS}/requests.parquet"


def _naive(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(requested_at=rows["requested_at"].dt.tz_localize(None))


@pytest.mark.parametrize(
    ("spoil", "reason", "parameters"),
    [
        (_truncate, "file_truncated", {"source": "requests", "file": "requests.parquet"}),
        (
            lambda logs: (logs / "requests.parquet").unlink(),
            "source_absent",
            {"source": "requests", "file": LOG},
        ),
        (
            lambda logs: _change(logs, _without_score),
            "column_absent",
            {"source": "requests", "column": "score", "file": LOG},
        ),
        (
            lambda logs: _change(logs, _stranger),
            "arm_unknown",
            {"source": "requests", "column": "version", "version": "v9.9.9_20250101_000000", "rows": 1, "file": LOG},
        ),
    ],
    ids=["truncated", "absent", "column", "stranger"],
)
def test_a_log_that_can_not_be_trusted_is_errored_with_its_place(
    repo: Repo, tmp_path: Path, spoil: Callable[[Path], None], reason: str, parameters: dict[str, object]
) -> None:
    logs = tmp_path / "logs"
    production.write_logs(logs, Truth(per_day=500))
    spoil(logs)
    checked = judged(repo, logs)
    assert checked.outcome is Outcome.ERRORED
    found = leaves(checked)["accuracy-sustained", "canary"].judgement
    if reason == "arm_unknown":
        found = leaves(checked)["coverage", "shadow"].judgement
    assert found.outcome is Outcome.ERRORED
    assert (str(found.reason.why), dict(found.reason.parameters)) == (reason, parameters)


def test_times_without_a_zone_are_errored_unless_the_model_file_names_it(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    production.write_logs(logs, Truth(per_day=500))
    _change(logs, _naive)
    files = production.base_files()
    named = a_repo(tmp_path / "named", files)
    named.branch("proposal", production.proposal())
    assert leaves(judged(named, logs))["coverage", "canary"].outcome is not Outcome.ERRORED
    unnamed = {**files, "policies/models/fraud.yaml": production.MODEL.replace(", timezone: UTC", "")}
    bare = a_repo(tmp_path / "bare", unnamed)
    bare.branch("proposal", production.proposal())
    found = leaves(judged(bare, logs))["coverage", "canary"].judgement
    assert (found.outcome, str(found.reason.why)) == (Outcome.ERRORED, "time_naive")
    assert found.reason.parameters == {"source": "requests", "column": "requested_at", "file": LOG}


def test_nothing_before_the_first_stage_is_more_than_pending(repo: Repo, good_logs: Path) -> None:
    checked = judged(repo, good_logs, now=datetime(2025, 8, 3, tzinfo=UTC))
    assert checked.outcome is Outcome.PENDING


@pytest.mark.parametrize("stages", [0, 1, 3])
def test_the_same_check_later_gives_the_same_bytes_while_nothing_happens(
    repo: Repo, good_logs: Path, stages: int
) -> None:
    """Before anything has started, between two stages, and after all of them."""
    repo.branch("waiting", production.proposal(stages=stages))
    start, lasts, _, _ = production.STAGES["shadow"]
    first = {0: start, 1: start + lasts + timedelta(hours=25), 3: DECIDABLE}[stages]
    once, again = (judged(repo, good_logs, now=first + timedelta(hours=later), head="waiting") for later in (0, 19))
    assert [to_bytes(record) for record in once.records] == [to_bytes(record) for record in again.records] != []


@pytest.mark.parametrize("brought", [True, False])
def test_no_change_brings_its_own_evidence(tmp_path: Path, good_logs: Path, brought: bool) -> None:
    cases = (good_logs / "edge_cases.csv").read_text(encoding="utf-8")
    sources = production.SOURCES.replace("${LOGS}/edge_cases.csv", "evidence/*.csv")
    base = {**production.base_files(), "policies/sources.yaml": sources}
    own = {"evidence/edge_cases.csv": cases}
    repo = a_repo(tmp_path / "repository", base if brought else base | own)
    repo.branch("proposal", {**production.proposal(), **(own if brought else {})})
    found = leaves(judged(repo, good_logs))["edge-cases", None].judgement
    if brought:
        assert (found.outcome, str(found.reason.why)) == (Outcome.ERRORED, "file_of_change")
        assert found.reason.parameters == {"source": "edge_cases", "file": "edge_cases.csv"}
    else:
        assert found.outcome is Outcome.PASSED
