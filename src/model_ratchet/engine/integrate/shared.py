"""What the three artefacts have in common: where they come from, and how a map and a gain are written. Pure."""

from typing import Any

from model_ratchet.core.names import Version
from model_ratchet.documents.inherited import Coefficients, Data, GainFields, MapFields, Parent
from model_ratchet.engine.integrate.cells import counted
from model_ratchet.engine.integrate.inputs import Inputs
from model_ratchet.stats.harm import Gain
from model_ratchet.stats.maps import NAMES, Map, Parametric


def head_of(inputs: Inputs, name: str, *told: str) -> dict[str, Any]:
    """What every artefact says of itself: whose it is, where it comes from, what it rests on, and what is to be told of it."""
    return {
        "model": inputs.model,
        "version": Version.parse(inputs.version),
        "parent": parent_of(inputs, name),
        "data": data_of(inputs),
        "warnings": warnings_of(inputs, *told),
    }


def parent_of(inputs: Inputs, name: str) -> Parent | None:
    """The version that an artefact is inherited from, None where that one has no such artefact."""
    inherited = inputs.inherited
    if inherited is None or name not in inherited.digests:
        return None
    return Parent(version=Version.parse(inherited.version), digest=inherited.digests[name])


def data_of(inputs: Inputs) -> Data:
    """The events that the artefacts rest on."""
    events, came = counted(inputs.blocks)
    return Data.model_validate(
        {
            "stage": inputs.stage,
            "from": inputs.start,
            "to": inputs.end,
            "events": events,
            "came": came,
            "excluded": inputs.excluded,
            "earlier_events": counted(inputs.earlier)[0],
            "history": inputs.settings.calibration.history,
        }
    )


def warnings_of(inputs: Inputs, *more: str) -> tuple[str, ...]:
    """What was not measured and why, and what else is to be said, sorted."""
    return tuple(sorted({*(f"{what}: {why}" for what, why in inputs.missing.items()), *more}))


def family_of(method: str) -> Parametric | None:
    """The family of maps with coefficients that a method names; None for identity and isotonic."""
    return next((family for family in NAMES if family == method), None)


def as_map(fields: MapFields) -> Map:
    """A map as one that can be applied."""
    family = family_of(fields.method)
    names = NAMES[family] if family is not None else ()
    return Map(fields.method, tuple(getattr(fields, name) for name in names), fields.knots or ())


def as_fields(made: Map) -> MapFields:
    """A map as its file holds it."""
    family = family_of(made.method)
    named = dict(zip(NAMES[family], made.coefficients, strict=True)) if family is not None else {}
    return MapFields(method=made.method, knots=made.knots or None, **named)


def as_coefficients(family: Parametric, values: tuple[float, ...]) -> Coefficients:
    """One number for each coefficient of a family, as a file holds them."""
    return Coefficients(**dict(zip(NAMES[family], values, strict=True)))


def as_gain(found: Gain | None) -> GainFields | None:
    """A gain as a file holds it."""
    if found is None:
        return None
    return GainFields(mean=found.mean, error=found.error, events=round(found.events), blocks=found.blocks)
