"""distribution: how far the inputs of the arms, and of the stages, are apart."""

from math import sqrt

import numpy as np
import pytest
from scipy.stats import norm

from builders.scopes import (
    UNREADABLE,
    Answer,
    a_scope,
    a_stage,
    good_rows,
    judged,
    some_facts,
)
from model_ratchet.core.evidence import Arm, ArmRows, Categories, Evidence, Missing, Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.distribution import Distribution

ONE = ("origin",)


def a_criterion(most: str = "10%") -> Distribution:
    return Distribution.model_validate({"id": "input-mix", "kind": "distribution", "max_distance": most})


def mix(**counts: int) -> Categories:
    return Categories(counts=tuple(sorted(counts.items())))


def of(baseline: Categories, candidate: Categories, scope: Scope | None = None, most: str = "10%") -> Judgement:
    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.CATEGORIES:
            return None
        return baseline if need.arms == (Arm.BASELINE,) else candidate

    return judged(a_criterion(most), scope or a_scope(segments=ONE), answer)


def test_arms_of_one_mix_pass() -> None:
    judgement = of(mix(EWR=9_500, JFK=9_500), mix(EWR=500, JFK=500))
    assert (judgement.outcome, judgement.reason) == (Outcome.PASSED, because(Why.WITHIN_LIMIT, limit="10%"))
    assert [part.name for part in judgement.parts] == ["origin, arms in canary"]


def test_arms_of_different_mixes_fail() -> None:
    judgement = of(mix(EWR=9_500, JFK=9_500), mix(EWR=800, JFK=200))
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.LIMIT_BROKEN, limit="10%"))


def test_an_interval_across_the_limit_is_inconclusive() -> None:
    judgement = of(mix(EWR=9_500, JFK=9_500), mix(EWR=300, JFK=200))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.INTERVAL_ACROSS, limit="10%", more_rows=0),
    )


def test_the_distance_is_the_share_of_rows_that_would_have_to_move() -> None:
    estimate = of(mix(a=600, b=300, c=100), mix(a=500, b=200, d=300)).estimate
    assert estimate is not None
    # 10 points of a, 10 of b and 10 of c have become 30 of d
    assert estimate.value == 0.3
    assert estimate.n == 1_000


def test_the_interval_of_two_values_is_that_of_the_difference_of_two_shares() -> None:
    estimate = of(mix(a=6_000, b=4_000), mix(a=1_400, b=600)).estimate
    assert estimate is not None
    half = norm.ppf(0.95) * sqrt(0.6 * 0.4 / 10_000 + 0.7 * 0.3 / 2_000)
    assert estimate.value == 0.1
    assert (estimate.low, estimate.high) == pytest.approx((0.1 - half, 0.1 + half), abs=0.05 * half)


def test_two_samples_of_one_mix_seldom_fail_and_never_pass_on_few_rows() -> None:
    generator = np.random.default_rng(20130704)
    shares = np.full(8, 1 / 8)
    outcomes = []
    for _ in range(40):
        one, other = (
            Categories(counts=tuple((f"v{k}", int(n)) for k, n in enumerate(generator.multinomial(250, shares))))
            for _ in range(2)
        )
        outcomes.append(of(one, other, most="5%").outcome)
    assert Outcome.PASSED not in outcomes
    assert outcomes.count(Outcome.FAILED) <= 4


def test_the_distance_at_the_limit_is_within_it() -> None:
    # one value only: nothing varies, and the distance is exactly 0
    judgement = of(mix(EWR=500), mix(EWR=500), most="0%")
    assert judgement.outcome is Outcome.PASSED


def test_the_baselines_rows_of_neighbouring_stages_are_compared_too() -> None:
    scope = a_scope(a_stage("shadow", traffic=None), a_stage("canary"), segments=ONE)

    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.CATEGORIES:
            return None
        return mix(EWR=500, JFK=500) if need.stage == "shadow" else mix(EWR=900, JFK=100)

    judgement = judged(a_criterion(), scope, answer)
    assert judgement.outcome is Outcome.FAILED
    assert {part.name: part.outcome for part in judgement.parts} == {
        "origin, arms in canary": Outcome.PASSED,
        "origin, shadow to canary": Outcome.FAILED,
    }
    assert judgement.estimate is not None
    assert judgement.estimate.value == 0.4


