"""Tails: the normal, t, chi-square and binomial probabilities that the tests need, from scipy.special alone.

``scipy.stats`` costs twice the import time and adds nothing here. Every tail is computed as itself, never as 1 − the other
one, so that small p-values keep their digits.
"""

from collections.abc import Callable
from math import ulp

_QUICK = 30
"""So many steps may be guessed; where they did not suffice, the rest is halved."""
_STEEP = 8
"""Nothing is guessed from an excess that is so many times as far from 0 as that at the start."""


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


def crossing(excess: Callable[[float], float], start: float, end: float) -> float:
    """Where an excess that is at most 0 at ``start`` becomes positive on the way to ``end``, to the last bit: the last
    number that has none; ``end`` when it has none either.

    False position with halved weights (the Illinois method, Dowell & Jarratt 1971), which steps over the place once it is
    near. Bisection where the excess is infinite, as a statistic may be at a corner, and for the last bits.
    """
    if (above := excess(end)) <= 0:
        return end
    below, side = excess(start), 0
    near = -_STEEP * below
    for step in range(200):
        middle = (start + end) / 2
        if middle in (start, end):
            break
        least = 4 * ulp(max(abs(start), abs(end)))
        if step < _QUICK and above < near and abs(end - start) > 4 * least:
            middle = end - above * (end - start) / (above - below)
            low, high = sorted((start, end))
            middle = min(max(middle, low + least), high - least)
        found = excess(middle)
        if found <= 0:
            start, below, above, side = middle, found, above / 2 if side < 0 else above, -1
        else:
            end, above, below, side = middle, found, below / 2 if side > 0 else below, 1
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
