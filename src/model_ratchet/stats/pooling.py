"""Partial pooling: how much of its own data a small segment may believe, beside the map that it inherits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_ratchet.stats.maps import NAMES, Cells, Fit, Map, Parametric, Prior, fit

LEAST_SEGMENTS = 8
"""With fewer, how far segments differ from what they inherit can't be learned."""
FLOOR = 0.03
"""Segments are never taken to be more alike than this: a standard deviation of each coefficient."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """What a segment inherits, what its own data say alone (None where they can't), and what both say together."""

    inherited: Map
    own: Fit | None
    adopted: Fit
    own_weights: tuple[float, ...]
    """How much of each coefficient comes from the segment's own data, 0 to 1: 1 − (se/sd)²."""

    @property
    def adjustments(self) -> tuple[float, ...]:
        """What the segment adds to each inherited coefficient."""
        pairs = zip(self.adopted.map.coefficients, self.inherited.coefficients, strict=True)
        return tuple(mine - theirs for mine, theirs in pairs)


def pool(family: Parametric, cells: Cells, inherited: Map, sd: tuple[float, ...]) -> Pooled:
    """The map of one segment, shrunk to the one that it inherits: a maximum a posteriori under N(inherited, sd²).

    Without an event it is the inherited one. ``sd`` is in the order of ``NAMES[family]``.

    Raises:
        ValueError: the family has no such map as the inherited one.
    """
    centre = inherited.within(family)
    if centre is None:
        raise ValueError(f"the {family} family has no map like the inherited {inherited.method} one")
    own = None if cells.one_class else fit(family, cells)
    adopted = fit(family, cells, Prior(centre, sd))
    if adopted is None:
        raise ValueError("a prior holds every fit: its standard deviations must be above 0")
    weights = tuple(
        min(1.0, max(0.0, 1 - (error / spread) ** 2)) for error, spread in zip(adopted.errors, sd, strict=True)
    )
    return Pooled(Map(family, centre), own, adopted, weights)


def learned_spread(family: Parametric, fits: Sequence[Fit], centres: Sequence[Map]) -> tuple[float, ...] | None:
    """How far segments lie from what they inherit, one standard deviation for each coefficient, at least ``FLOOR``.

    The moment estimator of DerSimonian & Laird (1986, Control Clin Trials 7:177, eq. 8) with the centres known. None for
    fewer than ``LEAST_SEGMENTS`` fits.
    """
    if len(fits) < LEAST_SEGMENTS:
        return None
    found = []
    for place in range(len(NAMES[family])):
        weights = np.array([one.errors[place] for one in fits]) ** -2.0
        gaps = np.array(
            [
                one.map.coefficients[place] - centre.coefficients[place]
                for one, centre in zip(fits, centres, strict=True)
            ]
        )
        spread = float((weights * gaps**2).sum() - len(fits)) / float(weights.sum())
        found.append(max(FLOOR, float(np.sqrt(max(0.0, spread)))))
    return tuple(found)
