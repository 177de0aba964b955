"""Integrate: what a version brings for those who apply its forecasts, computed from the evidence of its first stage. Pure."""

from collections.abc import Mapping
from typing import Any

from model_ratchet.documents.inherited import as_value
from model_ratchet.engine.integrate.inputs import Inputs
from model_ratchet.engine.integrate.text import rounded


def artifacts(inputs: Inputs) -> Mapping[str, Mapping[str, Any]]:
    """``calibration``, ``confidence`` and ``optimizer`` → what its file holds, numbers rounded as they are written."""
    from model_ratchet.engine.integrate.calibration import calibration
    from model_ratchet.engine.integrate.confidence import confidence
    from model_ratchet.engine.integrate.optimizer import optimizer

    calibrated = calibration(inputs)
    confident = confidence(inputs, calibrated)
    weighted = optimizer(inputs, confident)
    made = {"calibration": as_value(calibrated), "confidence": as_value(confident), "optimizer": as_value(weighted)}
    return {name: rounded(value) for name, value in made.items()}