def test_one_comparison_without_enough_rows_hides_no_other() -> None:
    scope = a_scope(a_stage("shadow", traffic=None), a_stage("canary"), segments=ONE)

    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.CATEGORIES:
            return None
        if need.arms == (Arm.CANDIDATE,):
            return mix(EWR=199)
        return mix(EWR=500, JFK=500) if need.stage == "shadow" else mix(EWR=900, JFK=100)

    judgement = judged(a_criterion(), scope, answer)
    assert judgement.outcome is Outcome.FAILED
    assert [(part.name, part.outcome) for part in judgement.parts] == [
        ("origin, arms in canary", Outcome.INCONCLUSIVE),
        ("origin, shadow to canary", Outcome.FAILED),
    ]


def test_a_share_of_the_level_has_the_wider_interval() -> None:
    shared = of(mix(EWR=9_500, JFK=9_500), mix(EWR=520, JFK=480), a_scope(segments=ONE, alpha_divisor=4))
    alone = Distribution.model_validate(
        {"id": "input-mix", "kind": "distribution", "max_distance": "10%", "alpha": 0.05 / 4}
    )
    evidence = {Arm.BASELINE: mix(EWR=9_500, JFK=9_500), Arm.CANDIDATE: mix(EWR=520, JFK=480)}
    expected = judged(
        alone,
        a_scope(segments=ONE),
        lambda need: evidence[need.arms[0]] if need.shape is Shape.CATEGORIES else None,
    )
    assert shared.estimate == expected.estimate
    assert shared.estimate != of(mix(EWR=9_500, JFK=9_500), mix(EWR=520, JFK=480)).estimate


def test_units_that_nothing_assigns_are_held_against_no_share() -> None:
    rows = good_rows(candidate=ArmRows(rows=20_000, served=1_400, units=1_400))
    evidence: dict[Shape, Answer] = {Shape.CATEGORIES: mix(EWR=500), Shape.ROWS: rows}
    assert judged(a_criterion(), a_scope(segments=ONE, assignment=False), evidence).outcome is Outcome.PASSED


def test_fewer_rows_than_the_minimum_are_inconclusive() -> None:
    judgement = of(mix(EWR=9_500), mix(EWR=199))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_ROWS, rows=199, least=200),
    )


def test_an_arm_without_a_row_is_errored() -> None:
    judgement = of(mix(EWR=9_500), Categories(counts=()))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


@pytest.mark.parametrize("shape", [Shape.CATEGORIES, Shape.ROWS])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    evidence: dict[Shape, Answer] = {Shape.CATEGORIES: mix(EWR=500), shape: Missing(reason=reason)}
    judgement = judged(a_criterion(), a_scope(segments=ONE), evidence)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_a_broken_split_makes_the_comparison_errored() -> None:
    rows = good_rows(candidate=ArmRows(rows=20_000, served=1_400, units=1_400))
    evidence: dict[Shape, Answer] = {Shape.CATEGORIES: mix(EWR=500), Shape.ROWS: rows}
    judgement = judged(a_criterion(), a_scope(segments=ONE), evidence)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.SAMPLE_RATIO)


def test_a_candidate_that_is_only_mirrored_is_not_compared_with_what_it_did_not_serve() -> None:
    scope = a_scope(a_stage("shadow", traffic=None), a_stage("canary"), segments=ONE)

    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.CATEGORIES:
            return None
        if need.stage == "shadow" and need.arms == (Arm.CANDIDATE,):
            return Missing(reason=because(Why.NO_ROWS, metric="", arm="candidate"), lasting=False)
        return mix(EWR=500)

    judgement = judged(a_criterion(), scope, answer)
    assert judgement.outcome is Outcome.PASSED
    assert [part.name for part in judgement.parts] == ["origin, arms in canary", "origin, shadow to canary"]


def test_one_stage_without_a_share_leaves_nothing_to_compare() -> None:
    scope = a_scope(a_stage("shadow", traffic=None), segments=ONE)
    assert list(a_criterion().misfits(scope)) == [
        "shadow has no traffic share, so that both versions score the same requests: name a stage that has one"
    ]
    assert list(a_criterion().misfits(a_scope(segments=ONE))) == []


def test_no_evidence_and_no_segment_column_are_errored() -> None:
    assert a_criterion().judge(a_scope(segments=ONE), Evidence()).outcome is Outcome.ERRORED
    judgement = judged(a_criterion(), a_scope(), {})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


def test_the_same_rows_have_the_same_interval_each_time() -> None:
    assert of(mix(EWR=700, JFK=300), mix(EWR=600, JFK=400)) == of(mix(EWR=700, JFK=300), mix(EWR=600, JFK=400))


def test_a_model_file_without_a_segment_column_is_named() -> None:
    assert a_criterion().unbound(some_facts()) == "segments"
    assert a_criterion().unbound(some_facts(segments=ONE)) is None
