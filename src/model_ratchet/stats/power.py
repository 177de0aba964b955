"""Power: how many rows decide, and how likely a rule is to pass."""

from math import ceil, sqrt
from typing import Literal, TypeAlias

from model_ratchet.core.estimate import Estimate
from model_ratchet.stats.tails import at_most, least, normal_below, normal_quantile

Rule: TypeAlias = Literal["point_and_significance", "superiority_margin", "non_inferiority"]


def rows_to_clear(estimate: Estimate, *, margin: float, alpha: float, power: float = 0.8) -> int:
    """Further rows (or pairs) with which the one-sided bound would clear the margin at the present estimate.

    n·((z_α + z_β)·se/(d − margin))² − n, with se from the interval; 0 when the estimate is not beyond the margin.
    """
    if estimate.low is None or estimate.high is None or estimate.value <= margin:
        return 0
    error = (estimate.high - estimate.low) / 2 / normal_quantile((1 + estimate.level) / 2)
    needed = (
        estimate.n * ((normal_quantile(1 - alpha) + normal_quantile(power)) * error / (estimate.value - margin)) ** 2
    )
    return max(0, ceil(needed) - estimate.n)


def sample_size_paired(
    discordance: float, difference: float, *, margin: float = 0.0, alpha: float = 0.05, power: float = 0.8
) -> int:
    """Pairs with which a one-sided test of ``difference`` against ``margin`` has that power (Miettinen 1968, normal form).

    A discordance of 10 % and +2 pp needs about 1,500 pairs. Raises ValueError where the difference is not beyond the margin.
    """
    gap = _gap(difference, margin)
    return ceil(((normal_quantile(1 - alpha) + normal_quantile(power)) ** 2) * (discordance - difference**2) / gap**2)


def sample_size_independent(
    baseline: float,
    difference: float,
    *,
    margin: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
) -> int:
    """Candidate rows, with ``ratio`` baseline rows to each, for a one-sided test of ``difference`` against ``margin``.

    Raises ValueError where the difference is not beyond the margin.
    """
    gap = _gap(difference, margin)
    variance = _unit_variance(baseline, difference, ratio)
    return ceil(((normal_quantile(1 - alpha) + normal_quantile(power)) ** 2) * variance / gap**2)


def power_paired(
    n: int,
    discordance: float,
    difference: float,
    *,
    margin: float,
    alpha: float,
    rule: Rule,
    design_effect: float = 1.0,
) -> float:
    """How likely the rule is to pass with n pairs when the true difference is ``difference``."""
    error = sqrt(max(1e-12, discordance - difference**2) * design_effect / max(1, n))
    return _power(error, difference, margin, alpha, rule)


def power_independent(
    n: int,
    baseline: float,
    difference: float,
    *,
    margin: float,
    alpha: float,
    rule: Rule,
    ratio: float = 1.0,
    design_effect: float = 1.0,
) -> float:
    """How likely the rule is to pass with n candidate rows, and ``ratio`` baseline rows to each."""
    error = sqrt(max(1e-12, _unit_variance(baseline, difference, ratio)) * design_effect / max(1, n))
    return _power(error, difference, margin, alpha, rule)


def sample_size_rate(limit: float, rate: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Rows with which an exact upper bound clears the limit with that power when the true rate is ``rate``.

    Raises ValueError where the rate is not below the limit.
    """
    if rate >= limit:
        raise ValueError(f"a rate of {rate:g} can't be shown to be below {limit:g}")
    return least(lambda n: power_rate(n, limit, rate, alpha=alpha) >= power, 1)


def power_rate(n: int, limit: float, rate: float, *, alpha: float = 0.05) -> float:
    """How likely n rows are to show a rate below the limit when it truly is ``rate``, by the exact test."""
    first, last = -1, n
    while first < last:
        middle = -(-(first + last) // 2)
        if at_most(middle, n, limit) <= alpha:
            first = middle
        else:
            last = middle - 1
    return 0.0 if first < 0 else at_most(first, n, rate)


def _power(error: float, difference: float, margin: float, alpha: float, rule: Rule) -> float:
    if rule == "point_and_significance":
        needed = max(margin, normal_quantile(1 - alpha / 2) * error)
        return normal_below((difference - needed) / error)
    against = margin if rule == "superiority_margin" else -margin
    return normal_below((difference - against) / error - normal_quantile(1 - alpha))


def _unit_variance(baseline: float, difference: float, ratio: float) -> float:
    candidate = min(1.0, max(0.0, baseline + difference))
    return candidate * (1 - candidate) + baseline * (1 - baseline) / ratio


def _gap(difference: float, margin: float) -> float:
    if difference <= margin:
        raise ValueError(f"a difference of {difference:g} can't be shown to be beyond {margin:g}")
    return difference - margin
