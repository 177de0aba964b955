"""What a criterion asks stands on the scale of its estimate, on the right side, and in the policy's own units."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from builders.comments import facts
from builders.records import a_criterion
from builders.scopes import a_stage
from builders.wagers import OF_EVENTS
from model_ratchet.criteria import BUILT_IN
from model_ratchet.criteria.base import Scope
from model_ratchet.engine.plan import BoundCriterion
from model_ratchet.report.thresholds import Side, threshold

ACCURACY = {"id": "x", "metric": "accuracy"}
LATENCY = {"id": "x", "metric": "latency"}
ERRORS = {"id": "x", "metric": "errors"}
FORECAST = {"id": "x", "metric": "forecast"}
BETS = {"id": "x", "metric": "bets"}
ASKED: list[tuple[Mapping[str, object], float, Side, str]] = [
    (ACCURACY | {"kind": "superiority", "by": "2pp"}, 0.02, Side.LEAST, "better by 2pp"),
    (ERRORS | {"kind": "superiority", "by": "2%"}, -0.02, Side.MOST, "better by 2%"),
    (ACCURACY | {"kind": "non_inferiority", "margin": "1pp"}, -0.01, Side.LEAST, "not worse by 1pp"),
    (ERRORS | {"kind": "non_inferiority", "margin": "1pp"}, 0.01, Side.MOST, "not worse by 1pp"),
    (
        ACCURACY | {"kind": "sustained", "days": 7, "max_daily_drop": "1pp"},
        -0.01,
        Side.LEAST,
        "not worse by 1pp on any of 7 days",
    ),
    (
        ACCURACY | {"kind": "stability", "window": "48h", "step": "24h", "max_drop": "1pp"},
        -0.01,
        Side.LEAST,
        "not worse by 1pp in any 48h",
    ),
    (
        ACCURACY | {"kind": "segments", "max_drop": "2pp", "min_assessable": "80%"},
        -0.02,
        Side.LEAST,
        "not worse by 2pp in any segment",
    ),
    (
        ACCURACY | {"kind": "drift", "max_drop": "3pp"},
        -0.03,
        Side.LEAST,
        "not worse than the golden baseline by 3pp in all",
    ),
    (
        FORECAST | {"kind": "score_superiority", "score": "brier", "by": "0.2pp"},
        -0.002,
        Side.MOST,
        "Brier score better by 0.2pp",
    ),
    (
        FORECAST | {"kind": "score_non_inferiority", "score": "log_loss", "margin": "1pp", "segments": ("origin",)},
        0.01,
        Side.MOST,
        "log loss not worse by 1pp in any segment",
    ),
    (FORECAST | {"kind": "auc", "margin": "1pp"}, -0.01, Side.LEAST, "AUC not worse by 1pp"),
    (
        FORECAST | {"kind": "calibration", "detects": "5pp"},
        0.05,
        Side.MOST,
        "no error that chance does not give, 5pp detectable",
    ),
    (FORECAST | {"kind": "calibration_not_worse", "margin": "2pp"}, 0.02, Side.MOST, "ECE not worse by 2pp"),
    (
        BETS | {"kind": "betting", "measure": "closing_line", "definition": "fair", "margin": "1pp"},
        -0.01,
        Side.LEAST,
        "closing line (fair) not worse by 1pp",
    ),
    (BETS | {"kind": "betting", "measure": "return", "margin": "5pp"}, -0.05, Side.LEAST, "return not worse by 5pp"),
    (
        BETS | {"kind": "drawdown", "bankroll": 100.0, "at_most": "30%"},
        0.3,
        Side.MOST,
        "≤ 30% of the bankroll",
    ),
    (LATENCY | {"kind": "quantile_superiority", "quantile": 0.95, "by": "10%"}, 0.9, Side.MOST, "p95 better by 10%"),
    (LATENCY | {"kind": "quantile_limit", "quantile": 0.999, "at_most": "500ms"}, 0.5, Side.MOST, "p99.9 ≤ 500ms"),
    (LATENCY | {"kind": "maximum", "at_most": "2000ms"}, 2.0, Side.MOST, "≤ 2000ms"),
    (ERRORS | {"kind": "rate_limit", "below": "0.1%"}, 0.001, Side.MOST, "< 0.1%"),
    ({"id": "x", "kind": "distribution", "max_distance": "10%"}, 0.1, Side.MOST, "distance ≤ 10%"),
    (
        {"id": "x", "metric": "memory", "kind": "ratio_limit", "within": "20%"},
        1.2,
        Side.MOST,
        "at most 20% above the baseline",
    ),
    (
        {"id": "x", "metric": "memory", "kind": "ratio_limit", "of_allocation": "80%"},
        0.8,
        Side.MOST,
        "≤ 80% of the allocation",
    ),
    (
        {"id": "x", "kind": "load", "busiest": "10%", "min_share": "80%", "latency": "latency", "at_most": "500ms"},
        0.8,
        Side.LEAST,
        "≥ 80% of its share carried",
    ),
    ({"id": "x", "kind": "suite", "suite": "edge_cases"}, 1.0, Side.LEAST, "every case passes"),
    ({"id": "x", "kind": "sample_ratio"}, 0.05, Side.AT, "5 % of the units"),
]
WITHOUT = {
    "coverage", "identity", "infrastructure", "metadata", "documents", "rollback_drill", "approval", "required_checks", "scan",
    "artifacts", "weight_turnover",
}  # fmt: skip


def bound(criterion: Mapping[str, object]) -> BoundCriterion:
    return BoundCriterion(criterion=a_criterion(criterion), gate="g", stages=("canary",))


@pytest.mark.parametrize(("criterion", "value", "side", "words"), ASKED, ids=[str(one[0]["kind"]) for one in ASKED])
def test_what_is_asked_stands_on_the_scale_of_the_estimate(
    criterion: Mapping[str, object], value: float, side: Side, words: str
) -> None:
    known = facts(metrics={**facts().metrics, **OF_EVENTS})
    found = threshold(bound(criterion), Scope(facts=known, stages=(a_stage(),)))
    assert found is not None
    assert found.value == pytest.approx(value)
    assert (found.side, found.words) == (side, words)


def test_every_kind_with_a_number_is_among_them() -> None:
    kinds = {one.model_fields["kind"].annotation.__args__[0] for one in BUILT_IN}  # type: ignore[union-attr]
    assert {str(one[0]["kind"]) for one in ASKED} | WITHOUT == kinds


def test_a_split_without_a_traffic_share_asks_for_no_number() -> None:
    stage = replace(a_stage(), traffic=None)
    assert threshold(bound({"id": "x", "kind": "sample_ratio"}), Scope(facts=facts(), stages=(stage,))) is None
