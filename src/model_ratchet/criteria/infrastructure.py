"""infrastructure: What the candidate states that it needs is what production offers."""

from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class InfrastructureFits(Criterion):
    """What the candidate states that it needs is what production offers."""

    summary: ClassVar[str] = "What the candidate states that it needs is what production offers."

    windowless: ClassVar[bool] = True

    kind: Literal["infrastructure"]

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
