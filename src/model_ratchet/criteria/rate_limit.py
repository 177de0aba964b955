"""rate_limit: a rate of the candidate is below a limit."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Arm, Counts, Evidence, Grouping, Groups, Missing, Need, Shape
from model_ratchet.core.fields import ShareField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import OnMetric, Scope, StageFacts
from model_ratchet.criteria.comparison import candidate_labels_trouble, labels_need, missing


class RateLimit(OnMetric):
    """A rate of the candidate (errors, time-outs) is below a limit.

    Passed when the one-sided Clopper–Pearson upper bound is below the limit, failed when the lower bound is at or above it.
    At 0.1 %, 2,995 rows without an error are the least that can pass.
    """

    summary: ClassVar[str] = "a rate of the candidate is below a limit"

    kind: Literal["rate_limit"]
    below: ShareField
    """The limit; a bound exactly at it is not below."""
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    """The one-sided level of the upper bound."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """A rate is a proportion."""
        metric = scope.facts.metrics[self.metric]
        if metric.kind != "proportion":
            yield f"{metric.name!r} is a {metric.kind}: a rate is a proportion"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The candidate's counts in each stage, in total and by hour."""
        labelled = scope.facts.metrics[self.metric].labelled
        return (
            *(need for stage in scope.ran for need in (self._counts(stage), self._counts(stage, Grouping.HOUR))),
            *(
                labels_need(stage, stage.window, self.metric, Arm.CANDIDATE)
                for stage in scope.ran
                if labelled and stage.window is not None
            ),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from exact bounds of the rate."""
        from model_ratchet.stats.proportions import least_rows_for_rate, rate

        counts = Counts(successes=0, n=0)
        for stage in scope.ran:
            answer = evidence.answer(self._counts(stage))
            if isinstance(answer, Missing):
                return missing(answer)
            if not isinstance(answer, Counts) or answer.n == 0:
                return Judgement(
                    outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=self.metric, arm=str(Arm.CANDIDATE))
                )
            trouble = candidate_labels_trouble(scope, stage, evidence, scope.facts.metrics[self.metric])
            if trouble is not None:
                return trouble
            counts += answer
        if counts.n == 0:
            return Judgement(
                outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=self.metric, arm=str(Arm.CANDIDATE))
            )
        alpha = self.alpha / scope.facts.alpha_divisor
        estimate = rate(counts, level=1 - 2 * alpha)
        limit = self.below.value
        low = estimate.low if estimate.low is not None else 0.0
        high = estimate.high if estimate.high is not None else 1.0
        if high < limit:
            return Judgement(
                outcome=Outcome.PASSED, reason=because(Why.WITHIN_LIMIT, limit=self.below.text), estimate=estimate
            )
        if low >= limit:
            return Judgement(
                outcome=Outcome.FAILED, reason=because(Why.LIMIT_BROKEN, limit=self.below.text), estimate=estimate
            )
        least = least_rows_for_rate(limit, counts.successes, 1 - alpha)
        more = max(0, least - counts.n) if estimate.value < limit else 0
        return Judgement(
            outcome=Outcome.INCONCLUSIVE,
            reason=because(Why.INTERVAL_ACROSS, limit=self.below.text, more_rows=more),
            estimate=estimate,
        )

    def early(self, scope: Scope, evidence: Evidence) -> Judgement | None:
        """Failed, when the rate is shown above the limit."""
        from model_ratchet.stats.sequential import harm_rate

        level = scope.facts.early_level / max(1, scope.facts.early_sharers) / len(scope.stages)
        for stage in scope.ran:
            answer = evidence.answer(self._counts(stage, Grouping.HOUR))
            if not isinstance(answer, Groups):
                continue
            hours = [
                (int(hour), counts)
                for hour, counts in sorted(answer, key=lambda group: int(group[0]))
                if isinstance(counts, Counts)
            ]
            crossed = harm_rate([counts for _, counts in hours], limit=self.below.value, level=level)
            if crossed is not None:
                return Judgement(
                    outcome=Outcome.FAILED,
                    reason=because(Why.EARLY_HARM, level=level, hour=hours[crossed][0], stage=stage.name),
                )
        return None

    def _counts(self, stage: StageFacts, grouping: Grouping = Grouping.TOTAL) -> Need:
        return Need(
            shape=Shape.COUNTS,
            window=stage.window,
            stage=stage.name,
            metric=self.metric,
            arms=(Arm.CANDIDATE,),
            grouping=grouping,
        )
