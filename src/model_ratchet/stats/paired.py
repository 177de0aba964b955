"""Pairs: two versions that scored the same requests."""

from math import sqrt

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import PairedCounts
from model_ratchet.core.units import Scale
from model_ratchet.stats.tails import at_most, critical, crossing


def mcnemar_exact(only_baseline: int, only_candidate: int) -> float:
    """The exact two-sided p-value of no difference (McNemar 1947, binomial); 1 where no pair is discordant.

    ``mcnemar_exact(39, 66)`` is 0.0108.
    """
    n = only_baseline + only_candidate
    return 1.0 if n == 0 else min(1.0, 2 * at_most(min(only_baseline, only_candidate), n, 0.5))


def mcnemar_mid_p(only_baseline: int, only_candidate: int) -> float:
    """The mid-p value of no difference (Fagerland et al. 2013): the exact one without half of the observed point."""
    n, few = only_baseline + only_candidate, min(only_baseline, only_candidate)
    if only_baseline == only_candidate:
        return 1.0
    return min(1.0, at_most(few, n, 0.5) + at_most(few - 1, n, 0.5))


def tango_interval(table: PairedCounts, level: float) -> tuple[float, float]:
    """The score interval of candidate − baseline for pairs (Tango 1998). Never zero-width. Raises ValueError without pairs.

    Discordant 16 against 9 of 86 pairs (53, 16, 8, 9) is the published example of the test suite.
    """
    _some(table)
    z = critical(level)
    value = (table.only_candidate - table.only_baseline) / table.n
    last = 1 - 1e-12

    def excess(delta: float) -> float:
        return abs(_score(table, delta)) - z

    low = -1.0 if value <= -last or excess(-last) <= 0 else crossing(excess, value, -last)
    high = 1.0 if value >= last or excess(last) <= 0 else crossing(excess, value, last)
    return low, high


def difference(table: PairedCounts, *, level: float) -> Estimate:
    """candidate − baseline of pairs: exact McNemar test, Tango's score interval. Raises ValueError without pairs."""
    low, high = tango_interval(table, level)
    lower, upper = (low, high) if level == 0.90 else tango_interval(table, 0.90)
    n = table.n
    return Estimate(
        value=(table.only_candidate - table.only_baseline) / n,
        low=low,
        high=high,
        level=level,
        n=n,
        method="exact McNemar test, Tango interval",
        scale=Scale.ABSOLUTE,
        p_value=mcnemar_exact(table.only_baseline, table.only_candidate),
        lower_bound=lower,
        upper_bound=upper,
        baseline=(table.both + table.only_baseline) / n,
        candidate=(table.both + table.only_candidate) / n,
    )


def worse_p_value(table: PairedCounts, margin: float) -> float:
    """The one-sided p-value against candidate − baseline ≥ −margin, by Tango's score: small when worse than that."""
    from scipy.special import ndtr

    _some(table)
    return float(ndtr(_score(table, -margin)))


def _score(table: PairedCounts, delta: float) -> float:
    """Tango's score statistic of candidate − baseline = delta, with the constrained maximum likelihood in closed form."""
    n, b, c = table.n, table.only_candidate, table.only_baseline
    gap = b - c - n * delta
    a_2 = 2 * n
    a_1 = -b - c + (2 * n - b + c) * delta
    a_0 = -c * delta * (1 - delta)
    q = (sqrt(max(0.0, a_1 * a_1 - 4 * a_2 * a_0)) - a_1) / (2 * a_2)
    variance = n * (2 * q + delta * (1 - delta))
    if variance <= 0:
        return 0.0 if abs(gap) < 1e-12 else (float("inf") if gap > 0 else float("-inf"))
    return gap / sqrt(variance)


def _some(table: PairedCounts) -> None:
    if table.n == 0:
        raise ValueError("a difference of no pairs has no estimate")
