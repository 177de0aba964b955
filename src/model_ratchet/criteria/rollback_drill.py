"""rollback_drill: a rollback to the baseline was rehearsed lately, and it worked."""

from datetime import datetime, timedelta
from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import DurationField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope


class RollbackDrill(Criterion):
    """A rollback to the baseline was rehearsed lately, and it worked.

    The age is taken at the latest instant at which anything happened: a stage moved on, or the drill grew too old. Once the
    last stage can be decided it stands still, so that it does not drift while reviewers read.
    """

    summary: ClassVar[str] = "a rollback was rehearsed lately, and it worked"
    comparative: ClassVar[bool] = True
    windowless: ClassVar[bool] = True

    kind: Literal["rollback_drill"]
    within: DurationField
    """How old the drill may be."""

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """Nothing: the request states its drill."""
        del scope
        return ()

    def turns_at(self, facts: Facts) -> tuple[datetime, ...]:
        """When the drill was performed, and the first instant at which it is too old."""
        if facts.drill is None:
            return ()
        performed = datetime.fromisoformat(facts.drill["performed_at"])
        return performed, performed + self.within.delta + timedelta.resolution

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when a successful drill of this baseline is young enough."""
        del evidence
        drill, instant = scope.facts.drill, scope.facts.decided_at
        if drill is None or instant is None:
            return Judgement(outcome=Outcome.FAILED, reason=because(Why.NOT_STATED, what="drill"))
        if drill.get("result") != "passed":
            return Judgement(
                outcome=Outcome.FAILED, reason=because(Why.DRILL_FAILED, result=drill.get("result", "unknown"))
            )
        if drill.get("restored") != scope.facts.baseline:
            reason = because(
                Why.INCOMPATIBLE,
                what="drill.restored",
                stated=drill.get("restored", "nothing"),
                allowed=scope.facts.baseline or "none",
            )
            return Judgement(outcome=Outcome.FAILED, reason=reason)
        performed = datetime.fromisoformat(drill["performed_at"])
        if instant - performed > self.within.delta:
            reason = because(Why.DRILL_OLD, performed_at=drill["performed_at"], within=self.within.text)
            return Judgement(outcome=Outcome.FAILED, reason=reason)
        return Judgement(
            outcome=Outcome.PASSED,
            reason=because(Why.HOLDS, value=drill["performed_at"], limit=f"younger than {self.within.text}"),
        )
