"""calibration.yaml: the map of all events and of each segment, with what is inherited, own and adopted. Pure."""

from collections.abc import Mapping

from model_ratchet.documents.inherited import Calibration, CalibrationEntry, Coefficients
from model_ratchet.documents.integration import CalibrationSettings
from model_ratchet.engine.integrate.cells import counted, quality, reliability, timed
from model_ratchet.engine.integrate.harmless import LEAST_ISOTONIC, Choice, Fitted, choose, fit_map
from model_ratchet.engine.integrate.inputs import Inputs
from model_ratchet.engine.integrate.shared import (
    as_coefficients,
    as_fields,
    as_gain,
    as_map,
    family_of,
    head_of,
)
from model_ratchet.stats.maps import IDENTITY, NAMES, Map, Parametric, fit
from model_ratchet.stats.pooling import learned_spread


def calibration(inputs: Inputs) -> Calibration:
    """The calibration maps of a version."""
    settings = inputs.settings.calibration
    family = family_of(settings.method)
    parent = inputs.inherited.calibration if inputs.inherited is not None and settings.history != "reset" else None
    before = as_map(parent.overall.map) if parent is not None else None
    spread = _spread(settings, family)
    overall = _entry(inputs, None, before, before, spread)
    applied = as_map(overall.map)
    centres = {
        name: as_map(parent.segments[name].map) if parent is not None and name in parent.segments else applied
        for name in inputs.segments
    }
    learned = _learned(inputs, family, centres) if settings.learn_prior else None
    spread = learned if learned is not None else spread
    return Calibration(
        **head_of(inputs, "calibration"),
        method=settings.method,
        prior=as_coefficients(family, spread) if family is not None else None,
        prior_learned=learned is not None,
        overall=overall,
        segments={name: _entry(inputs, name, centre, centre, spread) for name, centre in centres.items()},
    )


def _entry(
    inputs: Inputs, segment: str | None, inherited: Map | None, centre: Map | None, spread: tuple[float, ...]
) -> CalibrationEntry:
    """The map of one segment, or of all events."""
    settings = inputs.settings.calibration
    family = family_of(settings.method)
    found = timed(inputs.earlier, inputs.blocks, segment)
    events, came = counted(inputs.blocks, segment)
    if settings.method == "identity":
        fitted, choice = None, Choice(IDENTITY, "identity_kept", "by_method")
    else:
        least = settings.min_events if family is not None else max(settings.min_events, LEAST_ISOTONIC)
        fitted = fit_map(family, found.cells, centre, spread)
        choice = choose(found, fitted, inherited, least=least)
    now = found.of_stage
    return CalibrationEntry(
        events=events,
        came=came,
        inherited=as_fields(inherited) if inherited is not None else None,
        own=as_fields(own) if (own := _own(fitted)) is not None else None,
        map=as_fields(choice.map),
        **_adopted(family, fitted if choice.decision == "adopted" else None),
        decision=choice.decision,
        reason=choice.reason,
        gain=as_gain(choice.gain),
        raw=quality(now),
        calibrated=quality(now, choice.map),
        reliability=reliability(now, choice.map),
    )


def _own(fitted: Fitted | None) -> Map | None:
    """What the events alone say."""
    if fitted is None or fitted.pooled is None:
        return fitted.map if fitted is not None else None
    return fitted.pooled.own.map if fitted.pooled.own is not None else None


def _adopted(family: Parametric | None, fitted: Fitted | None) -> dict[str, Coefficients | None]:
    """What is told of an adopted map: its errors, and how it came from the inherited one."""
    told: dict[str, tuple[float, ...] | None] = dict.fromkeys(("errors", "adjustment", "own_weight"))
    if fitted is not None and fitted.fit is not None:
        told["errors"] = fitted.fit.errors
    if fitted is not None and fitted.pooled is not None:
        told |= {"adjustment": fitted.pooled.adjustments, "own_weight": fitted.pooled.own_weights}
    return {
        name: as_coefficients(family, values) if family is not None and values is not None else None
        for name, values in told.items()
    }


def _spread(settings: CalibrationSettings, family: Parametric | None) -> tuple[float, ...]:
    """How far each coefficient may lie from what is inherited: slopes by one deviation, the intercept by another."""
    if family is None:
        return ()
    slope = {"temperature": ("b",), "logistic": ("b",), "beta": ("a", "b")}[family]
    return tuple(settings.prior.slope if name in slope else settings.prior.intercept for name in NAMES[family])


def _learned(inputs: Inputs, family: Parametric | None, centres: Mapping[str, Map]) -> tuple[float, ...] | None:
    """How far the segments lie from what they inherit, by their own fits."""
    if family is None:
        return None
    found = [(fit(family, timed(inputs.earlier, inputs.blocks, name).cells), centres[name]) for name in centres]
    pairs = [(own, Map(family, held)) for own, centre in found if own and (held := centre.within(family))]
    return learned_spread(family, [own for own, _ in pairs], [centre for _, centre in pairs])
