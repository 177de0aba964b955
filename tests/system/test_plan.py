"""plan: what a policy needs of a model's present traffic, on the traffic of a log."""

import json
from pathlib import Path
from typing import Any

import pytest

from builders import production
from builders.production import DECIDABLE, Truth
from builders.repositories import Repo, a_repo
from model_ratchet.actions.check import CheckInput
from model_ratchet.actions.plan import plan_ahead
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.errors import UsageError

NOW = DECIDABLE.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    production.write_logs(folder, Truth(per_day=2000))
    return folder


def a_proposal(path: Path, policy: str = "") -> Repo:
    files = production.base_files()
    if policy:
        files["policies/standard/1.0.0.yaml"] = policy
    repo = a_repo(path, files)
    repo.branch("proposal", production.proposal())
    return repo


def planned(repo: Repo, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    repo_of = ["--repo", str(repo.path), "--base", "main", "--head", "proposal", "--now", NOW]
    code = run(["plan", *repo_of, *more])
    return code, capsys.readouterr().out


@pytest.fixture
def value(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    monkeypatch.setenv("LOGS", str(logs))
    code, shown = planned(a_proposal(tmp_path / "repository"), capsys, "--format", "json")
    assert code == ExitCode.PASSED
    found: dict[str, Any] = json.loads(shown)
    return found


def test_the_traffic_is_that_of_the_two_weeks_before_now(value: dict[str, Any]) -> None:
    # 11 days of 14 hold requests
    assert value["traffic"]["requests_per_day"] == pytest.approx(2000 * 11 / 14, rel=0.05)
    assert value["traffic"]["to"] == "2025-08-18T00:00:00Z"


def test_each_criterion_that_rests_on_rows_says_how_many_it_needs_and_gets(value: dict[str, Any]) -> None:
    found = {(one["id"], one["stage"]): one for one in value["criteria"]}
    assert found["error-rate", None]["rows_needed"] == 2995
    assert found["latency-p95", "canary"]["rows_needed"] == 59
    better = found["accuracy-improvement", "canary"]
    assert better["days_needed"] == pytest.approx(better["rows_needed"] / (better["rows_expected"] / 7), rel=0.01)
    assert {one["id"] for one in value["criteria"]}.isdisjoint({"metadata", "documents", "edge-cases", "risk"})


def test_power_is_told_at_the_margin_and_at_twice_the_margin(value: dict[str, Any]) -> None:
    better = next(one for one in value["criteria"] if one["id"] == "accuracy-improvement")
    assert better["power_at_margin"]["difference"] == 0.02
    assert better["power_at_twice_the_margin"]["difference"] == 0.04
    assert better["power_at_margin"]["power"] <= 0.5 < better["power_at_twice_the_margin"]["power"]


def test_it_names_the_criterion_that_needs_most(value: dict[str, Any]) -> None:
    most = max(value["criteria"], key=lambda one: one["rows_needed"] / max(1, one["rows_expected"]))
    assert value["needs_most"] == most["id"]
    assert not value["decidable"]


def test_a_policy_that_refuses_what_is_underpowered_makes_it_a_finding(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGS", str(logs))
    text = production.standard().replace("underpowered: warn", "underpowered: refuse")
    assert "underpowered: refuse" in text
    code, shown = planned(a_proposal(tmp_path / "repository", text), capsys, "--format", "json")
    findings = json.loads(shown)["findings"]
    assert code == ExitCode.INVALID
    (finding,) = (one for one in findings if one["message"].startswith("accuracy-blue-green on blue_green needs"))
    line = text.splitlines()[finding["line"] - 1]
    assert "accuracy-blue-green" in line
    assert finding["file"] == "policies/standard/1.0.0.yaml"


def test_the_text_says_that_the_literal_rule_passes_every_second_time(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGS", str(logs))
    code, shown = planned(a_proposal(tmp_path / "repository"), capsys)
    assert code == ExitCode.PASSED
    assert "at a true difference of 2pp this rule passes about every second time, at any number of rows" in shown


def test_a_change_without_a_proposal_has_no_plan(tmp_path: Path) -> None:
    repo = a_proposal(tmp_path)
    repo.branch("words", {"README.md": "words\n"})
    with pytest.raises(UsageError, match="words proposes no version"):
        plan_ahead(CheckInput(repo=repo.path, base="main", head="words", now=DECIDABLE))


def test_a_policy_name_that_is_none_is_refused(tmp_path: Path) -> None:
    repo = a_proposal(tmp_path)
    with pytest.raises(UsageError):
        plan_ahead(CheckInput(repo=repo.path, base="main", head="proposal", now=DECIDABLE), policy="standard")
