"""Bets through a whole check: the standard policy's business gate, and the table that its reviewer reads."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from builders.logs import BASELINE, CANDIDATE, Row, write
from builders.repositories import a_repo
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.report import render
from model_ratchet.report.check import Check

START = datetime(2025, 8, 20, tzinfo=UTC)
POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: bets
version: 1.0.0
retrospective: allowed
stages:
  - {name: canary, mirror: 100%, lasts: 7d}
gates:
  - name: business
    criteria:
      - {id: edges, kind: betting, metric: bets, measure: edge_success, definition: above_break_even, margin: 5pp}
      - {id: line, kind: betting, metric: bets, measure: closing_line, definition: fair, margin: 1pp}
      - {id: return, kind: betting, metric: bets, measure: return, margin: 5pp}
      - {id: sharpe, kind: betting, metric: bets, measure: sharpe, margin: 1pp, advisory: true}
      - {id: fall, kind: drawdown, metric: bets, bankroll: 1000, at_most: 50%}
"""
MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: props
policies: [bets/1.0.0]
time: {column: requested_at}
rows:
  source: log
  layout: long
  request_id: request_id
  arm: version
  exposure: {column: mode, served: served, mirrored: shadow}
labels: {mature_after: 1h, min_coverage: 90%}
metrics:
  bets: {kind: bets, stake: stake, odds: odds, result: won, exclude: [0.5], closing_odds: closing, closing_against: [against]}
"""
REQUEST = """\
apiVersion: ratchet/v1
kind: PromotionRequest
model: props
candidate: {candidate}
baseline: {baseline}
policy: bets/1.0.0
owner: "@nate"
artifact: {{uri: "models://props/{candidate}", digest: "sha256:{digest}"}}
"""
HISTORY = "history:\n  - {stage: canary, started: 2025-08-20T00:00:00Z}\n"


def request(candidate: str, baseline: str) -> str:
    return REQUEST.format(candidate=candidate, baseline=baseline, digest=candidate.encode().hex().ljust(64, "0")[:64])


def wagers(*, won: float, line: float, odds: float = 2.0) -> list[Row]:
    """Two hundred events a day for a week: both versions bet 1 on most, and the candidate takes better odds or worse."""
    draw = Random(3)  # noqa: S311  (the same rows each time)
    rows: list[Row] = []
    for number in range(1_400):
        at = START + timedelta(minutes=7.2 * number)
        shared = {"request_id": f"r{number:05}", "requested_at": at, "closing": 1.95, "against": 1.95}
        result = 0.5 if number % 50 == 0 else float(draw.random() < won)
        found = odds + line + draw.uniform(-0.05, 0.05)
        for version, mode, taken in ((CANDIDATE, "served", found), (BASELINE, "shadow", odds)):
            stake = 1.0 if draw.random() < 0.8 else None
            rows.append({**shared, "version": version, "mode": mode, "stake": stake, "odds": taken, "won": result})
    return rows


def judged(path: Path, rows: list[Row]) -> Check:
    log = write(path / "log.parquet", rows)
    files = {
        "policies/bets/1.0.0.yaml": POLICY,
        "policies/models/props.yaml": MODEL,
        "policies/sources.yaml": f"apiVersion: ratchet/v1\nkind: Sources\nsources:\n  log: {{kind: table, path: {log}}}\n",
        f"promotions/props/{BASELINE}/promotion.yaml": request(BASELINE, "none"),
    }
    repo = a_repo(path / "repo", files)
    repo.branch("proposal", {f"promotions/props/{CANDIDATE}/promotion.yaml": request(CANDIDATE, BASELINE) + HISTORY})
    return check(CheckInput(repo=path / "repo", base="main", head="proposal", now=datetime(2026, 1, 1, tzinfo=UTC)))


def test_a_week_of_bets_decides_on_the_line_and_the_return_may_be_luck(tmp_path: Path) -> None:
    found = judged(tmp_path, wagers(won=0.55, line=-0.1))
    (record,) = found.records
    leaves = {leaf.id: leaf for leaf in record.verdict.gates[0].leaves}
    line, gained = leaves["line"].judgement, leaves["return"].judgement
    assert (line.outcome, line.reason.why) == (Outcome.FAILED, Why.MARGIN_BROKEN)
    assert line.estimate is not None
    assert line.estimate.value == pytest.approx(-0.1 * 0.5, abs=2e-3)
    assert gained.outcome is Outcome.INCONCLUSIVE
    assert {one.why for one in gained.warnings} == {Why.LINE_DISAGREES, Why.EXCLUDED_ROWS}
    assert leaves["fall"].judgement.outcome is Outcome.PASSED
    assert leaves["sharpe"].counted is False


def test_the_reviewer_reads_what_was_and_what_would_be(tmp_path: Path) -> None:
    shown = render(judged(tmp_path, wagers(won=0.55, line=-0.1)), "markdown", width=110)
    (table,) = shown.split("<summary>Business</summary>")[1:]
    table = table.partition("</details>")[0]
    rows = {row.split("<br>")[0].strip("| "): row for row in table.splitlines() if row.startswith("| ")}
    head = "measure | before | candidate | difference | what it says"
    assert list(rows) == [head, "edges", "line", "return", "sharpe", "fall"]
    assert "| 0 % | −5 % | **−5 pp**<br>" in rows["line"]
    assert "the return may be luck" in rows["return"]
    assert "**failed, not counted**" in rows["sharpe"]


def test_odds_that_can_not_be_are_an_error_with_their_place(tmp_path: Path) -> None:
    rows = wagers(won=0.5, line=0.1)
    next(row for row in rows if row["stake"])["odds"] = 1.0
    found = judged(tmp_path, rows)
    (record,) = found.records
    assert {leaf.judgement.outcome for leaf in record.verdict.gates[0].leaves} == {Outcome.ERRORED}
    assert "1 rows of log" in render(found, "text", width=200)
    assert "stake, odds, closing, against take stakes above 0, odds above 1" in render(found, "text", width=300)
