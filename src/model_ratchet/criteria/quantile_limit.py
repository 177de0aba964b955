"""quantile_limit: a quantile of the candidate's latency is at most a limit."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import (
    Arm,
    BucketHistogram,
    Evidence,
    LogHistogram,
    Missing,
    Need,
    QuantileCounts,
    Shape,
)
from model_ratchet.core.fields import LimitField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import OnMetric, Scope, StageFacts
from model_ratchet.criteria.comparison import missing


class QuantileLimit(OnMetric):
    """A quantile of the candidate's latency is at most a limit.

    Decided by an exact binomial test on two counts, P(X ≤ limit) ≥ quantile: no percentile is ever averaged. The quantile
    itself is shown from the logarithmic histogram with its order-statistic interval. p95 needs at least 59 rows, p99 299.
    """

    summary: ClassVar[str] = "a quantile of the candidate's latency is at most a limit"

    kind: Literal["quantile_limit"]
    quantile: float = Field(gt=0, lt=1)
    """Which quantile: 0.95 is p95."""
    at_most: LimitField
    """The limit; a value exactly at it is within."""
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    """The one-sided level of the exact test."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """A quantile is taken of durations."""
        metric = scope.facts.metrics[self.metric]
        if metric.kind != "duration":
            yield f"{metric.name!r} is a {metric.kind}: a quantile limit reads a duration"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The candidate's rows at or below the limit, and its histogram, in each stage."""
        return tuple(need for stage in scope.stages if stage.window is not None for need in self._of(stage))

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the exact test in both directions."""
        from model_ratchet.stats.quantiles import at_most_p_values, least_rows, quantile

        counts: QuantileCounts | None = None
        whole: LogHistogram | BucketHistogram | None = None
        for stage in (stage for stage in scope.stages if stage.window is not None):
            count_need, histogram_need = self._of(stage)
            found, histogram = evidence.answer(count_need), evidence.answer(histogram_need)
            for answer in (found, histogram):
                if isinstance(answer, Missing):
                    return missing(answer)
            if isinstance(found, QuantileCounts):
                counts = found if counts is None else counts + found
            if isinstance(histogram, LogHistogram | BucketHistogram):
                whole = _merged(whole, histogram)
        if counts is None or counts.n == 0 or whole is None or whole.n == 0:
            return Judgement(
                outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=self.metric, arm=str(Arm.CANDIDATE))
            )
        alpha = self.alpha / scope.facts.alpha_divisor
        estimate = quantile(whole, self.quantile, level=1 - 2 * alpha)
        p_pass, p_fail = at_most_p_values(counts, self.quantile)
        if p_pass <= alpha:
            outcome, reason = Outcome.PASSED, because(Why.WITHIN_LIMIT, limit=self.at_most.text)
        elif p_fail <= alpha:
            outcome, reason = Outcome.FAILED, because(Why.LIMIT_BROKEN, limit=self.at_most.text)
        else:
            above = counts.n - counts.at_or_below - counts.unclear
            least = least_rows(self.quantile, 1 - alpha, above)
            if counts.n < least_rows(self.quantile, 1 - alpha):
                reason = because(Why.TOO_FEW_ROWS, rows=counts.n, least=least)
            else:
                within = not counts.unclear and counts.at_or_below > self.quantile * counts.n
                reason = because(
                    Why.INTERVAL_ACROSS,
                    limit=self.at_most.text,
                    more_rows=max(0, least - counts.n) if within else 0,
                )
            outcome = Outcome.INCONCLUSIVE
        unclear = because(Why.LIMIT_WITHIN_BUCKET, limit=self.at_most.text, rows=counts.unclear)
        warnings = (unclear,) if counts.unclear else ()
        return Judgement(outcome=outcome, reason=reason, estimate=estimate, warnings=warnings)

    def _of(self, stage: StageFacts) -> tuple[Need, Need]:
        return (
            Need(
                shape=Shape.QUANTILE_COUNTS,
                window=stage.window,
                stage=stage.name,
                metric=self.metric,
                arms=(Arm.CANDIDATE,),
                limit=self.at_most.value,
            ),
            Need(
                shape=Shape.LOG_HISTOGRAM,
                window=stage.window,
                stage=stage.name,
                metric=self.metric,
                arms=(Arm.CANDIDATE,),
            ),
        )


def _merged(
    whole: LogHistogram | BucketHistogram | None, more: LogHistogram | BucketHistogram
) -> LogHistogram | BucketHistogram:
    """The histograms of two stages together. Raises ValueError where they have different edges."""
    if whole is None:
        return more
    if isinstance(whole, BucketHistogram) and isinstance(more, BucketHistogram):
        return whole + more
    if isinstance(whole, LogHistogram) and isinstance(more, LogHistogram):
        return whole + more
    raise ValueError("histograms of different kinds can't be added")
