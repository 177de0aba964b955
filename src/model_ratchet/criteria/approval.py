"""approval: people of a role approved what is proposed, after they could see the evidence."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Approvals, Evidence, Missing, Need, Shape
from model_ratchet.core.fields import Slug
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope
from model_ratchet.criteria.comparison import missing


class Approval(Criterion):
    """People of a role approved what is proposed, after they could see the evidence.

    A review counts when it was submitted at or after the instant at which the evidence of ``after`` was recorded; an earlier
    one is shown as early and must be confirmed. Changes requested by someone of the role hold the gate.
    """

    summary: ClassVar[str] = "people of a role approved, after they could see the evidence"
    sign_off: ClassVar[bool] = True
    windowless: ClassVar[bool] = True

    kind: Literal["approval"]
    role: Slug
    """The role in the model file whose people may approve."""
    at_least: int = Field(default=1, ge=1, le=20)
    """How many of them."""
    after: Slug | None = None
    """The stage whose evidence must have been recorded before a review counts."""

    def unbound(self, facts: Facts) -> str | None:
        """The role's people."""
        return None if facts.roles.get(self.role) else f"roles.{self.role}"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The reviews in force for the role."""
        del scope
        return (Need(shape=Shape.APPROVALS, metric=self.role, arms=()),)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed with enough approvals that count; pending without; failed where changes are requested."""
        (need,) = self.needs(scope)
        answer = evidence.answer(need)
        if isinstance(answer, Missing):
            return missing(answer)
        if not isinstance(answer, Approvals):
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CANNOT_VERIFY, what=f"reviews of {self.role}"))
        if answer.objections:
            return Judgement(outcome=Outcome.FAILED, reason=because(Why.OBJECTED, by=", ".join(answer.objections)))
        awaiting = because(Why.AWAITING_APPROVAL, role=self.role, at_least=self.at_least)
        given = [one for one in answer.approvals if one.role == self.role]
        stage = next((stage for stage in scope.stages if stage.name == self.after), None)
        counting = given
        if self.after is not None:
            recorded = stage.decidable_at if stage is not None and stage.decidable else None
            counting = [one for one in given if recorded is not None and one.submitted_at >= recorded]
        names = sorted({one.login for one in counting})
        if len(names) >= self.at_least:
            reason = because(Why.APPROVED, role=self.role, by=", ".join(names))
            return Judgement(outcome=Outcome.PASSED, reason=reason)
        early = sorted({one.login for one in given} - set(names))
        if early and self.after is not None:
            awaiting = because(Why.EARLY_APPROVAL, role=self.role, by=", ".join(early), stage=self.after)
        return Judgement(outcome=Outcome.PENDING, reason=awaiting)
