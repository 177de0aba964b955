"""quantile_limit: A quantile of the candidate's latency is at most a limit."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import LimitField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import OnMetric, Scope


class QuantileLimit(OnMetric):
    """A quantile of the candidate's latency is at most a limit."""

    summary: ClassVar[str] = "A quantile of the candidate's latency is at most a limit."

    kind: Literal["quantile_limit"]
    quantile: float = Field(gt=0, lt=1)
    at_most: LimitField
    alpha: float = Field(default=0.05, gt=0, le=0.2)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
