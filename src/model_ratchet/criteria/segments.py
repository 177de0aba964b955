"""segments: no segment of the traffic is significantly harmed."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import (
    Arm,
    Categories,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Missing,
    Need,
    Shape,
)
from model_ratchet.core.fields import PointsField, ShareField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement, Part
from model_ratchet.criteria.base import Comparative, Facts, Scope, StageFacts
from model_ratchet.criteria.comparison import (
    Compared,
    Piece,
    clusters_misfit,
    compare,
    comparison_needs,
    gain,
    guard,
    guard_needs,
    guard_warnings,
    missing,
    relative_misfit,
    whole,
)


class Segments(Comparative):
    """No segment of the traffic is significantly harmed.

    Each value of each segment column with at least ``min_rows`` rows is compared; a value significantly worse than
    ``max_drop`` (Holm over all values) fails. Values that are too small are listed; when less than ``min_assessable`` of
    the rows of a column lie in values that can be assessed, the criterion is inconclusive.
    """

    summary: ClassVar[str] = "no segment is significantly harmed"

    kind: Literal["segments"]
    max_drop: PointsField
    """How much worse a segment may be."""
    correction: Literal["holm"] = "holm"
    """The correction for looking at many segments."""
    min_rows: int = Field(default=200, ge=1)
    """A value with fewer rows than this is listed as not assessable."""
    min_assessable: ShareField
    """The least share of rows that must lie in values that can be assessed."""

    def unbound(self, facts: Facts) -> str | None:
        """The metric, and at least one segment column."""
        return super().unbound(facts) or (None if facts.segments else "segments")

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Drops are absolute, and a stage must hold enough clusters."""
        yield from relative_misfit(scope.facts.metrics[self.metric], self.max_drop)
        yield from clusters_misfit(scope, self.min_clusters)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The comparison in each value of each segment column, and how many rows each value has."""
        metric = scope.facts.metrics[self.metric]
        return (
            *guard_needs(scope, metric),
            *comparison_needs(scope.facts, metric, whole(scope)),
            *(
                need
                for column in scope.facts.segments
                for need in (
                    *comparison_needs(scope.facts, metric, whole(scope), column),
                    *(_sizes(stage, column) for stage in scope.ran),
                )
            ),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the worst value of any segment column."""
        from model_ratchet.stats.multiplicity import holm

        facts = scope.facts
        metric = facts.metrics[self.metric]
        trouble = guard(scope, evidence, metric)
        if trouble is not None:
            return trouble
        alpha = self.alpha / facts.alpha_divisor
        assessed: list[tuple[str, Compared]] = []
        warnings: list[Reason] = list(guard_warnings(scope, evidence, metric))
        share = 1.0
        for column in facts.segments:
            sizes = _rows_by_value(scope, evidence, column)
            if isinstance(sizes, Missing):
                return missing(sizes)
            compared = self._values(scope, evidence, column, sizes, alpha)
            if isinstance(compared, Judgement):
                return compared
            small = sorted(set(sizes) - {value for value, _ in compared})
            total = sum(sizes.values())
            held = sum(sizes[value] for value, _ in compared) / total if total else 0.0
            share = min(share, held)
            if small:
                warnings.append(because(Why.NOT_ASSESSABLE, segment=column, values=", ".join(small[:20])))
            assessed += [(f"{column}={value}", one) for value, one in compared]
        too_small = because(
            Why.SEGMENTS_TOO_SMALL,
            assessable=share if assessed else 0.0,
            segments=len(assessed),
            least=self.min_rows,
        )
        if not assessed:
            return Judgement(outcome=Outcome.INCONCLUSIVE, reason=too_small, warnings=tuple(warnings))
        adjusted = holm([one.worse_p_value(self.max_drop.value) for _, one in assessed])
        parts = tuple(
            Part(name=name, outcome=Outcome.FAILED if p_value < alpha else Outcome.PASSED, estimate=one.estimate)
            for (name, one), p_value in zip(assessed, adjusted, strict=True)
        )
        name, worst = min(assessed, key=lambda one: gain(metric, one[1].estimate)[0])
        harmed = [part.name for part in parts if part.outcome is Outcome.FAILED]
        warnings += _simpson(scope, evidence, self.metric, parts)
        if harmed:
            reason = because(Why.SEGMENT_WORSE, segment=harmed[0], segments=len(harmed), margin=self.max_drop.text)
            outcome, worst = Outcome.FAILED, dict(assessed)[harmed[0]]
        elif share < self.min_assessable.value:
            outcome, reason = Outcome.INCONCLUSIVE, too_small
        else:
            outcome, reason = Outcome.PASSED, because(Why.NOT_WORSE, margin=self.max_drop.text, segment=name)
        return Judgement(
            outcome=outcome,
            reason=reason,
            estimate=worst.estimate,
            parts=parts,
            warnings=tuple(warnings),
        )

    def _values(
        self, scope: Scope, evidence: Evidence, column: str, sizes: Mapping[str, int], alpha: float
    ) -> list[tuple[str, Compared]] | Judgement:
        metric = scope.facts.metrics[self.metric]
        found = []
        for value in sorted(sizes):
            pieces = [
                Piece(stage, stage.window, column, value)
                for stage in scope.ran
                if stage.window is not None and value in _stage_values(evidence, stage, column)
            ]
            compared = compare(
                scope.facts,
                evidence,
                metric,
                pieces,
                level=1 - 2 * alpha,
                min_clusters=self.min_clusters,
                min_rows=self.min_rows,
            )
            if isinstance(compared, Compared):
                found.append((value, compared))
            elif compared.outcome is Outcome.ERRORED and compared.reason.why is not Why.NO_ROWS:
                return compared
        return found


