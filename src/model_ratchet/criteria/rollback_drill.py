"""rollback_drill: A rollback to the baseline was rehearsed lately, and it worked."""

from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import DurationField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class RollbackDrill(Criterion):
    """A rollback to the baseline was rehearsed lately, and it worked."""

    summary: ClassVar[str] = "A rollback to the baseline was rehearsed lately, and it worked."

    windowless: ClassVar[bool] = True

    kind: Literal["rollback_drill"]
    within: DurationField

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
