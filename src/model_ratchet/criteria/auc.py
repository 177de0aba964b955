"""auc: the candidate tells events that come from those that don't, not worse than the baseline."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence, Need, Shape
from model_ratchet.core.fields import PointsField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.scored import Scores
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope
from model_ratchet.criteria.by_day import day_needs, shared_days
from model_ratchet.criteria.comparison import guard, guard_needs, guard_warnings, rows_to_decide
from model_ratchet.criteria.forecasts import days_misfit, forecast_misfit


class Auc(Comparative):
    """The candidate tells events that come from those that don't, not worse than the baseline by more than a margin.

    The area under the ROC curve is the probability that an event that came was given a higher forecast than one that did not.
    Its difference has DeLong's variance, with the influences of a day summed before they are squared. Forecasts are known by
    bins of 1/960, so that the area is known up to the pairs within one bin: that much is added to both sides of the interval.
    """

    summary: ClassVar[str] = "events that come told from those that don't, not worse than the baseline"

    kind: Literal["auc"]
    margin: PointsField
    """How much worse still counts as not worse: `1pp` is 0.01 of the area."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """The area is of probabilities, and the stages must hold enough days."""
        yield from forecast_misfit(scope, self.metric)
        yield from days_misfit(scope, self.min_clusters)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The scores of both arms by day, and the guards of a comparison."""
        return (
            *guard_needs(scope, scope.facts.metrics[self.metric]),
            *day_needs(scope, Shape.SCORES, self.metric),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the interval of the difference."""
        from model_ratchet.stats.score_tables import auc_difference

        metric = scope.facts.metrics[self.metric]
        days = guard(scope, evidence, metric) or shared_days(
            scope, evidence, Scores, self.metric, min_days=self.min_clusters, min_rows=self.min_rows
        )
        if isinstance(days, Judgement):
            return days
        for arm in days:
            came, rows = sum(day.came for day in arm), sum(day.n for day in arm)
            if came in (0, rows):
                return Judgement(outcome=Outcome.INCONCLUSIVE, reason=because(Why.ONE_CLASS, rows=rows))
        alpha = self.alpha / scope.facts.alpha_divisor
        estimate, unclear = auc_difference(*days, level=1 - 2 * alpha)
        if estimate.low == estimate.high:
            return Judgement(outcome=Outcome.INCONCLUSIVE, reason=because(Why.IDENTICAL, rows=estimate.n))
        estimate = _widened(estimate, unclear)
        outcome, reason = self._decide(estimate, alpha)
        return Judgement(
            outcome=outcome,
            reason=reason,
            estimate=estimate,
            warnings=tuple(guard_warnings(scope, evidence, metric)),
        )

    def _decide(self, estimate: Estimate, alpha: float) -> tuple[Outcome, Reason]:
        low, high = estimate.low, estimate.high
        assert low is not None  # noqa: S101  (an area has both bounds)
        assert high is not None  # noqa: S101
        if low >= -self.margin.value:
            return Outcome.PASSED, because(Why.NOT_WORSE, margin=self.margin.text)
        if high < -self.margin.value:
            return Outcome.FAILED, because(Why.MARGIN_BROKEN, margin=self.margin.text)
        more = rows_to_decide(estimate, estimate.value, -self.margin.value, alpha)
        return Outcome.INCONCLUSIVE, because(Why.INTERVAL_ACROSS, limit=f"-{self.margin.text}", more_rows=more)


def _widened(estimate: Estimate, by: float) -> Estimate:
    """The interval with so much on either side."""

    def moved(bound: float | None, side: int) -> float | None:
        return bound + side * by if bound is not None else None

    return replace(
        estimate,
        low=moved(estimate.low, -1),
        high=moved(estimate.high, 1),
        lower_bound=moved(estimate.lower_bound, -1),
        upper_bound=moved(estimate.upper_bound, 1),
    )
