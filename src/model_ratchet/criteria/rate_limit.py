"""rate_limit: A rate of the candidate (errors, time-outs) is below a limit."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ShareField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import OnMetric, Scope


class RateLimit(OnMetric):
    """A rate of the candidate (errors, time-outs) is below a limit."""

    summary: ClassVar[str] = "A rate of the candidate (errors, time-outs) is below a limit."

    kind: Literal["rate_limit"]
    below: ShareField
    alpha: float = Field(default=0.05, gt=0, le=0.2)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
