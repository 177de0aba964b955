"""Portfolio: the covariance of returns where there are few of them, and the weights that balance return against risk."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model_ratchet.stats.maps import Floats


def ledoit_wolf(returns: ArrayLike) -> tuple[Floats, float]:
    """The covariance (k, k) of returns of shape (periods, k), shrunk towards one variance, and the shrinkage, 0 to 1.

    Ledoit & Wolf 2004, J Multivar Anal 88:365, lemma 3.2, with the mean taken out and 1/periods. Shrinkage 1 says that the
    returns show no difference of risk at all.

    Raises:
        ValueError: fewer than two periods, or a number that is NaN or infinite.
    """
    found = np.asarray(returns, dtype=np.float64)
    if found.ndim != 2 or found.shape[0] < 2 or found.shape[1] < 1 or not np.isfinite(found).all():
        raise ValueError(f"returns of shape {found.shape}: finite numbers of two periods or more are needed")
    periods, k = found.shape
    centred = found - found.mean(axis=0)
    sample = centred.T @ centred / periods
    variance = float(np.trace(sample) / k)
    target = variance * np.eye(k)
    distance = float(((sample - target) ** 2).sum()) / k
    noise = float(((centred**2).T @ (centred**2) / periods - sample**2).sum()) / k / periods
    shrinkage = 1.0 if distance <= 0 else min(1.0, max(0.0, noise / distance))
    return np.asarray(shrinkage * target + (1 - shrinkage) * sample), shrinkage


def mean_variance(mean: ArrayLike, covariance: ArrayLike, *, risk_aversion: float, most: float = 1.0) -> Floats:
    """The weights w ≥ 0 of shape (k,) with Σw = 1 and none above ``most`` that maximise w·mean − ½·risk_aversion·wᵀΣw.

    Found exactly, by an active set: weights are held at the bounds that they run into, and let go where the objective gains
    (Markowitz 1952; Nocedal & Wright 2006, algorithm 16.3).

    Raises:
        ValueError: k weights of at most ``most`` can't sum to 1, the risk aversion is not above 0, shapes differ, or the
            covariance is not positive definite.
    """
    gains, risk = np.asarray(mean, dtype=np.float64), risk_aversion * np.asarray(covariance, dtype=np.float64)
    k = len(gains)
    if risk.shape != (k, k) or not np.linalg.eigvalsh(risk).min() > 0:
        raise ValueError(f"{k} means, and a covariance of shape {risk.shape} that is not positive definite")
    if k * most < 1 - 1e-12:
        raise ValueError(f"{k} weights of at most {most:g} can't sum to 1")
    weights = np.full(k, 1 / k)
    free = np.ones(k, dtype=bool)
    for _ in range(100 * k):
        target, price = _unbound(weights, free, gains, risk)
        step = target - weights
        room = np.where(step > 0, most - weights, weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(free & (np.abs(step) > 1e-15), room / np.abs(step), np.inf)
        first = int(np.argmin(reach))
        if reach[first] < 1:
            weights = weights + reach[first] * step
            weights[first] = most if step[first] > 0 else 0.0
            free[first] = False
            continue
        weights = target
        pull = (gains - risk @ weights - price) * np.where(weights > most / 2, -1.0, 1.0)
        pull[free] = 0.0
        if pull.max() <= 1e-12 * max(float(np.abs(gains).max()), float(np.abs(risk).max())):
            break
        free[int(np.argmax(pull))] = True
    return weights


def _unbound(weights: Floats, free: NDArray[np.bool_], gains: Floats, risk: Floats) -> tuple[Floats, float]:
    """The best weights where only the free ones may move, with no bounds, and the price of one more unit of weight."""
    count = int(free.sum())
    if count == 0:
        return weights, 0.0
    system = np.zeros((count + 1, count + 1))
    system[:count, :count] = risk[np.ix_(free, free)]
    system[:count, count] = system[count, :count] = 1.0
    held = np.where(free, 0.0, weights)
    solved = np.linalg.solve(system, np.append((gains - risk @ held)[free], 1 - held.sum()))
    found = held.copy()
    found[free] = solved[:count]
    return found, float(solved[count])
