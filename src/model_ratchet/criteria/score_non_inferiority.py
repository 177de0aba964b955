"""score_non_inferiority: the candidate's probabilities are not worse by a proper score, as a whole and in each segment."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import ArmMoments, Evidence, Groups, Missing, Need, PairedMoments
from model_ratchet.core.fields import PointsField
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import significant
from model_ratchet.core.verdict import Judgement, Part
from model_ratchet.criteria.base import Comparative, Facts, MetricFacts, Scope
from model_ratchet.criteria.by_day import day_misfits
from model_ratchet.criteria.comparison import (
    Piece,
    clusters_misfit,
    compare,
    comparison_needs,
    gain,
    guard_needs,
    whole,
)
from model_ratchet.criteria.forecasts import ScoringRule, score_of
from model_ratchet.criteria.non_inferiority import against_margin


class ScoreNonInferiority(Comparative):
    """The candidate's probabilities are not worse than the baseline's by more than a margin, by a proper score.

    With `segments`, each value of these segment columns with at least `min_segment_rows` rows is judged by itself against the
    same margin, and the worst counts: all have to pass, so that no correction is needed (Berger 1982). Values with fewer
    rows are shown as not assessable, and where none has enough nothing is decided.
    """

    summary: ClassVar[str] = "probabilities not worse by a proper score, as a whole and in each segment"

    kind: Literal["score_non_inferiority"]
    score: ScoringRule
    """`brier`: the mean of (p − y)², 0 to 1; `log_loss`: the mean of −ln of the probability given to what came, in nats."""
    margin: PointsField
    """How much worse still counts as not worse, in hundredths of the score: `0.2pp` is 0.002."""
    segments: tuple[str, ...] = ()
    """The segment columns whose values are judged one by one."""
    min_segment_rows: int = Field(default=100, ge=1)
    """A value with fewer rows (or pairs) than this is shown as not assessable."""

    def unbound(self, facts: Facts) -> str | None:
        """The metric, and the segment columns."""
        absent = [column for column in self.segments if column not in facts.segments]
        return super().unbound(facts) or (f"segments.{absent[0]}" if absent else None)

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Scores are of probabilities, and a stage must hold enough clusters."""
        yield from day_misfits(scope, self.metric, "probability")
        yield from clusters_misfit(scope, self.min_clusters)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The comparison of the score over the whole window and in each segment, and its guards."""
        score = score_of(scope, self.metric, self.score)
        by_segment = (comparison_needs(scope.facts, score, whole(scope), column) for column in self.segments)
        return (
            *guard_needs(scope, scope.facts.metrics[self.metric]),
            *comparison_needs(scope.facts, score, whole(scope)),
            *(need for needs in by_segment for need in needs),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from where the intervals lie to the margin."""
        score = score_of(scope, self.metric, self.score)
        all_rows = against_margin(self, scope, evidence, self.margin, score=score)
        if all_rows.outcome is Outcome.ERRORED or not self.segments:
            return all_rows
        parts, small = [], 0
        for column in self.segments:
            values = _values(scope, evidence, score, column)
            if isinstance(values, Missing):
                return Judgement(outcome=Outcome.ERRORED, reason=values.reason)
            for value in values:
                part = self._part(scope, evidence, score, column, value)
                if isinstance(part, Part):
                    parts.append(part)
                else:
                    small += 1
        if not parts:
            reason = because(Why.SEGMENTS_TOO_SMALL, assessable=0.0, segments=small, least=self.min_segment_rows)
            return Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason, estimate=all_rows.estimate)
        return self._whole(all_rows, parts, small)

    def _part(self, scope: Scope, evidence: Evidence, score: MetricFacts, column: str, value: str) -> Part | None:
        """One value of a segment column; None where it is too small."""
        pieces = tuple(Piece(one.stage, one.window, column, value) for one in whole(scope))
        alpha = self.alpha / scope.facts.alpha_divisor
        compared = compare(
            scope.facts,
            evidence,
            score,
            pieces,
            level=1 - 2 * alpha,
            min_clusters=self.min_clusters,
            min_rows=self.min_segment_rows,
        )
        name = f"{column} {value}"
        if isinstance(compared, Judgement):
            if compared.reason.why in (Why.TOO_FEW_ROWS, Why.NO_ROWS):
                return None
            return Part(name=name, outcome=compared.outcome, estimate=compared.estimate, reason=compared.reason)
        outcome, reason = self._decide(score, compared.estimate)
        return Part(name=name, outcome=outcome, estimate=compared.estimate, reason=reason)

    def _decide(self, score: MetricFacts, estimate: Estimate) -> tuple[Outcome, Reason]:
        _, low, high = gain(score, estimate)
        if low >= -self.margin.value:
            return Outcome.PASSED, because(Why.NOT_WORSE, margin=self.margin.text)
        if high < -self.margin.value:
            return Outcome.FAILED, because(Why.MARGIN_BROKEN, margin=self.margin.text)
        return Outcome.INCONCLUSIVE, because(Why.INTERVAL_ACROSS, limit=f"-{self.margin.text}", more_rows=0)

    def _whole(self, all_rows: Judgement, parts: list[Part], small: int) -> Judgement:
        outcome = worst((all_rows.outcome, *(part.outcome for part in parts)))
        reason = all_rows.reason
        if outcome is not all_rows.outcome:
            worse = [part for part in parts if part.outcome is outcome]
            reason = worse[0].reason or reason
            if outcome is Outcome.FAILED and worse[0].estimate is not None:
                reason = because(
                    Why.SEGMENT_WORSE,
                    segment=worse[0].name,
                    value=significant(worse[0].estimate.value),
                    margin=self.margin.text,
                    segments=len(worse),
                )
        warned = (because(Why.NOT_ASSESSABLE, segment="segments", values=small),) if small else ()
        return Judgement(
            outcome=outcome,
            reason=reason,
            estimate=all_rows.estimate,
            parts=tuple(parts),
            warnings=(*all_rows.warnings, *warned),
        )


def _values(scope: Scope, evidence: Evidence, score: MetricFacts, column: str) -> list[str] | Missing:
    """The values of a segment column that hold rows to compare in every stage."""
    found: set[str] | None = None
    for piece in whole(scope):
        for need in comparison_needs(scope.facts, score, (piece,), column):
            answer = evidence.answer(need)
            if isinstance(answer, Missing):
                return answer
            if isinstance(answer, Groups):
                held = {name for name, one in answer if isinstance(one, PairedMoments | ArmMoments)}
                found = held if found is None else found & held
    return sorted(found or ())
