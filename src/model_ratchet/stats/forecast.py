"""Forecasts: how good the probabilities are that a model gave to events which then came, or did not.

Every function takes arrays of one length: ``p``, probabilities in [0, 1]; ``y``, outcomes 0 or 1; and where it has one,
``weights``, finite and not negative, with a sum above zero (each event counts 1 without them). All raise ValueError for
arrays that are empty, of several lengths or shapes, or hold anything else, NaN included.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, TypeAlias

from model_ratchet.stats.proportions import wilson
from model_ratchet.stats.tails import two_sided

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Reals: TypeAlias = NDArray[np.float64]

SMALLEST = 1e-6
"""A forecast is held within [1e-6, 1 − 1e-6] before its logarithm is taken, so that one event costs at most 13.8 nats."""

BINS = 10
SIMULATIONS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The events of one bin of a reliability diagram; ``low`` and ``high`` bound the frequency (Wilson)."""

    index: int
    """From 0: bin i of k holds (i/k, (i+1)/k], and the first one 0 too."""
    n: int
    mean_p: float
    frequency: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Corp:
    """score = miscalibration − discrimination + uncertainty, of the Brier score."""

    score: float
    miscalibration: float
    """What recalibrating the forecasts would gain, 0 or more."""
    discrimination: float
    """What the recalibrated forecasts gain on the mean frequency, 0 or more."""
    uncertainty: float
    """The score of the mean frequency, 0 to 0.25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Null:
    """What the calibration error would be by chance alone, were every forecast right."""

    mean: float
    critical: float
    """The quantile that the level names."""
    p_value: float
    """How often chance alone gives at least the error that was observed; never 0."""


def brier(p: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean of (p − y)², 0 to 1 (Brier 1950). ``brier([0.8, 0.3], [1, 0])`` is 0.065."""
    p, y, w = checked(p, y, weights)
    return _mean((p - y) ** 2, w)


