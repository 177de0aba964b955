"""What artefacts are computed from: simulated events by segment, in score histograms, as a source would answer them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_ratchet.core.scored import PARTS, SCORE_BINS, Scores
from model_ratchet.documents.inherited import Calibration, Confidence, Optimizer
from model_ratchet.documents.integration import Integration
from model_ratchet.engine.integrate.inputs import Block, Inherited, Inputs
from model_ratchet.stats.maps import Floats, logit, sigmoid

V1, V2, V3 = "v1.0.0_20250601_090000", "v2.0.0_20250701_090000", "v3.0.0_20250801_090000"
START, END = datetime(2025, 8, 1, tzinfo=UTC), datetime(2025, 8, 4, tzinfo=UTC)
BLOCKS = 10


def settings(**more: Any) -> Integration:
    """What a model file says, as its YAML would."""
    return Integration.model_validate_json(json.dumps({"score": "win", "segments": "prop_type", **more}))


def scores(p: Floats, y: NDArray[Any]) -> Scores:
    """The histogram of forecasts and outcomes, with sums in whole parts."""
    place = np.maximum(np.ceil(np.round(p * SCORE_BINS, 9)).astype(int), 1)
    right = np.clip(np.where(y == 1, p, 1 - p), 1e-6, 1 - 1e-6)
    sums = (np.bincount(place, of, minlength=SCORE_BINS + 1) for of in (None, y, np.round(p * PARTS)))
    bins = tuple((k, int(n), int(came), int(total)) for k, (n, came, total) in enumerate(zip(*sums, strict=True)) if n)
    spread = p * (1 - p)
    return Scores(
        bins=bins,
        brier=round(float(((p - y) ** 2).sum()) * PARTS),
        log_loss=round(float(-np.log(right).sum()) * PARTS),
        spread=round(float(spread.sum()) * PARTS),
        variance=round(float(((1 - 2 * p) ** 2 * spread).sum()) * PARTS),
    )


def drawn(n: int, a: float, b: float, seed: int) -> tuple[Floats, NDArray[Any]]:
    """Forecasts, and outcomes of which logit P = a + b·logit p."""
    generator = np.random.default_rng(seed)
    p = generator.uniform(0.1, 0.9, n)
    return p, (generator.random(n) < sigmoid(a + b * logit(p))).astype(int)


def blocks_of(segments: Mapping[str, tuple[Floats, NDArray[Any]]], count: int = BLOCKS) -> tuple[Block, ...]:
    """Events in their order, cut into blocks of time."""
    cut = {name: (np.array_split(p, count), np.array_split(y, count)) for name, (p, y) in segments.items()}
    return tuple(
        Block(scores={name: scores(p[k], y[k]) for name, (p, y) in cut.items() if len(p[k])}) for k in range(count)
    )


def inputs(segments: Mapping[str, tuple[Floats, NDArray[Any]]], **more: Any) -> Inputs:
    """The inputs of a first version with these events."""
    given = Inputs(
        model="props",
        version=V1,
        stage="shadow",
        start=START,
        end=END,
        settings=settings(),
        blocks=blocks_of(segments),
    )
    return replace(given, **more)


def parent(version: str, values: Mapping[str, Mapping[str, Any]]) -> Inherited:
    """The artefacts of a version as those that the next one inherits."""
    as_json = {name: json.dumps(value) for name, value in values.items()}
    return Inherited(
        version=version,
        calibration=Calibration.model_validate_json(as_json["calibration"]),
        confidence=Confidence.model_validate_json(as_json["confidence"]),
        optimizer=Optimizer.model_validate_json(as_json["optimizer"]),
        digests={name: f"sha256:{index:064x}" for index, name in enumerate(values)},
    )
