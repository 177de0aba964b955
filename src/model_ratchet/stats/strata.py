"""Strata: one difference out of several, weighted."""

from collections.abc import Sequence
from math import erfc, sqrt

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.units import Scale


def combine(parts: Sequence[tuple[float, Estimate]], *, level: float) -> Estimate:
    """The weighted mean of independent differences with the MOVER interval (Zou & Donner 2008, eq. 2).

    The distance to each side is the root of the weighted squared distances of the parts, which must be at the same level.
    Raises ValueError without parts or weight.
    """
    from scipy.special import ndtri

    total = sum(weight for weight, _ in parts)
    if not parts or total <= 0:
        raise ValueError("no stratum has any weight")
    weighted = [(weight / total, one) for weight, one in parts]
    value = sum(w * one.value for w, one in weighted)
    low = value - _side(weighted, "low")
    high = value + _side(weighted, "high")
    half = (high - low) / 2
    z = half / float(ndtri((1 + level) / 2))
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=sum(one.n for _, one in parts),
        method="weighted over stages: " + ", ".join(dict.fromkeys(one.method for _, one in parts)),
        scale=Scale.ABSOLUTE,
        p_value=erfc(abs(value) / z / sqrt(2)) if z > 0 else None,
        lower_bound=value - _side(weighted, "lower_bound"),
        upper_bound=value + _side(weighted, "upper_bound"),
        baseline=_mean(weighted, "baseline"),
        candidate=_mean(weighted, "candidate"),
        clusters=_clusters(parts),
    )


def _side(weighted: Sequence[tuple[float, Estimate]], bound: str) -> float:
    total = 0.0
    for weight, one in weighted:
        edge = getattr(one, bound)
        if edge is None:
            raise ValueError(f"a stratum has no {bound}")
        total += (weight * (one.value - edge)) ** 2
    return sqrt(total)


def _mean(weighted: Sequence[tuple[float, Estimate]], name: str) -> float | None:
    values = [(weight, getattr(one, name)) for weight, one in weighted]
    return None if any(value is None for _, value in values) else sum(weight * value for weight, value in values)


def _clusters(parts: Sequence[tuple[float, Estimate]]) -> int | None:
    held = [one.clusters for _, one in parts]
    return None if any(count is None for count in held) else sum(count or 0 for count in held)
