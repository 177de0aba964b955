"""Bets by day: success of edges, return, closing line, Sharpe ratio, drawdown; intervals by drawing whole days again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.scored import MONEY, PARTS, Bets
from model_ratchet.stats.blocks import block_bootstrap, difference

if TYPE_CHECKING:
    from model_ratchet.stats.forecast import Reals

Measure: TypeAlias = Literal["above_break_even", "beats_closing", "return", "closing_odds", "closing_fair", "sharpe"]
"""What is read of bets, each higher where it is better.

``above_break_even``: the rate of winning − the mean of 1/odds. ``beats_closing``: the share taken at higher odds than the
closing ones. ``return``: Σ profit / Σ stake. ``closing_odds``: the mean of odds / closing odds − 1. ``closing_fair``: the mean
of odds × closing probability without the margin − 1. ``sharpe``: mean / deviation of the profit of a bet, not annualised.
"""

_METHODS: dict[Measure, str] = {
    "above_break_even": "rate of winning above break-even",
    "beats_closing": "share of bets that beat the closing odds",
    "return": "profit over stakes",
    "closing_odds": "odds taken over closing odds",
    "closing_fair": "odds taken times fair closing probability",
    "sharpe": "Sharpe ratio of a bet",
}
_SEQUENCES = 2_000


class Fall(NamedTuple):
    """The largest fall of the running profit from a peak (0 before the first bet), in money, 0 or more."""

    least: float
    """At the closes of days: bets within a day may have fallen further in between."""
    most: float
    """In the worst order of the bets within each day."""
    high: float
    """The one-sided bound of the latter, with days drawn in another order."""


def value(days: Sequence[Bets], measure: Measure) -> float | None:
    """The measure over all days; None where it has no value: no bet, none that closed, or no two profits that differ."""
    import numpy as np

    found = float(_by_draw(days, measure)(np.ones((1, len(days))))[0])
    return found if np.isfinite(found) else None


def betting_difference(
    baseline: Sequence[Bets], candidate: Sequence[Bets], measure: Measure, *, level: float, seed: int
) -> Estimate:
    """The measure of the candidate − that of the baseline; the same days are drawn for both.

    Raises ValueError for different numbers of days, fewer than two, or a measure without a value in an arm.
    """
    if len(baseline) != len(candidate):
        raise ValueError(f"{len(baseline)} and {len(candidate)} days can't be paired")
    before, after = (value(days, measure) for days in (baseline, candidate))
    if before is None or after is None:
        raise ValueError(f"the {_METHODS[measure]} has no value in an arm")
    arms = [_by_draw(days, measure) for days in (baseline, candidate)]
    blocks = len(candidate)
    drawn = block_bootstrap(lambda draws: arms[1](draws) - arms[0](draws), blocks, level=level, seed=seed)
    n = sum(day.n for day in candidate)
    return difference(drawn, (before, after), level=level, n=n, blocks=blocks, method=_METHODS[measure])


def drawdown(days: Sequence[Bets], *, level: float, seed: int) -> Fall:
    """The largest fall of the running profit, with its one-sided bound at a level. Raises ValueError without a day."""
    import numpy as np

    if not days:
        raise ValueError("no day holds a bet")
    profit = np.array([day.profit / MONEY for day in days])
    lost = np.array([day.lost / MONEY for day in days])
    order = np.random.default_rng(seed).integers(len(days), size=(_SEQUENCES, len(days)))
    most = float(_falls(profit[None], lost[None])[0])
    high = float(np.quantile(_falls(profit[order], lost[order]), level))
    return Fall(least=float(_falls(profit[None])[0]), most=most, high=max(high, most))


def _falls(profit: Reals, lost: Reals | None = None) -> Reals:
    """The largest fall of each row of daily profits; with the losses of each day, in the worst order of the bets within it.

    A day that holds the peak has its wins first, and one that holds the trough its losses.
    """
    import numpy as np

    closes = profit.cumsum(axis=1)
    opens = closes - profit
    peaks = np.maximum(np.maximum.accumulate(closes if lost is None else closes + lost, axis=1), 0.0)
    falls = peaks - closes
    if lost is not None:
        before = np.concatenate([np.zeros_like(peaks[:, :1]), peaks[:, :-1]], axis=1)
        falls = np.maximum(falls, before - opens + lost)
    return np.asarray(falls.max(axis=1))


def _by_draw(days: Sequence[Bets], measure: Measure) -> Callable[[Reals], Reals]:
    """The measure of each draw of days; NaN where it has none."""
    import numpy as np

    def sums(read: Callable[[Bets], float]) -> Reals:
        return np.array([read(day) for day in days], dtype=float)

    if measure == "sharpe":
        return _sharpe(sums(lambda day: day.n), sums(lambda day: day.profit), sums(lambda day: day.squares))
    above, below = {
        "above_break_even": (sums(lambda day: day.won - day.break_even / PARTS), sums(lambda day: day.n)),
        "beats_closing": (sums(lambda day: day.beaten), sums(lambda day: day.closed)),
        "return": (sums(lambda day: day.profit), sums(lambda day: day.staked)),
        "closing_odds": (sums(lambda day: day.line / PARTS), sums(lambda day: day.closed)),
        "closing_fair": (sums(lambda day: day.edge / PARTS), sums(lambda day: day.fair)),
    }[measure]
    return lambda draws: _ratio(draws @ above, draws @ below)


def _sharpe(n: Reals, profit: Reals, squares: Reals) -> Callable[[Reals], Reals]:
    import numpy as np

    def of(draws: Reals) -> Reals:
        bets, gained = draws @ n, draws @ profit / MONEY
        spread = np.maximum(draws @ squares / MONEY**2 - _ratio(gained**2, bets), 0.0)
        return _ratio(_ratio(gained, bets), np.sqrt(_ratio(spread, bets - 1)))

    return of


def _ratio(above: Reals, below: Reals) -> Reals:
    import numpy as np

    out = np.full(np.shape(above), np.nan)
    return np.asarray(np.divide(above, below, out=out, where=below > 0))
