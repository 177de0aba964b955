"""calibration_not_worse: the candidate's probabilities are not worse calibrated than the baseline's."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import PointsField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.scored import Scores
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope
from model_ratchet.criteria.by_day import SEED, both_days, both_needs, day_misfits
from model_ratchet.criteria.comparison import guard_warnings
from model_ratchet.criteria.forecasts import OnForecast


class CalibrationNotWorse(OnForecast, Comparative):
    """The candidate's probabilities are not worse calibrated than the baseline's.

    The point value is no rule: chance alone moves it. Whole days are drawn again, 4,000 times, the same for both arms;
    passed when the upper bound of the difference is at most `margin`, failed when the lower bound is above 0, inconclusive
    otherwise.
    """

    summary: ClassVar[str] = "probabilities not worse calibrated than the baseline's"

    kind: Literal["calibration_not_worse"]
    measure: Literal["ece", "mcb"] = "ece"
    """`ece`: the expected calibration error; `mcb`: what isotonic recalibration would gain of the Brier score (CORP)."""
    margin: PointsField
    """How much worse still counts as not worse: `2pp` is an error of 0.02 more."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Calibration is of probabilities, and the stages must hold enough days."""
        yield from day_misfits(scope, self.metric, "probability", self.min_clusters)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The scores of both arms by day, and the guards of a comparison."""
        return both_needs(scope, Scores, self.metric)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the interval of the difference."""
        from model_ratchet.stats.score_tables import calibration_difference

        days = both_days(self, scope, evidence, Scores)
        if isinstance(days, Judgement):
            return days
        alpha = self.alpha / scope.facts.alpha_divisor
        estimate = calibration_difference(*days, self.measure, level=1 - alpha, seed=SEED, bins=self.bins)
        outcome, reason = self._decide(estimate)
        return Judgement(
            outcome=outcome,
            reason=reason,
            estimate=estimate,
            warnings=tuple(guard_warnings(scope, evidence, scope.facts.metrics[self.metric])),
        )

    def _decide(self, estimate: Estimate) -> tuple[Outcome, Reason]:
        low, high = estimate.low, estimate.high
        assert low is not None  # noqa: S101  (a bootstrap has both bounds)
        assert high is not None  # noqa: S101
        if low == high:
            return Outcome.INCONCLUSIVE, because(Why.IDENTICAL, rows=estimate.n)
        if high <= self.margin.value:
            return Outcome.PASSED, because(Why.NOT_WORSE, margin=self.margin.text)
        if low > 0:
            return Outcome.FAILED, because(Why.WORSE_CALIBRATED, margin=self.margin.text)
        return Outcome.INCONCLUSIVE, because(Why.INTERVAL_ACROSS, limit=self.margin.text, more_rows=0)
