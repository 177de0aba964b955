"""Clusters: differences of rows that are not independent, with residuals summed per cluster before they are squared."""

from collections.abc import Sequence
from math import sqrt

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import ArmMoments, Counts, PairedCounts, PairedMoments
from model_ratchet.core.units import Scale


def paired_difference(moments: PairedMoments, *, level: float) -> Estimate:
    """The mean of candidate − baseline over pairs with a cluster-robust error and t with G − 1.

    se² = G/(G−1) · Σ(D_g − m_g·d̄)² / N² (Liang & Zeger 1986, CR1), which is OLS on a constant with clustered errors up to
    the factor (N−1)/N. Raises ValueError with fewer than two clusters.
    """
    value, error = _paired(moments)
    unit = moments.unit
    return _estimate(
        value,
        error,
        moments.clusters,
        level,
        n=moments.n,
        baseline=moments.baseline / moments.n / unit,
        candidate=moments.candidate / moments.n / unit,
        method=_method(moments.clusters, moments.n, "paired"),
    )


def arm_difference(moments: ArmMoments, *, level: float) -> Estimate:
    """The mean of the candidate's rows − the mean of the baseline's: one CR1 regression on arm, t with G − 1.

    The residuals of both arms are summed per cluster before squaring, so that what the arms share of a cluster cancels.
    Raises ValueError with fewer than two clusters or an empty arm.
    """
    value, error = _arms(moments)
    return _estimate(
        value,
        error,
        moments.clusters,
        level,
        n=moments.n1,
        baseline=moments.s0 / moments.n0 / moments.unit,
        candidate=moments.s1 / moments.n1 / moments.unit,
        method=_method(moments.clusters, moments.n0 + moments.n1, "two arms"),
    )


def worse_p_value(moments: PairedMoments | ArmMoments, margin: float) -> float:
    """The one-sided p-value against candidate − baseline ≥ −margin: small when worse than that."""
    from scipy.special import stdtr

    value, error = _paired(moments) if isinstance(moments, PairedMoments) else _arms(moments)
    if error == 0:
        return 0.0 if value < -margin else 1.0
    return float(stdtr(moments.clusters - 1, (value + margin) / error))


Summed = tuple[int, int, int]
"""The rows of a group: n, Σx and Σx² of their values, or of their paired differences."""


def summed(group: Counts | PairedCounts) -> Summed:
    """The sums of a group."""
    if isinstance(group, PairedCounts):
        discordant = group.only_candidate + group.only_baseline
        return group.both + discordant + group.neither, group.only_candidate - group.only_baseline, discordant
    return group.n, group.successes, group.successes


def looks_clustered(groups: Sequence[Summed]) -> tuple[float, float] | None:
    """How much more the groups (hours, days) scatter than independent rows would: (design effect, p-value).

    The dispersion chi-square of the group means about their pooled mean, with G − 1 degrees of freedom (Cochran 1954);
    groups of fewer than 10 rows, or too small for one row of the rarer kind, are left out: one rare row in a quiet hour is
    no sign of clusters. None where fewer than 5 groups, or no variance, are left.
    """
    from scipy.special import chdtrc

    rows = [one for one in groups if one[0] >= 10]
    if not rows:
        return None
    _, variance = _mean_and_variance(rows)
    rows = [row for row in rows if row[0] * variance >= 1]
    if len(rows) < 5:
        return None
    mean, variance = _mean_and_variance(rows)
    if variance <= 0:
        return None
    statistic = sum(n * (s / n - mean) ** 2 for n, s, _ in rows) / variance
    freedom = len(rows) - 1
    return statistic / freedom, float(chdtrc(freedom, statistic))


def _mean_and_variance(rows: Sequence[Summed]) -> tuple[float, float]:
    """Of one row, from n, Σx and Σx² of each group."""
    total = sum(n for n, _, _ in rows)
    mean = sum(s for _, s, _ in rows) / total
    return mean, sum(ss for _, _, ss in rows) / total - mean**2


def _paired(moments: PairedMoments) -> tuple[float, float]:
    _enough(moments.clusters)
    n, unit = moments.n, moments.unit
    total = moments.candidate - moments.baseline
    # exact: Σ(D − m·d̄)² = Σd² − 2·d̄·Σmd + d̄²·Σm², times n² to stay in integers
    squares = n * n * moments.dd - 2 * n * total * moments.md + total * total * moments.mm
    g = moments.clusters
    return total / n / unit, sqrt(max(0, squares) * g / (g - 1)) / (n * n) / unit


def _arms(moments: ArmMoments) -> tuple[float, float]:
    from fractions import Fraction

    _enough(moments.clusters)
    if not moments.n0 or not moments.n1:
        raise ValueError("a difference needs rows of both arms")
    m = moments
    p_0, p_1 = Fraction(m.s0, m.n0), Fraction(m.s1, m.n1)
    own_0 = m.s0s0 - 2 * p_0 * m.m0s0 + p_0**2 * m.m0m0
    own_1 = m.s1s1 - 2 * p_1 * m.m1s1 + p_1**2 * m.m1m1
    cross = m.s0s1 - p_1 * m.s0m1 - p_0 * m.m0s1 + p_0 * p_1 * m.m0m1
    squares = own_1 / m.n1**2 + own_0 / m.n0**2 - 2 * cross / (m.n0 * m.n1)
    factor = Fraction(m.clusters, m.clusters - 1)
    return float(p_1 - p_0) / m.unit, sqrt(max(Fraction(0), squares * factor)) / m.unit


def _estimate(
    value: float,
    error: float,
    clusters: int,
    level: float,
    *,
    n: int,
    baseline: float,
    candidate: float,
    method: str,
) -> Estimate:
    from scipy.special import stdtr, stdtrit

    freedom = clusters - 1
    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    bound = float(stdtrit(freedom, 0.95)) * error
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        n=n,
        method=method,
        scale=Scale.ABSOLUTE,
        p_value=2 * float(stdtr(freedom, -abs(value) / error)) if error > 0 else None,
        lower_bound=value - bound,
        upper_bound=value + bound,
        baseline=baseline,
        candidate=candidate,
        clusters=clusters,
    )


def _method(clusters: int, n: int, design: str) -> str:
    return f"t-test, {design}" if clusters >= n else f"cluster-robust t-test, {design}"


def _enough(clusters: int) -> None:
    if clusters < 2:
        raise ValueError(f"{clusters} clusters have no variance: at least 2 are needed")
