"""Means of hourly blocks."""

from collections.abc import Sequence
from math import exp, log, sqrt

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.units import Scale


def log_ratio(pairs: Sequence[tuple[float, float]], *, level: float) -> Estimate:
    """The geometric mean of second over first of hourly blocks: a paired t interval on the logarithms.

    Raises ValueError with fewer than two pairs, or with a value that has no logarithm.
    """
    from scipy.special import stdtr, stdtrit

    if len(pairs) < 2:
        raise ValueError(f"{len(pairs)} hours have no variance: at least 2 are needed")
    if any(one <= 0 or other <= 0 for one, other in pairs):
        raise ValueError("a ratio needs values above zero")
    logs = [log(other / one) for one, other in pairs]
    n = len(logs)
    mean = sum(logs) / n
    error = sqrt(sum((x - mean) ** 2 for x in logs) / (n - 1) / n)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * error
    bound = float(stdtrit(n - 1, 0.95)) * error
    return Estimate(
        value=exp(mean),
        low=exp(mean - half),
        high=exp(mean + half),
        level=level,
        n=n,
        method="paired t-test on log ratios of hours",
        scale=Scale.RATIO,
        p_value=2 * float(stdtr(n - 1, -abs(mean) / error)) if error > 0 else None,
        lower_bound=exp(mean - bound),
        upper_bound=exp(mean + bound),
        baseline=exp(sum(log(one) for one, _ in pairs) / n),
        candidate=exp(sum(log(other) for _, other in pairs) / n),
        clusters=n,
    )
