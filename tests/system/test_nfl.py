"""Real games: the candidate is 2.54 points better, which the literal rule lets through and the strict rule does not."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import nfl
from builders.repositories import a_repo
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.engine.record import to_bytes
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.report.machine import as_value

NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not nfl.LOG.exists(), reason=f"{nfl.LOG} is not there")


def judged(path: Path, policy: str) -> Check:
    repo = a_repo(path, nfl.base_files())
    repo.branch("proposal", nfl.proposal(policy))
    return check(CheckInput(repo=path, base="main", head="proposal", now=NOW))


def test_the_literal_rule_passes_with_the_published_numbers(tmp_path: Path) -> None:
    value = as_value(judged(tmp_path, "nfl/1.0.0"))
    assert value["outcome"] == "passed"
    (promotion,) = value["promotions"]
    assert (promotion["evidence_outcome"], promotion["sign_off_outcome"]) == ("passed", "passed")
    (criterion,) = promotion["criteria"]
    estimate = criterion["estimate"]
    assert round(estimate["value"], 4) == 0.0254
    assert round(estimate["p_value"], 4) == 0.0108
    assert (estimate["n"], estimate["level"], estimate["scale"]) == (1064, 0.95, "absolute")
    assert (criterion["reason"], criterion["stage"]) == ("better", None)


def test_the_strict_rule_does_not_pass(tmp_path: Path) -> None:
    (record,) = judged(tmp_path, "nfl/2.0.0").records
    (leaf,) = record.verdict.gates[0].leaves
    assert (leaf.outcome, leaf.judgement.reason.why) == ("inconclusive", "interval_across")
    assert leaf.judgement.estimate is not None
    assert leaf.judgement.estimate.level == 0.9


def test_ties_are_excluded_and_counted(tmp_path: Path) -> None:
    (record,) = judged(tmp_path, "nfl/1.0.0").records
    (leaf,) = record.verdict.gates[0].leaves
    (warning,) = leaf.judgement.warnings
    assert (warning.why, warning.parameters["rows"]) == ("excluded_rows", 4)


def test_the_same_check_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = judged(tmp_path / "one", "nfl/1.0.0"), judged(tmp_path / "two", "nfl/1.0.0")
    assert [to_bytes(one) for one in first.records] == [to_bytes(one) for one in second.records]
    for form in ("text", "markdown", "json", "junit", "sarif", "github"):
        assert render(first, form, width=110) == render(second, form, width=110)


def test_later_repetition_changes_nothing(tmp_path: Path) -> None:
    (first,) = judged(tmp_path, "nfl/1.0.0").records
    later = CheckInput(repo=tmp_path, base="main", head="proposal", now=datetime(2027, 5, 1, 3, 4, 5, tzinfo=UTC))
    (second,) = check(later).records
    assert to_bytes(first) == to_bytes(second)


def test_the_json_format_is_json(tmp_path: Path) -> None:
    assert json.loads(render(judged(tmp_path, "nfl/1.0.0"), "json"))["promotions"][0]["policy"] == "nfl/1.0.0"
