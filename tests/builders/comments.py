"""Promotions as they come, with realistic units and all gates, for tests and pictures of the comment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from builders.records import (
    ACCURACY_IMPROVEMENT,
    ERROR_RATE,
    LATENCY_P95,
    MEMORY,
    NOW,
    SEGMENTS,
    a_leaf,
    a_plan,
    an_estimate,
    bound,
    some_evidence,
)
from builders.scopes import START, a_stage, some_facts
from model_ratchet.core.evidence import Approval, Approvals, Evidence, Need, Shape, Window
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Branch, Leaf, Part, Verdict
from model_ratchet.criteria.base import Facts, MetricFacts, StageFacts
from model_ratchet.engine.plan import BoundCriterion, BoundGate
from model_ratchet.engine.record import Record, seal
from model_ratchet.report.detail import CommentContext
from model_ratchet.report.marker import Marker

HEAD = "4f1c9a7e2b8d03564f1c9a7e2b8d03564f1c9a7e"
BASE = "9d2e6b1f70c4a8359d2e6b1f70c4a8359d2e6b1f"
CONTEXT = CommentContext(
    marker=Marker(head=HEAD, base="main", run=17_204_558_912, attempt=1),
    repository="https://github.com/acme/models",
    base_commit=BASE,
    report="https://github.com/acme/models/actions/runs/17204558912/artifacts/3310",
    run="https://github.com/acme/models/actions/runs/17204558912",
)
SUSTAINED = {
    "id": "accuracy-sustained",
    "kind": "sustained",
    "metric": "accuracy",
    "days": 7,
    "max_daily_drop": "1pp",
    "stage": "canary",
}
BLUE_GREEN = {
    "id": "accuracy-blue-green",
    "kind": "non_inferiority",
    "metric": "accuracy",
    "margin": "1pp",
    "stage": "blue_green",
}
EDGE_CASES = {"id": "edge-cases", "kind": "suite", "suite": "edge_cases"}
DOCUMENTS = {"id": "documents", "kind": "documents", "require": {"risk": ("Risks", "Mitigation")}}
ROLES = {"business": ("@acme/product",), "risk": ("@acme/risk",), "stakeholders": ("@acme/leads",)}
CANARY, BLUE = "canary", "blue_green"
SHADOW = a_stage("shadow", days=3, traffic=None, start=START)
RUNNING = because(Why.STAGE_RUNNING, stage=CANARY, until="2025-08-12T00:00:00+00:00", more_rows=31_000)
NOT_STARTED = because(Why.STAGE_NOT_STARTED, stage=BLUE)


def a_ladder(days: float = 7, *, decided: bool = True) -> tuple[StageFacts, ...]:
    """Shadow is over, the canary has run for so many of its 7 days, blue_green has not started."""
    canary = a_stage(CANARY, start=START + timedelta(days=3))
    window = canary.window
    assert window is not None
    seen = window if decided else Window(window.part(timedelta(), timedelta(days=days)).intervals, window.labels_until)
    waiting = StageFacts(name=BLUE, lasts=timedelta(hours=24), traffic=0.5)
    return (SHADOW, replace(canary, window=seen, decidable=decided), waiting)


def done() -> tuple[StageFacts, ...]:
    """Every stage is decided."""
    return (*a_ladder()[:2], a_stage(BLUE, days=1, traffic=0.5, mirror=None, start=START + timedelta(days=10)))


def facts(**changes: Any) -> Facts:
    """A model whose metrics have units."""
    metrics = (
        MetricFacts(name="accuracy", kind="proportion", unit="fraction", labelled=True),
        MetricFacts(name="latency", kind="duration", unit="s", better="lower"),
        MetricFacts(name="errors", kind="proportion", unit="fraction", better="lower", own_source=True),
        MetricFacts(name="memory", kind="gauge", unit="B", better="lower", own_source=True),
    )
    given: dict[str, Any] = {
        "metrics": {one.name: one for one in metrics},
        "roles": ROLES,
        "documents": {"risk": "risk.md"},
        "segments": ("origin",),
        "suites": ("edge_cases",),
    }
    return some_facts(**(given | changes))


def approval(role: str, after: str) -> BoundCriterion:
    """The sign-off of one role."""
    return bound({"id": role, "kind": "approval", "role": role, "after": after}, "sign-off", CANARY, BLUE, pooled=True)


MEASURED = (
    bound(ACCURACY_IMPROVEMENT, "performance", CANARY),
    bound(SUSTAINED, "performance", CANARY),
    bound(BLUE_GREEN, "performance", BLUE),
    bound(LATENCY_P95, "performance", CANARY),
    bound(ERROR_RATE, "performance", CANARY, BLUE, pooled=True),
    bound(SEGMENTS | {"advisory": False}, "stability", CANARY, BLUE, pooled=True),
    bound(EDGE_CASES, "stability", CANARY, BLUE, pooled=True),
    bound(MEMORY, "resource", CANARY, BLUE, pooled=True),
    bound(DOCUMENTS, "documentation", pooled=True),
)
APPROVALS = (approval("business", BLUE), approval("risk", CANARY), approval("stakeholders", BLUE))

GOOD: dict[str, dict[str, Any]] = {
    "accuracy-improvement": {
        "reason": because(Why.BETTER, by="2pp"),
        "estimate": an_estimate(0.0254, 0.0061, 0.0447, p_value=0.0108, baseline=0.6, candidate=0.6254),
    },
    "accuracy-sustained": {
        "reason": because(Why.NOT_WORSE, margin="1pp"),
        "estimate": an_estimate(0.0254, 0.0092, 0.0416, level=0.9, baseline=0.6, candidate=0.6254),
    },
    "accuracy-blue-green": {
        "reason": because(Why.NOT_WORSE, margin="1pp"),
        "estimate": an_estimate(0.0231, 0.0018, 0.0444, level=0.9, baseline=0.6, candidate=0.6231),
    },
    "latency-p95": {
        "reason": because(Why.WITHIN_LIMIT, limit="500ms"),
        "estimate": an_estimate(0.352, 0.345, 0.36, level=0.9),
    },
    "error-rate": {
        "reason": because(Why.WITHIN_LIMIT, limit="0.1%"),
        "estimate": an_estimate(0.00052, 0, 0.0009, level=0.9),
    },
    "segments": {
        "reason": because(Why.NOT_WORSE, margin="2pp", segment="origin=JFK"),
        "estimate": an_estimate(0.011, -0.004, 0.026, level=0.9, baseline=0.6, candidate=0.611),
    },
    "edge-cases": {
        "reason": because(Why.HOLDS, value="240 cases", limit="all"),
        "estimate": an_estimate(1.0, 0.984, 1.0, n=240),
    },
    "memory": {
        "reason": because(Why.WITHIN_LIMIT, limit="+20% of the baseline"),
        "estimate": an_estimate(1.08, 1.05, 1.11, level=0.9, scale=Scale.RATIO, n=168),
    },
    "documents": {"reason": because(Why.HOLDS, value="1 documents", limit="all sections filled")},
}


def good(one: BoundCriterion) -> Leaf:
    """A criterion or a sign-off that holds."""
    if one.criterion.sign_off:
        return a_leaf(one, Outcome.PASSED, because(Why.APPROVED, role=one.criterion.id, by="ada"))
    return a_leaf(one, Outcome.PASSED, **GOOD[one.criterion.id])


def waiting(one: BoundCriterion) -> Leaf:
    """A criterion that waits for the canary, or for blue_green where it reads that too."""
    if not one.criterion.sign_off and not one.stages:
        return good(one)
    reason: Reason = NOT_STARTED if BLUE in one.stages else RUNNING
    if one.criterion.sign_off:
        reason = because(Why.AWAITING_APPROVAL, role=one.criterion.id, at_least=1)
    running = reason is RUNNING
    return a_leaf(one, Outcome.PENDING, reason, decidable_at=START + timedelta(days=11) if running else None)


def a_record(
    leaves: Sequence[Leaf],
    *,
    bounds: Sequence[BoundCriterion] = (*MEASURED, *APPROVALS),
    stages: tuple[StageFacts, ...] = (),
    approvals: Sequence[Approval] = (),
    about: Facts | None = None,
    **changes: Any,
) -> Record:
    """The record of a promotion from its judged criteria; the outcomes of the gates follow from them."""
    names = dict.fromkeys(one.gate for one in bounds)
    gates = tuple(BoundGate(name=name, criteria=tuple(one for one in bounds if one.gate == name)) for name in names)
    plan = a_plan(*gates, stages=stages or done(), facts=about or facts(), **changes)
    branches = tuple(
        Branch(
            name=name,
            leaves=tuple(leaf for leaf in leaves if leaf.gate == name),
            outcome=worst(leaf.outcome for leaf in leaves if leaf.gate == name and leaf.counted),
        )
        for name in names
    )
    signed = [branch.outcome for branch in branches if branch.name == "sign-off"]
    verdict = Verdict(
        gates=branches,
        evidence_outcome=worst(branch.outcome for branch in branches if branch.name != "sign-off"),
        sign_off_outcome=worst(signed) if signed else Outcome.PASSED,
        reasons=plan.reasons,
        valid_until=plan.valid_until,
    )
    reviews: dict[Need, Any] = {
        Need(shape=Shape.APPROVALS, metric=role, arms=()): Approvals(
            approvals=tuple(one for one in approvals if one.role == role)
        )
        for role in ROLES
    }
    return seal(plan, Evidence({**some_evidence(plan).answers, **reviews}), verdict, now=NOW + timedelta(days=3))


def with_(leaves: Sequence[Leaf], **changed: tuple[Outcome, dict[str, Any]]) -> list[Leaf]:
    """The leaves, with some judged otherwise: ``latency_p95=(Outcome.FAILED, {…})``."""
    bounds = {one.criterion.id: one for one in (*MEASURED, *APPROVALS)}
    new = {name.replace("_", "-"): given for name, given in changed.items()}
    return [a_leaf(bounds[leaf.id], new[leaf.id][0], **new[leaf.id][1]) if leaf.id in new else leaf for leaf in leaves]


def all_good() -> list[Leaf]:
    """Every criterion holds, and every role has approved."""
    return [good(one) for one in (*MEASURED, *APPROVALS)]


def reviews(*roles: str) -> list[Approval]:
    """An approval of each role, after all stages."""
    return [
        Approval(login=f"{role}-lead", role=role, submitted_at=START + timedelta(days=12, hours=3 + index))
        for index, role in enumerate(roles)
    ]


def approved() -> Record:
    """Ready to be merged."""
    return a_record(
        all_good(),
        approvals=reviews(*ROLES),
        valid_until=START + timedelta(days=15),
        reasons=(because(Why.ATTEMPT, number=2),),
    )


def first_look() -> Record:
    """The canary runs, nothing is decided."""
    early = because(Why.EARLY_APPROVAL, role="risk", by="risk-lead", stage=CANARY)
    leaves = with_([waiting(one) for one in (*MEASURED, *APPROVALS)], risk=(Outcome.PENDING, {"reason": early}))
    return a_record(leaves, stages=a_ladder(3, decided=False), approvals=reviews("risk"))


def awaiting_sign_off() -> Record:
    """The evidence has passed; one role has approved, one too early, one not yet."""
    early = because(Why.EARLY_APPROVAL, role="risk", by="risk-lead", stage=CANARY)
    missing = because(Why.AWAITING_APPROVAL, role="stakeholders", at_least=1)
    leaves = with_(
        all_good(), risk=(Outcome.PENDING, {"reason": early}), stakeholders=(Outcome.PENDING, {"reason": missing})
    )
    return a_record(leaves, approvals=reviews("business", "risk"), valid_until=START + timedelta(days=15))


def mixed() -> Record:
    """Latency and a segment fail, accuracy does not decide, a document is short, blue_green has not started."""
    harmed = an_estimate(-0.041, -0.06, -0.022, level=0.9, n=900, baseline=0.61, candidate=0.569)
    leaves = with_(
        [waiting(one) for one in (*MEASURED, *APPROVALS)],
        accuracy_improvement=(
            Outcome.INCONCLUSIVE,
            {
                "reason": because(Why.NOT_SIGNIFICANT, p_value=0.21, alpha=0.05, more_rows=31_000),
                "estimate": an_estimate(0.0121, -0.007, 0.0312, p_value=0.21, baseline=0.6, candidate=0.6121),
                "warnings": (because(Why.LOOKS_CLUSTERED, by="day", design_effect=6.3, p_value=0.00001),),
            },
        ),
        accuracy_sustained=(Outcome.PASSED, GOOD["accuracy-sustained"]),
        latency_p95=(
            Outcome.FAILED,
            {
                "reason": because(Why.LIMIT_BROKEN, limit="500ms"),
                "estimate": an_estimate(0.548, 0.531, 0.566, level=0.9, n=9_000),
            },
        ),
        segments=(
            Outcome.FAILED,
            {
                "reason": because(Why.SEGMENT_WORSE, segment="origin=EWR", segments=1, margin="2pp"),
                "estimate": harmed,
                "parts": (
                    Part(name="origin=EWR", outcome=Outcome.FAILED, estimate=harmed),
                    Part(name="origin=JFK", outcome=Outcome.PASSED, estimate=GOOD["segments"]["estimate"]),
                ),
            },
        ),
        documents=(
            Outcome.FAILED,
            {"reason": because(Why.SECTION_EMPTY, document="risk", section="Mitigation")},
        ),
    )
    return a_record(leaves, stages=a_ladder(), approvals=reviews("business"))
