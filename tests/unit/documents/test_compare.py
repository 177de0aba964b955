"""Looser, stricter, or only other: which way each rule moves."""

from pathlib import Path
from typing import get_args

import pytest

from model_ratchet.criteria import BUILT_IN
from model_ratchet.documents.compare import (
    LARGER_IS_LOOSER,
    LARGER_IS_STRICTER,
    LOOSE_TO_STRICT,
    UNORDERED,
    compare_models,
    compare_policies,
)
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read

ROOT = Path(__file__).parents[3] / "policies"
STANDARD = (ROOT / "standard/1.0.0.yaml").read_text(encoding="utf-8")
FLIGHTS = (ROOT / "models/flight-delay.yaml").read_text(encoding="utf-8")

NO_LIMIT = frozenset(
    {
        "id",
        "kind",
        "metric",
        "latency",
        "errors",
        "suite",
        "scan",
        "score",
        "measure",
        "definition",
        "test",
        "bins",
        "role",
        "busiest",
        "window",
        "correction",
        "quiet_hours",
    }
)
"""Parameters that name something, or that go both ways: a change of one is shown as changed."""


def policy(*changes: tuple[str, str]) -> Policy:
    text = STANDARD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    found = read(Policy, "policies/standard/1.0.0.yaml", text.encode())
    assert isinstance(found, Policy), found
    return found


def model(*changes: tuple[str, str]) -> ModelFile:
    text = FLIGHTS
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    found = read(ModelFile, "policies/models/flight-delay.yaml", text.encode())
    assert isinstance(found, ModelFile), found
    return found


def moves(*changes: tuple[str, str]) -> list[str]:
    return [
        f"{one.weight} {one.rule}: {one.before} → {one.after}" for one in compare_policies(policy(), policy(*changes))
    ]


def test_a_document_differs_from_itself_in_nothing() -> None:
    assert compare_policies(policy(), policy()) == ()
    assert compare_models(model(), model()) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("by: 2pp", "by: 1pp", "looser criterion accuracy-improvement.by: 2pp → 1pp"),
        ("by: 2pp", "by: 3pp", "stricter criterion accuracy-improvement.by: 2pp → 3pp"),
        ("by: 2pp", "by: 2%", "changed criterion accuracy-improvement.by: 2pp → 2%"),
        ("alpha: 0.05, rule", "alpha: 0.1, rule", "looser criterion accuracy-improvement.alpha: 0.05 → 0.1"),
        ("alpha: 0.001}", "alpha: 0.0001}", "looser criterion traffic-share.alpha: 0.001 → 0.0001"),
        (
            "rule: point_and_significance, stage",
            "rule: superiority_margin, stage",
            "stricter criterion accuracy-improvement.rule: point_and_significance → superiority_margin",
        ),
        ("days: 7", "days: 5", "looser criterion accuracy-sustained.days: 7 → 5"),
        (
            "stage: [canary, blue_green]",
            "stage: canary",
            "looser criterion latency-p95.stage: canary, blue_green → canary",
        ),
        ("below: 0.1%}\n\n", "below: 0.1%, advisory: true}\n\n", "looser criterion error-rate.advisory: false → true"),
        ("at_most: 2000ms", "at_most: 2s", ""),
        ("max_gap: 1h, ", "max_gap: 2h, ", "looser criterion coverage.max_gap: 1h → 2h"),
        (", min_pair_rate: 99%", "", "looser criterion coverage.min_pair_rate: 99% → –"),
        ("          - benchmarks\n", "", "looser criterion metadata.require: "),
        ("[Results]", "[Results, Data]", "stricter criterion documents.require: "),
        (
            "      - {id: edge-cases, kind: suite, suite: edge_cases, require: all}\n",
            "",
            "looser criterion edge-cases: there → –",
        ),
        (
            "kind: maximum, metric: batch_duration",
            "kind: maximum, metric: latency",
            "changed criterion batch-time.metric",
        ),
        ("lasts: 7d", "lasts: 8d", "stricter stage canary.lasts: 7d → 8d"),
        ("traffic: 5%", "traffic: 6%", "changed stage canary.traffic: 5% → 6%"),
        ("lasts: 72h, enter: [code-owner]", "lasts: 72h", "looser stage shadow.enter: code-owner → –"),
        ("merge_within: 72h", "merge_within: 96h", "looser merge_within: 72h → 96h"),
        ("merge_within: 72h", "merge_within: 72h\nadvance: automatic", "looser advance: manual → automatic"),
        ("retrospective: refused", "retrospective: allowed", "looser retrospective: refused → allowed"),
        ("at_least: fetched", "at_least: author-supplied", "looser trust.at_least: fetched → author-supplied"),
        ("level: 0.01", "level: 0.001", "looser early_fail.level: 0.01 → 0.001"),
        ("extend: {at_most: 0}", "extend: {at_most: 1, by: 1d}", "changed extend."),
        ("above: 3pp", "above: 4pp", "looser critical alert accuracy drop 24h.above: 3pp → 4pp"),
        (
            "above: 5pp",
            "above: 5pp, min_rows: 500",
            "looser rollback trigger accuracy drop 24h.min_rows: 100 → 500",
        ),
        (
            "above: 5pp",
            "above: 5pp, sustained: 3 of 3",
            "changed rollback trigger accuracy drop 24h.sustained: 2 of 3 → 3 of 3",
        ),
        (
            "    - {metric: errors, statistic: rate, above: 1%, over: 1h}\n",
            "",
            "looser rollback trigger errors rate 1h: there → –",
        ),
        ("merge: automatic", "merge: manual", "looser rollback.merge: automatic → manual"),
        ("max_age: 30d", "max_age: 60d", "looser waivers.max_age: 30d → 60d"),
        ("[same-thing, traffic-share, approval]", "[same-thing, approval]", "looser waivers.never: "),
        (
            "at_least: 1, after: blue_green",
            "at_least: 2, after: blue_green",
            "stricter criterion stakeholders.at_least: 1 → 2",
        ),
        ("role: risk, after: canary", "role: risk", "looser criterion risk.after: canary → –"),
    ],
)
def test_each_rule_says_which_way_it_moves(old: str, new: str, said: str) -> None:
    told = moves((old, new))
    assert told == [] if not said else told and all(any(one.startswith(part) for part in (said,)) for one in told)


