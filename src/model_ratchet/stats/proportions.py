"""Proportions: intervals of one, differences of two independent ones, and tests of a difference against a margin."""

from collections.abc import Sequence
from math import hypot, inf, sqrt

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Counts
from model_ratchet.core.units import Scale


def wilson(successes: int, n: int, level: float) -> tuple[float, float]:
    """The Wilson score interval of a proportion (Wilson 1927), as fractions.

    ``wilson(15, 148, 0.95)`` is (0.0624, 0.1605) (Newcombe 1998). Raises ValueError when n is 0.
    """
    _some(n)
    z = _z(level)
    p = successes / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return low, 1.0 if successes == n else min(1.0, middle + half)


def clopper_pearson(successes: int, n: int, level: float) -> tuple[float, float]:
    """The exact interval of a proportion (Clopper & Pearson 1934), as fractions.

    ``clopper_pearson(15, 148, 0.95)`` is (0.0578, 0.1617) (Newcombe 1998). Raises ValueError when n is 0.
    """
    from scipy.special import betaincinv

    _some(n)
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high


def rate(counts: Counts, *, level: float) -> Estimate:
    """One proportion with its exact interval and one-sided 95 % bounds. Raises ValueError when n is 0."""
    low, high = clopper_pearson(counts.successes, counts.n, level)
    lower, upper = clopper_pearson(counts.successes, counts.n, 0.90)
    return Estimate(
        value=counts.successes / counts.n,
        low=low,
        high=high,
        level=level,
        n=counts.n,
        method="Clopper–Pearson interval",
        scale=Scale.ABSOLUTE,
        lower_bound=lower,
        upper_bound=upper,
        candidate=counts.successes / counts.n,
    )


def difference(baseline: Counts, candidate: Counts, *, level: float) -> Estimate:
    """candidate − baseline of independent arms: Newcombe's interval (1998, method 10), pooled z-test.

    The p-value is None where both arms are all right or all wrong. Raises ValueError when an arm is empty.
    """
    _some(baseline.n)
    _some(candidate.n)
    p_0, p_1 = baseline.successes / baseline.n, candidate.successes / candidate.n
    low, high = newcombe(baseline, candidate, level)
    lower, upper = newcombe(baseline, candidate, 0.90)
    return Estimate(
        value=p_1 - p_0,
        low=low,
        high=high,
        level=level,
        n=candidate.n,
        method="pooled z-test, Newcombe interval",
        scale=Scale.ABSOLUTE,
        p_value=_pooled_p_value(baseline, candidate),
        lower_bound=lower,
        upper_bound=upper,
        baseline=p_0,
        candidate=p_1,
    )


def newcombe(baseline: Counts, candidate: Counts, level: float) -> tuple[float, float]:
    """Newcombe's hybrid score interval of candidate − baseline (Newcombe 1998, method 10).

    56/70 against 48/80 is (0.0524, 0.3339).
    """
    p_0, p_1 = baseline.successes / baseline.n, candidate.successes / candidate.n
    l_0, u_0 = wilson(baseline.successes, baseline.n, level)
    l_1, u_1 = wilson(candidate.successes, candidate.n, level)
    return p_1 - p_0 - hypot(p_1 - l_1, u_0 - p_0), p_1 - p_0 + hypot(u_1 - p_1, p_0 - l_0)


def worse_p_value(baseline: Counts, candidate: Counts, margin: float) -> float:
    """The one-sided p-value against candidate − baseline ≥ −margin: small when the candidate is worse than that.

    The score test with the constrained maximum-likelihood variance (Miettinen & Nurminen 1985, without their n/(n−1)).
    """
    from scipy.special import ndtr

    return float(ndtr(_score(baseline, candidate, -margin)))


def miettinen_nurminen(baseline: Counts, candidate: Counts, level: float) -> tuple[float, float]:
    """The score interval of candidate − baseline (Miettinen & Nurminen 1985, with their factor n/(n−1))."""
    from scipy.optimize import brentq

    z = _z(level)
    n = baseline.n + candidate.n
    factor = sqrt((n - 1) / n)
    value = candidate.successes / candidate.n - baseline.successes / baseline.n

    def beyond(delta: float) -> float:
        return _score(baseline, candidate, delta) * factor

    edge = 1 - 1e-12
    low = -1.0 if beyond(-edge) < z else float(brentq(lambda d: beyond(d) - z, -edge, min(value, edge), xtol=1e-12))
    high = 1.0 if beyond(edge) > -z else float(brentq(lambda d: beyond(d) + z, max(value, -edge), edge, xtol=1e-12))
    return low, high


