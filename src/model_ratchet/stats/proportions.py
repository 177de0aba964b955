"""Proportions of independent rows: one rate, two arms, the difference of two arms against a margin."""

from collections.abc import Sequence
from math import acos, cos, hypot, pi, sqrt

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Counts
from model_ratchet.core.units import Scale
from model_ratchet.stats.tails import at_most, critical, crossing, least, normal_below, two_sided


def wilson(successes: int, n: int, level: float) -> tuple[float, float]:
    """The score interval of a proportion (Wilson 1927; Newcombe 1998, Stat Med 17:857, method 3), as fractions.

    ``wilson(15, 148, 0.95)`` is (0.0624, 0.1605).

    Raises:
        ValueError: ``n`` is 0.
    """
    _some(n)
    z = critical(level)
    p = successes / n
    middle = p + z * z / (2 * n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else (middle - half) / scale
    high = 1.0 if successes == n else (middle + half) / scale
    return low, high


def clopper_pearson(successes: int, n: int, level: float) -> tuple[float, float]:
    """The exact interval of a proportion (Clopper & Pearson 1934), as fractions.

    ``clopper_pearson(15, 148, 0.95)`` is (0.0578, 0.1617).

    Raises:
        ValueError: ``n`` is 0.
    """
    from scipy.special import betaincinv

    _some(n)
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high


def rate(counts: Counts, *, level: float) -> Estimate:
    """One proportion with its exact interval (Clopper & Pearson 1934). The value is that of the candidate.

    No error in 10,000 rows has the upper bound 0.0299528 % (the rule of three).

    Raises:
        ValueError: there is no row.
    """
    low, high = clopper_pearson(counts.successes, counts.n, level)
    lower, upper = clopper_pearson(counts.successes, counts.n, 0.90)
    value = counts.successes / counts.n
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=counts.n,
        method="Clopper–Pearson interval",
        scale=Scale.ABSOLUTE,
        lower_bound=lower,
        upper_bound=upper,
        candidate=value,
    )


def difference(baseline: Counts, candidate: Counts, *, level: float) -> Estimate:
    """candidate − baseline of independent arms: pooled z-test and Newcombe's interval. ``n`` counts the candidate's rows.

    The p-value is None where both arms are all right or all wrong; the interval is never zero-width: 10 of 10 against
    10 of 10 is 0 with (−0.2775, 0.2775).

    Raises:
        ValueError: an arm has no row.
    """
    low, high = newcombe(baseline, candidate, level)
    lower, upper = newcombe(baseline, candidate, 0.90)
    return Estimate(
        value=_gap(baseline, candidate),
        low=low,
        high=high,
        level=level,
        n=candidate.n,
        method="pooled z-test, Newcombe interval",
        scale=Scale.ABSOLUTE,
        p_value=pooled_p_value(baseline, candidate),
        lower_bound=lower,
        upper_bound=upper,
        baseline=baseline.successes / baseline.n,
        candidate=candidate.successes / candidate.n,
    )


def newcombe(baseline: Counts, candidate: Counts, level: float) -> tuple[float, float]:
    """The hybrid score interval of candidate − baseline (Newcombe 1998, Stat Med 17:873, method 10).

    56 of 70 against 48 of 80 is (0.0524, 0.3339).

    Raises:
        ValueError: an arm has no row.
    """
    low_0, high_0 = wilson(baseline.successes, baseline.n, level)
    low_1, high_1 = wilson(candidate.successes, candidate.n, level)
    p_0, p_1 = baseline.successes / baseline.n, candidate.successes / candidate.n
    gap = _gap(baseline, candidate)
    return gap - hypot(p_1 - low_1, high_0 - p_0), gap + hypot(high_1 - p_1, p_0 - low_0)


def pooled_p_value(baseline: Counts, candidate: Counts) -> float | None:
    """The two-sided p-value of the pooled z-test of no difference, None where both arms are all right or all wrong.

    13 of 47 against 19 of 53 is 0.380910.
    """
    total = baseline + candidate
    if total.successes in (0, total.n):
        return None
    pooled = total.successes / total.n
    return two_sided(_gap(baseline, candidate) / sqrt(pooled * (1 - pooled) * (1 / baseline.n + 1 / candidate.n)))


def worse_p_value(baseline: Counts, candidate: Counts, margin: float) -> float:
    """The one-sided p-value against “candidate − baseline is at least −margin”: small when it is worse than that.

    The score test of Miettinen & Nurminen (1985, eq. 6–10), whose bounds are those of ``miettinen_nurminen``: 6,850 of
    10,000 against 7,000 of 10,000 at a margin of 0.01 is 0.222. It is 1 where the margin leaves no variance (both arms all
    right, margin 0). A negative margin asks whether the candidate is *not* better by that much.

    Raises:
        ValueError: an arm has no row.
    """
    _some(baseline.n)
    _some(candidate.n)
    gap, variance = _score(baseline, candidate, -margin)
    if variance <= 0:
        return 0.0 if gap < 0 else 1.0
    return normal_below(gap / sqrt(variance))


