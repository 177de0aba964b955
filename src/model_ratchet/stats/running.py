"""Running: a difference as it builds up, with a band that holds at all looks together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from model_ratchet.core.evidence import Counts, PairedCounts
from model_ratchet.stats.sequential import confidence_sequence_halfwidth

_FIRST_LOOK = 100
_FIRST_CLUSTER = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The difference candidate − baseline of all rows up to a look; None for the bounds that so few rows do not have."""

    value: float
    low: float | None
    high: float | None
    n: int
    """Pairs, or rows of the smaller arm."""


def running_pairs(tables: Sequence[PairedCounts], *, alpha: float) -> tuple[Look | None, ...]:
    """The difference of the shares in each table together with all before it, None before the first pair.

    The band is the asymptotic confidence sequence of the paired differences, from 100 pairs on. It is narrowest at the last
    table, and holds with probability 1 − alpha at all looks together.
    """
    sums = tuple(accumulate(tables, PairedCounts.__add__))
    planned = sums[-1].n if sums else 0
    return tuple(_pairs(one, alpha, planned) for one in sums)


def running_arms(pairs: Sequence[tuple[Counts, Counts]], *, alpha: float) -> tuple[Look | None, ...]:
    """The same of independent arms (baseline, candidate), from 100 rows of each on; None before both have rows."""
    sums = tuple(accumulate(pairs, lambda so_far, more: (so_far[0] + more[0], so_far[1] + more[1])))
    planned = min(one.n for one in sums[-1]) if sums else 0
    return tuple(_arms(baseline, candidate, alpha, planned) for baseline, candidate in sums)


def running_clusters(clusters: Sequence[tuple[int, float]], *, alpha: float) -> tuple[Look | None, ...]:
    """The same of clusters whose rows are not independent: the rows of each, and the difference within it.

    The clusters are the observations, weighted by their rows; the band begins with the fifth.
    """
    planned = len(clusters)
    return tuple(_clusters(clusters[: count + 1], alpha, planned) for count in range(planned))


def _pairs(table: PairedCounts, alpha: float, planned: int) -> Look | None:
    if not table.n:
        return None
    mean = (table.only_candidate - table.only_baseline) / table.n
    return _look(mean, table.discordant / table.n - mean**2, table.n, alpha, planned)


def _arms(baseline: Counts, candidate: Counts, alpha: float, planned: int) -> Look | None:
    n = min(baseline.n, candidate.n)
    if not n:
        return None
    shares = [one.successes / one.n for one in (baseline, candidate)]
    variance = n * sum(p * (1 - p) / one.n for p, one in zip(shares, (baseline, candidate), strict=True))
    return _look(shares[1] - shares[0], variance, n, alpha, planned)


def _look(value: float, variance: float, n: int, alpha: float, planned: int) -> Look:
    if n < _FIRST_LOOK:
        return Look(value=value, low=None, high=None, n=n)
    half = confidence_sequence_halfwidth(n, variance, alpha, planned)
    return Look(value=value, low=value - half, high=value + half, n=n)


def _clusters(seen: Sequence[tuple[int, float]], alpha: float, planned: int) -> Look | None:
    rows = sum(n for n, _ in seen)
    if not rows:
        return None
    value = sum(n * difference for n, difference in seen) / rows
    if len(seen) < _FIRST_CLUSTER:
        return Look(value=value, low=None, high=None, n=rows)
    # divided by what a Student distribution of so few clusters spreads by, so that the band is not too narrow at first
    variance = sum(_residuals(seen, value, rows / len(seen))) / (len(seen) - 3)
    half = confidence_sequence_halfwidth(len(seen), variance, alpha, planned)
    return Look(value=value, low=value - half, high=value + half, n=rows)


def _residuals(seen: Sequence[tuple[int, float]], value: float, mean_rows: float) -> Iterator[float]:
    """The squared deviations of the clusters, each weighted by its rows (the linearised ratio estimator)."""
    return ((n * (difference - value) / mean_rows) ** 2 for n, difference in seen)
