"""Distributions: how far two of them are apart."""

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Categories
from model_ratchet.core.units import Scale

_RESAMPLES = 2000


def distance(baseline: Categories, candidate: Categories, *, level: float, seed: int) -> Estimate:
    """The total variation distance of two distributions over categories: the share of rows that would have to move.

    Both are drawn 2,000 times from their own multinomial. The estimate is biased upwards on few rows, so ``high`` is the
    plain upper percentile (conservative for passing), and ``low`` the basic bootstrap's bound, from which that bias is
    taken off (conservative for failing). Deterministic for a seed. Raises ValueError when one is empty.
    """
    import numpy as np

    names = sorted({name for one in (baseline, candidate) for name, _ in one.counts})
    tables = [np.array([dict(one.counts).get(name, 0) for name in names]) for one in (baseline, candidate)]
    totals = [int(table.sum()) for table in tables]
    if min(totals) == 0:
        raise ValueError("a distance needs rows on both sides")
    shares = [table / total for table, total in zip(tables, totals, strict=True)]
    value = float(np.abs(shares[0] - shares[1]).sum() / 2)
    generator = np.random.default_rng(seed)
    drawn = [
        generator.multinomial(total, share, size=_RESAMPLES) / total
        for total, share in zip(totals, shares, strict=True)
    ]
    resampled = np.abs(drawn[0] - drawn[1]).sum(axis=1) / 2
    tail = (1 - level) / 2
    high, upper = (float(x) for x in np.quantile(resampled, [1 - tail, 0.95]))
    return Estimate(
        value=value,
        low=max(0.0, 2 * value - high),
        high=max(high, value),
        level=level,
        n=min(totals),
        method="total variation, multinomial bootstrap",
        scale=Scale.ABSOLUTE,
        lower_bound=max(0.0, 2 * value - upper),
        upper_bound=max(upper, value),
    )
