"""approval: people of a role approved what is proposed, after they could see the evidence."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Approvals, Evidence, Heard, Missing, Need, Shape
from model_ratchet.core.fields import Slug
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Said, Standing
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope
from model_ratchet.criteria.comparison import missing

_MOST_NAMED = 5


class Approval(Criterion):
    """People of a role approved what is proposed, after they could see the evidence.

    A review counts when it was submitted at or after the instant at which the evidence of ``after`` was recorded; an earlier
    one is shown as early and must be confirmed. It counts for as long as what was approved is what is judged: the folder, the
    policy, the model file and the waivers. Whoever had a hand in the work, bots, and people who already fill another role do
    not count; where nobody knows whose a commit is, one approval more is needed. Changes requested by anybody who stands for
    a role hold the gate. What can't be verified is errored, never taken for a no.
    """

    summary: ClassVar[str] = "people of a role approved, after they could see the evidence"
    sign_off: ClassVar[bool] = True
    windowless: ClassVar[bool] = True
    waivable: ClassVar[bool] = False

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
        judgement = self._judgement(scope, answer)
        return replace(judgement, warnings=tuple(_warnings(answer)))

    def _judgement(self, scope: Scope, answer: Approvals) -> Judgement:
        if answer.objections:
            return Judgement(outcome=Outcome.FAILED, reason=because(Why.OBJECTED, by=", ".join(answer.objections)))
        unsure = answer.standing(Standing.UNVERIFIED)
        objection = next((one for one in unsure if one.said is Said.CHANGES_REQUESTED), None)
        if objection is not None:
            return _unverified(objection)
        needed = self.at_least + bool(answer.strangers)
        awaiting = because(Why.AWAITING_APPROVAL, role=self.role, at_least=needed)
        given = [one for one in answer.approvals if one.role == self.role]
        names = sorted({one.login for one in given if self._in_time(scope, one.submitted_at)})
        if len(names) >= needed:
            reason = because(Why.APPROVED, role=self.role, by=", ".join(names))
            return Judgement(outcome=Outcome.PASSED, reason=reason)
        in_doubt = [one for one in unsure if self._in_time(scope, one.submitted_at)]
        if in_doubt and len(names) + len({one.login for one in in_doubt}) >= needed:
            return _unverified(in_doubt[0])
        early = sorted({one.login for one in given} - set(names))
        outdated = answer.standing(Standing.OUTDATED)
        if early and self.after is not None:
            awaiting = because(Why.EARLY_APPROVAL, role=self.role, by=", ".join(early), stage=self.after)
        elif outdated:
            what = outdated[-1].because.parameters["what"] if outdated[-1].because is not None else "what was approved"
            by = ", ".join(sorted({one.login for one in outdated}))
            awaiting = because(Why.OUTDATED_APPROVAL, role=self.role, by=by, what=what)
        return Judgement(outcome=Outcome.PENDING, reason=awaiting)

    def _in_time(self, scope: Scope, at: datetime) -> bool:
        """Whether the evidence to wait for was recorded by then."""
        if self.after is None:
            return True
        stage = next((stage for stage in scope.stages if stage.name == self.after), None)
        recorded = stage.decidable_at if stage is not None and stage.decidable else None
        return recorded is not None and at >= recorded


def _unverified(one: Heard) -> Judgement:
    reason = one.because if one.because is not None else because(Why.CANNOT_VERIFY, what=f"the review of {one.login}")
    return Judgement(outcome=Outcome.ERRORED, reason=reason)


def _warnings(answer: Approvals) -> Iterator[Reason]:
    """What is plain to say: approvals of the role that do not count, and work of which nobody knows whose it is."""
    for standing in (Standing.CONTRIBUTOR, Standing.NO_PERSON, Standing.ELSEWHERE):
        by = sorted({one.login for one in answer.standing(standing) if one.said is Said.APPROVED})
        if by:
            yield because(Why.APPROVAL_NOT_COUNTED, by=", ".join(by), standing=str(standing))
    if answer.strangers:
        yield because(Why.UNKNOWN_CONTRIBUTOR, commits=", ".join(answer.strangers[:_MOST_NAMED]))
