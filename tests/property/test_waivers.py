"""Laws of waivers: they touch one criterion, hide nothing, and never stand in for evidence that is still to come."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders.records import a_plan, bound
from builders.scopes import a_stage
from builders.waiving import EXPIRES, GRANTED, a_waiver
from model_ratchet.core.evidence import Arm, Evidence, Measurement, Missing, Need, QuantileCounts, Shape, Suite
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import Dimension, Quantity
from model_ratchet.core.verdict import Leaf, Verdict
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundGate, BoundWaiver, Plan
from model_ratchet.engine.record import as_sealed
from model_ratchet.engine.waivers import bind_waivers

FEW = settings(max_examples=80)
WAIVABLE = (Outcome.INCONCLUSIVE, Outcome.ERRORED, Outcome.FAILED)
GONE = because(Why.WAIVER_EXPIRED, waiver="w", criterion="x", since=EXPIRES.isoformat())
ABSENT = because(Why.SOURCE_ABSENT, source="ci", file="cases.csv")


def a_bound_waiver(
    criterion: str,
    *outcomes: Outcome,
    up_to: Quantity | None = None,
    not_in_force: Reason | None = None,
    name: str = "w",
) -> BoundWaiver:
    return BoundWaiver(
        waiver=name,
        criterion=criterion,
        stage=None,
        outcomes=outcomes or WAIVABLE,
        up_to=up_to,
        reason="why",
        owner="risk",
        expires_at=EXPIRES,
        not_in_force=not_in_force,
    )


def percent(value: int) -> Quantity:
    return Quantity.parse(f"{value}%", Dimension.SHARE)


def leaves(verdict: Verdict) -> dict[str, Leaf]:
    return {leaf.id: leaf for gate in verdict.gates for leaf in gate.leaves}


# trees of suites, of which one has a waiver


suites = st.one_of(
    st.just(Missing(reason=ABSENT)),
    st.builds(Suite, passed=st.integers(0, 20), failed=st.integers(0, 4), skipped=st.integers(0, 1)),
)
trees = st.lists(st.lists(suites, min_size=1, max_size=3), min_size=1, max_size=3)
waivers = st.builds(
    lambda outcomes, up_to, gone: a_bound_waiver("suite-0-0", *outcomes, up_to=percent(up_to), not_in_force=gone),
    st.sets(st.sampled_from(WAIVABLE), min_size=1),
    st.integers(0, 100),
    st.sampled_from((None, None, GONE)),
)


def _bound_tree(tree: list[list[Suite | Missing]]) -> tuple[Plan, Evidence]:
    gates = []
    answers: dict[Need, Measurement | Missing] = {}
    for at, gate in enumerate(tree):
        names = [f"suite-{at}-{position}" for position in range(len(gate))]
        criteria = tuple(
            bound({"id": name, "kind": "suite", "suite": name}, f"gate-{at}", pooled=True) for name in names
        )
        gates.append(BoundGate(name=f"gate-{at}", criteria=criteria))
        for name, answer in zip(names, gate, strict=True):
            answers[Need(shape=Shape.SUITE, metric=name, arms=(Arm.CANDIDATE,))] = answer
    return a_plan(*gates), Evidence(answers)


@given(tree=trees, waiver=waivers)
@FEW
def test_a_waiver_touches_one_leaf_and_keeps_its_judgement(
    tree: list[list[Suite | Missing]], waiver: BoundWaiver
) -> None:
    plan, evidence = _bound_tree(tree)
    without, held = leaves(judge(plan, evidence)), leaves(judge(replace(plan, waivers=(waiver,)), evidence))
    mine = held.pop("suite-0-0")
    before = without.pop("suite-0-0")
    assert held == without
    assert replace(mine.judgement, warnings=()) == before.judgement
    assert (mine.waived is None) is bool(mine.judgement.warnings)


@given(tree=trees, waiver=waivers)
@example(tree=[[Suite(passed=19, failed=1, skipped=0)]], waiver=a_bound_waiver("suite-0-0", up_to=percent(95)))
@FEW
def test_removing_a_waiver_never_improves_a_verdict(tree: list[list[Suite | Missing]], waiver: BoundWaiver) -> None:
    plan, evidence = _bound_tree(tree)
    without, held = judge(plan, evidence), judge(replace(plan, waivers=(waiver,)), evidence)
    assert without.outcome.rank >= held.outcome.rank
    assert held.waived is (leaves(held)["suite-0-0"].waived is not None)
    if not held.waived:
        assert held.outcome is without.outcome
    if held.waived:
        assert held.valid_until == EXPIRES


@given(tree=trees, waiver=waivers)
@FEW
def test_a_waiver_covers_only_what_it_names(tree: list[list[Suite | Missing]], waiver: BoundWaiver) -> None:
    plan, evidence = _bound_tree(tree)
    leaf = leaves(judge(replace(plan, waivers=(waiver,)), evidence))["suite-0-0"]
    if leaf.waived is None:
        return
    assert waiver.not_in_force is None
    assert leaf.judgement.outcome in waiver.outcomes
    if leaf.judgement.outcome is not Outcome.ERRORED:
        assert leaf.judgement.estimate is not None
        assert waiver.up_to is not None
        assert leaf.judgement.estimate.value >= waiver.up_to.value


@given(tree=trees, waiver=waivers, further=st.integers(0, 100))
@FEW
def test_a_waiver_that_goes_further_covers_what_a_narrower_one_does(
    tree: list[list[Suite | Missing]], waiver: BoundWaiver, further: int
) -> None:
    plan, evidence = _bound_tree(tree)
    assert waiver.up_to is not None
    wider = replace(waiver, up_to=percent(min(further, round(waiver.up_to.value * 100))))
    if judge(replace(plan, waivers=(waiver,)), evidence).waived:
        assert judge(replace(plan, waivers=(wider,)), evidence).waived


@given(tree=trees, waiver=waivers, other=waivers)
@FEW
def test_the_record_of_a_waived_verdict_is_judged_to_the_same(
    tree: list[list[Suite | Missing]], waiver: BoundWaiver, other: BoundWaiver
) -> None:
    plan, evidence = _bound_tree(tree)
    plan = replace(plan, waivers=(waiver, replace(other, waiver="w-2")))
    once = as_sealed(plan, evidence)
    assert as_sealed(*once) == once
    assert judge(*once).outcome is judge(plan, evidence).outcome


# what is never waived


NEVER: Mapping[str, tuple[Mapping[str, Any], Shape]] = {
    "identity": ({"kind": "identity"}, Shape.ROWS),
    "sample_ratio": ({"kind": "sample_ratio"}, Shape.ROWS),
    "approval": ({"kind": "approval", "role": "risk", "after": "canary"}, Shape.APPROVALS),
}


@pytest.mark.parametrize("kind", NEVER)
@given(lasting=st.booleans(), up_to=st.none() | st.integers(0, 100).map(percent))
@FEW
def test_what_makes_evidence_evidence_and_what_people_decide_is_never_waived(
    kind: str, lasting: bool, up_to: Quantity | None
) -> None:
    text, shape = NEVER[kind]
    criterion = bound({"id": "x", **text}, "gate", "canary", pooled=kind == "approval")
    plan, evidence = _bound_tree([[Suite(passed=9, failed=0, skipped=0)]])
    plan = replace(plan, gates=(*plan.gates, BoundGate(name="gate", criteria=(criterion,))))
    missing = Missing(reason=ABSENT, lasting=lasting)
    evidence = Evidence({**evidence.answers, **{need: missing for need in plan.needs() if need.shape is shape}})
    verdict = judge(replace(plan, waivers=(a_bound_waiver("x", up_to=up_to),)), evidence)
    assert verdict == judge(plan, evidence)
    assert verdict.outcome is Outcome.ERRORED


@given(waiver=waivers, answer=suites)
@FEW
def test_an_advisory_criterion_has_nothing_to_waive(waiver: BoundWaiver, answer: Suite | Missing) -> None:
    shown = {"id": "suite-0-0", "kind": "suite", "suite": "suite-0-0", "advisory": True}
    criteria = (
        bound(shown, "gate", pooled=True),
        bound({**shown, "id": "other", "advisory": False}, "gate", pooled=True),
    )
    plan = a_plan(BoundGate(name="gate", criteria=criteria))
    evidence = Evidence(dict.fromkeys(plan.needs(), answer))
    assert judge(replace(plan, waivers=(waiver,)), evidence) == judge(plan, evidence)


# what is still to come


SLOW = {"id": "x", "kind": "maximum", "metric": "latency", "at_most": "500ms", "stage": "canary"}


def _open(slowest: float, up_to: str | None, *, decidable: bool) -> Leaf:
    plan = a_plan(
        BoundGate(name="gate", criteria=(bound(SLOW, "gate", "canary"),)),
        stages=(a_stage(decidable=decidable),),
    )
    if up_to is not None:
        at = Quantity.parse(up_to, Dimension.TIME)
        plan = replace(plan, waivers=(a_bound_waiver("x", up_to=at),))
    counts = QuantileCounts(at_or_below=999, n=1_000, maximum=slowest)
    return leaves(judge(plan, Evidence(dict.fromkeys(plan.needs(), counts))))["x"]


@given(slowest=st.integers(501, 900), up_to=st.integers(400, 900))
@example(slowest=600, up_to=600)
@FEW
def test_harm_that_a_waiver_covers_waits_for_the_end_of_the_window(slowest: int, up_to: int) -> None:
    early = _open(slowest / 1000, f"{up_to}ms", decidable=False)
    ended = _open(slowest / 1000, f"{up_to}ms", decidable=True)
    assert _open(slowest / 1000, None, decidable=False).outcome is Outcome.FAILED
    assert early.waived is None
    if slowest <= up_to:
        assert (early.outcome, ended.outcome) == (Outcome.PENDING, Outcome.PASSED)
        assert [one.why for one in early.judgement.warnings] == [Why.WAIVER_WAITS, Why.LIMIT_BROKEN]
    else:
        assert (early.outcome, ended.outcome) == (Outcome.FAILED, Outcome.FAILED)


@pytest.mark.parametrize(("decidable", "outcome"), [(False, Outcome.PENDING), (True, Outcome.PASSED)], ids=str)
def test_what_waiting_can_not_cure_waits_too_where_it_is_covered(decidable: bool, outcome: Outcome) -> None:
    plan = a_plan(
        BoundGate(name="gate", criteria=(bound(SLOW, "gate", "canary"),)),
        stages=(a_stage(decidable=decidable),),
        waivers=(a_bound_waiver("x", Outcome.ERRORED),),
    )
    missing = Missing(reason=ABSENT, lasting=True)
    verdict = judge(plan, Evidence(dict.fromkeys(plan.needs(), missing)))
    assert (verdict.outcome, verdict.waived) == (outcome, decidable)


# when it is in force


@given(offset=st.integers(-3, 3), edge=st.sampled_from((GRANTED, EXPIRES)), days=st.integers(-20, 20))
@example(offset=0, edge=EXPIRES, days=0)
@example(offset=0, edge=GRANTED, days=0)
@FEW
def test_it_is_in_force_from_its_grant_to_the_instant_before_its_expiry(offset: int, edge: Any, days: int) -> None:
    now = edge + timedelta(days=days, microseconds=offset)
    (held,) = bind_waivers([a_waiver()], [], now=now)
    assert (held.not_in_force is None) is (GRANTED <= now < EXPIRES)
    (brought,) = bind_waivers([], [a_waiver()], now=now)
    assert brought.not_in_force is not None
    assert brought.not_in_force.why is Why.WAIVER_OF_CHANGE
