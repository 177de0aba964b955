"""AUC: the probability that an event that came was given a higher forecast than one that did not, and its difference."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.units import Scale
from model_ratchet.stats.forecast import checked
from model_ratchet.stats.tails import critical, t_below, t_quantile, two_sided

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from model_ratchet.stats.forecast import Reals


class Placed(NamedTuple):
    """An AUC, and of each group of events the influence that it has on it: their sum is 0."""

    auc: float
    influence: Reals
    unclear: float
    """Half of the share of pairs whose order the groups of equal forecasts hide: the AUC lies within ± that."""


def auc(p: ArrayLike, y: ArrayLike) -> float:
    """The area under the ROC curve, ties counted half, 0 to 1. ``auc([0.8, 0.3, 0.6, 0.4], [1, 0, 0, 1])`` is 0.75.

    Raises:
        ValueError: the arrays are no forecasts (``stats.forecast``), or hold outcomes of one class only.
    """
    above, _ = _placements(p, y)
    return float(above.mean())


def auc_difference(p_baseline: ArrayLike, p_candidate: ArrayLike, y: ArrayLike, *, level: float) -> Estimate:
    """AUC of the candidate − AUC of the baseline over the same independent events (DeLong, DeLong & Clarke-Pearson 1988).

    Raises:
        ValueError: as ``auc``, or fewer than two events of a class.
    """
    import numpy as np

    placed = [_placements(p, y) for p in (p_baseline, p_candidate)]
    if min(len(side) for side in placed[0]) < 2:
        raise ValueError("a difference of AUCs needs two events of each class")
    variance = sum(
        float(np.var(candidate - baseline, ddof=1)) / len(candidate)
        for baseline, candidate in zip(*placed, strict=True)
    )
    areas = [float(above.mean()) for above, _ in placed]
    z = critical(level)
    return _estimate(areas, sqrt(variance), z, critical(0.90), level, n=len(np.asarray(y)), method="DeLong")


def placed(came: Reals, not_came: Reals) -> Placed:
    """The AUC of forecasts that are known by bins only (DeLong's placements, summed by group as in Obuchowski 1997).

    Both tables hold counts by group of events (rows) and bin of rising forecast (columns). Forecasts of one bin are ties.

    Raises:
        ValueError: there are events of one class only.
    """
    positives, negatives = came.sum(axis=0), not_came.sum(axis=0)
    m, n = float(positives.sum()), float(negatives.sum())
    if not m or not n:
        raise ValueError("an AUC needs events of both classes")
    below = (negatives.cumsum() - negatives / 2) / n
    above = 1 - (positives.cumsum() - positives / 2) / m
    area = float(positives @ below) / m
    influence = (came @ (below - area)) / m + (not_came @ (above - area)) / n
    return Placed(area, influence, float(positives @ negatives) / (2 * m * n))


def auc_difference_by_group(baseline: Placed, candidate: Placed, *, level: float, n: int) -> Estimate:
    """The difference of two AUCs over groups (days, users) that both arms share, by the sum of influences in each group.

    se² = G/(G−1) · Σ(candidate's influence − baseline's)², with t and G − 1.

    Raises:
        ValueError: fewer than two groups, or groups that are not the same.
    """
    groups = len(candidate.influence)
    if groups < 2 or len(baseline.influence) != groups:
        raise ValueError(f"{len(baseline.influence)} and {groups} groups can't be paired")
    gaps = candidate.influence - baseline.influence
    error = sqrt(float(gaps @ gaps) * groups / (groups - 1))
    two_sides, one_side = (t_quantile((1 + of) / 2, groups - 1) for of in (level, 0.90))
    areas, method = [baseline.auc, candidate.auc], "DeLong by group, paired"
    return _estimate(areas, error, two_sides, one_side, level, n=n, method=method, groups=groups)


def _estimate(
    areas: list[float],
    error: float,
    quantile: float,
    one_sided: float,
    level: float,
    *,
    n: int,
    method: str,
    groups: int | None = None,
) -> Estimate:
    value = areas[1] - areas[0]
    statistic = value / error if error > 0 else None
    p_value = None
    if statistic is not None:
        p_value = two_sided(statistic) if groups is None else 2 * t_below(-abs(statistic), groups - 1)
    return Estimate(
        value=value,
        low=value - quantile * error,
        high=value + quantile * error,
        level=level,
        n=n,
        method=method,
        scale=Scale.ABSOLUTE,
        p_value=p_value,
        lower_bound=value - one_sided * error,
        upper_bound=value + one_sided * error,
        baseline=areas[0],
        candidate=areas[1],
        clusters=groups,
    )


def _placements(p: ArrayLike, y: ArrayLike) -> tuple[Reals, Reals]:
    """Of each event that came the share of the others below it, and of each other the share of those that came above it."""
    import numpy as np

    p, y, _ = checked(p, y, None)
    came, not_came = np.sort(p[y == 1]), np.sort(p[y == 0])
    if not len(came) or not len(not_came):
        raise ValueError("an AUC needs events of both classes")

    def share_below(of: Reals, among: Reals) -> Reals:
        sides = (np.searchsorted(among, of, side="left"), np.searchsorted(among, of, side="right"))
        return (sides[0] + sides[1]) / (2 * len(among))

    return share_below(p[y == 1], not_came), 1 - share_below(p[y == 0], came)
