"""segments: No segment of the traffic is significantly harmed."""

from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import PointsField, ShareField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope


class Segments(Comparative):
    """No segment of the traffic is significantly harmed."""

    summary: ClassVar[str] = "No segment of the traffic is significantly harmed."

    kind: Literal["segments"]
    max_drop: PointsField
    correction: Literal["holm"] = "holm"
    min_assessable: ShareField

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
