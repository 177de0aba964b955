"""sustained: the metric held on every one of so many complete days."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import PointsField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope
from model_ratchet.criteria.comparison import comparison_needs, guard, guard_needs, relative_misfit, span
from model_ratchet.criteria.windows import judge_windows

_DAY = timedelta(days=1)


class Sustained(Comparative):
    """The metric held on every one of so many complete days.

    Day k is the k-th 24 hours of active time. Passed when the days together are non-inferior by the margin and no day is
    significantly worse than it (Holm over the days). "Every day significant on its own" is not asked: a model that is truly
    4 pp better would pass that one time in a hundred.
    """

    summary: ClassVar[str] = "held on every one of so many complete days"

    kind: Literal["sustained"]
    days: int = Field(ge=2, le=366)
    """How many complete days."""
    max_daily_drop: PointsField
    """How much worse a day may be."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """The stage must be long enough, and a day must hold enough clusters."""
        metric = scope.facts.metrics[self.metric]
        yield from relative_misfit(metric, self.max_daily_drop)
        held = sum((stage.lasts for stage in scope.stages), timedelta())
        if held < self.days * _DAY:
            yield f"{self.days} days do not fit into {held.total_seconds() / 86400:g} days of stages"
        if scope.facts.finer_cluster and self.min_clusters > 24:
            yield f"a day holds 24 hourly clusters and min_clusters is {self.min_clusters}"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The comparison over all days together and over each."""
        metric = scope.facts.metrics[self.metric]
        return (
            *guard_needs(scope, metric),
            *(
                need
                for start, end in ((timedelta(), self.days * _DAY), *self._days())
                for need in comparison_needs(scope.facts, metric, span(scope, start, end))
            ),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from all days together and from the worst."""
        trouble = guard(scope, evidence, scope.facts.metrics[self.metric])
        if trouble is not None:
            return trouble
        return judge_windows(
            self,
            scope,
            evidence,
            overall=span(scope, timedelta(), self.days * _DAY),
            windows=[(f"day {k}", span(scope, start, end)) for k, (start, end) in enumerate(self._days(), start=1)],
            margin=self.max_daily_drop,
            word="day",
        )

    def _days(self) -> list[tuple[timedelta, timedelta]]:
        return [(k * _DAY, (k + 1) * _DAY) for k in range(self.days)]
