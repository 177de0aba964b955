"""Estimate: a number with its interval, and everything that is needed to read it."""

import math
from dataclasses import dataclass
from typing import Literal

from model_ratchet.core.units import Scale, significant


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A point estimate and its interval, every float rounded to 9 significant digits before anything is judged by it.

    Proportions and their differences are fractions, times seconds, sizes bytes, ratios plain numbers. ``level`` is the
    two-sided coverage of ``low``–``high``; ``lower_bound`` and ``upper_bound`` are one-sided 95 % bounds (or at the level
    of the criterion's alpha where it differs); a bound that does not exist is None, never infinite.

    Raises:
        ValueError: a number is NaN or infinite.
    """

    value: float
    low: float | None
    high: float | None
    level: float
    n: int
    method: str
    scale: Scale
    p_value: float | None = None
    lower_bound: float | None = None
    upper_bound: float | None = None
    baseline: float | None = None
    candidate: float | None = None
    clusters: int | None = None
    sided: Literal["two-sided", "lower", "upper"] = "two-sided"

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            if isinstance(value, float):
                if not math.isfinite(value):
                    raise ValueError(f"the {name} of an estimate is {value}")
                if (rounded := significant(value)) != value:
                    object.__setattr__(self, name, rounded)


_NUMBERS = tuple(name for name in Estimate.__slots__ if name not in ("n", "method", "scale", "clusters", "sided"))
