"""Quantiles: exact tests on counts, intervals from logarithmic histograms, and the ratio of two quantiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import BucketHistogram, LogHistogram, QuantileCounts
from model_ratchet.core.units import Scale
from model_ratchet.stats.tails import at_least, at_most, least

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GROWTH = 1.02
_RESAMPLES = 2000


class Bucket(NamedTuple):
    """Values above ``lower`` up to ``upper`` (None: without end), in seconds, and how many rows hold one."""

    lower: float
    upper: float | None
    rows: int


def buckets(histogram: LogHistogram | BucketHistogram) -> Iterator[Bucket]:
    """The buckets of a histogram, from the lowest."""
    if isinstance(histogram, LogHistogram):
        yield from (Bucket(GROWTH ** (key - 1) / 1e6, GROWTH**key / 1e6, rows) for key, rows in histogram.buckets)
        return
    lower = 0.0
    for edge, rows in histogram.buckets:
        yield Bucket(lower, edge, rows)
        lower = edge if edge is not None else lower


def at_most_p_values(counts: QuantileCounts, quantile: float) -> tuple[float, float]:
    """The exact one-sided p-values for “the quantile is at most the limit” and for “it is above”.

    With k of n rows at or below the limit: P(X ≥ k) and P(X ≤ k) for X ~ Bin(n, quantile).
    Unclear rows count against either. Raises ValueError when n is 0.
    """
    if counts.n == 0:
        raise ValueError("a quantile of no rows has no estimate")
    k = counts.at_or_below
    return at_least(k, counts.n, quantile), at_most(k + counts.unclear, counts.n, quantile)


def least_rows(quantile: float, level: float = 0.95, exceedances: int = 0) -> int:
    """The fewest rows, so many of them above the limit, that can show the quantile to be at most it (Wilks 1941).

    59 for p95 and 299 for p99 at 95 % without an exceedance, 93 for p95 with one.
    """
    return least(lambda n: at_most(exceedances, n, 1 - quantile) <= 1 - level, exceedances + 1)


def quantile(histogram: LogHistogram | BucketHistogram, q: float, *, level: float) -> Estimate:
    """A quantile in seconds with its order-statistic interval, from a histogram in microseconds or one of fixed edges.

    The value is the upper edge of the bucket that holds it (the lower one where the bucket is open above); the interval runs
    from the lower edge of the bucket of the lower rank to the upper edge of that of the upper one, so that its coverage is at
    least ``level``. A rank that the rows do not hold leaves its side open. Raises ValueError for an empty histogram.
    """
    n = histogram.n
    if n == 0:
        raise ValueError("a quantile of no rows has no estimate")
    found = tuple(buckets(histogram))
    low, high = _ranks(n, q, (1 - level) / 2)
    lower, upper = _ranks(n, q, 0.05)
    value = quantile_value(histogram, q)
    return Estimate(
        value=value,
        low=_lower(_bucket(found, low)),
        high=_upper(_bucket(found, high)),
        level=level,
        n=n,
        method=f"order statistics in {'2 %' if isinstance(histogram, LogHistogram) else 'fixed'} buckets",
        scale=Scale.ABSOLUTE,
        lower_bound=_lower(_bucket(found, lower)),
        upper_bound=_upper(_bucket(found, upper)),
        candidate=value,
    )


def quantile_value(histogram: LogHistogram | BucketHistogram, q: float) -> float:
    """A quantile in seconds: the upper edge of the bucket that holds it, the lower one where the bucket is open above.

    Raises ValueError for an empty histogram.
    """
    if histogram.n == 0:
        raise ValueError("a quantile of no rows has no estimate")
    holding = _bucket(tuple(buckets(histogram)), max(1, -(-round(histogram.n * q, 6) // 1)))
    assert holding is not None  # noqa: S101  (a rank within 1..n)
    return holding.upper if holding.upper is not None else holding.lower


def rows_above(histogram: LogHistogram | BucketHistogram, limit: float) -> tuple[int, int]:
    """How many rows are above a limit in seconds, at least and at most: those of the bucket that holds it may be."""
    found = tuple(buckets(histogram))
    surely = sum(one.rows for one in found if one.lower >= limit)
    return surely, sum(one.rows for one in found if one.upper is None or one.upper > limit)


def quantile_ratio(
    baseline: Sequence[LogHistogram], candidate: Sequence[LogHistogram], q: float, *, level: float, seed: int
) -> Estimate:
    """The ratio of two quantiles, candidate over baseline, with a block bootstrap over the hours.

    The same hours are drawn for both arms, 2,000 times; the interval is that of the percentiles of the logarithm of the
    ratio. Deterministic for a seed. Raises ValueError with no hour, with different numbers of them, or for an arm of no rows.
    """
    import numpy as np

    if not baseline or len(baseline) != len(candidate):
        raise ValueError(f"{len(baseline)} and {len(candidate)} hours can't be paired")
    if not all(sum(one.n for one in arm) for arm in (baseline, candidate)):
        raise ValueError("a quantile of no rows has no estimate")
    keys = sorted({key for one in (*baseline, *candidate) for key, _ in one.buckets})
    place = {key: index for index, key in enumerate(keys)}
    matrices = []
    for arm in (baseline, candidate):
        matrix = np.zeros((len(arm), len(keys)))
        for hour, one in enumerate(arm):
            for key, count in one.buckets:
                matrix[hour, place[key]] = count
        matrices.append(matrix)
    generator = np.random.default_rng(seed)
    hours = len(baseline)
    draws = generator.multinomial(hours, np.full(hours, 1 / hours), size=_RESAMPLES).astype(float)
    # a draw without a row in one arm has no ratio
    draws = draws[np.all([(draws @ matrix).sum(axis=1) > 0 for matrix in matrices], axis=0)]
    logs = np.array(keys, dtype=float)
    point = [float(_quantile_keys(matrix.sum(axis=0)[None, :], logs, q)[0]) for matrix in matrices]
    resampled = [_quantile_keys(draws @ matrix, logs, q) for matrix in matrices]
    ratios = (resampled[1] - resampled[0]) * np.log(GROWTH)
    value = float(np.exp((point[1] - point[0]) * np.log(GROWTH)))
    tail = (1 - level) / 2
    low, high, lower, upper = (float(np.exp(x)) for x in np.quantile(ratios, [tail, 1 - tail, 0.05, 0.95]))
    tails = float((ratios <= 0).mean()), float((ratios >= 0).mean())
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        level=level,
        n=sum(one.n for one in candidate),
        method="ratio of quantiles, block bootstrap over hours",
        scale=Scale.RATIO,
        p_value=min(1.0, max(2 * min(tails), 1 / _RESAMPLES)),
        lower_bound=min(lower, value),
        upper_bound=max(upper, value),
        baseline=GROWTH ** point[0] / 1e6,
        candidate=GROWTH ** point[1] / 1e6,
        clusters=hours,
    )


def _quantile_keys(table: NDArray[np.float64], keys: NDArray[np.float64], q: float) -> NDArray[np.float64]:
    """The fractional bucket number of a quantile in each row of counts (draws × buckets), linear within its bucket."""
    import numpy as np

    cumulated = table.cumsum(axis=1)
    wanted = q * cumulated[:, -1]
    found = np.minimum((cumulated < wanted[:, None] - 1e-9).sum(axis=1), len(keys) - 1)
    rows = np.arange(len(table))
    inside = table[rows, found]
    before = cumulated[rows, found] - inside
    share = np.where(inside > 0, (wanted - before) / np.where(inside > 0, inside, 1.0), 1.0)
    return np.asarray(keys[found] - 1 + np.clip(share, 0.0, 1.0))


def _ranks(n: int, q: float, tail: float) -> tuple[int, int]:
    """The ranks (from 1) between which the quantile lies with at least 1 − 2·tail; 0 and n + 1 do not exist."""
    # the largest r with P(Bin(n, q) ≤ r − 1) ≤ tail
    first, last = 0, n
    while first < last:
        middle = (first + last + 1) // 2
        if at_most(middle - 1, n, q) <= tail:
            first = middle
        else:
            last = middle - 1
    low = first
    # the smallest r with P(Bin(n, q) ≤ r − 1) ≥ 1 − tail
    first, last = 1, n + 1
    while first < last:
        middle = (first + last) // 2
        if at_most(middle - 1, n, q) >= 1 - tail:
            last = middle
        else:
            first = middle + 1
    return low, first


def _bucket(found: Sequence[Bucket], rank: float) -> Bucket | None:
    """The bucket that holds the rank, None where the rank does not exist."""
    passed = 0
    for one in found:
        if passed < rank <= passed + one.rows:
            return one
        passed += one.rows
    return None


def _lower(bucket: Bucket | None) -> float | None:
    return bucket.lower if bucket is not None else None


def _upper(bucket: Bucket | None) -> float | None:
    return bucket.upper if bucket is not None else None
