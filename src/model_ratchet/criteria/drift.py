"""drift: many small steps down are no large one: not worse than the pinned golden baseline by more than a margin."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ChangeField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Facts, Scope
from model_ratchet.criteria.comparison import clusters_misfit, comparison_needs, guard_needs, whole
from model_ratchet.criteria.independence import clustered_warning_needs
from model_ratchet.criteria.non_inferiority import against_margin


class Drift(Comparative):
    """All promotions since the golden baseline, with this one, are not worse by more than a margin.

    Each promotion may be worse than the one before it by as much as its own margin; five in a row may not. The model file
    pins the golden baseline (`golden: v2.0.0_…`). The differences that were sealed of each version since then are added to
    that of the candidate: each was measured on the same requests, which levels of different months are not. Their sum is
    taken as it stands, the candidate with its interval. Inconclusive where what a version changed was not recorded.
    """

    summary: ClassVar[str] = "not worse than the pinned golden baseline over all promotions since"

    kind: Literal["drift"]
    max_drop: ChangeField
    """How much worse than the golden baseline still counts as not worse, in percentage points."""

    def unbound(self, facts: Facts) -> str | None:
        """The metric, or the golden baseline."""
        return super().unbound(facts) or ("golden" if facts.golden is None else None)

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Differences are added, so that they must be differences; and a stage must hold enough clusters."""
        if self.max_drop.scale is not Scale.ABSOLUTE:
            yield f"`max_drop: {self.max_drop.text}` is relative, and shares of different baselines can't be added: write pp"
        yield from clusters_misfit(scope, self.min_clusters)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The comparison over the whole window, and its guards."""
        metric = scope.facts.metrics[self.metric]
        return (
            *guard_needs(scope, metric),
            *comparison_needs(scope.facts, metric, whole(scope)),
            *clustered_warning_needs(scope, metric),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from where the sum and its interval lie to the margin."""
        already = scope.facts.drift.get(self.metric)
        if already is None:
            reason = because(Why.DRIFT_UNKNOWN, metric=self.metric, golden=scope.facts.golden or "none")
            return Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason)
        return against_margin(self, scope, evidence, self.max_drop, already=already)
