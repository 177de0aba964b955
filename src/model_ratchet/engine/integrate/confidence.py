"""confidence.yaml: how an edge is scored, carried over; how sure a pick is, recalibrated; what each version showed. Pure."""

from collections.abc import Mapping

import numpy as np

from model_ratchet.core.names import Version
from model_ratchet.documents.inherited import (
    Calibration,
    Confidence,
    EdgeModelFields,
    Evaluation,
    Recalibration,
    Tier,
)
from model_ratchet.engine.integrate.cells import Timed, timed
from model_ratchet.engine.integrate.harmless import choose, fit_map
from model_ratchet.engine.integrate.inputs import Inputs
from model_ratchet.engine.integrate.shared import as_fields, as_gain, as_map, head_of
from model_ratchet.stats.edge import EdgeModel, edge_model
from model_ratchet.stats.maps import Cells, Map
from model_ratchet.stats.proportions import clopper_pearson

_NO_EDGE = "too few events with a market, or of one class, or separated by it: no regression is fitted"


def confidence(inputs: Inputs, calibrated: Calibration) -> Confidence:
    """How sure a version may be of its edges, beside the calibration that was computed for it."""
    evaluation, told = _evaluation(inputs)
    picks = _picks(inputs, calibrated)
    fitted = fit_map("logistic", picks.cells, None, ())
    choice = choose(picks, fitted, None, least=inputs.settings.calibration.min_events)
    overall, models = _edge_model(inputs, None), {name: _edge_model(inputs, name) for name in inputs.segments}
    told += tuple(f"edge_models.{name}: {_NO_EDGE}" for name, one in models.items() if overall and one is None)
    told += () if overall else (f"edge_model: {_NO_EDGE}",)
    return Confidence(
        **head_of(inputs, "confidence", *told),
        evaluation=evaluation,
        recalibration=Recalibration(
            map=as_fields(choice.map),
            decision="adopted" if choice.decision == "adopted" else "identity_kept",
            gain=as_gain(choice.gain),
            events=round(picks.cells.events),
        ),
        edge_model=overall,
        edge_models=models,
        tiers=_tiers(evaluation.tiers, picks, choice.map),
        track_record=dict(inputs.track),
    )


def _evaluation(inputs: Inputs) -> tuple[Evaluation, tuple[str, ...]]:
    """How an edge is scored: as the version before laid it down, unless the model file starts anew."""
    asked = inputs.settings.confidence
    before = inputs.inherited.confidence if inputs.inherited is not None else None
    if before is not None and not asked.reset:
        kept = before.evaluation
        differs = (asked.components, asked.tiers) not in ((kept.components, kept.tiers), ({}, {}))
        told = "evaluation: the model file says otherwise, and what was laid down before is carried over; `reset` ends that"
        return kept, (told,) if differs else ()
    laid_down = Evaluation(
        laid_down_by=Version.parse(inputs.version), components=dict(asked.components), tiers=dict(asked.tiers)
    )
    return laid_down, ()


def _picks(inputs: Inputs, calibrated: Calibration) -> Timed:
    """The stage's events as picks of the likelier outcome: how sure each was, and whether it was right."""
    parts = []
    for name in inputs.segments:
        found = timed((), inputs.blocks, name)
        q = as_map(calibrated.segments[name].map)(found.cells.p)
        sure, right = np.maximum(q, 1 - q), np.where(q >= 0.5, found.cells.y, found.cells.n - found.cells.y)
        parts.append((sure, found.cells.n, right, found.blocks))
    p, n, y, blocks = (np.concatenate([part[i] for part in parts]) if parts else np.array([]) for i in range(4))
    return Timed(Cells(p, n, y), blocks.astype(np.int64), 0)


def _tiers(tiers: Mapping[str, float], picks: Timed, recalibrated: Map) -> tuple[Tier, ...]:
    """What each tier promised and what came, from the surest one down; each pick is in the highest tier that it reaches."""
    sure = recalibrated(picks.cells.p)
    above = np.inf
    found = []
    for name, at_least in sorted(tiers.items(), key=lambda item: -item[1]):
        inside = (sure >= at_least) & (sure < above)
        n, y = picks.cells.n[inside], picks.cells.y[inside]
        count, right = round(float(n.sum())), round(float(y.sum()))
        low, high = clopper_pearson(right, count, 0.95) if count else (0.0, 1.0)
        found.append(
            Tier(
                tier=name,
                at_least=at_least,
                picks=count,
                right=right,
                expected=float((n * sure[inside]).sum() / n.sum()) if count else None,
                rate=right / count if count else None,
                low=low,
                high=high,
            )
        )
        above = at_least
    return tuple(found)


def _edge_model(inputs: Inputs, segment: str | None) -> EdgeModelFields | None:
    """Market and model beside each other over the events with an offer; None where they hold no such regression."""
    columns: list[tuple[float, float, float, float]] = []
    for block in inputs.blocks:
        for name, offers in block.offers.items():
            if segment in (None, name):
                columns += [(market, model, n, came) for market, model, n, came in offers.means()]
    least = inputs.settings.calibration.min_events if segment is not None else 0
    if not columns or sum(n for _, _, n, _ in columns) < least:
        return None
    market, model, n, y = np.array(columns, dtype=np.float64).T
    found = edge_model(market, model, n, y)
    return _as_fields(found) if found is not None else None


def _as_fields(found: EdgeModel) -> EdgeModelFields:
    first, second, third = found.covariance
    return EdgeModelFields(
        a=found.a,
        c=found.c,
        b=found.b,
        covariance=(first, second, third),
        statistic=found.statistic,
        p_value=found.p_value,
        model_weight=found.model_weight,
        events=round(found.events),
    )
