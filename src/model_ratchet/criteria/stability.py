"""stability: the metric is not degraded in the whole period, nor in any rolling window of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import DurationField, PointsField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope
from model_ratchet.criteria.comparison import (
    comparison_needs,
    guard,
    guard_needs,
    relative_misfit,
    span,
    whole,
)
from model_ratchet.criteria.windows import judge_windows


class Stability(Comparative):
    """The metric is not degraded in the whole period, nor in any rolling window of it.

    Passed when the period is non-inferior by ``max_drop`` and no rolling window of active time, the stages joined end to
    end, is significantly below it (Holm over the windows). ``prove: every_window`` asks each window alone to be
    non-inferior, which a truly better model seldom manages on little traffic.
    """

    summary: ClassVar[str] = "not degraded in the whole period, nor in any rolling window"

    kind: Literal["stability"]
    window: DurationField
    """The length of a rolling window of active time."""
    step: DurationField
    """How far one window starts after the one before."""
    max_drop: PointsField
    """How much worse still counts as not degraded."""
    prove: Literal["overall", "every_window"] = "overall"
    """``every_window`` asks each window by itself to be non-inferior."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """At least one window must fit, and it must hold enough clusters."""
        yield from relative_misfit(scope.facts.metrics[self.metric], self.max_drop)
        held = sum((stage.lasts for stage in scope.stages), timedelta())
        if held < self.window.delta:
            yield f"a window of {self.window} does not fit into {held.total_seconds() / 3600:g} hours of stages"
        hours = self.window.value / 3600
        if scope.facts.finer_cluster and hours < self.min_clusters:
            yield f"a window of {self.window} holds {hours:g} hourly clusters and min_clusters is {self.min_clusters}"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The comparison over the period and over each rolling window."""
        metric = scope.facts.metrics[self.metric]
        return (
            *guard_needs(scope, metric),
            *comparison_needs(scope.facts, metric, whole(scope)),
            *(
                need
                for start, end in self._windows(scope)
                for need in comparison_needs(scope.facts, metric, span(scope, start, end))
            ),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the period and from its worst window."""
        trouble = guard(scope, evidence, scope.facts.metrics[self.metric])
        if trouble is not None:
            return trouble
        return judge_windows(
            self,
            scope,
            evidence,
            overall=whole(scope),
            windows=[(_name(start, end), span(scope, start, end)) for start, end in self._windows(scope)],
            margin=self.max_drop,
            word="window",
            prove_each=self.prove == "every_window",
        )

    def _windows(self, scope: Scope) -> list[tuple[timedelta, timedelta]]:
        held = sum((stage.window.length for stage in scope.ran if stage.window is not None), timedelta())
        found = []
        start = timedelta()
        while start + self.window.delta <= held:
            found.append((start, start + self.window.delta))
            start += self.step.delta
        return found


def _name(start: timedelta, end: timedelta) -> str:
    return f"hours {start.total_seconds() / 3600:g}–{end.total_seconds() / 3600:g}"
