"""non_inferiority: the candidate is not worse than the baseline by more than a margin."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ChangeField
from model_ratchet.core.units import Change, Scale
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, MetricFacts, Scope
from model_ratchet.criteria.comparison import (
    beside_margin,
    clusters_misfit,
    compare,
    comparison_needs,
    gain,
    guard,
    guard_needs,
    guard_warnings,
    nothing_to_relate,
    on_scale,
    relative_misfit,
    whole,
)
from model_ratchet.criteria.early import early_harm, early_needs
from model_ratchet.criteria.independence import clustered_warning, clustered_warning_needs


class NonInferiority(Comparative):
    """The candidate is not worse than the baseline by more than a margin.

    Passed when the one-sided bound of the difference clears the margin on the good side, failed when the opposite bound is
    beyond it, otherwise inconclusive. Identical predictions are judged by their interval, which is never zero-width.
    """

    summary: ClassVar[str] = "not worse than the baseline by more than a margin"

    kind: Literal["non_inferiority"]
    margin: ChangeField
    """How much worse still counts as not worse."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Relative margins need a proportion, and a stage must hold enough clusters."""
        yield from relative_misfit(scope.facts.metrics[self.metric], self.margin)
        yield from clusters_misfit(scope, self.min_clusters)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The comparison over the whole window, its guards, and the hours for early harm."""
        metric = scope.facts.metrics[self.metric]
        return (
            *guard_needs(scope, metric),
            *comparison_needs(scope.facts, metric, whole(scope)),
            *early_needs(scope, metric),
            *clustered_warning_needs(scope, metric),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from where the interval lies to the margin."""
        return against_margin(self, scope, evidence, self.margin)

    def early(self, scope: Scope, evidence: Evidence) -> Judgement | None:
        """Failed, when the candidate is shown worse by more than the margin."""
        if self.margin.scale is Scale.RELATIVE:
            return None
        return early_harm(scope, evidence, scope.facts.metrics[self.metric], margin=self.margin.value)


def against_margin(
    criterion: Comparative,
    scope: Scope,
    evidence: Evidence,
    margin: Change,
    *,
    already: float = 0.0,
    score: MetricFacts | None = None,
) -> Judgement:
    """Passed, failed or inconclusive, from where the interval lies to a margin.

    ``already`` is what candidate − baseline is added to: the change of the baseline against an earlier version. ``score`` is
    what is compared of the metric, where it is not the metric itself.
    """
    metric = score or scope.facts.metrics[criterion.metric]
    trouble = guard(scope, evidence, scope.facts.metrics[criterion.metric])
    if trouble is not None:
        return trouble
    alpha = criterion.alpha / scope.facts.alpha_divisor
    compared = compare(
        scope.facts,
        evidence,
        metric,
        whole(scope),
        level=1 - 2 * alpha,
        min_clusters=criterion.min_clusters,
        min_rows=criterion.min_rows,
    )
    if isinstance(compared, Judgement):
        return compared
    estimate = on_scale(compared.estimate, margin)
    if estimate is None:
        return nothing_to_relate(compared, margin)
    estimate = _shifted(estimate, already)
    outcome, reason = beside_margin(estimate, gain(metric, estimate), margin, alpha)
    return Judgement(
        outcome=outcome,
        reason=reason,
        estimate=estimate,
        warnings=(
            *guard_warnings(scope, evidence, scope.facts.metrics[criterion.metric]),
            *clustered_warning(scope, evidence, metric),
        ),
    )


def _shifted(estimate: Estimate, already: float) -> Estimate:
    """The estimate with all of its bounds moved; what the arms were by themselves says nothing any more then."""
    if not already:
        return estimate

    def moved(bound: float | None) -> float | None:
        return bound + already if bound is not None else None

    return replace(
        estimate,
        value=estimate.value + already,
        low=moved(estimate.low),
        high=moved(estimate.high),
        lower_bound=moved(estimate.lower_bound),
        upper_bound=moved(estimate.upper_bound),
        p_value=None,
        baseline=None,
        candidate=None,
    )
