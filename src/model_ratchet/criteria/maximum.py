"""maximum: No value of the candidate is above a limit."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import LimitField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import OnMetric, Scope


class Maximum(OnMetric):
    """No value of the candidate is above a limit."""

    summary: ClassVar[str] = "No value of the candidate is above a limit."

    kind: Literal["maximum"]
    at_most: LimitField
    min_rows: int = Field(default=100, ge=1)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
