"""Forecasts: what the criteria of probabilities have in common."""

from dataclasses import replace
from typing import Literal, TypeAlias

from pydantic import Field, field_validator

from model_ratchet.core.scored import SCORE_BINS
from model_ratchet.criteria.base import MetricFacts, OnMetric, Scope

ScoringRule: TypeAlias = Literal["brier", "log_loss"]


class OnForecast(OnMetric):
    """A criterion about the calibration error of a probability, in bins."""

    bins: int = Field(default=10, ge=2)
    """How many bins of equal width the calibration error is taken in: a divisor of 960, such as 10, 15 or 20."""

    @field_validator("bins")
    @classmethod
    def _whole(cls, bins: int) -> int:
        if SCORE_BINS % bins:
            raise ValueError(
                f"{bins} does not divide {SCORE_BINS}, the bins that a source counts in: take 10, 15 or 20"
            )
        return bins


def score_of(scope: Scope, metric: str, rule: ScoringRule) -> MetricFacts:
    """The score of a probability, as a metric whose mean is compared."""
    return replace(scope.facts.metrics[metric], name=f"{metric}.{rule}", kind="mean")
