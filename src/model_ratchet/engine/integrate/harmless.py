"""Harmless: which of the maps that could be applied is, so that none does harm. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from model_ratchet.documents.inherited import DecidedBy, Decision
from model_ratchet.engine.integrate.cells import Timed
from model_ratchet.stats.harm import Gain, forward_gain, gain
from model_ratchet.stats.maps import IDENTITY, Cells, Fit, Map, Parametric, fit, isotonic
from model_ratchet.stats.pooling import Pooled, pool

LEAST_ISOTONIC = 1_000
"""Events below which no isotonic map is fitted."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A map that could be adopted, and how it is fitted to fewer events; ``pooled`` where it is shrunk to what it inherits."""

    map: Map
    again: Callable[[Cells], Map | None]
    fit: Fit | None = None
    pooled: Pooled | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The map that is applied, and why that one."""

    map: Map
    decision: Decision
    reason: DecidedBy
    gain: Gain | None = None


def choose(found: Timed, fitted: Fitted | None, inherited: Map | None, *, least: int) -> Choice:
    """The fitted map where it gains more than one standard error on later events than it was fitted to; else what is kept.

    Kept is the inherited map, unless identity gains as much on it, or identity where nothing is inherited. ``fitted`` is None
    where the events hold no fit.
    """
    cells = found.cells
    kept, decision = _kept(found, inherited)
    if not len(cells.p):
        return Choice(kept, decision, "no_events")
    if cells.events < least:
        return Choice(kept, decision, "too_few_events")
    if cells.one_class:
        return Choice(kept, decision, "one_class")
    if fitted is None:
        return Choice(kept, decision, "separated")
    shown = forward_gain(cells, found.blocks, fitted.again, kept)
    if shown is None:
        return Choice(kept, decision, "too_few_blocks")
    if not shown.shown:
        return Choice(kept, decision, "gain_not_shown", shown)
    return Choice(fitted.map, "adopted", "gain_shown", shown)


def fit_map(family: Parametric | None, cells: Cells, centre: Map | None, spread: tuple[float, ...]) -> Fitted | None:
    """The map of a family, shrunk to a centre where there is one; an isotonic one where ``family`` is None.

    A centre that the family does not hold counts as identity. None where the events hold no fit.
    """
    if not len(cells.p) or cells.one_class:
        return None
    if family is None:
        return Fitted(isotonic(cells), isotonic)
    if centre is None:
        alone = fit(family, cells)
        return Fitted(alone.map, lambda past: _alone(family, past), alone) if alone is not None else None
    middle = centre if centre.within(family) is not None else IDENTITY
    pooled = pool(family, cells, middle, spread)
    return Fitted(
        pooled.adopted.map, lambda past: pool(family, past, middle, spread).adopted.map, pooled.adopted, pooled
    )


def _alone(family: Parametric, past: Cells) -> Map | None:
    made = None if past.one_class else fit(family, past)
    return made.map if made is not None else None


def _kept(found: Timed, inherited: Map | None) -> tuple[Map, Decision]:
    if inherited is None or inherited == IDENTITY:
        return IDENTITY, "identity_kept"
    now = found.of_stage
    better = gain(now.cells, now.blocks, IDENTITY, inherited)
    if better is not None and better.shown:
        return IDENTITY, "identity_kept"
    return inherited, "inherited_kept"
