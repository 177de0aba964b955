"""Thresholds: what a criterion asks, as a number on the scale of its estimate and in words."""

from dataclasses import dataclass
from enum import Enum

from model_ratchet.core.units import Change
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.distribution import Distribution
from model_ratchet.criteria.drift import Drift
from model_ratchet.criteria.load import Load
from model_ratchet.criteria.maximum import Maximum
from model_ratchet.criteria.non_inferiority import NonInferiority
from model_ratchet.criteria.quantile_limit import QuantileLimit
from model_ratchet.criteria.quantile_superiority import QuantileSuperiority
from model_ratchet.criteria.rate_limit import RateLimit
from model_ratchet.criteria.ratio_limit import RatioLimit
from model_ratchet.criteria.sample_ratio import SampleRatio
from model_ratchet.criteria.segments import Segments
from model_ratchet.criteria.stability import Stability
from model_ratchet.criteria.suite import SuiteOfCases
from model_ratchet.criteria.superiority import Superiority
from model_ratchet.criteria.sustained import Sustained
from model_ratchet.engine.plan import BoundCriterion
from model_ratchet.report.numbers import percent, plain


class Side(Enum):
    """Where the estimate should lie: at or above the threshold, at or below it, or at it."""

    LEAST = "least"
    MOST = "most"
    AT = "at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A limit in the base unit and on the scale of the criterion's estimate, and as the policy spells it."""

    value: float
    side: Side
    words: str


def threshold(bound: BoundCriterion, scope: Scope) -> Threshold | None:  # noqa: PLR0911  (a table of kinds)
    """The threshold that a criterion's estimate is read against; None for the kinds that have no number."""
    criterion = bound.criterion
    match criterion:
        case Superiority():
            return _change(scope, criterion.metric, criterion.by, f"better by {criterion.by.text}", sign=1)
        case NonInferiority():
            return _change(scope, criterion.metric, criterion.margin, f"not worse by {criterion.margin.text}")
        case Drift():
            words = f"not worse than {scope.facts.golden or 'the golden baseline'} by {criterion.max_drop.text} in all"
            return _change(scope, criterion.metric, criterion.max_drop, words)
        case Sustained():
            margin = criterion.max_daily_drop
            return _change(
                scope, criterion.metric, margin, f"not worse by {margin.text} on any of {criterion.days} days"
            )
        case Stability():
            margin = criterion.max_drop
            words = f"not worse by {margin.text} in any {criterion.window.text}"
            return _change(scope, criterion.metric, margin, words)
        case Segments():
            margin = criterion.max_drop
            return _change(scope, criterion.metric, margin, f"not worse by {margin.text} in any segment")
        case QuantileSuperiority():
            goal = 1 - criterion.by.value
            words = f"p{plain(criterion.quantile * 100)} better by {criterion.by.text}"
            return Threshold(value=goal, side=Side.MOST, words=words)
        case QuantileLimit():
            words = f"p{plain(criterion.quantile * 100)} ≤ {criterion.at_most.text}"
            return Threshold(value=criterion.at_most.value, side=Side.MOST, words=words)
        case Maximum():
            return Threshold(value=criterion.at_most.value, side=Side.MOST, words=f"≤ {criterion.at_most.text}")
        case RateLimit():
            return Threshold(value=criterion.below.value, side=Side.MOST, words=f"< {criterion.below.text}")
        case Distribution():
            limit = criterion.max_distance
            return Threshold(value=limit.value, side=Side.MOST, words=f"distance ≤ {limit.text}")
        case _:
            return _other(bound, scope)


def _other(bound: BoundCriterion, scope: Scope) -> Threshold | None:
    criterion = bound.criterion
    match criterion:
        case RatioLimit(within=within) if within is not None:
            words = f"at most {within.text} above the baseline"
            return Threshold(value=1 + within.value, side=Side.MOST, words=words)
        case RatioLimit(of_allocation=part) if part is not None:
            words = f"≤ {part.text} of the allocation"
            return Threshold(value=part.value, side=Side.MOST, words=words)
        case Load():
            words = f"≥ {criterion.min_share.text} of its share carried"
            return Threshold(value=criterion.min_share.value, side=Side.LEAST, words=words)
        case SuiteOfCases():
            return Threshold(value=1.0, side=Side.LEAST, words="every case passes")
        case SampleRatio() if len(scope.stages) == 1 and scope.stage.traffic:
            share = scope.stage.traffic
            return Threshold(value=share, side=Side.AT, words=f"{percent(share)} of the units")
        case _:
            return None


def _change(scope: Scope, metric: str, change: Change, words: str, sign: int = -1) -> Threshold:
    """A gain in the metric's good direction, turned to the direction of its estimate (candidate − baseline)."""
    facts = scope.facts.metrics.get(metric)
    value = sign * change.value
    if facts is not None and facts.better == "lower":
        return Threshold(value=-value, side=Side.MOST, words=words)
    return Threshold(value=value, side=Side.LEAST, words=words)
