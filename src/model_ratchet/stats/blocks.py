"""Blocks: intervals of any statistic of sums, by drawing whole days again."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.units import Scale
from model_ratchet.stats.tails import normal_below, t_quantile

if TYPE_CHECKING:
    from model_ratchet.stats.forecast import Reals

RESAMPLES = 4_000


class Drawn(NamedTuple):
    """A statistic, drawn again: its two-sided interval, its one-sided 95 % bounds, and its deviation."""

    low: float
    high: float
    lower: float
    upper: float
    deviation: float


def block_bootstrap(statistic: Callable[[Reals], Reals], blocks: int, *, level: float, seed: int) -> Drawn:
    """The expanded percentile interval of a statistic over blocks (Hesterberg 2015, Am Stat 69:371).

    ``statistic`` takes weights of draws × blocks (how often each block is drawn) and gives one value a draw; what both arms
    share of a block is drawn together. Percentiles are moved out by √(G/(G−1)) and Student's t with G − 1, without which
    few blocks make the interval too narrow. Draws whose value is NaN have none and are left out. The same seed gives the
    same interval.

    Raises:
        ValueError: fewer than two blocks, or no draw with a value.
    """
    import numpy as np

    if blocks < 2:
        raise ValueError(f"{blocks} blocks have no variance: at least 2 are needed")
    draws = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), size=RESAMPLES)
    values = statistic(draws.astype(float))
    values = values[np.isfinite(values)]
    if not len(values):
        raise ValueError("no draw has a value")
    tails = [_tail((1 - level) / 2, blocks), _tail(0.05, blocks)]
    low, high, lower, upper = (
        float(np.quantile(values, at)) for at in (tails[0], 1 - tails[0], tails[1], 1 - tails[1])
    )
    return Drawn(low, high, lower, upper, float(values.std()) * sqrt(blocks / (blocks - 1)))


def difference(
    drawn: Drawn, points: tuple[float, float], *, level: float, n: int, blocks: int, method: str
) -> Estimate:
    """Candidate − baseline of a statistic, from its values in both arms and the interval of their difference, which holds
    the difference itself."""
    baseline, candidate = points
    gap = candidate - baseline
    return Estimate(
        value=gap,
        low=min(drawn.low, gap),
        high=max(drawn.high, gap),
        level=level,
        n=n,
        method=f"{method}, block bootstrap over days",
        scale=Scale.ABSOLUTE,
        lower_bound=min(drawn.lower, gap),
        upper_bound=max(drawn.upper, gap),
        baseline=baseline,
        candidate=candidate,
        clusters=blocks,
    )


def _tail(tail: float, blocks: int) -> float:
    """The share of draws that is cut off on one side."""
    return normal_below(sqrt(blocks / (blocks - 1)) * t_quantile(tail, blocks - 1))
