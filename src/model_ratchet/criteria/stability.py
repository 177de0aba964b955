"""stability: The metric is not degraded in the whole period, nor in any rolling window of it."""

from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import DurationField, PointsField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope


class Stability(Comparative):
    """The metric is not degraded in the whole period, nor in any rolling window of it."""

    summary: ClassVar[str] = "The metric is not degraded in the whole period, nor in any rolling window of it."

    kind: Literal["stability"]
    window: DurationField
    step: DurationField
    max_drop: PointsField
    prove: Literal["overall", "every_window"] = "overall"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
