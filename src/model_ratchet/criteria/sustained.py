"""sustained: The metric held on every one of so many complete days."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import PointsField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope


class Sustained(Comparative):
    """The metric held on every one of so many complete days."""

    summary: ClassVar[str] = "The metric held on every one of so many complete days."

    kind: Literal["sustained"]
    days: int = Field(ge=2, le=366)
    max_daily_drop: PointsField

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
