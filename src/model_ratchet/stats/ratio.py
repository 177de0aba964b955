"""Ratios of counts: whether units arrived in their shares, and labels equally in both arms."""

from collections.abc import Sequence

from model_ratchet.core.evidence import Counts
from model_ratchet.stats.tails import at_least, at_most


def sample_ratio(observed: Sequence[int], shares: Sequence[float]) -> float:
    """The chi-square p-value of counts against their shares (which add up to 1); exact for two cells with few expected.

    ``sample_ratio((821588, 815482), (0.5, 0.5))`` is 1.8e-6 (Fabijan et al. 2019). Raises ValueError for no units.
    """
    from scipy.special import chdtrc

    total = sum(observed)
    if total == 0 or len(observed) != len(shares):
        raise ValueError("a sample ratio needs units, and as many shares as counts")
    expected = [share * total for share in shares]
    if any(want == 0 < seen for seen, want in zip(observed, expected, strict=True)):
        return 0.0
    if len(observed) == 2 and min(expected) < 5:
        k = observed[1]
        return min(1.0, 2 * min(at_most(k, total, shares[1]), at_least(k, total, shares[1])))
    cells = [(seen, want) for seen, want in zip(observed, expected, strict=True) if want]
    statistic = sum((seen - want) ** 2 / want for seen, want in cells)
    return float(chdtrc(len(cells) - 1, statistic)) if len(cells) > 1 else 1.0


def coverage_differs(baseline: Counts, candidate: Counts) -> float:
    """The pooled z p-value that labels come equally to both arms; 1 where all, or none, came in both."""
    from model_ratchet.stats.proportions import difference

    p_value = difference(baseline, candidate, level=0.95).p_value
    return 1.0 if p_value is None else p_value
