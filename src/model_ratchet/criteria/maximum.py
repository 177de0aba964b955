"""maximum: no value of the candidate is above a limit."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Arm, Evidence, Missing, Need, QuantileCounts, Shape
from model_ratchet.core.fields import LimitField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import OnMetric, Scope, StageFacts
from model_ratchet.criteria.comparison import missing


class Maximum(OnMetric):
    """No value of the candidate is above a limit.

    Any exceedance fails at once, also while the stage is open; a maximum over fewer than ``min_rows`` rows is inconclusive.
    """

    summary: ClassVar[str] = "no value of the candidate is above a limit"

    kind: Literal["maximum"]
    at_most: LimitField
    """The limit; a value exactly at it is within."""
    min_rows: int = Field(default=100, ge=1)
    """Fewer rows than this do not decide."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """A maximum is taken of durations."""
        metric = scope.facts.metrics[self.metric]
        if metric.kind != "duration":
            yield f"{metric.name!r} is a {metric.kind}: a maximum reads a duration"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The candidate's rows at or below the limit, and its largest value, in each stage."""
        return tuple(self._of(stage) for stage in scope.stages if stage.window is not None)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when every one of enough rows is at or below the limit."""
        found = self._counts(scope, evidence)
        if isinstance(found, Missing):
            return missing(found)
        if found is None or found.n == 0:
            return Judgement(
                outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=self.metric, arm=str(Arm.CANDIDATE))
            )
        estimate = _largest(found)
        if found.at_or_below + found.unclear < found.n:
            outcome, reason = Outcome.FAILED, because(Why.LIMIT_BROKEN, limit=self.at_most.text)
        elif found.unclear:
            reason = because(Why.LIMIT_WITHIN_BUCKET, limit=self.at_most.text, rows=found.unclear)
            outcome = Outcome.INCONCLUSIVE
        elif found.n < self.min_rows:
            outcome, reason = Outcome.INCONCLUSIVE, because(Why.TOO_FEW_ROWS, rows=found.n, least=self.min_rows)
        else:
            outcome, reason = Outcome.PASSED, because(Why.WITHIN_LIMIT, limit=self.at_most.text)
        return Judgement(outcome=outcome, reason=reason, estimate=estimate)

    def early(self, scope: Scope, evidence: Evidence) -> Judgement | None:
        """Failed, when a value above the limit was seen: no further row can undo it."""
        found = self._counts(scope, evidence)
        if isinstance(found, QuantileCounts) and found.at_or_below + found.unclear < found.n:
            return self.judge(scope, evidence)
        return None

    def _counts(self, scope: Scope, evidence: Evidence) -> QuantileCounts | Missing | None:
        total: QuantileCounts | None = None
        for stage in scope.stages:
            if stage.window is None:
                continue
            answer = evidence.answer(self._of(stage))
            if isinstance(answer, Missing):
                return answer
            if isinstance(answer, QuantileCounts):
                total = answer if total is None else total + answer
        return total

    def _of(self, stage: StageFacts) -> Need:
        return Need(
            shape=Shape.QUANTILE_COUNTS,
            window=stage.window,
            stage=stage.name,
            metric=self.metric,
            arms=(Arm.CANDIDATE,),
            limit=self.at_most.value,
        )


def _largest(found: QuantileCounts) -> Estimate | None:
    """The largest value seen; None where the source holds buckets only."""
    if found.maximum is None:
        return None
    return Estimate(
        value=found.maximum,
        low=found.maximum,
        high=None,
        level=1.0,
        n=found.n,
        method="largest value seen",
        scale=Scale.ABSOLUTE,
        lower_bound=found.maximum,
    )
