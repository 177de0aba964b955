"""ratio_limit: A resource of the candidate stays within a share of the baseline's, or of its allocation."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ShareField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import OnMetric, Scope


class RatioLimit(OnMetric):
    """A resource of the candidate stays within a share of the baseline's, or of its allocation."""

    summary: ClassVar[str] = "A resource of the candidate stays within a share of the baseline's, or of its allocation."

    kind: Literal["ratio_limit"]
    within: ShareField | None = None
    """At most so much above the baseline: ``20%`` is a ratio of 1.20."""
    of_allocation: ShareField | None = None
    """At most so much of the allocation in the model file, for the hourly values of the candidate."""
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    min_hours: int = Field(default=24, ge=2)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
