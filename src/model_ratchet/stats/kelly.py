"""Kelly: the shares of a bankroll that make it grow fastest, and what is left of them when the model may be wrong."""

import numpy as np
from numpy.typing import ArrayLike

from model_ratchet.stats.maps import Floats


def kelly(p: ArrayLike, odds: ArrayLike) -> Floats:
    """The share of one bet alone, (p·o − 1)/(o − 1), 0 where it has no edge (Kelly 1956). Arrays of one shape.

    ``kelly(0.55, 2.0)`` is 0.1.

    Raises:
        ValueError: odds are not above 1, or a probability lies outside [0, 1].
    """
    chance, offered = _checked(p, odds)
    return np.asarray(np.maximum((chance * offered - 1) / (offered - 1), 0.0))


def kelly_exclusive(p: ArrayLike, odds: ArrayLike) -> Floats:
    """The shares of bets on outcomes of which at most one comes, arrays of shape (outcomes,) (Smoczynski & Tomkins 2010).

    Outcomes are taken in the order of p·o while that exceeds the reserve rate (1 − Σp)/(1 − Σ1/o) of those taken; the share
    of each is p − reserve/o. ``kelly_exclusive([0.6, 0.4], [2.0, 2.0])`` is (0.2, 0).

    Raises:
        ValueError: odds are not above 1, a probability lies outside [0, 1], or they sum to more than 1.
    """
    chance, offered = _checked(p, odds)
    if chance.sum() > 1 + 1e-9:
        raise ValueError(f"outcomes that exclude each other have probabilities up to 1, not {chance.sum():g}")
    shares = np.zeros_like(chance)
    reserve = 1.0
    taken: list[int] = []
    for index in np.argsort(-(chance * offered), kind="stable"):
        if chance[index] * offered[index] <= reserve:
            break
        more = [*taken, int(index)]
        left = 1 - (1 / offered[more]).sum()
        if left <= 0:
            break
        taken, reserve = more, float((1 - chance[more].sum()) / left)
    shares[taken] = chance[taken] - reserve / offered[taken]
    return np.asarray(np.maximum(shares, 0.0))


def towards_market(p: ArrayLike, market: ArrayLike, weight: float) -> Floats:
    """weight·p + (1 − weight)·market: the model's probability with so much of it as the edge model lends it, 0 to 1.

    Raises:
        ValueError: the weight lies outside [0, 1].
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"a weight of {weight:g} lies outside [0, 1]")
    return np.asarray(weight * np.asarray(p, dtype=np.float64) + (1 - weight) * np.asarray(market, dtype=np.float64))


def _checked(p: ArrayLike, odds: ArrayLike) -> tuple[Floats, Floats]:
    chance, offered = np.asarray(p, dtype=np.float64), np.asarray(odds, dtype=np.float64)
    if not ((chance >= 0) & (chance <= 1)).all():
        raise ValueError("a probability lies outside [0, 1]")
    if not (np.isfinite(offered) & (offered > 1)).all():
        raise ValueError("decimal odds are above 1")
    return chance, offered
