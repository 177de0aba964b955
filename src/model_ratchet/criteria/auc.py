"""auc: the candidate tells events that come from those that don't, not worse than the baseline."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import PointsField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import Scores
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope
from model_ratchet.criteria.by_day import both_days, both_needs, day_misfits, not_worse
from model_ratchet.criteria.comparison import guard_warnings


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
        yield from day_misfits(scope, self.metric, "probability", self.min_clusters)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The scores of both arms by day, and the guards of a comparison."""
        return both_needs(scope, Scores, self.metric)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the interval of the difference."""
        from model_ratchet.stats.score_tables import auc_difference

        days = both_days(self, scope, evidence, Scores)
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
        outcome, reason = not_worse(estimate, self.margin, alpha)
        return Judgement(
            outcome=outcome,
            reason=reason,
            estimate=estimate,
            warnings=tuple(guard_warnings(scope, evidence, scope.facts.metrics[self.metric])),
        )


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
