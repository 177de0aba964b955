"""score_superiority: the candidate's probabilities are significantly better by a proper score."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import PointsField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope
from model_ratchet.criteria.by_day import day_misfits
from model_ratchet.criteria.comparison import clusters_misfit, comparison_needs, guard_needs, whole
from model_ratchet.criteria.forecasts import ScoringRule, score_of
from model_ratchet.criteria.superiority import Rule, improved


class ScoreSuperiority(Comparative):
    """The candidate's probabilities are significantly better than the baseline's by a proper score, by a minimum improvement.

    The mean of the score, event by event, is compared as means are: pairs where both versions scored the same request,
    summed by cluster before they are squared. A proper score sees what accuracy can't, because it asks how sure the model
    was. The rules are those of `superiority`.
    """

    summary: ClassVar[str] = "probabilities significantly better by a proper score, by a minimum improvement"

    kind: Literal["score_superiority"]
    score: ScoringRule
    """`brier`: the mean of (p − y)², 0 to 1; `log_loss`: the mean of −ln of the probability given to what came, in nats."""
    by: PointsField
    """The least improvement, in hundredths of the score: `0.2pp` is 0.002."""
    rule: Rule = "point_and_significance"
    """`point_and_significance`: measured and significant; `superiority_margin`: the bound itself clears the margin."""

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Scores are of probabilities, and a stage must hold enough clusters."""
        yield from day_misfits(scope, self.metric, "probability")
        yield from clusters_misfit(scope, self.min_clusters)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The comparison of the score over the whole window, and its guards."""
        return (
            *guard_needs(scope, scope.facts.metrics[self.metric]),
            *comparison_needs(scope.facts, score_of(scope, self.metric, self.score), whole(scope)),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the interval and the p-value of the difference."""
        return improved(self, scope, evidence, score_of(scope, self.metric, self.score), self.by, self.rule)
