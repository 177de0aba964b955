"""suite: edge cases and anomalous data were run against the candidate, and no case failed."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Arm, Evidence, Missing, Need, Shape, Suite
from model_ratchet.core.fields import Slug
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope
from model_ratchet.criteria.comparison import missing


class SuiteOfCases(Criterion):
    """Edge cases and anomalous data were run against the candidate, and no case failed.

    An empty suite is not a passed one, and a skipped case was not run: both are inconclusive at best.
    """

    summary: ClassVar[str] = "a suite of edge cases was run, and no case failed"
    windowless: ClassVar[bool] = True

    kind: Literal["suite"]
    suite: Slug
    """The suite, as the model file names it."""
    require: Literal["all"] = "all"
    """Every case must pass."""
    min_cases: int = Field(default=1, ge=1)
    """Fewer cases than this do not decide."""

    def rests_on(self) -> tuple[str, ...]:
        """The suite."""
        return (f"suites.{self.suite}",)

    def unbound(self, facts: Facts) -> str | None:
        """The suite."""
        return None if self.suite in facts.suites else f"suites.{self.suite}"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The suite's result."""
        del scope
        return (Need(shape=Shape.SUITE, metric=self.suite, arms=(Arm.CANDIDATE,)),)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when enough cases ran and every one of them passed."""
        from model_ratchet.stats.proportions import wilson

        (need,) = self.needs(scope)
        answer = evidence.answer(need)
        if isinstance(answer, Missing):
            return missing(answer)
        if not isinstance(answer, Suite) or answer.passed + answer.failed + answer.skipped == 0:
            return Judgement(
                outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=self.suite, arm=str(Arm.CANDIDATE))
            )
        ran = answer.passed + answer.failed
        estimate = None
        if ran:
            low, high = wilson(answer.passed, ran, 0.95)
            estimate = Estimate(
                value=answer.passed / ran,
                low=low,
                high=high,
                level=0.95,
                n=ran,
                method="share of cases passed, Wilson interval",
                scale=Scale.ABSOLUTE,
            )
        if answer.failed:
            outcome = Outcome.FAILED
            reason = because(
                Why.SUITE_FAILED, failed=answer.failed, passed=answer.passed, first=", ".join(answer.failures[:5])
            )
        elif answer.skipped:
            outcome, reason = Outcome.INCONCLUSIVE, because(Why.SUITE_SKIPPED, skipped=answer.skipped)
        elif ran < self.min_cases:
            outcome, reason = Outcome.INCONCLUSIVE, because(Why.TOO_FEW_ROWS, rows=ran, least=self.min_cases)
        else:
            outcome, reason = Outcome.PASSED, because(Why.HOLDS, value=f"{ran} of {ran} cases", limit="all")
        return Judgement(outcome=outcome, reason=reason, estimate=estimate)

    def measured(self, scope: Scope, evidence: Evidence, judgement: Judgement) -> tuple[Estimate | None, ...]:
        """The share of cases that passed; nothing where some were skipped, of which nobody knows."""
        (need,) = self.needs(scope)
        answer = evidence.answer(need)
        if isinstance(answer, Suite) and answer.skipped:
            return (None,)
        return super().measured(scope, evidence, judgement)
