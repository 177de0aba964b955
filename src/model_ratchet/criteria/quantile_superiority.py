"""quantile_superiority: a quantile of the candidate's latency is significantly lower than the baseline's."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Arm, Evidence, Grouping, Groups, LogHistogram, Missing, Need, Shape
from model_ratchet.core.fields import ShareField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope, StageFacts
from model_ratchet.criteria.comparison import guard, guard_needs, guard_warnings, missing

_SEED = 20130701


class QuantileSuperiority(Comparative):
    """A quantile of the candidate's latency is significantly lower than the baseline's, by a minimum improvement.

    The estimate is the ratio of the two quantiles from hourly logarithmic histograms, with a block bootstrap over the hours.
    Passed when the ratio is at most 1 − ``by`` and the whole two-sided interval lies below 1; failed when the interval lies
    above 1 − ``by``.
    """

    summary: ClassVar[str] = "a latency quantile significantly below the baseline's, by a minimum improvement"

    kind: Literal["quantile_superiority"]
    quantile: float = Field(gt=0, lt=1)
    """Which quantile: 0.95 is p95."""
    by: ShareField
    """The least improvement, as a share of the baseline."""
    min_hours: int = Field(default=24, ge=5)
    """Fewer hours with rows than this do not decide."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """A quantile is taken of durations, and the bootstrap needs enough hours."""
        metric = scope.facts.metrics[self.metric]
        if metric.kind != "duration":
            yield f"{metric.name!r} is a {metric.kind}: a quantile is compared on a duration"
        held = sum(stage.lasts.total_seconds() for stage in scope.stages) / 3600
        if held < self.min_hours:
            yield f"its window holds {held:g} hours and the bootstrap needs {self.min_hours}: choose a longer stage"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The hourly histograms of both arms."""
        metric = scope.facts.metrics[self.metric]
        return (
            *guard_needs(scope, metric),
            *(self._histogram(stage, arm) for stage in scope.ran for arm in Arm),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the interval of the ratio."""
        metric = scope.facts.metrics[self.metric]
        trouble = guard(scope, evidence, metric)
        if trouble is not None:
            return trouble
        hours: dict[Arm, list[LogHistogram]] = {Arm.BASELINE: [], Arm.CANDIDATE: []}
        for stage in scope.ran:
            found: dict[Arm, dict[str, LogHistogram]] = {}
            for arm in Arm:
                answer = evidence.answer(self._histogram(stage, arm))
                if isinstance(answer, Missing):
                    return missing(answer)
                if isinstance(answer, Groups):
                    found[arm] = {hour: one for hour, one in answer if isinstance(one, LogHistogram) and one.n}
            shared = sorted(set(found.get(Arm.BASELINE, {})) & set(found.get(Arm.CANDIDATE, {})), key=int)
            for arm in Arm:
                hours[arm] += [found[arm][hour] for hour in shared]
        return self._decide(scope, hours[Arm.BASELINE], hours[Arm.CANDIDATE], evidence)

    def _decide(
        self, scope: Scope, baseline: list[LogHistogram], candidate: list[LogHistogram], evidence: Evidence
    ) -> Judgement:
        from model_ratchet.stats.quantiles import quantile_ratio

        rows = min(sum(one.n for one in baseline), sum(one.n for one in candidate))
        if rows == 0:
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=self.metric, arm="one"))
        if len(baseline) < self.min_hours:
            reason = because(Why.TOO_FEW_CLUSTERS, clusters=len(baseline), least=self.min_hours)
            return Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason)
        if rows < self.min_rows:
            return Judgement(
                outcome=Outcome.INCONCLUSIVE, reason=because(Why.TOO_FEW_ROWS, rows=rows, least=self.min_rows)
            )
        alpha = self.alpha / scope.facts.alpha_divisor
        estimate = quantile_ratio(baseline, candidate, self.quantile, level=1 - alpha, seed=_SEED)
        if estimate.low == estimate.high:
            # no hour differs from another: a variance of zero is no certainty
            return Judgement(outcome=Outcome.INCONCLUSIVE, reason=because(Why.IDENTICAL, rows=rows), estimate=estimate)
        outcome, why, parameters = self._outcome(estimate)
        return Judgement(
            outcome=outcome,
            reason=because(why, **parameters),
            estimate=estimate,
            warnings=tuple(guard_warnings(scope, evidence, scope.facts.metrics[self.metric])),
        )

    def _outcome(self, estimate: Estimate) -> tuple[Outcome, Why, dict[str, str | int]]:
        goal = round(1 - self.by.value, 9)
        low = estimate.low if estimate.low is not None else 0.0
        high = estimate.high if estimate.high is not None else float("inf")
        if low > 1:
            return Outcome.FAILED, Why.WORSE, {"by": self.by.text}
        if low > goal:
            return Outcome.FAILED, Why.NOT_ENOUGH_BETTER, {"by": self.by.text}
        if high < 1 and estimate.value <= goal:
            return Outcome.PASSED, Why.BETTER, {"by": self.by.text}
        return Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS, {"limit": f"-{self.by.text}", "more_rows": 0}

    def _histogram(self, stage: StageFacts, arm: Arm) -> Need:
        return Need(
            shape=Shape.LOG_HISTOGRAM,
            window=stage.window,
            stage=stage.name,
            metric=self.metric,
            arms=(arm,),
            grouping=Grouping.HOUR,
        )
