"""Do no harm: whether a map gains on another one over events that it was not fitted to, in the order of time."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from model_ratchet.stats.maps import Cells, Floats, Map, losses

Blocks: TypeAlias = NDArray[np.int64]
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Gain:
    """The mean gain of an event in log loss (nats; above 0 where the map is better) with its standard error by blocks."""

    mean: float
    error: float
    events: float
    blocks: int

    @property
    def shown(self) -> bool:
        """Whether it is more than one standard error above 0; never on fewer than two blocks."""
        return self.blocks > 1 and self.mean > self.error


def forward_gain(
    cells: Cells, blocks: Blocks, fitted: Callable[[Cells], Map | None], kept: Map, folds: int = FOLDS
) -> Gain | None:
    """The gain on ``kept`` of maps that are fitted to what came before, and scored on what came next.

    ``blocks`` has shape (cells,) and says when: a day, or any other stretch of time. They are cut into ``folds`` runs of whole
    blocks with about as many events each; every run after the first is scored by the map that ``fitted`` makes of those
    before it. None where there are too few blocks for that, or nothing can be fitted.
    """
    place = _folds(cells, blocks, folds)
    if place is None:
        return None
    gains, scored = np.zeros_like(cells.p), place > 0
    for fold in range(1, folds):
        made = fitted(cells.chosen(place < fold))
        if made is None:
            scored &= place != fold
            continue
        now = cells.chosen(place == fold)
        gains[place == fold] = losses(kept, now) - losses(made, now)
    return _by_blocks(gains[scored], cells.n[scored], blocks[scored]) if scored.any() else None


def gain(cells: Cells, blocks: Blocks, better: Map, kept: Map) -> Gain | None:
    """The gain of one map on another, of which neither was fitted to these events; None where there is no event."""
    return _by_blocks(losses(kept, cells) - losses(better, cells), cells.n, blocks) if len(blocks) else None


def _folds(cells: Cells, blocks: Blocks, folds: int) -> Blocks | None:
    """The fold of each cell, from 0; None where a fold would be empty."""
    if not len(blocks):
        return None
    known, place = np.unique(blocks, return_inverse=True)
    events = np.bincount(place, cells.n)
    middle = np.cumsum(events) - events / 2
    of_day = np.minimum((middle * folds / events.sum()).astype(np.int64), folds - 1)
    return of_day[place] if len(np.unique(of_day)) == folds and len(known) >= folds else None


def _by_blocks(gains: Floats, n: Floats, blocks: Blocks) -> Gain:
    known, place = np.unique(blocks, return_inverse=True)
    events, sums = np.bincount(place, n), np.bincount(place, gains)
    mean = float(sums.sum() / events.sum())
    count = len(known)
    spread = float(((sums - mean * events) ** 2).sum())
    error = sqrt(spread * count / max(count - 1, 1)) / float(events.sum())
    return Gain(mean=mean, error=error, events=float(events.sum()), blocks=count)
