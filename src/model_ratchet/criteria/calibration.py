"""calibration: the candidate's probabilities are calibrated, as far as its events can tell."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import PointsField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.scored import Scores
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.by_day import SEED, candidate_days, candidate_needs, day_misfits
from model_ratchet.criteria.forecasts import OnForecast


class Calibration(OnForecast):
    """The candidate's probabilities are calibrated: what it calls 70 % comes in 70 % of the cases, as far as its events tell.

    A model that is perfectly calibrated shows a calibration error above 0 by chance, so the error is held against what chance
    alone would give: 2,000 simulated outcomes of the same forecasts. Failed when the test finds less than `alpha`; passed when
    it does not and there are enough events for it to see an error of `detects`; inconclusive otherwise, because a test that
    could not have seen anything shows nothing. Events are taken as independent.
    """

    summary: ClassVar[str] = "probabilities calibrated, beside what chance alone would show"

    kind: Literal["calibration"]
    test: Literal["ece", "spiegelhalter"] = "ece"
    """`ece`: the expected calibration error beside its null distribution; `spiegelhalter`: the z test of too sure or unsure."""
    detects: PointsField
    """The calibration error that the events must be able to show: chance alone may not reach it."""
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    """The level at which it fails."""
    min_rows: int = Field(default=100, ge=1)
    """Fewer labelled rows than this do not decide."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Calibration is of probabilities."""
        yield from day_misfits(scope, self.metric, "probability")

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The candidate's scores by day, and its labels."""
        return candidate_needs(scope, Scores, self.metric)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the error and what chance gives."""
        from model_ratchet.stats import score_tables

        days = candidate_days(scope, evidence, Scores, self.metric, min_rows=self.min_rows)
        if isinstance(days, Judgement):
            return days
        scores = score_tables.whole(days)
        alpha = self.alpha / scope.facts.alpha_divisor
        null = score_tables.ece_null(scores, self.bins, level=1 - alpha, seed=SEED)
        spiegelhalter = score_tables.spiegelhalter(scores)
        p_value = null.p_value if self.test == "ece" else spiegelhalter[1] if spiegelhalter is not None else None
        estimate = Estimate(
            value=score_tables.ece(scores, self.bins),
            low=0.0,
            high=null.critical,
            level=1 - alpha,
            n=scores.n,
            method=f"ECE in {self.bins} bins, beside what chance gives" if self.test == "ece" else "Spiegelhalter's z",
            scale=Scale.ABSOLUTE,
            p_value=p_value,
        )
        outcome, reason = self._decide(p_value, null.critical, scores.n, alpha)
        return Judgement(outcome=outcome, reason=reason, estimate=estimate)

    def _decide(self, p_value: float | None, critical: float, n: int, alpha: float) -> tuple[Outcome, Reason]:
        if p_value is not None and p_value < alpha:
            return Outcome.FAILED, because(Why.MISCALIBRATED, p_value=p_value, alpha=alpha)
        if p_value is None or critical > self.detects.value:
            # the error that chance gives falls with the root of the events
            more = max(1, round(n * ((critical / self.detects.value) ** 2 - 1))) if self.detects.value else 0
            return Outcome.INCONCLUSIVE, because(
                Why.CHANCE_HIDES, critical=critical, detects=self.detects.text, more_rows=more
            )
        return Outcome.PASSED, because(Why.CALIBRATED, detects=self.detects.text)
