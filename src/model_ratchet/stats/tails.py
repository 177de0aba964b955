"""Tails: the normal, t, chi-square and binomial probabilities that the tests need, from scipy.special alone.

``scipy.stats`` costs twice the import time and adds nothing here. Every tail is computed as itself, never as 1 − the other
one, so that small p-values keep their digits.
"""

from collections.abc import Callable


def critical(level: float) -> float:
    """The z beyond which a normal value lies on either side with probability (1 − level)/2. ``critical(0.95)`` is 1.95996.

    Raises:
        ValueError: ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level of {level:g} is not between 0 and 1")
    return -normal_quantile((1 - level) / 2)


def normal_quantile(probability: float) -> float:
    """The value below which a normal value lies with that probability."""
    from scipy.special import ndtri

    return float(ndtri(probability))


def normal_below(z: float) -> float:
    """P(Z ≤ z)."""
    from scipy.special import ndtr

    return float(ndtr(z))


def two_sided(z: float) -> float:
    """P(|Z| ≥ |z|)."""
    return 2 * normal_below(-abs(z))


def t_quantile(probability: float, freedom: float) -> float:
    """The value below which Student's t lies with that probability. ``t_quantile(0.975, 6)`` is 2.44691."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def t_below(t: float, freedom: float) -> float:
    """P(T ≤ t)."""
    from scipy.special import stdtr

    return float(stdtr(freedom, t))


def chi_square_above(statistic: float, freedom: int) -> float:
    """P(X ≥ statistic)."""
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic))


def at_most(k: int, n: int, p: float) -> float:
    """P(X ≤ k) for X ~ Bin(n, p), by the incomplete beta function: exact at any n."""
    from scipy.special import betaincc

    if k < 0:
        return 0.0
    return 1.0 if k >= n else float(betaincc(k + 1, n - k, p))


def at_least(k: int, n: int, p: float) -> float:
    """P(X ≥ k) for X ~ Bin(n, p)."""
    from scipy.special import betainc

    if k <= 0:
        return 1.0
    return 0.0 if k > n else float(betainc(k, n - k + 1, p))


def edge(inside: Callable[[float], bool], start: float, end: float) -> float:
    """Where a set that holds ``start`` ends on the way to ``end``, to the last bit; ``end`` when it holds that too.

    Bisection of the yes or no: it needs no change of sign, so that a statistic may be infinite or 0/0 at a corner.
    """
    if inside(end):
        return end
    for _ in range(200):
        middle = (start + end) / 2
        if middle in (start, end):
            break
        if inside(middle):
            start = middle
        else:
            end = middle
    return start


def least(enough: Callable[[int], bool], start: int) -> int:
    """The smallest whole number from ``start`` on that is enough, where every larger one is enough too."""
    low, step = start, 1
    while not enough(low + step - 1):
        low, step = low + step, step * 2
    high = low + step - 1
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return low
