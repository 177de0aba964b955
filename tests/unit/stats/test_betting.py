"""Bets by day: each measure against the bets one by one, and the fall of the running profit against every order."""

from itertools import permutations

import numpy as np
import pytest

from builders.wagers import betting_by_day
from model_ratchet.core.scored import Bets
from model_ratchet.stats import betting


def day(*bets: tuple[float, float, bool, float | None]) -> Bets:
    """A day of bets: stake, odds, whether it was won, and the closing odds (against a market of two with 5 % margin)."""
    total = Bets.nothing()
    for stake, odds, won, closing in bets:
        profit = round((stake * (odds - 1) if won else -stake) * 1e6)
        total += Bets(
            n=1,
            won=int(won),
            pushes=0,
            staked=round(stake * 1e6),
            profit=profit,
            squares=profit**2,
            lost=0 if won else round(stake * 1e6),
            break_even=round(1e9 / odds),
            closed=int(closing is not None),
            beaten=int(closing is not None and odds > closing),
            line=round((odds / closing - 1) * 1e9) if closing else 0,
            fair=int(closing is not None),
            edge=round((odds / closing / 1.05 - 1) * 1e9) if closing else 0,
        )
    return total


DAYS = [
    day((1.0, 2.0, True, 1.9), (2.0, 3.0, False, 3.2), (1.0, 1.5, True, None)),
    day((4.0, 2.5, False, 2.4)),
    day((1.0, 4.0, True, 3.9), (1.0, 2.2, False, 2.2)),
]


def test_each_measure_is_that_of_the_bets() -> None:
    profits = np.array([1.0, -2.0, 0.5, -4.0, 3.0, -1.0])
    odds = np.array([2.0, 3.0, 1.5, 2.5, 4.0, 2.2])
    taken, closing = odds[[0, 1, 3, 4, 5]], np.array([1.9, 3.2, 2.4, 3.9, 2.2])
    expected: dict[betting.Measure, float] = {
        "above_break_even": 3 / 6 - float((1 / odds).mean()),
        "beats_closing": 3 / 5,
        "return": float(profits.sum()) / 10,
        "closing_odds": float((taken / closing - 1).mean()),
        "closing_fair": float((taken / closing / 1.05 - 1).mean()),
        "sharpe": float(profits.mean() / profits.std(ddof=1)),
    }
    for measure, value in expected.items():
        assert betting.value(DAYS, measure) == pytest.approx(value, abs=1e-9), measure


def test_a_measure_of_nothing_has_no_value() -> None:
    nothing = [Bets.nothing()] * 3
    for measure in ("above_break_even", "beats_closing", "return", "closing_odds", "closing_fair", "sharpe"):
        assert betting.value(nothing, measure) is None
    assert betting.value([day((1.0, 2.0, True, None))] * 2, "sharpe") is None
    assert betting.value([day((1.0, 2.0, True, None))] * 2, "closing_fair") is None


@pytest.mark.parametrize("edge", [0.0, 0.05])
def test_the_interval_of_a_difference_covers_it_as_often_as_it_says(edge: float) -> None:
    covered = 0
    for seed in range(120):
        days = betting_by_day(seed, days=20, edge=0.0), betting_by_day(seed + 5_000, days=20, edge=edge)
        found = betting.betting_difference(*days, "return", level=0.9, seed=1)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= edge <= found.high
    assert 0.83 <= covered / 120 <= 0.97


def test_the_same_days_give_a_difference_of_nothing_and_another_seed_the_same_value() -> None:
    days = betting_by_day(1)
    same = betting.betting_difference(days, days, "return", level=0.95, seed=1)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    other = betting_by_day(2)
    first, second = (betting.betting_difference(days, other, "return", level=0.95, seed=seed) for seed in (1, 2))
    assert first.value == second.value
    assert (first.low, first.high) != (second.low, second.high)
    assert first == betting.betting_difference(days, other, "return", level=0.95, seed=1)


def test_what_can_not_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="paired"):
        betting.betting_difference(DAYS, DAYS[1:], "return", level=0.95, seed=1)
    with pytest.raises(ValueError, match="no value"):
        betting.betting_difference([Bets.nothing()] * 3, DAYS, "return", level=0.95, seed=1)
    with pytest.raises(ValueError, match="no value"):
        betting.betting_difference(DAYS, [Bets.nothing()] * 3, "return", level=0.95, seed=1)
    with pytest.raises(ValueError, match="no day"):
        betting.drawdown([], level=0.95, seed=1)


def fall(profits: list[float]) -> float:
    """The largest fall from a peak, bet by bet."""
    peak = running = largest = 0.0
    for one in profits:
        running += one
        peak = max(peak, running)
        largest = max(largest, peak - running)
    return largest


def test_a_fall_is_bracketed_by_every_order_within_the_days() -> None:
    of_days = [[1.0, -2.0, 0.5], [-4.0], [3.0, -1.0]]
    falls = [
        fall([*first, *second, *third])
        for first in permutations(of_days[0])
        for second in permutations(of_days[1])
        for third in permutations(of_days[2])
    ]
    found = betting.drawdown(DAYS, level=0.95, seed=1)
    assert found.least == fall([sum(one) for one in of_days]) == 4.5
    assert found.most == max(falls) == 7.0
    assert found.least <= min(falls)
    assert found.high >= found.most


def test_the_bound_of_a_fall_holds_over_the_orders_of_the_days() -> None:
    days = betting_by_day(3, days=60)
    found = betting.drawdown(days, level=0.95, seed=1)
    random = np.random.default_rng(9)
    drawn = [
        betting.drawdown([days[i] for i in random.integers(60, size=60)], level=0.5, seed=2).most for _ in range(200)
    ]
    assert 0.9 <= np.mean(np.array(drawn) <= found.high) <= 1.0
    assert found.high > found.most


def test_the_bound_of_a_fall_is_never_below_the_fall_that_was_seen() -> None:
    days = [day((1.0, 2.0, True, None))] * 30 + [day((1.0, 2.0, False, None))] * 30
    found = betting.drawdown(days, level=0.6, seed=1)
    assert found.high == found.most == found.least == 30.0
