"""Which judgement a waiver covers: by its outcome, and by every value that was measured."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from builders.comments import facts
from builders.records import a_criterion, a_plan, an_estimate
from builders.scopes import a_stage, some_facts
from builders.small import NOW
from builders.waiving import a_waiver
from model_ratchet.core.evidence import Arm, Evidence, Need, Shape, Suite
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import Dimension, Quantity, Scale
from model_ratchet.core.verdict import Judgement, Part
from model_ratchet.criteria.base import Scope
from model_ratchet.engine.plan import BoundWaiver
from model_ratchet.engine.waivers import cover, holds_for

EXPIRES = datetime(2025, 9, 8, tzinfo=UTC)
ACCURACY = {"id": "x", "metric": "accuracy"}
LATENCY = {"id": "x", "metric": "latency"}
ERRORS = {"id": "x", "metric": "errors"}
MEMORY = {"id": "x", "metric": "memory", "kind": "ratio_limit"}
BROKEN = because(Why.LIMIT_BROKEN, limit="a limit")


def waiver(up_to: str | None, *outcomes: Outcome, name: str = "x-1", **changes: Any) -> BoundWaiver:
    """A waiver of failed and inconclusive."""
    at = Quantity.parse(up_to, *Dimension) if up_to is not None else None
    given: dict[str, Any] = {"stage": None, "reason": "why", "owner": "risk", "expires_at": EXPIRES, **changes}
    return BoundWaiver(
        waiver=name,
        criterion="x",
        up_to=at,
        outcomes=outcomes or (Outcome.FAILED, Outcome.INCONCLUSIVE),
        **given,
    )


def judgement(value: float | None, outcome: Outcome = Outcome.FAILED, **more: Any) -> Judgement:
    estimate = an_estimate(value, None, None, scale=Scale.ABSOLUTE) if value is not None else None
    return Judgement(outcome=outcome, estimate=estimate, **{"reason": BROKEN, **more})


def covered(
    text: Mapping[str, object], found: Judgement, *waivers: BoundWaiver, evidence: Evidence | None = None
) -> str | list[Why]:
    """The waiver that covers a judgement, or why none does."""
    scope = Scope(facts=facts(), stages=(a_stage(),))
    waived, told = cover(waivers, a_criterion(text), scope, evidence or Evidence(), found)
    return waived.waiver if waived is not None else [reason.why for reason in told]


# by its value


@pytest.mark.parametrize(
    ("text", "up_to", "just", "beyond"),
    [
        (ACCURACY | {"kind": "superiority", "by": "2pp"}, "1.5pp", 0.015, 0.0149),
        (ERRORS | {"kind": "superiority", "by": "2pp"}, "1.5pp", -0.015, -0.0149),
        (ACCURACY | {"kind": "superiority", "by": "2%"}, "0%", 0.0, -0.0001),
        (ACCURACY | {"kind": "non_inferiority", "margin": "1pp"}, "1.5pp", -0.015, -0.0151),
        (ERRORS | {"kind": "non_inferiority", "margin": "1pp"}, "1.5pp", 0.015, 0.0151),
        (ACCURACY | {"kind": "sustained", "days": 7, "max_daily_drop": "1pp"}, "2pp", -0.02, -0.0201),
        (
            ACCURACY | {"kind": "stability", "window": "48h", "step": "24h", "max_drop": "1pp"},
            "2pp",
            -0.02,
            -0.0201,
        ),
        (ACCURACY | {"kind": "segments", "max_drop": "2pp", "min_assessable": "80%"}, "3pp", -0.03, -0.0301),
        (ACCURACY | {"kind": "drift", "max_drop": "3pp"}, "4pp", -0.04, -0.0401),
        (LATENCY | {"kind": "quantile_superiority", "quantile": 0.95, "by": "10%"}, "5%", 0.95, 0.951),
        (LATENCY | {"kind": "quantile_limit", "quantile": 0.95, "at_most": "500ms"}, "0.6s", 0.6, 0.601),
        (LATENCY | {"kind": "maximum", "at_most": "2000ms"}, "2500ms", 2.5, 2.51),
        (ERRORS | {"kind": "rate_limit", "below": "0.1%"}, "0.2%", 0.002, 0.00201),
        ({"id": "x", "kind": "distribution", "max_distance": "10%"}, "12%", 0.12, 0.121),
        (MEMORY | {"within": "20%"}, "30%", 1.3, 1.301),
        (MEMORY | {"of_allocation": "80%"}, "90%", 0.9, 0.901),
        ({"id": "x", "kind": "suite", "suite": "edge_cases"}, "95%", 0.95, 0.949),
    ],
    ids=[
        "better", "lower-better", "relative", "not-worse", "lower-not-worse", "sustained", "stability", "segments", "drift",
        "faster", "quantile", "maximum", "rate", "distance", "ratio", "allocation", "suite",
    ],
)  # fmt: skip
def test_a_value_at_the_worst_is_covered_and_one_beyond_is_not(
    text: Mapping[str, object], up_to: str, just: float, beyond: float
) -> None:
    assert covered(text, judgement(just), waiver(up_to)) == "x-1"
    assert covered(text, judgement(beyond), waiver(up_to)) == [Why.WAIVER_EXCEEDED]


LOAD = {"id": "x", "kind": "load", "busiest": "10%", "min_share": "80%", "latency": "latency", "at_most": "500ms"}


def test_of_the_load_the_share_is_covered_and_the_latency_is_not() -> None:
    share: Reason = because(Why.SHARE_NOT_CARRIED, carried=0.7, least=0.8)
    assert covered(LOAD, judgement(0.7, reason=share), waiver("70%")) == "x-1"
    assert covered(LOAD, judgement(0.69, reason=share), waiver("70%")) == [Why.WAIVER_EXCEEDED]
    assert covered(LOAD, judgement(0.9), waiver("70%")) == [Why.WAIVER_UNMEASURED]


def test_of_a_suite_with_skipped_cases_nobody_knows_the_share() -> None:
    suite = {"id": "x", "kind": "suite", "suite": "edge_cases"}
    need = Need(shape=Shape.SUITE, metric="edge_cases", arms=(Arm.CANDIDATE,))
    for skipped, said in ((0, "x-1"), (1, [Why.WAIVER_UNMEASURED])):
        evidence = Evidence({need: Suite(passed=99, failed=1, skipped=skipped)})
        assert covered(suite, judgement(0.99), waiver("95%"), evidence=evidence) == said


SEGMENTS = ACCURACY | {"kind": "segments", "max_drop": "2pp", "min_assessable": "80%"}


def parts(*values: tuple[Outcome, float | None]) -> tuple[Part, ...]:
    return tuple(
        Part(name=f"part-{at}", outcome=outcome, estimate=an_estimate(value) if value is not None else None)
        for at, (outcome, value) in enumerate(values)
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (((Outcome.FAILED, -0.03), (Outcome.PASSED, -0.5)), "x-1"),
        (((Outcome.FAILED, -0.03), (Outcome.FAILED, -0.0301)), [Why.WAIVER_EXCEEDED]),
        (((Outcome.FAILED, -0.03), (Outcome.INCONCLUSIVE, None)), [Why.WAIVER_UNMEASURED]),
    ],
    ids=["passed", "beyond", "unmeasured"],
)
def test_each_part_that_has_not_passed_counts(
    found: tuple[tuple[Outcome, float | None], ...], said: str | list[Why]
) -> None:
    assert covered(SEGMENTS, judgement(-0.03, parts=parts(*found)), waiver("3pp")) == said


def test_what_has_no_value_is_not_covered_by_one() -> None:
    rate = ERRORS | {"kind": "rate_limit", "below": "0.1%"}
    assert covered(rate, judgement(None), waiver("0.2%")) == [Why.WAIVER_UNMEASURED]
    assert covered(rate, judgement(0.001), waiver(None)) == [Why.WAIVER_UNMEASURED]


# by its outcome


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.ERRORED], ids=str)
def test_an_outcome_is_covered_where_it_is_named(outcome: Outcome) -> None:
    rate = ERRORS | {"kind": "rate_limit", "below": "0.1%"}
    for named in (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.ERRORED):
        said = covered(rate, judgement(0.001, outcome), waiver("0.2%", named))
        assert said == ("x-1" if named is outcome else [Why.WAIVER_OUTCOME])


def test_what_could_not_be_looked_at_has_no_value_and_is_covered_where_that_is_named() -> None:
    rate = ERRORS | {"kind": "rate_limit", "below": "0.1%"}
    assert covered(rate, judgement(None, Outcome.ERRORED), waiver("0.2%", Outcome.ERRORED)) == "x-1"
    gaps = {"id": "x", "kind": "coverage", "max_gap": "1h"}
    assert covered(gaps, judgement(None, Outcome.ERRORED), waiver(None, Outcome.ERRORED)) == "x-1"


def test_a_kind_without_a_value_is_covered_by_its_outcome() -> None:
    drill = {"id": "x", "kind": "rollback_drill", "within": "30d"}
    assert covered(drill, judgement(None), waiver(None)) == "x-1"


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.PENDING], ids=str)
def test_what_passes_or_waits_needs_none(outcome: Outcome) -> None:
    reason = because(Why.WITHIN_LIMIT, limit="0.1%")
    rate = ERRORS | {"kind": "rate_limit", "below": "0.1%"}
    assert covered(rate, judgement(0.001, outcome, reason=reason), waiver("0.2%")) == [Why.WAIVER_UNUSED]


# several


def test_the_first_that_covers_counts_and_the_others_are_told() -> None:
    scope = Scope(facts=facts(), stages=(a_stage(),))
    gone = because(Why.WAIVER_EXPIRED, waiver="gone", criterion="x", since=EXPIRES.isoformat())
    several = (
        waiver("0.2%", name="gone", not_in_force=gone),
        waiver("0.1%", name="small"),
        waiver("0.3%", name="first"),
        waiver("0.4%", name="second"),
    )
    rate = a_criterion(ERRORS | {"kind": "rate_limit", "below": "0.1%"})
    waived, told = cover(several, rate, scope, Evidence(), judgement(0.002))
    assert waived is not None
    assert (waived.waiver, waived.up_to, waived.expires_at) == ("first", "0.3%", EXPIRES)
    assert [(one.why, one.parameters["waiver"]) for one in told] == [
        (Why.WAIVER_EXPIRED, "gone"),
        (Why.WAIVER_EXCEEDED, "small"),
        (Why.WAIVER_UNUSED, "second"),
    ]


# whose it is


@pytest.mark.parametrize(
    "changes",
    [{}, {"model": "other"}, {"artifact": "sha256:" + "f" * 64}, {"policy": "small/2.0.0"}, {"expires_at": NOW}],
    ids=["its own", "another model", "another artifact", "another policy", "expired"],
)
def test_a_waiver_holds_for_the_artifact_model_and_policy_that_it_names_while_it_is_in_force(
    changes: dict[str, object],
) -> None:
    own = a_waiver()
    judged = some_facts(model="demo", candidate_digest=own.artifact)
    plan = a_plan(facts=judged, policy="small/1.0.0")
    assert holds_for(a_waiver(**changes), plan, NOW) is (not changes)
