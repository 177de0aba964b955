"""sample_ratio: assignment units arrived in the shares that the stage gives to the arms."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence, Missing, Need, Rows, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope
from model_ratchet.criteria.comparison import missing, sample_ratio_trouble


class SampleRatio(Criterion):
    """Assignment units arrived in the shares that the stage gives to the arms.

    Counts distinct assignment units among the served rows, because the rows of one user are not independent. A ratio that is
    off at p < ``alpha`` says that the split, the log or the join is broken: errored, and no comparison of those arms holds.
    """

    summary: ClassVar[str] = "assignment units arrived in the shares of the stage"
    comparative: ClassVar[bool] = True
    stagewise: ClassVar[bool] = True
    traffic_only: ClassVar[bool] = True
    waivable: ClassVar[bool] = False

    kind: Literal["sample_ratio"]
    alpha: float = Field(default=0.001, gt=0, le=0.05)
    """The level below which the split counts as broken."""

    def unbound(self, facts: Facts) -> str | None:
        """The assignment key."""
        return None if facts.assignment else "assignment"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The rows of the stage."""
        return tuple(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name) for stage in scope.ran)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed unless the shares are off; then errored."""
        from model_ratchet.stats.proportions import wilson

        stage = scope.stage
        rows = evidence.answer(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name))
        if isinstance(rows, Missing):
            return missing(rows)
        if not isinstance(rows, Rows):
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what="the rows of the log"))
        total = rows.baseline.units + rows.candidate.units
        trouble = sample_ratio_trouble(stage, rows, self.alpha)
        estimate = None
        if total:
            low, high = wilson(rows.candidate.units, total, 0.95)
            estimate = Estimate(
                value=rows.candidate.units / total,
                low=low,
                high=high,
                level=0.95,
                n=total,
                method="share of assignment units, Wilson interval",
                scale=Scale.ABSOLUTE,
            )
        if trouble is not None:
            return Judgement(outcome=Outcome.ERRORED, reason=trouble, estimate=estimate)
        return Judgement(
            outcome=Outcome.PASSED,
            reason=because(Why.HOLDS, share=rows.candidate.units / total, of="the units", limit=stage.traffic or 0.0),
            estimate=estimate,
        )