def _sizes(stage: StageFacts, column: str) -> Need:
    """Served rows by value: the baseline's where both arms score the same requests, because a shadow serves none."""
    arm = Arm.BASELINE if stage.paired else Arm.CANDIDATE
    return Need(shape=Shape.CATEGORIES, window=stage.window, stage=stage.name, arms=(arm,), segment=column)


def _stage_values(evidence: Evidence, stage: StageFacts, column: str) -> frozenset[str]:
    answer = evidence.answer(_sizes(stage, column))
    return frozenset(value for value, _ in answer.counts) if isinstance(answer, Categories) else frozenset()


def _rows_by_value(scope: Scope, evidence: Evidence, column: str) -> dict[str, int] | Missing:
    sizes: dict[str, int] = {}
    for stage in scope.ran:
        answer = evidence.answer(_sizes(stage, column))
        if isinstance(answer, Missing):
            return answer
        if isinstance(answer, Categories):
            for value, rows in answer.counts:
                sizes[value] = sizes.get(value, 0) + rows
    return sizes


def _simpson(scope: Scope, evidence: Evidence, metric: str, parts: tuple[Part, ...]) -> Iterator[Reason]:
    """A warning where the pooled difference and the one stratified by a segment column point in opposite directions."""
    from model_ratchet.stats.proportions import difference, stratified_difference

    del parts
    for column in scope.facts.segments:
        strata: list[tuple[Counts, Counts]] = []
        for stage in scope.ran:
            found: list[dict[str, Counts]] = []
            for arm in Arm:
                need = Need(
                    shape=Shape.COUNTS,
                    window=stage.window,
                    stage=stage.name,
                    metric=metric,
                    arms=(arm,),
                    grouping=Grouping.SEGMENT,
                    segment=column,
                )
                answer = evidence.answers.get(need)
                if isinstance(answer, Groups):
                    found.append({value: one for value, one in answer if isinstance(one, Counts)})
            if len(found) == len(Arm):
                strata += [(found[0][value], found[1][value]) for value in sorted(set(found[0]) & set(found[1]))]
        strata = [(one, other) for one, other in strata if one.n and other.n]
        if len(strata) < 2:
            continue
        pooled = difference(
            sum((one for one, _ in strata), Counts(successes=0, n=0)),
            sum((other for _, other in strata), Counts(successes=0, n=0)),
            level=0.95,
        )
        stratified = stratified_difference(strata, level=0.95)
        if pooled.value * stratified.value < 0:
            yield because(Why.SIMPSON, segment=column, pooled=pooled.value, stratified=stratified.value)
