"""Forecasts that are known by bins of 1/960: what is exact of them, what is bracketed, and intervals by whole days.

Exact: the scores, the calibration error in every number of bins that divides 960, and Spiegelhalter's statistic, to the nine
decimals that probabilities are kept with. Of the rest the bins hide the order of forecasts within one: ``stats.auc`` says by
how much an area can differ; the decomposition is that of forecasts rounded to their bin, whose miscalibration is at most the
exact one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Literal, TypeAlias

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.scored import PARTS, SCORE_BINS, Scores
from model_ratchet.stats.auc import Placed, auc_difference_by_group, placed
from model_ratchet.stats.blocks import block_bootstrap, difference
from model_ratchet.stats.forecast import BINS, SIMULATIONS, Corp, Null, corp_of_groups, null_of, z_test

if TYPE_CHECKING:
    from model_ratchet.stats.forecast import Reals

Measure: TypeAlias = Literal["ece", "mcb"]


def whole(days: Sequence[Scores]) -> Scores:
    """All days together. Raises ValueError where there is none."""
    if not days:
        raise ValueError("no day holds a forecast")
    return reduce(operator.add, days)


def ece(scores: Scores, bins: int = BINS) -> float:
    """The expected calibration error, 0 to 1. Raises ValueError for a number of bins that does not divide 960, or no row."""
    n, came, p = _tables([scores], bins)
    return float(abs(p - came).sum() / n.sum())


def corp(scores: Scores) -> Corp:
    """The decomposition of the Brier score, its recalibration that of forecasts rounded to their bin."""
    import numpy as np

    _some(scores)
    mass, came = (np.array([one[at] for one in scores.bins], dtype=float) for at in (1, 2))
    return corp_of_groups(mass, came, scores.brier / PARTS / scores.n)


def spiegelhalter(scores: Scores) -> tuple[float, float] | None:
    """z and the two-sided p-value of calibration; None where every forecast is 0, ½ or 1."""
    return z_test((scores.brier - scores.spread) / PARTS, scores.variance / PARTS)


def ece_null(scores: Scores, bins: int = BINS, *, level: float, seed: int) -> Null:
    """The calibration error that chance alone would give, with each bin of 1/960 at its mean forecast."""
    import numpy as np

    _some(scores)
    n, p = (np.array([one[at] for one in scores.bins]) for at in (1, 3))
    mean = np.clip(p / PARTS / n, 0.0, 1.0)
    generator = np.random.default_rng(seed)
    gaps = generator.binomial(n, mean, size=(SIMULATIONS, len(n))) - p / PARTS
    place = np.array([_place(one[0], bins) for one in scores.bins])
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    errors = np.abs(np.add.reduceat(gaps, starts, axis=1)).sum(axis=1) / scores.n
    return null_of(errors, ece(scores, bins), level)


def calibration_difference(
    baseline: Sequence[Scores],
    candidate: Sequence[Scores],
    measure: Measure,
    *,
    level: float,
    seed: int,
    bins: int = BINS,
) -> Estimate:
    """The calibration error (or miscalibration) of the candidate − that of the baseline, by drawing whole days again.

    The same days are drawn for both arms. Raises ValueError for different numbers of days, or fewer than two.
    """
    import numpy as np

    days = _paired(baseline, candidate)
    arms = [_ece_by_draw(of, bins) if measure == "ece" else _mcb_by_draw(of) for of in days]
    blocks = len(candidate)
    before, after = (float(arm(np.ones((1, blocks)))[0]) for arm in arms)
    drawn = block_bootstrap(lambda draws: arms[1](draws) - arms[0](draws), blocks, level=level, seed=seed)
    method = f"ECE in {bins} bins" if measure == "ece" else "CORP miscalibration"
    return difference(drawn, (before, after), level=level, n=whole(candidate).n, blocks=blocks, method=method)


def auc_difference(baseline: Sequence[Scores], candidate: Sequence[Scores], *, level: float) -> tuple[Estimate, float]:
    """The difference of the areas under the ROC curve over shared days, and how far the bins leave it unclear (±).

    Raises ValueError for outcomes of one class, different numbers of days, or fewer than two.
    """
    arms = [_placed(days) for days in _paired(baseline, candidate)]
    estimate = auc_difference_by_group(arms[0], arms[1], level=level, n=whole(candidate).n)
    return estimate, arms[0].unclear + arms[1].unclear


def _ece_by_draw(days: Sequence[Scores], bins: int) -> Callable[[Reals], Reals]:
    n, came, p = _tables(days, bins)
    rows = n.sum(axis=1)
    return lambda draws: abs(draws @ (p - came)).sum(axis=1) / (draws @ rows)


def _mcb_by_draw(days: Sequence[Scores]) -> Callable[[Reals], Reals]:
    import numpy as np

    n, came, _ = _tables(days, SCORE_BINS)
    briers = np.array([day.brier / PARTS for day in days])

    def of(draws: Reals) -> Reals:
        masses, hits = draws @ n, draws @ came
        scores = (draws @ briers) / masses.sum(axis=1)
        found = [
            corp_of_groups(mass[mass > 0], hit[mass > 0], score).miscalibration
            for mass, hit, score in zip(masses, hits, scores, strict=True)
        ]
        return np.array(found)

    return of


def _placed(days: Sequence[Scores]) -> Placed:
    n, came, _ = _tables(days, SCORE_BINS)
    return placed(came, n - came)


def _tables(days: Sequence[Scores], bins: int) -> tuple[Reals, Reals, Reals]:
    """By day (rows) and bin (columns): how many, how many came, and Σp."""
    import numpy as np

    found = np.zeros((3, len(days), bins))
    for row, day in enumerate(days):
        _some(day)
        for place, n, came, p in day.bins:
            found[:, row, _place(place, bins)] += (n, came, p / PARTS)
    return found[0], found[1], found[2]


def _place(place: int, bins: int) -> int:
    """The bin, from 0, of one of the 960."""
    if bins < 1 or SCORE_BINS % bins:
        raise ValueError(f"{bins} bins are not made of whole bins of 1/{SCORE_BINS}")
    return (place - 1) * bins // SCORE_BINS


def _paired(baseline: Sequence[Scores], candidate: Sequence[Scores]) -> tuple[Sequence[Scores], Sequence[Scores]]:
    if len(baseline) != len(candidate):
        raise ValueError(f"{len(baseline)} and {len(candidate)} days can't be paired")
    return baseline, candidate


def _some(scores: Scores) -> None:
    if not scores.n:
        raise ValueError("no row holds a forecast")
