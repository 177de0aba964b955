"""distribution: both arms, and the stages, saw comparable inputs."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Arm, Categories, Evidence, Missing, Need, Rows, Shape
from model_ratchet.core.fields import ShareField
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement, Part
from model_ratchet.criteria.base import Criterion, Facts, Scope, StageFacts
from model_ratchet.criteria.comparison import SAMPLE_RATIO_ALPHA, missing, sample_ratio_trouble

_SEED = 20130702


class Distribution(Criterion):
    """Both arms, and the stages, saw comparable inputs.

    The distance is the total variation between two distributions of a segment column: the share of rows that would have to
    move. It is taken between the arms in each stage with a traffic share, and between each stage and the one before it.
    Passed when its upper bound is at most ``max_distance``, failed when its lower bound is above.
    """

    summary: ClassVar[str] = "both arms, and the stages, saw comparable inputs"
    comparative: ClassVar[bool] = True

    kind: Literal["distribution"]
    max_distance: ShareField
    """The largest total variation distance."""
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    """The one-sided level of the bounds."""
    min_rows: int = Field(default=200, ge=1)
    """Fewer rows in a distribution than this do not decide."""

    def unbound(self, facts: Facts) -> str | None:
        """At least one segment column."""
        return None if facts.segments else "segments"

    def misfits(self, scope: Scope) -> Iterator[str]:
        """There must be something to compare."""
        if len(scope.stages) == 1 and not scope.stages[0].traffic:
            name = scope.stages[0].name
            yield f"{name} has no traffic share, so that both versions score the same requests: name a stage that has one"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The rows of each arm by the values of each segment column, and whether users arrived in their shares."""
        return (
            *(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name) for stage in scope.ran),
            *(_categories(stage, column, arm) for stage in scope.ran for column in scope.facts.segments for arm in Arm),
        )

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """The worst of all comparisons."""
        from model_ratchet.stats.distribution import distance

        trouble = _shares_trouble(scope, evidence)
        if trouble is not None:
            return trouble
        parts: list[Part] = []
        alpha = self.alpha / scope.facts.alpha_divisor
        for name, one, other in _pairs(scope):
            answers = [evidence.answer(need) for need in (one, other)]
            for answer in answers:
                if isinstance(answer, Missing):
                    return missing(answer)
            first, second = answers
            if not isinstance(first, Categories) or not isinstance(second, Categories):
                return Judgement(
                    outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what=f"the values of {one.segment}")
                )
            rows = min(sum(count for _, count in first.counts), sum(count for _, count in second.counts))
            if rows < self.min_rows:
                outcome = Outcome.INCONCLUSIVE if rows else Outcome.ERRORED
                reason = (
                    because(Why.TOO_FEW_ROWS, rows=rows, least=self.min_rows)
                    if rows
                    else because(Why.NO_ROWS, metric=one.segment, arm="one")
                )
                parts.append(Part(name=name, outcome=outcome, reason=reason))
                continue
            estimate = distance(first, second, level=1 - 2 * alpha, seed=_SEED)
            low = estimate.low if estimate.low is not None else 0.0
            high = estimate.high if estimate.high is not None else 1.0
            if high <= self.max_distance.value:
                outcome, reason = Outcome.PASSED, because(Why.WITHIN_LIMIT, limit=self.max_distance.text)
            elif low > self.max_distance.value:
                outcome, reason = Outcome.FAILED, because(Why.LIMIT_BROKEN, limit=self.max_distance.text)
            else:
                outcome, reason = (
                    Outcome.INCONCLUSIVE,
                    because(Why.INTERVAL_ACROSS, limit=self.max_distance.text, more_rows=0),
                )
            parts.append(Part(name=name, outcome=outcome, estimate=estimate, reason=reason))
        if not parts:
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric="segments", arm="either"))
        overall = worst(part.outcome for part in parts)
        shown = max(
            (part for part in parts if part.outcome is overall),
            key=lambda part: part.estimate.value if part.estimate is not None else 0.0,
        )
        assert shown.reason is not None  # noqa: S101  (each part above has one)
        return Judgement(outcome=overall, reason=shown.reason, estimate=shown.estimate, parts=tuple(parts))


def _shares_trouble(scope: Scope, evidence: Evidence) -> Judgement | None:
    """Errored, where the assignment units of a stage are not in its shares: then no comparison of the arms holds."""
    for stage in scope.ran:
        if stage.traffic is None or not scope.facts.assignment:
            continue
        rows = evidence.answer(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name))
        if isinstance(rows, Missing):
            return missing(rows)
        if not isinstance(rows, Rows):
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what="the rows of the log"))
        reason = sample_ratio_trouble(stage, rows, SAMPLE_RATIO_ALPHA)
        if reason is not None:
            return Judgement(outcome=Outcome.ERRORED, reason=reason)
    return None


def _pairs(scope: Scope) -> list[tuple[str, Need, Need]]:
    """What is compared with what: the arms in each stage with a traffic share, then the baseline in neighbouring stages.

    A candidate that is only mirrored scores the very requests that the baseline serves.
    """
    arms = [
        (
            f"{column}, arms in {stage.name}",
            _categories(stage, column, Arm.BASELINE),
            _categories(stage, column, Arm.CANDIDATE),
        )
        for column in scope.facts.segments
        for stage in scope.ran
        if stage.traffic
    ]
    stages = [
        (
            f"{column}, {before.name} to {after.name}",
            _categories(before, column, Arm.BASELINE),
            _categories(after, column, Arm.BASELINE),
        )
        for column in scope.facts.segments
        for before, after in zip(scope.ran, scope.ran[1:], strict=False)
    ]
    return arms + stages


def _categories(stage: StageFacts, column: str, arm: Arm) -> Need:
    return Need(shape=Shape.CATEGORIES, window=stage.window, stage=stage.name, arms=(arm,), segment=column)