def miettinen_nurminen(baseline: Counts, candidate: Counts, level: float) -> tuple[float, float]:
    """The score interval of candidate − baseline (Miettinen & Nurminen 1985, with their factor N/(N−1)).

    7 of 34 against 1 of 34 is (0.0270416, 0.3452912).

    Raises:
        ValueError: an arm has no row.
    """
    _some(baseline.n)
    _some(candidate.n)
    z = critical(level)

    def excess(delta: float) -> float:
        gap, variance = _score(baseline, candidate, delta)
        return gap * gap - z * z * variance

    middle = _gap(baseline, candidate)
    return crossing(excess, middle, -1.0), crossing(excess, middle, 1.0)


def stratified_difference(strata: Sequence[tuple[Counts, Counts]], *, level: float) -> Estimate:
    """The Mantel–Haenszel difference over strata of (baseline, candidate), with Sato's variance (1989, Biometrics 45:1323).

    Strata in which an arm is empty weigh nothing.

    Raises:
        ValueError: no stratum holds rows of both arms.
    """
    used = [(b, c, b.n * c.n / (b.n + c.n)) for b, c in strata if b.n and c.n]
    if not used:
        raise ValueError("no stratum holds rows of both arms")
    total = sum(weight for *_, weight in used)
    value = sum(weight * _gap(b, c) for b, c, weight in used) / total
    p_sum = q_sum = 0.0
    for b, c, _ in used:
        n = b.n + c.n
        p_sum += (c.n**2 * b.successes - b.n**2 * c.successes + b.n * c.n * (b.n - c.n) / 2) / n**2
        q_sum += (c.successes * (b.n - b.successes) + b.successes * (c.n - c.successes)) / (2 * n)
    error = sqrt(max(0.0, (value * p_sum + q_sum) / total**2))
    half, bound = critical(level) * error, critical(0.90) * error
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        n=sum(c.n for _, c, _ in used),
        method="Mantel–Haenszel difference, Sato variance",
        scale=Scale.ABSOLUTE,
        p_value=two_sided(value / error) if error else None,
        lower_bound=value - bound,
        upper_bound=value + bound,
        baseline=sum(weight * b.successes / b.n for b, _, weight in used) / total,
        candidate=sum(weight * c.successes / c.n for _, c, weight in used) / total,
    )


def least_rows_for_rate(limit: float, errors: int, level: float = 0.95) -> int:
    """The fewest rows, so many of them errors, whose one-sided upper bound (Clopper & Pearson) is below the limit.

    ``least_rows_for_rate(0.001, 0)`` is 2995, with one error 4742.
    """
    return least(lambda n: at_most(errors, n, limit) < 1 - level, errors + 1)


def constrained_rates(baseline: Counts, candidate: Counts, delta: float) -> tuple[float, float]:
    """The likeliest (baseline, candidate) rates whose difference is delta (Miettinen & Nurminen 1985, appendix I).

    For 7,000 and 7,300 of 10,000 at 0.02 they are (0.705106, 0.725106).
    """
    x_0, n_0, x_1, n_1 = baseline.successes, baseline.n, candidate.successes, candidate.n
    return constrained_shares(x_0 / n_0, x_1 / n_1, n_0 / (n_0 + n_1), delta)


def constrained_shares(p_0: float, p_1: float, weight: float, delta: float) -> tuple[float, float]:
    """The same from the two observed rates and the share of rows that are the baseline's."""
    # p_0³ + a·p_0² + b·p_0 + c = 0, divided by N
    x_0, x = weight * p_0, weight * p_0 + (1 - weight) * p_1
    a = (1 + weight) * delta - 1 - x
    b = (weight * delta - 1 - 2 * x_0) * delta + x
    c = x_0 * delta * (1 - delta)
    half_turn = a**3 / 27 - a * b / 6 + c / 2
    radius = sqrt(max(0.0, a * a / 9 - b / 3))
    radius = radius if half_turn > 0 else -radius
    turn = max(-1.0, min(1.0, half_turn / radius**3)) if radius else 0.0
    root = 2 * radius * cos((pi + acos(turn)) / 3) - a / 3
    rate_0 = min(max(root, 0.0, -delta), 1.0, 1.0 - delta)
    return rate_0, min(1.0, max(0.0, rate_0 + delta))


def _score(baseline: Counts, candidate: Counts, delta: float) -> tuple[float, float]:
    """The distance of the observed difference from delta, and its variance if that were the truth."""
    rate_0, rate_1 = constrained_rates(baseline, candidate, delta)
    n = baseline.n + candidate.n
    variance = rate_0 * (1 - rate_0) / baseline.n + rate_1 * (1 - rate_1) / candidate.n
    return _gap(baseline, candidate) - delta, variance * n / (n - 1)


def _gap(baseline: Counts, candidate: Counts) -> float:
    """candidate − baseline, rounded once: 72 of 100 against 70 of 100 is 0.02 to the last bit."""
    return (candidate.successes * baseline.n - baseline.successes * candidate.n) / (baseline.n * candidate.n)


def _some(n: int) -> None:
    if n <= 0:
        raise ValueError("a proportion of 0 rows does not exist: count the rows first")