def log_loss(p: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean of −ln of the probability given to what came, in nats, with p within [1e-6, 1 − 1e-6].

    ``log_loss([0.8, 0.3], [1, 0])`` is 0.289909.
    """
    p, y, w = checked(p, y, weights)
    return _mean(log_losses(p, y), w)


def log_losses(p: Reals, y: Reals) -> Reals:
    """−ln of the probability given to what came, event by event."""
    import numpy as np

    return np.asarray(-np.log(np.clip(np.where(y == 1, p, 1 - p), SMALLEST, 1 - SMALLEST)))


def ece(p: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None, *, bins: int = BINS) -> float:
    """The expected calibration error over equal-width bins: Σ |Σp − Σy| / n, 0 to 1 (Naeini et al. 2015).

    ``ece([0.8, 0.9, 0.3], [1, 0, 0])`` is 0.466667.
    """
    p, y, w = checked(p, y, weights)
    return float(_gaps(p, y, w, bins).sum() / w.sum())


def mce(p: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None, *, bins: int = BINS) -> float:
    """The largest calibration error of a bin: max |mean p − mean y|, 0 to 1. ``mce([0.8, 0.9, 0.3], [1, 0, 0])`` is 0.9."""
    import numpy as np

    p, y, w = checked(p, y, weights)
    mass = np.bincount(bin_of(p, bins), w, minlength=bins)
    held = mass > 0
    return float((_gaps(p, y, w, bins)[held] / mass[held]).max())


def bin_of(p: Reals, bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each probability, from 0. Bins are closed on the right, so that 0.3 is the last of (0.2, 0.3].

    Probabilities are taken to 9 decimals: 0.1 + 0.2 lies in the bin of 0.3.
    """
    import numpy as np

    if bins < 1:
        raise ValueError(f"{bins} bins hold nothing")
    return np.maximum(np.ceil(np.round(p * bins, 9)).astype(np.int64) - 1, 0)


def reliability(p: ArrayLike, y: ArrayLike, *, bins: int = BINS, level: float = 0.95) -> tuple[Bin, ...]:
    """The bins of a reliability diagram that hold an event, in order, with Wilson bounds of each frequency."""
    import numpy as np

    p, y, _ = checked(p, y, None)
    place = bin_of(p, bins)
    counts, sums, hits = (np.bincount(place, of, minlength=bins) for of in (None, p, y))
    found = []
    for index in np.flatnonzero(counts):
        n, came = int(counts[index]), int(hits[index])
        low, high = wilson(came, n, level)
        found.append(Bin(index=int(index), n=n, mean_p=float(sums[index]) / n, frequency=came / n, low=low, high=high))
    return tuple(found)


def ece_null(
    p: ArrayLike, y: ArrayLike, *, seed: int, bins: int = BINS, level: float = 0.95, simulations: int = SIMULATIONS
) -> Null:
    """The calibration error of the same forecasts under outcomes drawn from them, y ~ Bernoulli(p) (Bröcker & Smith 2007).

    A model that is perfectly calibrated has one above 0, the more so the fewer events there are. The same seed gives the
    same numbers.
    """
    import numpy as np

    p, y, _ = checked(p, y, None)
    place = bin_of(p, bins)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    expected = np.add.reduceat(p[order], starts)
    generator = np.random.default_rng(seed)
    errors = np.empty(simulations)
    for i in range(simulations):
        came = (generator.random(len(p)) < p)[order]
        errors[i] = np.abs(np.add.reduceat(came, starts, dtype=float) - expected).sum() / len(p)
    return null_of(errors, ece(p, y, bins=bins), level)


def null_of(errors: Reals, observed: float, level: float) -> Null:
    """The null distribution that simulated errors make, beside the observed one."""
    import numpy as np

    at_least = int((errors >= observed - 1e-12).sum())
    return Null(
        mean=float(errors.mean()),
        critical=float(np.quantile(errors, level)),
        p_value=(at_least + 1) / (len(errors) + 1),
    )


def corp(p: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> Corp:
    """The decomposition of the Brier score by isotonic recalibration (Dimitriadis, Gneiting & Jordan 2021, PNAS 118).

    ``corp([0.8, 0.3, 0.6], [1, 0, 0])`` has score 0.163333, miscalibration 0.163333, discrimination 0.222222 and uncertainty
    0.222222.
    """
    import numpy as np

    p, y, w = checked(p, y, weights)
    values, place = np.unique(p, return_inverse=True)
    mass, hits = (np.asarray(np.bincount(place, of, minlength=len(values)), dtype=float) for of in (w, w * y))
    held = mass > 0
    return corp_of_groups(mass[held], hits[held], _mean((p - y) ** 2, w))


def corp_of_groups(mass: Reals, hits: Reals, score: float) -> Corp:
    """The same of events in groups of equal forecasts: the groups' weights, all above zero, and Σ w·y, by rising forecast."""
    from scipy.optimize import isotonic_regression

    base = float(hits.sum() / mass.sum())
    uncertainty = base * (1 - base)
    fitted = isotonic_regression(hits / mass, weights=mass).x
    recalibrated = float((hits * (1 - 2 * fitted) + mass * fitted**2).sum() / mass.sum())
    return Corp(
        score=score,
        miscalibration=max(0.0, score - recalibrated),
        discrimination=max(0.0, uncertainty - recalibrated),
        uncertainty=uncertainty,
    )


def spiegelhalter(p: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> tuple[float, float] | None:
    """The z statistic and two-sided p-value of calibration (Spiegelhalter 1986, Stat Med 5:421).

    z = Σ(y − p)(1 − 2p) / √Σ(1 − 2p)² p(1 − p); above 0 where the forecasts are too sure of themselves. None where every
    forecast is 0, ½ or 1, of which the statistic says nothing.
    """
    p, y, w = checked(p, y, weights)
    variance = float((w * (1 - 2 * p) ** 2 * p * (1 - p)).sum())
    return z_test(float((w * (y - p) * (1 - 2 * p)).sum()), variance)


def z_test(deviation: float, variance: float) -> tuple[float, float] | None:
    """A sum that is 0 on average under its hypothesis, over its deviation: z and the two-sided p-value."""
    if variance <= 0:
        return None
    z = deviation / sqrt(variance)
    return z, two_sided(z)


def checked(p: ArrayLike, y: ArrayLike, weights: ArrayLike | None) -> tuple[Reals, Reals, Reals]:
    """The three as arrays, weights of 1 where there are none; ValueError where they can't be what they should."""
    import numpy as np

    given = np.asarray(p, dtype=float), np.asarray(y, dtype=float)
    w = np.ones(given[0].shape) if weights is None else np.asarray(weights, dtype=float)
    if given[0].ndim != 1 or not given[0].shape == given[1].shape == w.shape or not len(w):
        raise ValueError(f"probabilities, outcomes and weights of shapes {given[0].shape}, {given[1].shape}, {w.shape}")
    if not ((given[0] >= 0) & (given[0] <= 1)).all():
        raise ValueError("a probability lies outside [0, 1]")
    if not ((given[1] == 0) | (given[1] == 1)).all():
        raise ValueError("an outcome is neither 0 nor 1")
    if not (np.isfinite(w) & (w >= 0)).all() or not w.sum() > 0:
        raise ValueError("weights must be finite and not negative, with a sum above zero")
    return *given, w


def _gaps(p: Reals, y: Reals, w: Reals, bins: int) -> Reals:
    """|Σp − Σy| of each bin."""
    import numpy as np

    return np.abs(np.bincount(bin_of(p, bins), w * (p - y), minlength=bins))


def _mean(values: Reals, w: Reals) -> float:
    return float((values * w).sum() / w.sum())
