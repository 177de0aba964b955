"""Limits: the quantity of a criterion that its estimate is held against, on the scale of that estimate."""

from dataclasses import dataclass

from model_ratchet.core.units import Dimension, Quantity, significant
from model_ratchet.criteria.auc import Auc
from model_ratchet.criteria.base import Criterion, Scope
from model_ratchet.criteria.betting import Betting
from model_ratchet.criteria.calibration import Calibration
from model_ratchet.criteria.calibration_not_worse import CalibrationNotWorse
from model_ratchet.criteria.distribution import Distribution
from model_ratchet.criteria.drawdown import Drawdown
from model_ratchet.criteria.drift import Drift
from model_ratchet.criteria.load import Load
from model_ratchet.criteria.maximum import Maximum
from model_ratchet.criteria.non_inferiority import NonInferiority
from model_ratchet.criteria.quantile_limit import QuantileLimit
from model_ratchet.criteria.quantile_superiority import QuantileSuperiority
from model_ratchet.criteria.rate_limit import RateLimit
from model_ratchet.criteria.ratio_limit import RatioLimit
from model_ratchet.criteria.score_non_inferiority import ScoreNonInferiority
from model_ratchet.criteria.score_superiority import ScoreSuperiority
from model_ratchet.criteria.segments import Segments
from model_ratchet.criteria.stability import Stability
from model_ratchet.criteria.suite import SuiteOfCases
from model_ratchet.criteria.superiority import Superiority
from model_ratchet.criteria.sustained import Sustained

_EVERY_CASE = Quantity(1.0, Dimension.SHARE, "100%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit on the scale of the criterion's estimate, to 9 significant digits like that: the ``least`` value, or the most."""

    value: float
    least: bool = False

    def holds(self, value: float) -> bool:
        """Whether an estimate lies on the right side; exactly at the limit it does."""
        return value >= self.value if self.least else value <= self.value


def asked(criterion: Criterion) -> Quantity | None:
    """What the policy asks, as it spells it; None for the kinds that have no number."""
    match criterion:
        case Superiority() | QuantileSuperiority() | ScoreSuperiority():
            return criterion.by
        case NonInferiority() | ScoreNonInferiority() | CalibrationNotWorse() | Auc() | Betting():
            return criterion.margin
        case Calibration():
            return criterion.detects
        case Sustained():
            return criterion.max_daily_drop
        case Stability() | Segments() | Drift():
            return criterion.max_drop
        case QuantileLimit() | Maximum() | Drawdown():
            return criterion.at_most
        case RatioLimit():
            return criterion.within or criterion.of_allocation
        case _:
            return _share(criterion)


def _share(criterion: Criterion) -> Quantity | None:
    match criterion:
        case RateLimit():
            return criterion.below
        case Distribution():
            return criterion.max_distance
        case Load():
            return criterion.min_share
        case SuiteOfCases():
            return _EVERY_CASE
        case _:
            return None


def limit(criterion: Criterion, scope: Scope, at: Quantity) -> Limit:
    """The limit that the criterion's estimate is held against when ``at`` is asked in the place of its own quantity.

    Of a kind that has a number; ``at`` has the dimension of ``asked``.
    """
    match criterion:
        case Superiority() | ScoreSuperiority():
            return _gain(scope, criterion.metric, at.value)
        case Auc():
            return Limit(value=significant(-at.value), least=True)
        case NonInferiority() | ScoreNonInferiority() | Betting() | Sustained() | Stability() | Segments() | Drift():
            return _gain(scope, criterion.metric, -at.value)
        case QuantileSuperiority():
            return Limit(value=significant(1 - at.value))
        case RatioLimit(within=within) if within is not None:
            return Limit(value=significant(1 + at.value))
        case Load() | SuiteOfCases():
            return Limit(value=significant(at.value), least=True)
        case _:
            return Limit(value=significant(at.value))


def _gain(scope: Scope, metric: str, value: float) -> Limit:
    """A gain in the metric's good direction, turned to the direction of its estimate (candidate − baseline)."""
    facts = scope.facts.metrics.get(metric)
    if facts is not None and facts.better == "lower":
        return Limit(value=significant(-value))
    return Limit(value=significant(value), least=True)
