"""load: the candidate carried its share at production rate, within its limits."""

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Arm, Counts, Evidence, Grouping, Groups, Missing, Need, QuantileCounts, Shape
from model_ratchet.core.fields import LimitField, ShareField, Slug
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope, StageFacts
from model_ratchet.criteria.comparison import missing


class Load(Criterion):
    """The candidate carried its share at production rate, within its limits.

    Production rate is the busiest hours of a stage with a traffic share. In them the candidate must have served at least
    ``min_share`` of the share that the stage gives it, its latency quantile must be at most ``at_most``, and its error rate
    below ``below``: each by its point value and not contradicted by an exact test. What the mean over a week hides shows here.
    """

    summary: ClassVar[str] = "carried its share at production rate, within its limits"
    stagewise: ClassVar[bool] = True
    traffic_only: ClassVar[bool] = True

    kind: Literal["load"]
    busiest: ShareField
    """The share of hours, from the busiest on, that count as production load."""
    min_share: ShareField
    """How much of the share that the stage gives it the candidate carried in those hours, at least."""
    latency: Slug
    """The duration metric."""
    quantile: float = Field(default=0.95, gt=0, lt=1)
    """Which quantile of it: 0.95 is p95."""
    at_most: LimitField
    """Its limit."""
    errors: Slug | None = None
    """The metric of failed requests."""
    below: ShareField | None = None
    """Its limit."""
    min_rows: int = Field(default=59, ge=1)
    """Fewer rows in the busiest hours than this do not decide."""

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.errors is None) != (self.below is None):
            raise ValueError("`errors` and `below` belong together")
        if self.busiest.value <= 0 or self.min_share.value <= 0:
            raise ValueError("`busiest` and `min_share` must be above 0%: nothing could fail")
        return self

    def metrics(self) -> tuple[str, ...]:
        """Latency, and errors where they are limited."""
        return (self.latency,) if self.errors is None else (self.latency, self.errors)

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Latency is a duration, errors are a proportion."""
        for name, kind in ((self.latency, "duration"), (self.errors, "proportion")):
            if name is not None and scope.facts.metrics[name].kind != kind:
                yield f"{name!r} is a {scope.facts.metrics[name].kind}: load reads a {kind} here"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """Served rows by hour: of both arms within the latency limit, of the candidate with errors."""
        return tuple(need for stage in scope.ran for need in self._of(stage, scope.facts))

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the busiest hours of the stage."""
        stage = scope.stage
        hourly: list[dict[int, QuantileCounts]] = []
        errors: dict[int, Counts] = {}
        for need in self._of(stage, scope.facts):
            answer = evidence.answer(need)
            if isinstance(answer, Missing):
                return missing(answer)
            if not isinstance(answer, Groups):
                continue
            if need.shape is Shape.QUANTILE_COUNTS:
                hourly.append({int(hour): one for hour, one in answer if isinstance(one, QuantileCounts)})
            else:
                errors = {int(hour): one for hour, one in answer if isinstance(one, Counts)}
        if not hourly or not any(one.n for one in hourly[-1].values()):
            return Judgement(
                outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=self.latency, arm=str(Arm.CANDIDATE))
            )
        return self._decide(stage, self._busiest(hourly), hourly, errors)

    def measured(self, scope: Scope, evidence: Evidence, judgement: Judgement) -> tuple[Estimate | None, ...]:
        """The share carried; nothing where latency or errors speak against it, of which there is no estimate."""
        if judgement.reason.why is not Why.SHARE_NOT_CARRIED:
            return (None,)
        return super().measured(scope, evidence, judgement)

    def _busiest(self, hourly: list[dict[int, QuantileCounts]]) -> list[int]:
        totals: dict[int, int] = {}
        for arm in hourly:
            for hour, counts in arm.items():
                totals[hour] = totals.get(hour, 0) + counts.n
        keep = max(1, round(self.busiest.value * len(totals)))
        return sorted(totals, key=lambda hour: (-totals[hour], hour))[:keep]

    def _decide(
        self,
        stage: StageFacts,
        hours: list[int],
        hourly: list[dict[int, QuantileCounts]],
        errors: dict[int, Counts],
    ) -> Judgement:
        none = QuantileCounts(at_or_below=0, n=0, maximum=None)
        everyone = sum(arm.get(hour, none).n for arm in hourly for hour in hours)
        peak = none
        for hour in hours:
            peak += hourly[-1].get(hour, none)
        if peak.n == 0:
            return Judgement(
                outcome=Outcome.FAILED,
                reason=because(Why.SHARE_NOT_CARRIED, carried=0.0, least=self.min_share.value),
            )
        carried = peak.n / everyone / (stage.traffic or 1.0)
        estimate = Estimate(
            value=carried,
            low=None,
            high=None,
            level=0.95,
            n=peak.n,
            method=f"share carried in the {len(hours)} busiest hours",
            scale=Scale.RATIO,
        )
        wrong = Counts(successes=0, n=0)
        for hour in hours:
            wrong += errors.get(hour, Counts(successes=0, n=0))
        if carried < self.min_share.value:
            why = because(Why.SHARE_NOT_CARRIED, carried=carried, least=self.min_share.value)
            return Judgement(outcome=Outcome.FAILED, reason=why, estimate=estimate)
        held = (
            Outcome.PASSED,
            because(
                Why.HOLDS, share=carried, of="its share in the busiest hours", limit=f"at least {self.min_share.text}"
            ),
        )
        outcome, reason = max((held, *self._limits(peak, wrong)), key=lambda one: one[0].rank)
        return Judgement(outcome=outcome, reason=reason, estimate=estimate)

    def _limits(self, peak: QuantileCounts, wrong: Counts) -> Iterator[tuple[Outcome, Reason]]:
        """What speaks against the busiest hours."""
        from model_ratchet.stats.proportions import rate
        from model_ratchet.stats.quantiles import at_most_p_values

        if peak.n < self.min_rows:
            yield Outcome.INCONCLUSIVE, because(Why.TOO_FEW_ROWS, rows=peak.n, least=self.min_rows)
        if peak.at_or_below < self.quantile * peak.n:
            _, p_fail = at_most_p_values(peak, self.quantile)
            outcome = Outcome.FAILED if p_fail <= 0.05 else Outcome.INCONCLUSIVE
            yield outcome, because(Why.LIMIT_BROKEN, limit=self.at_most.text)
        if self.errors is None or self.below is None:
            return
        if wrong.n == 0:
            yield Outcome.ERRORED, because(Why.NO_ROWS, metric=self.errors, arm=str(Arm.CANDIDATE))
        elif wrong.successes / wrong.n >= self.below.value:
            low = rate(wrong, level=0.90).low or 0.0
            outcome = Outcome.FAILED if low >= self.below.value else Outcome.INCONCLUSIVE
            yield outcome, because(Why.LIMIT_BROKEN, limit=self.below.text)

    def _of(self, stage: StageFacts, facts: Facts) -> tuple[Need, ...]:
        arms = tuple(Arm) if facts.baseline is not None else (Arm.CANDIDATE,)
        latency = tuple(
            Need(
                shape=Shape.QUANTILE_COUNTS,
                window=stage.window,
                stage=stage.name,
                metric=self.latency,
                arms=(arm,),
                grouping=Grouping.HOUR,
                limit=self.at_most.value,
                served_only=True,
            )
            for arm in arms
        )
        if self.errors is None:
            return latency
        errors = Need(
            shape=Shape.COUNTS,
            window=stage.window,
            stage=stage.name,
            metric=self.errors,
            arms=(Arm.CANDIDATE,),
            grouping=Grouping.HOUR,
        )
        return (*latency, errors)
