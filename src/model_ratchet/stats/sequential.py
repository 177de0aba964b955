"""Sequential: bounds that hold at any number of looks."""

from collections.abc import Sequence
from math import log, log1p, sqrt

from model_ratchet.core.evidence import Counts, PairedCounts

_FIRST_LOOK = 100


def discordant_e_value(only_baseline: int, only_candidate: int) -> float:
    """The logarithm of the Beta(½, ½)-mixture e-value against “a discordant pair falls either way equally often”.

    ``discordant_e_value(40, 60)`` is −0.517394. Exact at every number of pairs, at every look (Ville 1939).
    """
    from scipy.special import betaln

    total = only_baseline + only_candidate
    return float(betaln(only_candidate + 0.5, only_baseline + 0.5) - betaln(0.5, 0.5) + total * log(2))


def confidence_sequence_halfwidth(
    n: int, variance: float, alpha: float, planned_n: int, *, one_sided: bool = False
) -> float:
    """The half-width of the asymptotic confidence sequence of a mean (Waudby-Smith et al. 2021, eq. 9 and 134).

    ``variance`` is that of one observation; ``planned_n`` is where the bound is narrowest, and never its validity. 100 of
    100 planned observations of variance 1 have the half-width 0.3035209 at an alpha of 0.05.
    """
    level = 2 * alpha if one_sided else alpha
    rho2 = (-2 * log(level) + log(-2 * log(level) + 1)) / planned_n
    t = n * rho2 + 1
    if one_sided:
        return sqrt(variance) * sqrt(2 * t / (n * n * rho2) * log1p(sqrt(t) / (2 * alpha)))
    return sqrt(variance) * sqrt(t / (n * n * rho2) * log(t / alpha**2))


def harm_paired(hours: Sequence[PairedCounts], *, margin: float, level: float, planned_n: int) -> int | None:
    """The first hour at which pairs show the candidate worse by more than the margin, None when none does.

    At margin 0 the exact e-value of the discordant pairs decides; beyond a margin the asymptotic confidence sequence of the
    paired differences, from 100 pairs on. The level holds over all hours together.
    """
    baseline = candidate = n = 0
    for hour, table in enumerate(hours):
        baseline += table.only_baseline
        candidate += table.only_candidate
        n += table.n
        if margin == 0:
            if baseline > candidate and discordant_e_value(baseline, candidate) >= -log(level):
                return hour
        elif n >= _FIRST_LOOK:
            mean = (candidate - baseline) / n
            variance = (candidate + baseline) / n - mean**2
            if mean + confidence_sequence_halfwidth(n, variance, level, planned_n, one_sided=True) < -margin:
                return hour
    return None


def harm_independent(
    hours: Sequence[tuple[Counts, Counts]], *, margin: float, level: float, planned_n: int
) -> int | None:
    """The first hour at which independent arms (baseline, candidate) show the candidate worse by more than the margin.

    The asymptotic confidence sequence of the difference of two means, on the scale of the smaller arm, from 100 rows of
    each on. The level holds over all hours together.
    """
    total = [Counts(successes=0, n=0), Counts(successes=0, n=0)]
    for hour, pair in enumerate(hours):
        total = [one + more for one, more in zip(total, pair, strict=True)]
        baseline, candidate = total
        n = min(baseline.n, candidate.n)
        if n < _FIRST_LOOK:
            continue
        p_0, p_1 = baseline.successes / baseline.n, candidate.successes / candidate.n
        # the variance of one observation of the smaller arm, so that n of them give the variance of the difference
        variance = n * (p_0 * (1 - p_0) / baseline.n + p_1 * (1 - p_1) / candidate.n)
        if p_1 - p_0 + confidence_sequence_halfwidth(n, variance, level, planned_n, one_sided=True) < -margin:
            return hour
    return None


def harm_rate(hours: Sequence[Counts], *, limit: float, level: float) -> int | None:
    """The first hour at which a rate is shown above a limit, None when none is. Exact for the smallest rates.

    The e-process mixes the likelihood ratio over rates above the limit, a Beta prior truncated there; it is a supermartingale
    under every rate at or below the limit (Howard et al. 2021, for the exponential family). The prior is centred on the limit.
    Raises ValueError for a limit of 0 or less.
    """
    from scipy.special import betaincc, betaln

    if limit <= 0:
        raise ValueError(f"no rate is at most {limit:g}")
    prior_1 = 0.5
    prior_0 = max(0.5, prior_1 * (1 - limit) / limit)
    upper = float(betaincc(prior_1, prior_0, limit))
    successes = n = 0
    for hour, counts in enumerate(hours):
        successes += counts.successes
        n += counts.n
        if successes <= limit * n:
            continue
        a, b = prior_1 + successes, prior_0 + n - successes
        tail = float(betaincc(a, b, limit))
        mixture = float(betaln(a, b) - betaln(prior_1, prior_0)) + log(max(tail, 1e-300) / upper)
        null = successes * log(limit) + (n - successes) * log1p(-limit)
        if mixture - null >= -log(level):
            return hour
    return None