def stratified_difference(strata: Sequence[tuple[Counts, Counts]], *, level: float) -> Estimate:
    """The Mantel–Haenszel difference over strata of (baseline, candidate), with Sato's variance (Sato 1989).

    Strata in which an arm is empty weigh nothing. Raises ValueError when none weighs anything.
    """
    used = [(b, c) for b, c in strata if b.n and c.n]
    if not used:
        raise ValueError("no stratum holds rows of both arms")
    weights = [b.n * c.n / (b.n + c.n) for b, c in used]
    total = sum(weights)
    gaps = [c.successes / c.n - b.successes / b.n for b, c in used]
    value = sum(w * d for w, d in zip(weights, gaps, strict=True)) / total
    p_sum = q_sum = 0.0
    for b, c in used:
        n = b.n + c.n
        p_sum += (b.n**2 * c.successes - c.n**2 * b.successes + b.n * c.n * (c.n - b.n) / 2) / n**2
        q_sum += (c.successes * (b.n - b.successes) + b.successes * (c.n - c.successes)) / (2 * n)
    variance = max(0.0, (value * p_sum + q_sum) / total**2)
    z, z95 = _z(level), _z(0.90)
    half, bound = z * sqrt(variance), z95 * sqrt(variance)
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        n=sum(c.n for _, c in used),
        method="Mantel–Haenszel difference, Sato variance",
        scale=Scale.ABSOLUTE,
        p_value=_two_sided(value / sqrt(variance)) if variance else None,
        lower_bound=value - bound,
        upper_bound=value + bound,
        baseline=sum(w * b.successes / b.n for w, (b, _) in zip(weights, used, strict=True)) / total,
        candidate=sum(w * c.successes / c.n for w, (_, c) in zip(weights, used, strict=True)) / total,
    )


def least_rows_for_rate(limit: float, errors: int, level: float = 0.95) -> int:
    """The fewest rows with so many errors whose one-sided upper bound is below the limit.

    ``least_rows_for_rate(0.001, 0)`` is 2995, with one error 4742.
    """
    from scipy.special import bdtr

    low, high = errors + 1, errors + 2
    while bdtr(errors, high, limit) > 1 - level:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if bdtr(errors, middle, limit) > 1 - level:
            low = middle + 1
        else:
            high = middle
    return low


def _score(baseline: Counts, candidate: Counts, delta: float) -> float:
    """The score statistic of candidate − baseline = delta; infinite where the constrained variance is nothing."""
    _some(baseline.n)
    _some(candidate.n)
    p_0, p_1 = baseline.successes / baseline.n, candidate.successes / candidate.n
    q_0 = _constrained(baseline, candidate, delta)
    q_1 = min(1.0, max(0.0, q_0 + delta))
    variance = q_1 * (1 - q_1) / candidate.n + q_0 * (1 - q_0) / baseline.n
    gap = p_1 - p_0 - delta
    if variance <= 0:
        return 0.0 if abs(gap) < 1e-12 else (inf if gap > 0 else -inf)
    return gap / sqrt(variance)


def _constrained(baseline: Counts, candidate: Counts, delta: float) -> float:
    """The baseline's proportion of greatest likelihood under candidate − baseline = delta (the cubic's root in closed form)."""
    from math import acos, cos, pi

    n_0, n_1 = baseline.n, candidate.n
    x_0, x_1 = baseline.successes, candidate.successes
    theta = n_0 / n_1
    p_0, p_1 = x_0 / n_0, x_1 / n_1
    a = 1 + theta
    b = -(1 + theta + p_1 + theta * p_0 + delta * (theta + 2))
    c = delta**2 + delta * (2 * p_1 + theta + 1) + p_1 + theta * p_0
    d = -p_1 * delta * (1 + delta)
    v = b**3 / (27 * a**3) - b * c / (6 * a**2) + d / (2 * a)
    u = sqrt(max(0.0, b**2 / (9 * a**2) - c / (3 * a)))
    u = u if v > 0 else -u
    w = (pi + acos(max(-1.0, min(1.0, v / u**3)))) / 3 if u else 0.0
    root = 2 * u * cos(w) - b / (3 * a)
    q_1 = min(1.0, max(0.0, root))
    return min(1.0, max(0.0, q_1 - delta))


def _pooled_p_value(baseline: Counts, candidate: Counts) -> float | None:
    total = baseline + candidate
    p = total.successes / total.n
    variance = p * (1 - p) * (1 / baseline.n + 1 / candidate.n)
    if variance == 0:
        return None
    return _two_sided((candidate.successes / candidate.n - baseline.successes / baseline.n) / sqrt(variance))


def _two_sided(z: float) -> float:
    from math import erfc

    return erfc(abs(z) / sqrt(2))


def _z(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def _some(n: int) -> None:
    if n <= 0:
        raise ValueError("a proportion of no rows has no estimate")
