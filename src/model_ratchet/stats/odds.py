"""Odds: the probabilities that a bookmaker's decimal odds imply once its margin is taken out.

Every function takes decimal odds above 1, of shape (outcomes,) or (events, outcomes), and gives probabilities of the same
shape that sum to 1 over the outcomes of an event. Events whose odds leave no margin (Σ 1/odds ≤ 1) are only scaled.
"""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
DevigMethod: TypeAlias = Literal["proportional", "power", "shin"]

_HALVINGS = 60


def without_margin(odds: ArrayLike, method: DevigMethod = "proportional") -> Floats:
    """The probabilities that odds imply, by one of the three methods.

    Raises:
        ValueError: a number is no decimal odds (NaN, infinite, or not above 1), or an event has fewer than two outcomes.
    """
    return _METHODS[method](odds)


def proportional(odds: ArrayLike) -> Floats:
    """1/odds, scaled to sum to 1: the margin lies on every outcome alike.

    ``proportional([1.9, 1.9])`` is (0.5, 0.5). Raises ValueError as ``without_margin`` does.
    """
    implied = _implied(odds)
    return _scaled(implied)


def power(odds: ArrayLike) -> Floats:
    """(1/odds)^k with the k ≥ 1 at which they sum to 1: more of the margin lies on long shots.

    ``power([1.5, 3.0])`` stays (2/3, 1/3), because there is no margin. Raises ValueError as ``without_margin`` does.
    """
    implied = _implied(odds)
    low = np.ones(implied.shape[:-1])
    high = np.full_like(low, 2.0)
    while (short := (implied ** high[..., None]).sum(-1) > 1).any():
        high = np.where(short, 2 * high, high)
    exponent = _halved(lambda k: (implied ** k[..., None]).sum(-1) - 1, low, high)
    return _scaled(implied ** exponent[..., None])


def shin(odds: ArrayLike) -> Floats:
    """Shin's probabilities: the margin guards against a share z of insiders (Shin 1993, Econ J 103:1141, eq. 2).

    Raises ValueError as ``without_margin`` does.
    """
    return _shin(_implied(odds))[1]


def insiders(odds: ArrayLike) -> Floats:
    """The share z of insiders in Shin's model, of shape () or (events,); 0 where there is no margin."""
    return _shin(_implied(odds))[0]


def _shin(implied: Floats) -> tuple[Floats, Floats]:
    total = implied.sum(-1)

    def probabilities(z: Floats) -> Floats:
        share = z[..., None]
        root = np.sqrt(share**2 + 4 * (1 - share) * implied**2 / total[..., None])
        return np.asarray((root - share) / (2 * (1 - share)))

    z = _halved(lambda z: probabilities(z).sum(-1) - 1, np.zeros_like(total), np.full_like(total, 0.999))
    z = np.where(total > 1, z, 0.0)
    return z, _scaled(np.where(total[..., None] > 1, probabilities(z), implied))


def _halved(excess: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """Where a falling function of each event is 0, by bisection; ``low`` where it never is above."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = excess(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return low


def _implied(odds: ArrayLike) -> Floats:
    found = np.asarray(odds, dtype=np.float64)
    if found.ndim == 0 or found.shape[-1] < 2:
        raise ValueError("an event has two outcomes or more: their odds are needed together")
    strange = found[~(np.isfinite(found) & (found > 1))]
    if strange.size:
        raise ValueError(f"{strange.flat[0]:g} is no decimal odds: they are above 1")
    return 1 / found


def _scaled(values: Floats) -> Floats:
    return np.asarray(values / values.sum(-1, keepdims=True))


_METHODS: Mapping[DevigMethod, Callable[[ArrayLike], Floats]] = {
    "proportional": proportional,
    "power": power,
    "shin": shin,
}
