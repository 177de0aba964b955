"""superiority: the candidate is significantly better than the baseline on one metric, by a minimum improvement."""

from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ChangeField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import Change
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, MetricFacts, Scope
from model_ratchet.criteria.comparison import (
    Compared,
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
    rows_to_decide,
    whole,
)
from model_ratchet.criteria.early import early_harm, early_needs
from model_ratchet.criteria.independence import clustered_warning, clustered_warning_needs

Rule: TypeAlias = Literal["point_and_significance", "superiority_margin"]


class Superiority(Comparative):
    """The candidate is significantly better than the baseline on one metric, by a minimum improvement.

    ``rule: point_and_significance`` passes when the estimate is at least ``by`` and the two-sided p-value is below
    ``alpha`` in the candidate's favour; a model that is truly better by exactly ``by`` passes it half of the time, at any
    number of rows. ``rule: superiority_margin`` passes when the one-sided lower bound clears ``by``.
    """

    summary: ClassVar[str] = "significantly better than the baseline, by a minimum improvement"

    kind: Literal["superiority"]
    by: ChangeField
    """The least improvement: percentage points, or per cent of the baseline."""
    rule: Rule = "point_and_significance"
    """``point_and_significance``: measured and significant; ``superiority_margin``: the bound itself clears the margin."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Relative changes need a proportion, and a stage must hold enough clusters."""
        yield from relative_misfit(scope.facts.metrics[self.metric], self.by)
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
        """Passed, failed or inconclusive, from the interval and the p-value of the difference."""
        return improved(self, scope, evidence, scope.facts.metrics[self.metric], self.by, self.rule)

    def early(self, scope: Scope, evidence: Evidence) -> Judgement | None:
        """Failed, when the candidate is shown worse at all."""
        return early_harm(scope, evidence, scope.facts.metrics[self.metric], margin=0.0)


def improved(
    criterion: Comparative, scope: Scope, evidence: Evidence, metric: MetricFacts, by: Change, rule: Rule
) -> Judgement:
    """Passed, failed or inconclusive: whether the candidate is better on a metric by a minimum improvement."""
    trouble = guard(scope, evidence, scope.facts.metrics[criterion.metric])
    if trouble is not None:
        return trouble
    alpha = criterion.alpha / scope.facts.alpha_divisor
    compared = compare(
        scope.facts,
        evidence,
        metric,
        whole(scope),
        level=1 - alpha if rule == "point_and_significance" else 1 - 2 * alpha,
        min_clusters=criterion.min_clusters,
        min_rows=criterion.min_rows,
    )
    if isinstance(compared, Judgement):
        return compared
    estimate = on_scale(compared.estimate, by)
    if estimate is None:
        return nothing_to_relate(compared, by)
    outcome, reason = _decide(compared, estimate, gain(metric, estimate), by, rule, alpha)
    return Judgement(
        outcome=outcome,
        reason=reason,
        estimate=estimate,
        warnings=(
            *guard_warnings(scope, evidence, scope.facts.metrics[criterion.metric]),
            *clustered_warning(scope, evidence, metric),
        ),
    )


def _decide(
    compared: Compared,
    estimate: Estimate,
    gained: tuple[float, float, float],
    change: Change,
    rule: Rule,
    alpha: float,
) -> tuple[Outcome, Reason]:
    value, low, high = gained
    by = change.value
    if compared.identical is not None:
        return Outcome.INCONCLUSIVE, compared.identical
    if rule == "superiority_margin":
        if low >= by:
            return Outcome.PASSED, because(Why.BETTER, by=change.text)
        if high < by:
            return Outcome.FAILED, because(Why.NOT_ENOUGH_BETTER, by=change.text)
        return Outcome.INCONCLUSIVE, because(
            Why.INTERVAL_ACROSS, limit=change.text, more_rows=rows_to_decide(estimate, value, by, alpha)
        )
    p_value = estimate.p_value
    if p_value is None:
        return Outcome.INCONCLUSIVE, because(Why.NOT_SIGNIFICANT, p_value=1.0, alpha=alpha, more_rows=0)
    if p_value < alpha and value < 0:
        return Outcome.FAILED, because(Why.WORSE, by=change.text)
    if high < by:
        return Outcome.FAILED, because(Why.NOT_ENOUGH_BETTER, by=change.text)
    if p_value < alpha and value >= by:
        return Outcome.PASSED, because(Why.BETTER, by=change.text)
    if p_value < alpha:
        return Outcome.INCONCLUSIVE, because(Why.INTERVAL_ACROSS, limit=change.text, more_rows=0)
    return Outcome.INCONCLUSIVE, because(
        Why.NOT_SIGNIFICANT, p_value=p_value, alpha=alpha, more_rows=rows_to_decide(estimate, value, 0.0, alpha / 2)
    )
