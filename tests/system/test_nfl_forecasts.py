"""Real games, judged as forecasts: better by the scores, and of the calibration error nobody can tell."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from builders import nfl
from builders.repositories import a_repo
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.engine.record import to_bytes
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.report.machine import as_value

CASES = nfl.DATA / "nfl_cases.json"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not nfl.LOG.exists() or not CASES.exists(), reason=f"{nfl.LOG} or {CASES} is not there")

MODEL = nfl.MODEL + "  forecast: {kind: probability, label: outcome, exclude: [0.5]}\n"
CRITERIA = """\
      - {id: brier, kind: score_superiority, metric: forecast, score: brier, by: 0.2pp}
      - {id: log-loss, kind: score_superiority, metric: forecast, score: log_loss, by: 0pp}
      - {id: brier-no-worse, kind: score_non_inferiority, metric: forecast, score: brier, margin: 0.2pp}
      - {id: auc, kind: auc, metric: forecast, margin: 1pp}
      - {id: ece, kind: calibration_not_worse, metric: forecast, margin: 2pp}
      - {id: mcb, kind: calibration_not_worse, metric: forecast, measure: mcb, margin: 2pp}
      - {id: calibrated, kind: calibration, metric: forecast, detects: 5pp}
      - {id: spiegelhalter, kind: calibration, metric: forecast, test: spiegelhalter, detects: 5pp}
"""
PERIODS = {
    "real-promotion-nfl-2015-2018": ("2015-08-01T04:00:00Z", 1310),
    "real-promotion-nfl-2019-2021": ("2019-08-01T04:00:00Z", 940),
}


def judged(path: Path, period: str) -> Check:
    """The whole check of a policy that asks for forecasts, over some seasons."""
    started, days = PERIODS[period]
    files = nfl.base_files()
    policy, _, _ = files["policies/nfl/1.0.0.yaml"].partition("      - {id")
    files["policies/nfl/1.0.0.yaml"] = policy.replace("1310d", f"{days}d") + CRITERIA
    files["policies/models/nfl.yaml"] = MODEL
    repo = a_repo(path, files)
    history = f"history:\n  - {{stage: seasons, started: {started}}}\n"
    request = nfl.request(nfl.CANDIDATE, nfl.BASELINE, "nfl/1.0.0", history)
    repo.branch("proposal", {f"promotions/nfl/{nfl.CANDIDATE}/promotion.yaml": request})
    return check(CheckInput(repo=path, base="main", head="proposal", now=NOW))


def criteria(found: Check) -> dict[str, dict[str, Any]]:
    (promotion,) = as_value(found)["promotions"]
    return {one["id"]: one for one in promotion["criteria"]}


def expected(period: str) -> dict[str, float]:
    cases = {case["id"]: case for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]}
    found: dict[str, float] = cases[period]["expected"]
    return found


@pytest.mark.parametrize("period", PERIODS)
def test_the_numbers_of_the_check_are_the_published_ones(tmp_path: Path, period: str) -> None:
    found, published = criteria(judged(tmp_path, period)), expected(period)
    brier, ece = found["brier"]["estimate"], found["ece"]["estimate"]
    assert brier["n"] == published["n"]
    assert -brier["value"] == pytest.approx(published["d_brier"], abs=1e-9)
    assert brier["p_value"] == pytest.approx(published["d_brier_p"], rel=1e-6)
    if "ece10_b" in published:
        assert ece["baseline"] == pytest.approx(published["ece10_b"], abs=1e-9)
        assert ece["candidate"] == pytest.approx(published["ece10_c"], abs=1e-9)


def test_the_real_promotion_was_better_by_the_scores_and_undecided_by_the_calibration_error(tmp_path: Path) -> None:
    found = criteria(judged(tmp_path, "real-promotion-nfl-2015-2018"))
    outcomes = {name: one["outcome"] for name, one in found.items()}
    assert outcomes == {
        "brier": "passed",
        "log-loss": "passed",
        "brier-no-worse": "passed",
        "auc": "passed",
        "ece": "inconclusive",
        "mcb": "passed",
        "calibrated": "passed",
        "spiegelhalter": "passed",
    }
    ece = found["ece"]["estimate"]
    assert ece["value"] == pytest.approx(0.021986847, abs=1e-9)
    assert ece["low"] < 0
    assert ece["high"] > 0.02
    assert found["calibrated"]["estimate"]["high"] == pytest.approx(0.045, abs=0.002)


def test_after_it_the_gain_persists_and_is_smaller(tmp_path: Path) -> None:
    found = criteria(judged(tmp_path, "real-promotion-nfl-2019-2021"))
    assert found["brier"]["outcome"] == "passed"
    assert found["brier"]["estimate"]["p_value"] == pytest.approx(0.0239, abs=1e-4)
    assert found["calibrated"]["outcome"] in ("failed", "inconclusive")


def test_the_same_check_twice_gives_the_same_bytes_and_every_report(tmp_path: Path) -> None:
    first, second = (judged(tmp_path / name, "real-promotion-nfl-2015-2018") for name in ("one", "two"))
    assert [to_bytes(one) for one in first.records] == [to_bytes(one) for one in second.records]
    for form in ("text", "markdown", "json", "junit", "sarif", "github"):
        assert render(first, form, width=110) == render(second, form, width=110)
