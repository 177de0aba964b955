"""How segments are weighted and how many edges a cycle holds: from returns and measurements made by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from builders.integrating import V1, V2, inputs, settings
from model_ratchet.core.scored import MONEY, Bets
from model_ratchet.documents.inherited import Confidence, Optimizer
from model_ratchet.engine.integrate.calibration import calibration
from model_ratchet.engine.integrate.confidence import confidence
from model_ratchet.engine.integrate.inputs import Block, Inherited, Inputs, Measured
from model_ratchet.engine.integrate.optimizer import optimizer

FEW = (np.array([0.3, 0.4, 0.6, 0.7]), np.array([0, 1, 0, 1]))
BASE = inputs({"nba": FEW, "nfl": FEW})
CONFIDENT = confidence(BASE, calibration(BASE))
NBA, NFL = (0.1, -0.1, 0.3, 0.1), (0.05, 0.1, 0.0, 0.05)


def bets(gain: float) -> Bets:
    """Ten bets of 1 that return so much of each."""
    return replace(Bets.nothing(), n=10, staked=10 * MONEY, profit=round(10 * MONEY * gain))


def bet(*blocks: dict[str, float], given: Inputs = BASE, **asked: Any) -> Inputs:
    """The inputs in whose blocks these segments had these returns."""
    made = tuple(
        replace(given.blocks[0] if place == 0 else Block(scores={}), bets={name: bets(of) for name, of in one.items()})
        for place, one in enumerate(blocks)
    )
    return replace(given, blocks=made, settings=settings(optimizer=asked))


def both(*, nba: tuple[float, ...] = NBA, nfl: tuple[float, ...] = NFL) -> list[dict[str, float]]:
    return [{"nba": one, "nfl": two} for one, two in zip(nba, nfl, strict=True)]


def made(given: Inputs, confident: Confidence = CONFIDENT) -> Optimizer:
    return optimizer(given, confident)


def test_the_returns_of_each_block_are_what_was_won_of_what_was_staked() -> None:
    found = made(bet(*both())).covariance
    assert found is not None
    assert (found.segments, found.periods) == (("nba", "nfl"), 4)
    assert found.mean == pytest.approx((0.1, 0.05))
    assert 0 <= found.shrinkage <= 1
    total = np.trace(np.array(found.matrix))
    assert total == pytest.approx(np.var(NBA) + np.var(NFL)), "shrinking moves no variance in sum"


def test_a_stretch_of_time_without_a_bet_is_no_period() -> None:
    found = made(bet(*both(), {}, {"nba": 0.1, "nfl": 0.0})).covariance
    assert found is not None
    assert found.periods == 5
    idle = bet(*both())
    empty = replace(idle.blocks[1], bets={"nba": Bets.nothing(), "nfl": Bets.nothing()})
    found = made(replace(idle, blocks=(*idle.blocks, empty))).covariance
    assert found is not None
    assert (found.periods, found.segments) == (4, ("nba", "nfl"))


def test_a_segment_that_had_no_bets_in_some_block_is_left_out_and_told() -> None:
    for other in ({"nba": 0.2}, {"nba": 0.2, "nfl": 0.0}):
        given = bet(*both(), other)
        last = given.blocks[-1]
        if "nfl" in other:
            given = replace(
                given, blocks=(*given.blocks[:-1], replace(last, bets={**last.bets, "nfl": Bets.nothing()}))
            )
        found = made(given)
        assert found.weights == pytest.approx({"nba": 1})
        assert "weights.nfl: no returns in some block; the others are scaled to sum to 1" in found.warnings


@pytest.mark.parametrize("periods", [0, 2, 3])
def test_three_blocks_with_bets_are_the_fewest(periods: int) -> None:
    found = made(bet(*both()[:periods], {}))
    assert (found.weights is None) is (found.covariance is None) is (periods < 3)
    assert ("weights: no segment has returns in three blocks of time or more" in found.warnings) is (periods < 3)


def test_returns_that_never_vary_give_no_weights() -> None:
    found = made(bet(*both(nba=(0.1,) * 4, nfl=(0.1,) * 4)))
    assert found.weights is None
    assert "weights: the returns do not vary at all" in found.warnings


def test_weights_sum_to_one_and_keep_to_the_most_that_one_may_have() -> None:
    free = made(bet(*both(), risk_aversion=0.01)).weights
    assert free == pytest.approx({"nba": 1, "nfl": 0}, abs=1e-9), "who minds no risk takes the best"
    held = made(bet(*both(), risk_aversion=0.01, max_weight=0.7))
    assert held.weights == pytest.approx({"nba": 0.7, "nfl": 0.3})
    assert not [one for one in held.warnings if one.startswith("max_weight")]
    less = made(bet(*both(), max_weight=0.4))
    assert less.weights == pytest.approx({"nba": 0.5, "nfl": 0.5})
    assert "max_weight: 2 segments can't keep to 0.4" in less.warnings


def test_what_the_model_file_asks_is_handed_on() -> None:
    found = made(bet({}, kelly_fraction=0.5, cap_per_bet=0.02, risk_aversion=3.0, limits={"min_ev": 0.05}))
    assert (found.kelly.fraction, found.kelly.cap_per_bet, found.risk_aversion) == (0.5, 0.02, 3.0)
    assert (found.limits, found.model_weights) == ({"min_ev": 0.05}, {"nba": None, "nfl": None})


WHOLE = Measured(latency_p95_s=0.05, error_rate=0.02, memory_bytes=400.0)


@pytest.mark.parametrize(
    ("measured", "allocated", "cycle", "instances", "edges"),
    [
        (WHOLE, 1000.0, "60s", 2, 2352),
        (WHOLE, 799.0, "60s", 1, 1176),
        (WHOLE, None, "60s", None, None),
        (WHOLE, 1000.0, None, 2, None),
        (replace(WHOLE, memory_bytes=None), 1000.0, "60s", None, None),
        (replace(WHOLE, memory_bytes=0.0), 1000.0, "60s", None, None),
        (replace(WHOLE, latency_p95_s=None), 1000.0, "60s", 2, None),
        (replace(WHOLE, latency_p95_s=0.0), 1000.0, "60s", 2, None),
        (replace(WHOLE, error_rate=None), 1000.0, "60s", 2, None),
        (replace(WHOLE, error_rate=0.0), 1000.0, "60s", 2, 2400),
    ],
)
def test_a_cycle_holds_the_edges_that_its_instances_answer_in_time(
    measured: Measured, allocated: float | None, cycle: str | None, instances: int | None, edges: int | None
) -> None:
    """⌊instances · 60 s / 0.05 s · (1 − 0.02)⌋ = 2 · 1,176."""
    asked = settings(optimizer={"performance": {"cycle": cycle} if cycle is not None else {}})
    given = replace(BASE, settings=asked, measured=measured, allocated_memory_bytes=allocated)
    found = made(given).performance
    assert (found.instances, found.edges_per_cycle) == (instances, edges)
    told = (found.latency_p95_s, found.error_rate, found.memory_bytes)
    assert told == (measured.latency_p95_s, measured.error_rate, measured.memory_bytes)


def test_what_differs_from_the_parent_is_told_key_by_key_with_the_reason() -> None:
    before = made(replace(bet(*both(), limits={"min_ev": 0.05, "gone": 1.0}, risk_aversion=50.0), measured=WHOLE))
    now = bet(*both(nba=(0.2, -0.1, 0.3, 0.1)), limits={"min_ev": 0.04}, risk_aversion=50.0)
    after = replace(
        now,
        version=V2,
        measured=replace(WHOLE, error_rate=None),
        allocated_memory_bytes=1000.0,
        inherited=Inherited(version=V1, optimizer=before),
    )
    found: dict[str, Any] = {one.key: (one.before, one.after, one.reason) for one in made(after).differences}
    assert found["limits.min_ev"] == (0.05, 0.04, "model_file")
    assert found["limits.gone"] == (1.0, None, "model_file")
    assert found["performance.error_rate"] == (0.02, None, "not_measured")
    assert found["performance.instances"] == (None, 2, "first")
    assert found["weights.nba"][2] == "recomputed"
    assert "risk_aversion" not in found
    assert list(found) == sorted(found)
    assert made(replace(after, inherited=None)).differences == ()
    assert made(replace(after, inherited=Inherited(version=V1))).differences == ()
