"""Plans, verdicts and records with good defaults, for tests of the record and of the reports."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from builders.scopes import START, a_stage, a_table, good_rows, some_facts
from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Approval, Approvals, Evidence, Need, Shape
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Branch, Judgement, Leaf, Part, Verdict, Waived
from model_ratchet.criteria import AnyCriterion
from model_ratchet.criteria.base import Facts, StageFacts
from model_ratchet.engine.plan import BoundCriterion, BoundGate, Plan
from model_ratchet.engine.record import Record, seal

END = START + timedelta(days=7)
DECIDABLE = END + timedelta(days=1)
NOW = datetime(2025, 8, 12, 9, 30, tzinfo=UTC)
FOLDER = "promotions/flight-delay/v2.1.0_20250818_142000"
ACCURACY_IMPROVEMENT = {
    "id": "accuracy-improvement",
    "kind": "superiority",
    "metric": "accuracy",
    "by": "2pp",
    "stage": "canary",
}
LATENCY_P95 = {
    "id": "latency-p95",
    "kind": "quantile_limit",
    "metric": "latency",
    "quantile": 0.95,
    "at_most": "500ms",
    "stage": "canary",
}
ERROR_RATE = {"id": "error-rate", "kind": "rate_limit", "metric": "errors", "below": "0.1%"}
MEMORY = {"id": "memory", "kind": "ratio_limit", "metric": "memory", "within": "20%"}
SEGMENTS = {
    "id": "segments",
    "kind": "segments",
    "metric": "accuracy",
    "max_drop": "2pp",
    "min_assessable": "80%",
    "advisory": True,
}
RISK = {"id": "risk", "kind": "approval", "role": "risk", "after": "canary"}
_CRITERION: TypeAdapter[AnyCriterion] = TypeAdapter(AnyCriterion)


def a_criterion(text: Mapping[str, object]) -> AnyCriterion:
    """A criterion as a policy spells it."""
    return _CRITERION.validate_python(dict(text))


def bound(
    text: Mapping[str, object], gate: str, *stages: str, pooled: bool = False, not_applicable: Reason | None = None
) -> BoundCriterion:
    """A criterion in its place."""
    return BoundCriterion(
        criterion=a_criterion(text), gate=gate, stages=stages, pooled=pooled, not_applicable=not_applicable
    )


def a_plan(*gates: BoundGate, stages: tuple[StageFacts, ...] = (), facts: Facts | None = None, **changes: Any) -> Plan:
    """A promotion under ``standard`` with one canary stage."""
    plan = Plan(
        policy="standard/1.0.0",
        facts=facts or some_facts(),
        stages=stages or (a_stage(),),
        gates=gates,
        digests={"policy": "sha256:" + "ab" * 32, "request": "cd" * 20},
        paths={
            "policy": "policies/standard/1.0.0.yaml",
            "model": "policies/models/flight-delay.yaml",
            "request": f"{FOLDER}/promotion.yaml",
        },
        lines={
            one.criterion.id: 20 + index for index, one in enumerate(one for gate in gates for one in gate.criteria)
        },
        changed_at=(START, END, DECIDABLE),
    )
    return replace(plan, **changes)


def performance(*texts: Mapping[str, object]) -> BoundGate:
    """The gate with what is measured on the canary."""
    chosen = texts or (ACCURACY_IMPROVEMENT, LATENCY_P95, ERROR_RATE)
    return BoundGate(
        name="performance",
        criteria=tuple(bound(text, "performance", "canary", pooled="stage" not in text) for text in chosen),
    )


def sign_off() -> BoundGate:
    """The gate of approvals."""
    return BoundGate(name="sign-off", criteria=(bound(RISK, "sign-off", "canary", pooled=True),))


def an_estimate(value: float = 0.0254, low: float | None = 0.006, high: float | None = 0.0447, **more: Any) -> Estimate:
    """A gain of 2.54 points over 17,000 pairs."""
    given: dict[str, Any] = {
        "level": 0.95,
        "n": 17_000,
        "method": "exact McNemar test, Tango interval",
        "scale": Scale.ABSOLUTE,
    }
    return Estimate(value=value, low=low, high=high, **(given | more))


def a_leaf(one: BoundCriterion, outcome: Outcome, reason: Reason, **more: Any) -> Leaf:
    """The judgement of one bound criterion; ``estimate``, ``parts`` and ``warnings`` go into the judgement."""
    inner = {name: more.pop(name) for name in ("estimate", "parts", "warnings") if name in more}
    given: dict[str, Any] = {
        "counted": not one.criterion.advisory and one.not_applicable is None,
        "advisory": one.criterion.advisory,
        "decidable_at": DECIDABLE,
    }
    return Leaf(
        id=one.criterion.id,
        kind=one.criterion.kind,
        gate=one.gate,
        stage=one.stage,
        judgement=Judgement(outcome=outcome, reason=reason, **inner),
        **(given | more),
    )


def a_branch(gate: BoundGate, *leaves: Leaf) -> Branch:
    """The gate over its leaves."""
    return Branch(name=gate.name, leaves=leaves, outcome=worst(leaf.outcome for leaf in leaves if leaf.counted))


def some_evidence(plan: Plan) -> Evidence:
    """Rows, pairs and reviews, and a query text."""
    window = plan.stages[0].window
    risk = Approval(login="ada", role="risk", submitted_at=DECIDABLE + timedelta(hours=3))
    return Evidence(
        answers={
            Need(shape=Shape.ROWS, window=window, stage="canary"): good_rows(),
            Need(shape=Shape.PAIRED_COUNTS, window=window, stage="canary", metric="accuracy", paired=True): a_table(),
            Need(shape=Shape.APPROVALS, metric="risk", arms=()): Approvals(approvals=(risk,)),
        },
        queries={"requests": "SELECT count(*) FROM requests"},
    )


def a_passed_record() -> Record:
    """Everything holds, one criterion is waived, and one advisory one is worse."""
    measured, memory = performance(), bound(MEMORY, "resource", "canary", pooled=True)
    resource = BoundGate(name="resource", criteria=(memory, bound(SEGMENTS, "resource", "canary", pooled=True)))
    plan = a_plan(
        measured,
        resource,
        sign_off(),
        reasons=(because(Why.AUTHOR_SUPPLIED, what="the stage history"), because(Why.ATTEMPT, number=2)),
        valid_until=DECIDABLE + timedelta(hours=72),
    )
    accuracy, latency, errors = measured.criteria
    waived = Waived(
        waiver="memory-2025-08",
        reason="the new tokenizer needs it; a fix is in review",
        owner="risk",
        expires_at=DECIDABLE + timedelta(days=30),
        up_to="30%",
    )
    verdict = Verdict(
        gates=(
            a_branch(
                measured,
                a_leaf(
                    accuracy,
                    Outcome.PASSED,
                    because(Why.BETTER, by="2pp"),
                    estimate=an_estimate(p_value=0.0108, lower_bound=0.0091, baseline=0.6, candidate=0.6254),
                    warnings=(because(Why.EXCLUDED_ROWS, rows=12, because="excluded label"),),
                ),
                a_leaf(
                    latency,
                    Outcome.PASSED,
                    because(Why.WITHIN_LIMIT, limit="500ms"),
                    estimate=an_estimate(0.352, 0.345, 0.36, level=0.9, method="order statistics in 2 % buckets"),
                ),
                a_leaf(
                    errors,
                    Outcome.PASSED,
                    because(Why.WITHIN_LIMIT, limit="0.1%"),
                    estimate=an_estimate(0.00052, None, 0.0009, level=0.9, method="Clopper–Pearson interval"),
                ),
            ),
            a_branch(
                resource,
                a_leaf(
                    memory,
                    Outcome.FAILED,
                    because(Why.LIMIT_BROKEN, limit="1.20"),
                    estimate=an_estimate(1.27, 1.24, 1.3, level=0.9, n=168, scale=Scale.RATIO, method="hours"),
                    waived=waived,
                ),
                a_leaf(
                    resource.criteria[1],
                    Outcome.FAILED,
                    because(Why.SEGMENT_WORSE, segment="origin=EWR", segments=1, margin="2pp"),
                    estimate=an_estimate(-0.041, -0.06, -0.022, n=900),
                    parts=(
                        Part(name="origin=EWR", outcome=Outcome.FAILED, estimate=an_estimate(-0.041, -0.06, -0.022)),
                        Part(name="origin=JFK", outcome=Outcome.PASSED, estimate=an_estimate(0.031, 0.01, 0.05)),
                    ),
                ),
            ),
            a_branch(
                plan.gates[2],
                a_leaf(plan.gates[2].criteria[0], Outcome.PASSED, because(Why.APPROVED, role="risk", by="ada")),
            ),
        ),
        evidence_outcome=Outcome.PASSED,
        sign_off_outcome=Outcome.PASSED,
        reasons=plan.reasons,
        valid_until=plan.valid_until,
    )
    return seal(plan, some_evidence(plan), verdict, now=NOW)


def a_failed_record() -> Record:
    """Latency breaks its limit, accuracy does not decide, sign-off waits."""
    measured = performance()
    plan = a_plan(measured, sign_off())
    accuracy, latency, errors = measured.criteria
    verdict = Verdict(
        gates=(
            a_branch(
                measured,
                a_leaf(
                    accuracy,
                    Outcome.INCONCLUSIVE,
                    because(Why.NOT_SIGNIFICANT, p_value=0.21, alpha=0.05, more_rows=31_000),
                    estimate=an_estimate(0.0121, -0.007, 0.031, p_value=0.21, lower_bound=-0.004),
                    warnings=(because(Why.LOOKS_CLUSTERED, by="day", design_effect=6.3, p_value=0.00001),),
                ),
                a_leaf(
                    latency,
                    Outcome.FAILED,
                    because(Why.LIMIT_BROKEN, limit="500ms"),
                    estimate=an_estimate(0.5004, 0.5001, 0.512, level=0.9, n=900),
                ),
                a_leaf(
                    errors,
                    Outcome.PASSED,
                    because(Why.WITHIN_LIMIT, limit="0.1%"),
                    estimate=an_estimate(0, None, 0.0003),
                ),
            ),
            a_branch(
                plan.gates[1],
                a_leaf(
                    plan.gates[1].criteria[0],
                    Outcome.PENDING,
                    because(Why.AWAITING_APPROVAL, role="risk", at_least=1),
                    decidable_at=None,
                ),
            ),
        ),
        evidence_outcome=Outcome.FAILED,
        sign_off_outcome=Outcome.PENDING,
    )
    return seal(plan, some_evidence(plan), verdict, now=NOW)


def a_pending_record() -> Record:
    """The canary is still running, and this is the first version of its model."""
    measured = performance(LATENCY_P95, ERROR_RATE)
    first = bound(ACCURACY_IMPROVEMENT, "performance", "canary", not_applicable=because(Why.FIRST_VERSION))
    gate = BoundGate(name="performance", criteria=(first, *measured.criteria))
    stage = replace(a_stage(), decidable=False)
    reasons = (because(Why.FIRST_VERSION),)
    plan = a_plan(gate, sign_off(), stages=(stage,), facts=some_facts(baseline=None), reasons=reasons)
    running = because(Why.STAGE_RUNNING, stage="canary", until=DECIDABLE.isoformat())
    verdict = Verdict(
        gates=(
            a_branch(
                gate,
                a_leaf(first, Outcome.PASSED, because(Why.FIRST_VERSION)),
                *(a_leaf(one, Outcome.PENDING, running) for one in measured.criteria),
            ),
            a_branch(
                plan.gates[1],
                a_leaf(
                    plan.gates[1].criteria[0],
                    Outcome.PENDING,
                    because(Why.EARLY_APPROVAL, role="risk", by="ada", stage="canary"),
                ),
            ),
        ),
        evidence_outcome=Outcome.PENDING,
        sign_off_outcome=Outcome.PENDING,
        reasons=reasons,
    )
    return seal(plan, some_evidence(plan), verdict, now=START + timedelta(days=3))


def an_errored_record() -> Record:
    """A column is missing, and its name does all that untrusted text can."""
    measured = performance(ACCURACY_IMPROVEMENT, LATENCY_P95)
    plan = a_plan(measured)
    absent = because(
        Why.COLUMN_ABSENT,
        source="requests",
        column="<b>@acme/all</b> | `x` [y](https://evil.example)\n::error::z\u202e\x1b[2J",
    )
    verdict = Verdict(
        gates=(a_branch(measured, *(a_leaf(one, Outcome.ERRORED, absent) for one in measured.criteria)),),
        evidence_outcome=Outcome.ERRORED,
        sign_off_outcome=Outcome.PASSED,
    )
    return seal(plan, Evidence(), verdict, now=NOW)


def an_inconclusive_record() -> Record:
    """The last window has closed, and accuracy does not decide."""
    measured = performance(ACCURACY_IMPROVEMENT)
    plan = a_plan(measured)
    reason = because(Why.NOT_SIGNIFICANT, p_value=0.21, alpha=0.05, more_rows=31_000)
    leaf = a_leaf(measured.criteria[0], Outcome.INCONCLUSIVE, reason, estimate=an_estimate(0.0121, -0.007, 0.031))
    verdict = Verdict(
        gates=(a_branch(measured, leaf),), evidence_outcome=Outcome.INCONCLUSIVE, sign_off_outcome=Outcome.PASSED
    )
    return seal(plan, some_evidence(plan), verdict, now=NOW)


def a_huge_record(*, segments: int, criteria: int) -> Record:
    """So many criteria fail, each on so many segments with long names."""
    texts = [{**SEGMENTS, "id": f"segments-{index}", "advisory": False, "stage": "canary"} for index in range(criteria)]
    measured = performance(*texts)
    plan = a_plan(measured)
    names = [f"carrier=C{index}, origin=a-rather-long-name-of-a-place-{index}" for index in range(segments)]
    parts = tuple(
        Part(name=name, outcome=Outcome.FAILED, estimate=an_estimate(-0.041, -0.06, -0.022)) for name in names
    )
    worse = because(Why.SEGMENT_WORSE, segment=names[0], segments=segments, margin="2pp")
    leaves = (a_leaf(one, Outcome.FAILED, worse, parts=parts) for one in measured.criteria)
    verdict = Verdict(
        gates=(a_branch(measured, *leaves),), evidence_outcome=Outcome.FAILED, sign_off_outcome=Outcome.PASSED
    )
    return seal(plan, some_evidence(plan), verdict, now=NOW)
