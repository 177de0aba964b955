"""optimizer.yaml: how segments and stakes are weighted, how fast the version is, and what differs from its parent. Pure."""

from collections.abc import Iterator
from math import floor
from typing import Literal

import numpy as np

from model_ratchet.documents.inherited import (
    Confidence,
    CovarianceFields,
    Difference,
    KellyFields,
    Optimizer,
    PerformanceFields,
)
from model_ratchet.engine.integrate.inputs import Inputs
from model_ratchet.engine.integrate.shared import head_of
from model_ratchet.stats.portfolio import ledoit_wolf, mean_variance

_ASKED = ("kelly", "limits", "risk_aversion", "max_weight")
_COMPUTED = ("weights", "model_weights", "performance")

LEAST_PERIODS = 3
"""Blocks with bets below which the returns of a segment say nothing about its risk."""


def optimizer(inputs: Inputs, confident: Confidence) -> Optimizer:
    """How a version's edges are weighted and staked, beside the edge models that were computed for it."""
    settings = inputs.settings.optimizer
    covariance = _covariance(inputs)
    weights, told = _weights(inputs, covariance)
    models = {name: found.model_weight if found is not None else None for name, found in confident.edge_models.items()}
    made = Optimizer(
        **head_of(inputs, "optimizer", *told),
        weights=weights,
        model_weights=models,
        kelly=KellyFields(fraction=settings.kelly_fraction, cap_per_bet=settings.cap_per_bet),
        risk_aversion=settings.risk_aversion,
        max_weight=settings.max_weight,
        limits=dict(settings.limits),
        covariance=covariance,
        performance=_performance(inputs),
        differences=(),
    )
    before = inputs.inherited.optimizer if inputs.inherited is not None else None
    return made.model_copy(update={"differences": tuple(_differences(before, made)) if before is not None else ()})


def _covariance(inputs: Inputs) -> CovarianceFields | None:
    """The covariance of the returns of those segments that had bets in every block that had any."""
    betting = [block.bets for block in inputs.blocks if any(bets.staked for bets in block.bets.values())]
    names = sorted({name for bets in betting for name, one in bets.items() if one.staked})
    held = [name for name in names if all(name in bets and bets[name].staked for bets in betting)]
    if not held or len(betting) < LEAST_PERIODS:
        return None
    returns = np.array([[bets[name].profit / bets[name].staked for name in held] for bets in betting])
    matrix, shrinkage = ledoit_wolf(returns)
    return CovarianceFields(
        segments=tuple(held),
        periods=len(betting),
        shrinkage=shrinkage,
        mean=tuple(returns.mean(axis=0).tolist()),
        matrix=tuple(tuple(row) for row in matrix.tolist()),
    )


def _weights(inputs: Inputs, found: CovarianceFields | None) -> tuple[dict[str, float] | None, tuple[str, ...]]:
    """The share of each segment whose returns were measured; they sum to 1 over those."""
    if found is None:
        return None, ("weights: no segment has returns in three blocks of time or more",)
    left_out = sorted(set(inputs.segments) - set(found.segments))
    told = tuple(f"weights.{name}: no returns in some block; the others are scaled to sum to 1" for name in left_out)
    settings = inputs.settings.optimizer
    risk = np.array(found.matrix)
    if not np.linalg.eigvalsh(risk).min() > 0:
        return None, (*told, "weights: the returns do not vary at all")
    most = max(settings.max_weight, 1 / len(found.segments))
    if most > settings.max_weight:
        told = (*told, f"max_weight: {len(found.segments)} segments can't keep to {settings.max_weight:g}")
    shares = mean_variance(found.mean, risk, risk_aversion=settings.risk_aversion, most=most)
    return dict(zip(found.segments, np.clip(shares, 0, 1).tolist(), strict=True)), told


def _performance(inputs: Inputs) -> PerformanceFields:
    """What was measured, and how many edges a cycle can hold: ⌊instances · cycle / p95 · (1 − error rate)⌋."""
    measured, cycle = inputs.measured, inputs.settings.optimizer.performance.cycle
    instances = None
    if measured.memory_bytes and inputs.allocated_memory_bytes is not None:
        instances = floor(inputs.allocated_memory_bytes / measured.memory_bytes)
    edges = None
    if measured.latency_p95_s and measured.error_rate is not None and cycle is not None and instances is not None:
        edges = floor(instances * cycle.value / measured.latency_p95_s * (1 - measured.error_rate))
    return PerformanceFields(
        latency_p95_s=measured.latency_p95_s,
        error_rate=measured.error_rate,
        memory_bytes=measured.memory_bytes,
        instances=instances,
        edges_per_cycle=edges,
    )


def _differences(before: Optimizer, after: Optimizer) -> Iterator[Difference]:
    """Key by key, what differs from the parent and why."""
    mine, theirs = _flat(after), _flat(before)
    for key in sorted(mine.keys() | theirs.keys()):
        now, then = mine.get(key), theirs.get(key)
        if now == then:
            continue
        reason: Literal["recomputed", "model_file", "first", "not_measured"]
        if key.partition(".")[0] in _ASKED:
            reason = "model_file"
        elif now is None:
            reason = "not_measured"
        else:
            reason = "recomputed" if then is not None else "first"
        yield Difference(key=key, before=then, after=now, reason=reason)


def _flat(made: Optimizer) -> dict[str, float | None]:
    """Dotted key → number, of all that an optimizer reads and that is no matrix."""
    found: dict[str, float | None] = {}
    value = made.model_dump(mode="json", include={*_ASKED, *_COMPUTED})
    for key, entry in value.items():
        found |= {f"{key}.{name}": one for name, one in entry.items()} if isinstance(entry, dict) else {key: entry}
    return found
