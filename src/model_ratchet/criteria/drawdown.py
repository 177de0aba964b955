"""drawdown: the running profit of the candidate's bets does not fall further from a peak than a share of the bankroll."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ShareField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import Bets
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import OnMetric, Scope
from model_ratchet.criteria.by_day import SEED, candidate_days, candidate_needs, day_misfits


class Drawdown(OnMetric):
    """The running profit of the candidate's bets does not fall further from a peak than a share of the bankroll.

    Failed when it did at the close of a day. Passed when it would not have, in 95 % of 2,000 sequences of the same days in
    another order, even in the worst order of the bets within a day; inconclusive in between.
    """

    summary: ClassVar[str] = "the running profit of bets does not fall too far from a peak"

    kind: Literal["drawdown"]
    bankroll: float = Field(gt=0)
    """What there was to lose, in the unit of the stakes."""
    at_most: ShareField
    """The largest fall, as a share of the bankroll."""
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    """The one-sided level of the bound."""
    min_rows: int = Field(default=100, ge=1)
    """Fewer settled bets than this do not decide."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """A drawdown is of bets."""
        yield from day_misfits(scope, self.metric, "bets")

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The candidate's bets by day, and their results."""
        return candidate_needs(scope, Bets, self.metric)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the fall and its bound."""
        from model_ratchet.stats.betting import drawdown

        days = candidate_days(scope, evidence, Bets, self.metric, min_rows=self.min_rows)
        if isinstance(days, Judgement):
            return days
        level = 1 - self.alpha / scope.facts.alpha_divisor
        fall = drawdown(days, level=level, seed=SEED)
        estimate = Estimate(
            value=fall.least / self.bankroll,
            low=fall.least / self.bankroll,
            high=fall.high / self.bankroll,
            level=level,
            n=sum(day.n for day in days),
            method="largest fall at the closes of days, bound over their orders",
            scale=Scale.ABSOLUTE,
            clusters=len(days),
            sided="upper",
        )
        limit = self.at_most.value
        if estimate.value > limit:
            outcome, reason = Outcome.FAILED, because(Why.LIMIT_BROKEN, limit=self.at_most.text)
        elif estimate.high is not None and estimate.high <= limit:
            outcome, reason = Outcome.PASSED, because(Why.WITHIN_LIMIT, limit=self.at_most.text)
        else:
            reason = because(Why.INTERVAL_ACROSS, limit=self.at_most.text, more_rows=0)
            outcome = Outcome.INCONCLUSIVE
        return Judgement(outcome=outcome, reason=reason, estimate=estimate)
