"""ratio_limit: a resource of the candidate stays within a share of the baseline's, or of its allocation."""

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from model_ratchet.core.evidence import Arm, Evidence, Missing, Need, Series, Shape
from model_ratchet.core.fields import ShareField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Facts, OnMetric, Scope, StageFacts
from model_ratchet.criteria.comparison import missing


class RatioLimit(OnMetric):
    """A resource of the candidate stays within a share of the baseline's, or of its allocation.

    Scrapes are autocorrelated, so the unit is the hour: a paired t interval on the logarithm of the hourly ratios. Passed
    when its upper bound is at or below the limit, failed when its lower bound is above.
    """

    summary: ClassVar[str] = "a resource stays within a share of the baseline's, or of its allocation"

    kind: Literal["ratio_limit"]
    within: ShareField | None = None
    """At most so much above the baseline: ``20%`` is a ratio of 1.20."""
    of_allocation: ShareField | None = None
    """At most so much of the allocation in the model file, for the hourly values of the candidate."""
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    """The one-sided level of the bounds."""
    min_hours: int = Field(default=24, ge=2)
    """Fewer hours with samples of both arms than this do not decide."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.within is None) == (self.of_allocation is None):
            raise ValueError("give one of `within` (against the baseline) and `of_allocation`")
        return self

    @property
    def compares(self) -> bool:
        """Whether the limit is read against the baseline."""
        return self.within is not None

    def unbound(self, facts: Facts) -> str | None:
        """The metric, and the allocation where the limit is a share of it."""
        if self.of_allocation is not None and self.metric in facts.metrics and self.metric not in facts.allocation:
            return f"allocation.{self.metric}"
        return super().unbound(facts)

    def misfits(self, scope: Scope) -> Iterator[str]:
        """A resource is a gauge, and its hours must fit."""
        metric = scope.facts.metrics[self.metric]
        if metric.kind != "gauge":
            yield f"{metric.name!r} is a {metric.kind}: a ratio limit reads a gauge"
        held = sum(stage.lasts.total_seconds() for stage in scope.stages) / 3600
        if held < self.min_hours:
            yield f"its stages hold {held:g} hours and min_hours is {self.min_hours}"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The hourly values of the candidate, and of the baseline where it is compared."""
        return tuple(self._series(stage, arm) for stage in scope.ran for arm in self._arms())

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the interval of the mean log ratio."""
        from model_ratchet.stats.means import log_ratio

        pairs: list[tuple[float, float]] = []
        for stage in scope.ran:
            series: list[dict[int, float]] = []
            for arm in self._arms():
                answer = evidence.answer(self._series(stage, arm))
                if isinstance(answer, Missing):
                    return missing(answer)
                if isinstance(answer, Series):
                    series.append(dict(answer.points))
            if self.compares and len(series) == len(Arm):
                pairs += [(series[0][hour], series[1][hour]) for hour in sorted(set(series[0]) & set(series[1]))]
            elif series and not self.compares:
                allocated = scope.facts.allocation[self.metric]
                pairs += [(allocated, value) for _, value in sorted(series[0].items())]
        if not pairs:
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=self.metric, arm="one"))
        if not all(0 < value < float("inf") for pair in pairs for value in pair):
            reason = because(Why.NOT_A_NUMBER, source=self.metric, column="the logarithm of an hour", share=0.0)
            return Judgement(outcome=Outcome.ERRORED, reason=reason)
        if len(pairs) < self.min_hours:
            reason = because(Why.TOO_FEW_CLUSTERS, clusters=len(pairs), least=self.min_hours)
            return Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason)
        alpha = self.alpha / scope.facts.alpha_divisor
        estimate = log_ratio(pairs, level=1 - 2 * alpha)
        limit, text = self._limit()
        low = estimate.low if estimate.low is not None else 0.0
        high = estimate.high if estimate.high is not None else float("inf")
        if high <= limit:
            outcome, reason = Outcome.PASSED, because(Why.WITHIN_LIMIT, limit=text)
        elif low > limit:
            outcome, reason = Outcome.FAILED, because(Why.LIMIT_BROKEN, limit=text)
        else:
            outcome, reason = Outcome.INCONCLUSIVE, because(Why.INTERVAL_ACROSS, limit=text, more_rows=0)
        return Judgement(outcome=outcome, reason=reason, estimate=estimate)

    def _limit(self) -> tuple[float, str]:
        if self.within is not None:
            return round(1 + self.within.value, 9), f"+{self.within.text} of the baseline"
        assert self.of_allocation is not None  # noqa: S101  (one of the two is there)
        return self.of_allocation.value, f"{self.of_allocation.text} of the allocation"

    def _arms(self) -> tuple[Arm, ...]:
        return tuple(Arm) if self.compares else (Arm.CANDIDATE,)

    def _series(self, stage: StageFacts, arm: Arm) -> Need:
        return Need(shape=Shape.SERIES, window=stage.window, stage=stage.name, metric=self.metric, arms=(arm,))
