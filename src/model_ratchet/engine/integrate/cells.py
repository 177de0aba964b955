"""Cells: score histograms as the arrays that maps are fitted to, and how good the probabilities in them are. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from model_ratchet.core.scored import PARTS, SCORE_BINS, Scores
from model_ratchet.documents.inherited import CalibrationError, Interval95, Quality, ReliabilityBin
from model_ratchet.engine.integrate.inputs import Block
from model_ratchet.stats.forecast import BINS, SMALLEST, bin_of, corp_of_groups, null_of, z_test
from model_ratchet.stats.harm import Blocks
from model_ratchet.stats.maps import IDENTITY, Cells, Floats, Map
from model_ratchet.stats.proportions import wilson
from model_ratchet.stats.tails import critical

SIMULATIONS = 1_000
FINE = 100
SEED = 20_250_818


@dataclass(frozen=True, slots=True)
class Timed:
    """Events by forecast and by block of time: ``blocks`` of shape (cells,) counts them from 0."""

    cells: Cells
    blocks: Blocks
    now: int
    """The first block of the stage itself: those before it are of the history."""

    @property
    def of_stage(self) -> "Timed":
        """The events of the stage alone."""
        own = self.blocks >= self.now
        return Timed(self.cells.chosen(own), self.blocks[own], self.now)


def timed(earlier: tuple[Block, ...], blocks: tuple[Block, ...], segment: str | None = None) -> Timed:
    """The events of one segment, or of all, as cells: the mean forecast of each bin of each block, weighted by its block."""
    columns: list[tuple[float, float, float, int]] = []
    for place, block in enumerate((*earlier, *blocks)):
        for scores in _of(block.scores, segment):
            columns += [
                (total / PARTS / n, n * block.weight, came * block.weight, place) for _, n, came, total in scores.bins
            ]
    p, n, y, place_of = (np.array([row[i] for row in columns], dtype=np.float64) for i in range(4))
    return Timed(Cells(np.clip(p, 0.0, 1.0), n, y), place_of.astype(np.int64), len(earlier))


def counted(blocks: tuple[Block, ...], segment: str | None = None) -> tuple[int, int]:
    """How many events there are, and how many of them came."""
    found = [scores for block in blocks for scores in _of(block.scores, segment)]
    return sum(one.n for one in found), sum(one.came for one in found)


def quality(found: Timed, calibrate: Map = IDENTITY) -> Quality | None:
    """How good the probabilities of these events are after a map; None where there is no event.

    Within a bin of a histogram all forecasts are taken for their mean. Intervals are by blocks of time, None where there is
    only one.
    """
    cells = found.cells
    if not len(cells.p):
        return None
    q = calibrate(cells.p)
    n, y = cells.n, cells.y
    held = np.clip(q, SMALLEST, 1 - SMALLEST)
    squares = y * (1 - q) ** 2 + (n - y) * q**2
    surprise = -(y * np.log(held) + (n - y) * np.log1p(-held))
    score = float(squares.sum() / n.sum())
    parts = corp_of_groups(*_by_forecast(q, n, y), score)
    z = z_test(float(((y - n * q) * (1 - 2 * q)).sum()), float((n * (1 - 2 * q) ** 2 * q * (1 - q)).sum()))
    return Quality(
        brier=_interval(squares, n, found.blocks),
        log_loss=_interval(surprise, n, found.blocks),
        ece=_calibration_error(q, n, y),
        miscalibration=parts.miscalibration,
        discrimination=parts.discrimination,
        uncertainty=parts.uncertainty,
        spiegelhalter_z=z[0] if z is not None else None,
        spiegelhalter_p=z[1] if z is not None else None,
    )


def reliability(found: Timed, calibrate: Map) -> tuple[ReliabilityBin, ...]:
    """The bins of the calibrated probabilities that hold an event, with Wilson bounds of their frequency."""
    cells = found.cells
    q = calibrate(cells.p)
    place = bin_of(q)
    sums = (np.bincount(place, of, minlength=BINS) for of in (cells.n, cells.n * q, cells.y))
    bins = []
    for index, (n, total, came) in enumerate(zip(*sums, strict=True)):
        if n > 0:
            low, high = wilson(round(came), round(n), 0.95)
            bins.append(
                ReliabilityBin(
                    bin=index,
                    events=round(n),
                    mean_p=_fraction(total / n),
                    frequency=_fraction(came / n),
                    low=low,
                    high=high,
                )
            )
    return tuple(bins)


def calibration_error_of(scores: Scores) -> float:
    """The expected calibration error of a histogram, in bins that are made of whole ones of its: exact, 0 to 1."""
    gaps = np.zeros(BINS)
    for place, _, came, total in scores.bins:
        gaps[(place - 1) * BINS // SCORE_BINS] += came - total / PARTS
    return _fraction(float(np.abs(gaps).sum()) / scores.n)


def _fraction(value: float) -> float:
    """A share that rounding may have put beyond its ends."""
    return min(1.0, max(0.0, float(value)))


def _of(scores: Mapping[str, Scores], segment: str | None) -> Iterable[Scores]:
    if segment is None:
        return scores.values()
    return (scores[segment],) if segment in scores else ()


def _by_forecast(q: Floats, n: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Events and how many of them came, of equal forecasts together, by rising forecast."""
    _, place = np.unique(q, return_inverse=True)
    return np.asarray(np.bincount(place, n)), np.asarray(np.bincount(place, y))


def _interval(sums: Floats, n: Floats, blocks: Blocks) -> Interval95:
    """The mean of an event with its interval: the blocks are clusters, and their ratio is linearised."""
    _, place = np.unique(blocks, return_inverse=True)
    events, totals = np.bincount(place, n), np.bincount(place, sums)
    mean, count = float(totals.sum() / events.sum()), len(events)
    if count < 2:
        return Interval95(value=mean, low=None, high=None)
    spread = float(((totals - mean * events) ** 2).sum()) * count / (count - 1)
    half = critical(0.95) * sqrt(spread) / float(events.sum())
    return Interval95(value=mean, low=max(0.0, mean - half), high=mean + half)


def _calibration_error(q: Floats, n: Floats, y: Floats) -> CalibrationError:
    """The calibration error beside those of outcomes drawn from the forecasts themselves, in hundredths, from one seed."""
    per_bin = np.bincount(bin_of(q), y - n * q, minlength=BINS)
    observed = float(np.abs(per_bin).sum() / n.sum())
    fine = bin_of(q, FINE)
    mass, total = np.bincount(fine, n, minlength=FINE), np.bincount(fine, n * q, minlength=FINE)
    whole = np.round(mass).astype(np.int64)
    chance = np.divide(total, mass, out=np.zeros(FINE), where=mass > 0)
    drawn = np.random.default_rng(SEED).binomial(whole, np.clip(chance, 0, 1), (SIMULATIONS, FINE)) - whole * chance
    errors = np.abs(drawn.reshape(SIMULATIONS, BINS, -1).sum(-1)).sum(-1) / max(1, whole.sum())
    null = null_of(errors, observed, 0.95)
    return CalibrationError(
        value=_fraction(observed), chance_mean=null.mean, chance_95=null.critical, p_value=null.p_value
    )