def test_a_move_back_goes_the_other_way() -> None:
    there = compare_policies(policy(), policy(("by: 2pp", "by: 1pp")))
    back = compare_policies(policy(("by: 2pp", "by: 1pp")), policy())
    assert [one.weight for one in there] == ["looser"]
    assert [one.weight for one in back] == ["stricter"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('risk: ["@acme/risk"]', 'risk: ["@acme/risk", "@acme/ml"]', "looser roles.risk: – → @acme/ml"),
        ("allocation: {memory: 512MiB", "allocation: {memory: 1GiB", "looser allocation.memory: 512MiB → 1GiB"),
        ("suites:", "scans: {code: {source: sarif}}\nsuites:", 'changed scans.code: – → {"source":"sarif"}'),
        ("suites:", "code: {repositories: [acme/code]}\nsuites:", 'changed code: – → {"repositories":["acme/code"]}'),
        ('  risk: ["@acme/risk"]\n', "", "changed roles.risk: @acme/risk → –"),
    ],
)
def test_a_model_file_says_which_way_it_moves(old: str, new: str, said: str) -> None:
    (one,) = compare_models(model(), model((old, new)))
    assert f"{one.weight} {one.rule}: {one.before} → {one.after}" == said


def test_one_more_repository_of_the_code_is_looser() -> None:
    def of(*names: str) -> ModelFile:
        return model(("suites:", f"code: {{repositories: [{', '.join(names)}]}}\nsuites:"))

    moved = compare_models(of("acme/code", "acme/old"), of("acme/code", "acme/new"))
    assert [(one.weight, one.rule, one.before, one.after) for one in moved] == [
        ("looser", "code.repositories", "–", "acme/new"),
        ("stricter", "code.repositories", "acme/old", "–"),
    ]


SCAN, CHECKS = "kind: scan, scan: code", "kind: required_checks"


@pytest.mark.parametrize(
    ("kind", "before", "after", "weight"),
    [
        (SCAN, "at_most: note", "at_most: warning", "looser"),
        (SCAN, "at_most: warning", "at_most: none", "stricter"),
        (SCAN, "at_most: note", "at_most: note, score_below: 7.0", "stricter"),
        (SCAN, "at_most: note, score_below: 7.0", "at_most: note, score_below: 9.0", "looser"),
        (SCAN, "at_most: note, within: 7d", "at_most: note", "looser"),
        (SCAN, "at_most: note", "at_most: note, suppressions: accepted", "looser"),
        (SCAN, "at_most: note", "at_most: note, invocation: not_available", "looser"),
        (SCAN, "at_most: note, tool: CodeQL", "at_most: note", "looser"),
        (SCAN, "at_most: note, tool: CodeQL", "at_most: note, tool: Semgrep", "changed"),
        (CHECKS, "checks: [a, b]", "checks: [a]", "looser"),
        (CHECKS, "checks: [a]", "checks: [a, b]", "stricter"),
        (CHECKS, "checks: [a]", "checks: [a], reviews: 1", "stricter"),
        (CHECKS, "checks: [a], app: 7", "checks: [a], app: 8", "changed"),
    ],
)
def test_what_is_asked_of_the_code_says_which_way_it_moves(kind: str, before: str, after: str, weight: str) -> None:
    suite = "      - {id: edge-cases, kind: suite, suite: edge_cases, require: all}\n"
    old, new = (policy((suite, f"{suite}      - {{id: code, {kind}, {asked}}}\n")) for asked in (before, after))
    assert {one.weight for one in compare_policies(old, new)} == {weight}


def test_every_parameter_of_every_criterion_has_a_direction_or_is_known_to_have_none() -> None:
    ordered = LARGER_IS_LOOSER | LARGER_IS_STRICTER | LOOSE_TO_STRICT.keys()
    for criterion in BUILT_IN:
        (kind,) = get_args(criterion.model_fields["kind"].annotation)
        for name in criterion.model_fields:
            known = name in ordered or name in NO_LIMIT or (kind, name) in UNORDERED
            assert known, f"{kind}.{name}: say in documents/compare.py which way it goes"
    assert not LARGER_IS_LOOSER & LARGER_IS_STRICTER
