"""Forecasts: the rows that each criterion needs at present traffic, and the power of comparisons."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from math import ceil, floor, log, sqrt
from statistics import NormalDist
from typing import Any

import pytest

from builders.records import a_plan, bound, performance
from builders.scopes import RETURN, a_stage, some_facts, unpaired
from model_ratchet.core.reason import Why, because
from model_ratchet.criteria.base import Facts, StageFacts
from model_ratchet.engine.forecast import (
    Forecast,
    MetricTraffic,
    PairTraffic,
    Power,
    Traffic,
    forecast,
    needs_most,
    undecidable,
)
from model_ratchet.engine.plan import BoundGate

TRAFFIC = Traffic(per_day=2000, metrics={"accuracy": MetricTraffic(per_day=2000, rate=0.8)})
NORMAL = NormalDist()
Z_05, Z_BETA = NORMAL.inv_cdf(0.95), NORMAL.inv_cdf(0.8)
NEVER = 10**9
RATE_LIMIT = {"id": "errors", "kind": "rate_limit", "metric": "errors", "below": "0.1%"}
LATENCY = {"id": "latency", "kind": "quantile_limit", "metric": "latency", "quantile": 0.95, "at_most": "500ms"}
LOAD = {
    "id": "load",
    "kind": "load",
    "latency": "latency",
    "busiest": "10%",
    "min_share": "4%",
    "at_most": "1s",
    "stage": "canary",
}


def a_criterion(kind: str, **parameters: Any) -> Mapping[str, object]:
    return {"id": kind, "kind": kind, "metric": "accuracy", "stage": "canary", **parameters}


def forecasts(*criteria: Mapping[str, object]) -> tuple[Forecast, ...]:
    return forecast(a_plan(performance(*criteria)), TRAFFIC)


def of(
    criterion: Mapping[str, object], *stages: StageFacts, traffic: Traffic = TRAFFIC, facts: Facts | None = None
) -> Forecast:
    """The forecast of one criterion, pooled over these stages where there are several."""
    ran = stages or (a_stage(),)
    gate = BoundGate(
        name="gate", criteria=(bound(criterion, "gate", *(stage.name for stage in ran), pooled=len(ran) > 1),)
    )
    (found,) = forecast(a_plan(gate, stages=ran, facts=facts), traffic)
    return found


def same(found: Power | None, difference: float, power: float) -> bool:
    """Whether a power is that one, up to rounding."""
    return found is not None and found.difference == difference and found.power == pytest.approx(power)


def seen(**more: Any) -> Traffic:
    """2,000 rows a day, of which four of five are right."""
    return Traffic(per_day=9_999, metrics={"accuracy": MetricTraffic(per_day=2000, rate=0.8, **more)})


@pytest.mark.parametrize("margin", ["1pp", "2pp"])
def test_drift_needs_what_a_comparison_with_the_same_margin_needs(margin: str) -> None:
    not_worse, drift = forecasts(a_criterion("non_inferiority", margin=margin), a_criterion("drift", max_drop=margin))
    assert drift.bound.criterion.id == "drift"
    assert drift == replace(not_worse, bound=drift.bound)
    assert drift.at_margin is not None


def test_a_smaller_margin_needs_more_rows() -> None:
    small, large = forecasts(a_criterion("drift", max_drop="1pp"), a_criterion("drift", max_drop="2pp"))
    assert small.needed > large.needed


def test_what_does_not_apply_has_no_forecast() -> None:
    first = bound(a_criterion("superiority", by="2pp"), "gate", "canary", not_applicable=because(Why.FIRST_VERSION))
    gate = BoundGate(name="gate", criteria=(first, bound(RATE_LIMIT, "gate", "canary")))
    assert [one.bound.criterion.id for one in forecast(a_plan(gate), TRAFFIC)] == ["errors"]


def test_what_rests_on_no_rows_has_no_forecast() -> None:
    memory = {"id": "memory", "kind": "ratio_limit", "metric": "memory", "within": "20%"}
    risk = {"id": "risk", "kind": "approval", "role": "risk", "after": "canary"}
    assert [one.bound.criterion.id for one in forecasts(memory, RATE_LIMIT, risk, LATENCY)] == ["errors", "latency"]


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_rate_needs_the_rows_that_without_an_error_show_it(attempts: int) -> None:
    """(1 − limit)ⁿ < α."""
    expected = floor(log(0.05 / attempts) / log(1 - 0.001)) + 1
    assert of(RATE_LIMIT, facts=some_facts(alpha_divisor=attempts)).needed == expected
    assert attempts > 1 or expected == 2995


@pytest.mark.parametrize(("quantile", "attempts", "rows"), [(0.95, 1, 59), (0.99, 1, 299), (0.95, 2, 72)])
def test_a_quantile_needs_the_rows_that_all_below_the_limit_show_it(quantile: float, attempts: int, rows: int) -> None:
    """The sample sizes of Wilks: quantileⁿ ≤ α."""
    assert quantile**rows <= 0.05 / attempts < quantile ** (rows - 1)
    assert of({**LATENCY, "quantile": quantile}, facts=some_facts(alpha_divisor=attempts)).needed == rows


def test_load_needs_its_rows_in_the_busiest_hours_alone() -> None:
    assert of({**LOAD, "min_rows": 60, "busiest": "7%"}).needed == ceil(60 / 0.07) == 858


@pytest.mark.parametrize(
    ("shares", "rows"),
    [
        ({}, 200),
        ({"origin": (1.0,)}, 200),
        ({"origin": (0.2, 0.5, 0.3)}, 667),
        ({"origin": (0.5, 0.2, 0.1, 0.05, 0.15)}, 1334),
        ({"origin": (0.1, 0.5, 0.2, 0.05, 0.05, 0.1)}, 2000),
        ({"origin": (0.6, 0.4), "carrier": (0.5, 0.25, 0.25)}, 800),
        ({"carrier": (0.5, 0.25, 0.25), "origin": (0.6, 0.4)}, 800),
    ],
)
def test_segments_need_their_rows_in_the_smallest_value_that_has_to_be_assessed(
    shares: Mapping[str, tuple[float, ...]], rows: int
) -> None:
    asked = a_criterion("segments", max_drop="2pp", min_assessable="80%", min_rows=200)
    assert of(asked, traffic=Traffic(per_day=2000, segments=shares)).needed == rows


def test_a_value_that_never_comes_holds_no_rows() -> None:
    asked = a_criterion("segments", max_drop="2pp", min_assessable="0%", min_rows=200)
    assert of(asked, traffic=Traffic(per_day=2000, segments={"origin": (0.0, 0.0)})).needed == NEVER


@pytest.mark.parametrize(
    "criterion",
    [
        a_criterion("superiority", metric="portfolio_return", by="2%", min_rows=120),
        a_criterion("non_inferiority", metric="portfolio_return", margin="2%", min_rows=120),
        a_criterion("maximum", metric="latency", at_most="1s", min_rows=120),
    ],
    ids=["superiority", "non_inferiority", "maximum"],
)
def test_what_is_no_proportion_needs_its_fewest_rows_and_has_no_power(criterion: Mapping[str, object]) -> None:
    told = Traffic(per_day=2000, metrics={"portfolio_return": MetricTraffic(per_day=2000)})
    metrics = {**some_facts().metrics, RETURN.name: RETURN}
    found = of(criterion, traffic=told, facts=some_facts(metrics=metrics))
    assert (found.needed, found.at_margin, found.at_twice) == (120, None, None)


def test_a_proportion_of_which_nothing_is_known_needs_its_fewest_rows() -> None:
    found = of(a_criterion("superiority", by="2pp", min_rows=120), traffic=Traffic(per_day=2000))
    assert (found.needed, found.expected, found.at_margin, found.at_twice) == (120, 14_000, None, None)


def test_rows_are_those_that_are_mirrored_and_else_those_that_the_candidate_serves() -> None:
    """500 rows a day: two days of all, three of half, and four of a quarter."""
    stages = (
        a_stage("shadow", days=2, traffic=None),
        a_stage("canary", days=3, traffic=0.01, mirror=0.5),
        unpaired(name="split", days=4, traffic=0.25),
    )
    told = Traffic(per_day=2000, metrics={"errors": MetricTraffic(per_day=500, rate=0.0)})
    found = of(RATE_LIMIT, *stages, traffic=told)
    assert found.expected == 500 * (2 + 1.5 + 1)
    assert found.days == pytest.approx(2995 / (2250 / 9))
    assert not found.decidable


def test_a_metric_of_which_nothing_is_known_has_the_rows_of_all_requests() -> None:
    assert of(LATENCY, a_stage(days=2), traffic=Traffic(per_day=100.3)).expected == 200


def test_load_is_that_of_what_the_candidate_serves_though_the_rest_is_mirrored() -> None:
    found = of(LOAD, a_stage(days=2, traffic=0.3), traffic=Traffic(per_day=1000))
    assert (found.expected, found.needed) == (600, 590)
    assert found.days == pytest.approx(590 / 300)
    assert found.decidable


def test_without_traffic_nothing_is_ever_decided() -> None:
    idle = unpaired(traffic=0.0), a_stage(traffic=None, mirror=None)
    for asked, stage in product((RATE_LIMIT, a_criterion("superiority", by="2pp")), idle):
        found = of(asked, stage)
        assert (found.expected, found.days, found.decidable) == (0, NEVER, False)
        assert {found.at_margin and found.at_margin.power, found.at_twice and found.at_twice.power} <= {None, 0.0}


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("non_inferiority", {"margin": "2pp"}),
        ("drift", {"max_drop": "2pp"}),
        ("sustained", {"max_daily_drop": "2pp", "days": 3}),
        ("stability", {"max_drop": "2pp", "window": "48h", "step": "24h"}),
    ],
)
def test_not_being_worse_is_shown_by_pairs_where_the_candidate_is_better_by_the_margin(
    kind: str, parameters: Mapping[str, Any]
) -> None:
    """n = (z_α + z_β)²(δ − d²)·D/(d + margin)² with d = margin (Miettinen 1968)."""
    told = seen(pairs=PairTraffic(discordance=0.1, design_effect=1.5))
    found = of(a_criterion(kind, **parameters), traffic=told)
    assert found.needed == ceil((Z_05 + Z_BETA) ** 2 * (0.1 - 0.02**2) * 1.5 / 0.04**2)
    assert found.expected == 14_000
    assert found.days == pytest.approx(found.needed / 2000)
    as_good = sqrt(0.1 * 1.5 / 14_000)
    better = sqrt((0.1 - 0.02**2) * 1.5 / 14_000)
    assert same(found.at_margin, 0.0, NORMAL.cdf(0.02 / as_good - Z_05))
    assert same(found.at_twice, 0.02, NORMAL.cdf(0.04 / better - Z_05))


def test_being_better_by_a_margin_is_shown_by_pairs_where_it_is_twice_as_large() -> None:
    found = of(a_criterion("superiority", by="2pp", rule="superiority_margin"), facts=some_facts(alpha_divisor=2))
    z = NORMAL.inv_cdf(0.975)
    assert found.needed == ceil((z + Z_BETA) ** 2 * (0.8 * 0.2 - 0.04**2) / 0.02**2), (
        "half of the discordance by chance"
    )
    assert same(found.at_margin, 0.02, 0.025), "at the margin chance alone passes"
    assert found.at_twice is not None
    assert found.at_twice.difference == 0.04


def test_a_significant_gain_of_at_least_the_margin_passes_every_second_time_at_the_margin() -> None:
    found = of(a_criterion("superiority", by="2pp"))
    z = NORMAL.inv_cdf(0.975)
    assert found.needed == ceil(max((z + Z_BETA) ** 2 / 0.04**2, (Z_BETA / 0.02) ** 2) * (0.16 - 0.04**2))
    assert same(found.at_margin, 0.02, 0.5)


def test_two_versions_differ_at_least_as_often_as_one_is_better() -> None:
    told = seen(pairs=PairTraffic(discordance=0.01))
    found = of(a_criterion("superiority", by="2pp", rule="superiority_margin", min_rows=1), traffic=told)
    assert found.needed == ceil((Z_05 + Z_BETA) ** 2 * (0.04 - 0.04**2) / 0.02**2)


def independent(ratio: float, effect: float = 1.0) -> int:
    """Candidate rows with which 80 % against 82 % are shown to be no worse than by 2 points."""
    variance = 0.82 * 0.18 + 0.8 * 0.2 / ratio
    return ceil((Z_05 + Z_BETA) ** 2 * variance * effect / 0.04**2)


NOT_WORSE = a_criterion("non_inferiority", margin="2pp")


@pytest.mark.parametrize(
    ("stages", "ratio"),
    [
        ((unpaired(traffic=0.5),), 1),
        ((unpaired(traffic=0.2),), 4),
        ((unpaired(traffic=0.8),), 0.25),
        ((unpaired(traffic=1.0),), 1),
        ((unpaired(traffic=0.5), unpaired(name="more", traffic=0.2)), 4),
        ((a_stage("shadow", traffic=None), unpaired(traffic=0.2)), 4),
        ((a_stage("shadow", traffic=0.1), unpaired(traffic=0.2)), 9),
    ],
    ids=["half", "a-fifth", "most", "all", "the-least", "a-shadow-serves-none", "a-canary-serves-some"],
)
def test_arms_that_are_not_paired_weigh_by_the_least_share_that_the_candidate_serves(
    stages: tuple[StageFacts, ...], ratio: float
) -> None:
    assert of(NOT_WORSE, *stages).needed == independent(ratio)
    assert of(NOT_WORSE, *stages, traffic=seen(design_effect=2.5)).needed == independent(ratio, 2.5)


def test_a_baseline_that_serves_next_to_nothing_still_has_a_weight() -> None:
    assert of(NOT_WORSE, unpaired(traffic=1 - 1e-9)).needed == independent(1e-6)


def test_a_metric_of_its_own_source_has_no_pairs_and_all_rows_of_both_arms_where_they_are_mirrored() -> None:
    metrics = {name: replace(one, own_source=True) for name, one in some_facts().metrics.items()}
    own = some_facts(metrics=metrics)
    told = seen(pairs=PairTraffic(discordance=0.1))
    assert of(NOT_WORSE, a_stage(), facts=own, traffic=told).needed == independent(1)
    mixed = (a_stage("shadow"), unpaired(traffic=0.2))
    assert of(NOT_WORSE, *mixed, facts=own, traffic=told).needed == independent(4)
    assert of(NOT_WORSE, unpaired(traffic=0.2), facts=own, traffic=told).needed == independent(4)


def test_the_rows_of_several_stages_are_taken_together() -> None:
    stages = (a_stage("shadow", days=2, mirror=0.5), a_stage("canary", days=3, mirror=0.1))
    found = of(NOT_WORSE, *stages)
    assert found.expected == 2000 * (0.5 * 2 + 0.1 * 3)
    assert found.days == pytest.approx(found.needed / (2600 / 5))
    error = sqrt((0.16 - 0.02**2) / 2600)
    assert same(found.at_twice, 0.02, NORMAL.cdf(0.04 / error - Z_05))


def test_no_comparison_is_decided_below_its_fewest_rows() -> None:
    assert of(a_criterion("non_inferiority", margin="40pp", min_rows=150)).needed == 150


def test_no_rows_show_a_gain_that_is_none() -> None:
    assert of(a_criterion("superiority", by="0pp", rule="superiority_margin")).needed == NEVER


def test_a_relative_margin_is_one_of_the_present_rate() -> None:
    worse, worse_by_points = (of(a_criterion("non_inferiority", margin=margin)) for margin in ("2.5%", "2pp"))
    assert worse.needed == worse_by_points.needed
    assert worse.at_twice is not None
    assert worse.at_twice.difference == pytest.approx(0.02)
    better, better_by_points = (of(a_criterion("superiority", by=by)) for by in ("2.5%", "2pp"))
    assert better.needed == better_by_points.needed
    assert better.at_margin is not None
    assert better.at_margin.difference == pytest.approx(0.02)


def test_a_rate_that_should_fall_is_better_where_it_is_lower() -> None:
    """20 % of errors against 18 %, of which 2 % less is the margin."""
    told = Traffic(per_day=2000, metrics={"errors": MetricTraffic(per_day=2000, rate=0.2)})
    asked = a_criterion("non_inferiority", metric="errors", margin="2pp")
    assert of(asked, traffic=told).needed == independent(1)
    relative = {**asked, "margin": "10%"}
    assert of(relative, traffic=told).needed == independent(1), "10 % of the 20 %"


@pytest.mark.parametrize(("rate", "metric"), [(0.0, "errors"), (1.0, "accuracy")])
def test_a_metric_that_has_never_varied_is_forecast_too(rate: float, metric: str) -> None:
    told = Traffic(per_day=2000, metrics={metric: MetricTraffic(per_day=2000, rate=rate)})
    found = of(a_criterion("non_inferiority", metric=metric, margin="1pp"), unpaired(), traffic=told)
    assert same(found.at_margin, 0.0, 1.0)
    assert found.decidable


def test_a_single_row_has_a_power_and_less_than_one_has_none() -> None:
    asked = a_criterion("non_inferiority", margin="50pp")
    one, less = (
        of(asked, a_stage(days=1), traffic=Traffic(per_day=1, metrics={"accuracy": MetricTraffic(per_day=n, rate=0.8)}))
        for n in (1, 0.9)
    )
    assert same(one.at_margin, 0.0, NORMAL.cdf(0.5 / 0.4 - Z_05))
    assert less.at_margin == Power(difference=0.0, power=0.0)


def test_without_pairs_two_versions_are_taken_to_agree_as_independent_ones_half_as_often() -> None:
    assert MetricTraffic(per_day=1, rate=0.9).expected_pairs.discordance == pytest.approx(0.09)
    assert MetricTraffic(per_day=1).expected_pairs.discordance == 0.25
    measured = PairTraffic(discordance=0.03, design_effect=2)
    assert MetricTraffic(per_day=1, rate=0.9, pairs=measured).expected_pairs is measured


def test_what_traffic_can_not_decide_is_told_unless_it_is_only_shown() -> None:
    large = a_criterion("non_inferiority", margin="40pp")
    small = a_criterion("superiority", by="0.1pp")
    shown = {**a_criterion("drift", max_drop="0.1pp"), "advisory": True}
    assert [one.bound.criterion.id for one in undecidable(forecasts(large, shown, small))] == ["superiority"]
    enough = of(
        large, a_stage(days=1), traffic=Traffic(per_day=1, metrics={"accuracy": MetricTraffic(per_day=100, rate=0.8)})
    )
    assert (enough.needed, enough.expected, enough.decidable) == (100, 100, True)


def test_the_criterion_that_needs_most_does_so_in_proportion_to_what_comes() -> None:
    (one,) = forecasts(RATE_LIMIT)
    many = replace(one, needed=4_000, expected=8_000, days=99)
    few = replace(one, needed=300, expected=200, days=1)
    none = replace(one, needed=2, expected=0, days=5)
    assert needs_most((many, few)) is few
    assert needs_most((many, few, none)) is none
    assert needs_most((replace(none, needed=1), few)) is few
    assert needs_most(()) is None
