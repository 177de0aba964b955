"""Every number of the requirements stands in ``policies/standard/1.0.0.yaml``: one row for each requirement."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from model_ratchet.core.names import Version
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "policies" / "standard" / "1.0.0.yaml").read_text(encoding="utf-8")
STANDARD = yaml.safe_load(TEXT)

STAGES = {stage["name"]: stage for stage in STANDARD["stages"]}
GATES = {gate["name"]: {one["id"]: one for one in gate["criteria"]} for gate in STANDARD["gates"]}


def criterion(gate: str, name: str, **expected: object) -> tuple[Mapping[str, Any], Mapping[str, object]]:
    return GATES[gate][name], expected


def rule(
    rules: list[Mapping[str, Any]], metric: str, **expected: object
) -> tuple[Mapping[str, Any], Mapping[str, object]]:
    (found,) = (one for one in rules if one["metric"] == metric)
    return found, expected


CRITICAL, WARNING = STANDARD["alerts"]["critical"], STANDARD["alerts"]["warning"]
TRIGGERS = STANDARD["rollback"]["triggers"]

NUMBERS: dict[str, tuple[Mapping[str, Any], Mapping[str, object]]] = {
    "minimum improvement threshold: 2% over baseline": criterion(
        "performance", "accuracy-improvement", kind="superiority", metric="accuracy", by="2pp"
    ),
    "p-value < 0.05": criterion(
        "performance", "accuracy-improvement", alpha=0.05, rule="point_and_significance", stage="canary"
    ),
    "sustained over 7 days": criterion(
        "performance", "accuracy-sustained", kind="sustained", metric="accuracy", days=7, stage="canary"
    ),
    "maximum inference time: 500ms (95th percentile)": criterion(
        "performance", "latency-p95", kind="quantile_limit", metric="latency", quantile=0.95, at_most="500ms"
    ),
    "maximum batch processing time: 2000ms": criterion(
        "performance", "batch-time", kind="maximum", metric="batch_duration", at_most="2000ms"
    ),
    "memory usage within 20% of previous version": criterion(
        "resource", "memory", kind="ratio_limit", metric="memory", within="20%"
    ),
    "no accuracy degradation > 1% over 48 hours": criterion(
        "stability", "accuracy-48h", kind="stability", metric="accuracy", window="48h", max_drop="1pp"
    ),
    "error rate < 0.1% during evaluation": criterion(
        "performance", "error-rate", kind="rate_limit", metric="errors", below="0.1%"
    ),
    "edge cases and anomalous data": criterion("stability", "edge-cases", kind="suite", require="all"),
    "consistent across data distributions": criterion("stability", "segments", kind="segments", metric="accuracy"),
    "comparable input": criterion("stability", "input-mix", kind="distribution"),
    "handling of production load": criterion(
        "stability", "production-load", kind="load", at_most="500ms", quantile=0.95, below="0.1%"
    ),
    "CPU utilization sustainable": criterion("resource", "cpu", kind="ratio_limit", metric="cpu"),
    "GPU utilization where there is one": criterion(
        "resource", "gpu", kind="ratio_limit", metric="gpu", when_bound=True
    ),
    "compatible with existing infrastructure": criterion("resource", "infrastructure", kind="infrastructure"),
    "edge success rate": criterion("business", "edge-success", metric="edge_success", when_bound=True),
    "portfolio performance": criterion("business", "portfolio-return", metric="portfolio_return", when_bound=True),
    "user satisfaction": criterion("business", "user-satisfaction", metric="user_satisfaction", when_bound=True),
    "shadow: 72 hours": (STAGES["shadow"], {"lasts": "72h", "mirror": "100%"}),
    "canary: 7 days, 5% of traffic": (STAGES["canary"], {"lasts": "7d", "traffic": "5%"}),
    "blue/green: 24 hours, 50% of traffic": (STAGES["blue_green"], {"lasts": "24h", "traffic": "50%"}),
    "business impact review": criterion("sign-off", "business-impact", kind="approval", role="business"),
    "risk assessment": criterion("sign-off", "risk", kind="approval", role="risk"),
    "stakeholder approval": criterion("sign-off", "stakeholders", kind="approval", role="stakeholders"),
    "critical: accuracy drop > 3%": rule(CRITICAL, "accuracy", statistic="drop", above="3pp"),
    "critical: latency > 1000ms": rule(CRITICAL, "latency", quantile=0.95, above="1000ms"),
    "critical: error rate > 0.5%": rule(CRITICAL, "errors", statistic="rate", above="0.5%"),
    "warning: accuracy drop > 1%": rule(WARNING, "accuracy", statistic="drop", above="1pp"),
    "warning: latency > 750ms": rule(WARNING, "latency", quantile=0.95, above="750ms"),
    "warning: error rate > 0.2%": rule(WARNING, "errors", statistic="rate", above="0.2%"),
    "rollback: accuracy drop > 5%": rule(TRIGGERS, "accuracy", statistic="drop", above="5pp"),
    "rollback: error rate > 1%": rule(TRIGGERS, "errors", statistic="rate", above="1%"),
    "rollback: latency increase > 100%": rule(TRIGGERS, "latency", statistic="increase", above="100%"),
    "rollback: memory > 150% of allocation": rule(TRIGGERS, "memory", statistic="of_allocation", above="150%"),
    "rollback procedures verified": criterion("documentation", "rollback-drill", kind="rollback_drill"),
}


@pytest.mark.parametrize("requirement", NUMBERS)
def test_a_number_of_the_requirements_stands_in_the_policy(requirement: str) -> None:
    written, expected = NUMBERS[requirement]
    assert {key: written.get(key) for key in expected} == expected


def test_every_criterion_rule_and_stage_of_the_policy_is_required_by_a_row() -> None:
    rows = [id(written) for written, _ in NUMBERS.values()]
    kept = {"accuracy-blue-green", "traffic-share", "coverage", "same-thing", "metadata", "documents"}
    every = [one for criteria in GATES.values() for name, one in criteria.items() if name not in kept]
    every += [*STAGES.values(), *CRITICAL, *WARNING, *TRIGGERS]
    assert [one for one in every if id(one) not in rows] == []


def test_the_next_version_of_the_policy_adds_what_bets_are_worth_and_changes_nothing_else() -> None:
    later = yaml.safe_load((ROOT / "policies" / "standard" / "1.1.0.yaml").read_text(encoding="utf-8"))
    (business,) = (gate for gate in later["gates"] if gate["name"] == "business")
    added = [one for one in business["criteria"] if one["kind"] == "betting"]
    assert [one["id"] for one in added] == ["bets-edge-success", "bets-closing-line", "bets-return"]
    assert all(one["when_bound"] for one in added)
    business["criteria"] = [one for one in business["criteria"] if one not in added]
    assert later == STANDARD | {"version": "1.1.0"}


@pytest.mark.parametrize(
    "tracked",
    [
        "dataset.version",
        "dataset.characteristics",
        "hyperparameters",
        "training_metrics",
        "validation_results",
        "infrastructure",
        "benchmarks",
    ],
)
def test_what_is_tracked_of_a_version_is_required(tracked: str) -> None:
    assert tracked in GATES["documentation"]["metadata"]["require"]


@pytest.mark.parametrize(
    ("document", "section"),
    [
        ("architecture", "Architecture"),
        ("architecture", "Methodology changes"),
        ("benchmarks", "Results"),
        ("risk", "Risks"),
        ("risk", "Mitigation"),
        ("rollback", "Verification"),
    ],
)
def test_what_must_be_written_before_a_promotion_is_required(document: str, section: str) -> None:
    assert section in GATES["documentation"]["documents"]["require"][document]


def test_the_example_of_a_version_name_is_one() -> None:
    version = Version.parse("v2.1.0_20250818_142000")
    assert str(version) == "v2.1.0_20250818_142000"
    assert version > Version.parse("v2.0.9_20250819_000000")


def test_latency_track_asks_for_the_other_benefit() -> None:
    content = (ROOT / "policies" / "latency-track" / "1.0.0.yaml").read_bytes()
    policy = read(Policy, "policies/latency-track/1.0.0.yaml", content)
    assert isinstance(policy, Policy)
    kinds = {one.id: one.kind for gate in policy.gates for one in gate.criteria}
    assert kinds["latency-improvement"] == "quantile_superiority"
    assert kinds["accuracy-not-worse"] == "non_inferiority"
