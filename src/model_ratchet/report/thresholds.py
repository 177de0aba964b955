"""Thresholds: what a criterion asks, as a number on the scale of its estimate and in words."""

from dataclasses import dataclass
from enum import Enum

from model_ratchet.criteria.auc import Auc
from model_ratchet.criteria.base import Criterion, Scope
from model_ratchet.criteria.betting import Betting
from model_ratchet.criteria.calibration import Calibration
from model_ratchet.criteria.calibration_not_worse import CalibrationNotWorse
from model_ratchet.criteria.distribution import Distribution
from model_ratchet.criteria.drawdown import Drawdown
from model_ratchet.criteria.drift import Drift
from model_ratchet.criteria.limits import asked, limit
from model_ratchet.criteria.load import Load
from model_ratchet.criteria.non_inferiority import NonInferiority
from model_ratchet.criteria.quantile_limit import QuantileLimit
from model_ratchet.criteria.quantile_superiority import QuantileSuperiority
from model_ratchet.criteria.rate_limit import RateLimit
from model_ratchet.criteria.ratio_limit import RatioLimit
from model_ratchet.criteria.sample_ratio import SampleRatio
from model_ratchet.criteria.score_non_inferiority import ScoreNonInferiority
from model_ratchet.criteria.score_superiority import ScoreSuperiority
from model_ratchet.criteria.segments import Segments
from model_ratchet.criteria.stability import Stability
from model_ratchet.criteria.suite import SuiteOfCases
from model_ratchet.criteria.superiority import Superiority
from model_ratchet.criteria.sustained import Sustained
from model_ratchet.engine.plan import BoundCriterion
from model_ratchet.report.numbers import percent, plain

SCORES = {"brier": "Brier score", "log_loss": "log loss"}


class Side(Enum):
    """Where the estimate should lie: at or above the threshold, at or below it, or at it."""

    LEAST = "least"
    MOST = "most"
    AT = "at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A limit on the scale of the criterion's estimate, and as the policy spells it."""

    value: float
    side: Side
    words: str


def threshold(bound: BoundCriterion, scope: Scope) -> Threshold | None:
    """The threshold that a criterion's estimate is read against; None for the kinds that have no number."""
    criterion = bound.criterion
    if isinstance(criterion, SampleRatio) and len(scope.stages) == 1 and scope.stage.traffic:
        share = scope.stage.traffic
        return Threshold(value=share, side=Side.AT, words=f"{percent(share)} of the units")
    at = asked(criterion)
    if at is None:
        return None
    found = limit(criterion, scope, at)
    side = Side.LEAST if found.least else Side.MOST
    return Threshold(value=found.value, side=side, words=_words(criterion, at.text))


def _words(criterion: Criterion, at: str) -> str:  # noqa: PLR0911  (a table of kinds)
    match criterion:
        case Superiority():
            return f"better by {at}"
        case NonInferiority():
            return f"not worse by {at}"
        case Drift():
            return f"not worse than the golden baseline by {at} in all"
        case Sustained():
            return f"not worse by {at} on any of {criterion.days} days"
        case Stability():
            return f"not worse by {at} in any {criterion.window.text}"
        case Segments():
            return f"not worse by {at} in any segment"
        case QuantileSuperiority():
            return f"p{plain(criterion.quantile * 100)} better by {at}"
        case QuantileLimit():
            return f"p{plain(criterion.quantile * 100)} ≤ {at}"
        case RateLimit():
            return f"< {at}"
        case Distribution():
            return f"distance ≤ {at}"
        case RatioLimit():
            return f"at most {at} above the baseline" if criterion.within is not None else f"≤ {at} of the allocation"
        case Load():
            return f"≥ {at} of its share carried"
        case SuiteOfCases():
            return "every case passes"
        case _:
            return _of_events(criterion, at)


def _of_events(criterion: Criterion, at: str) -> str:
    """The same of forecasts and bets, and of what has nothing to add."""
    match criterion:
        case ScoreSuperiority():
            return f"{SCORES[criterion.score]} better by {at}"
        case ScoreNonInferiority():
            return f"{SCORES[criterion.score]} not worse by {at}" + (" in any segment" if criterion.segments else "")
        case CalibrationNotWorse():
            return f"{criterion.measure.upper()} not worse by {at}"
        case Calibration():
            return f"no error that chance does not give, {at} detectable"
        case Auc():
            return f"AUC not worse by {at}"
        case Betting():
            return f"{_measure(criterion)} not worse by {at}"
        case Drawdown():
            return f"≤ {at} of the bankroll"
        case _:
            return f"≤ {at}"


def _measure(criterion: Betting) -> str:
    """What is compared of bets, with its definition."""
    words = criterion.measure.replace("_", " ")
    return words if criterion.definition is None else f"{words} ({criterion.definition.replace('_', ' ')})"
