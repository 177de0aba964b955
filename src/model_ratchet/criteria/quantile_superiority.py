"""quantile_superiority: A quantile of the candidate's latency is significantly lower than the baseline's, by a minimum improvement."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ChangeField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope


class QuantileSuperiority(Comparative):
    """A quantile of the candidate's latency is significantly lower than the baseline's, by a minimum improvement."""

    summary: ClassVar[str] = (
        "A quantile of the candidate's latency is significantly lower than the baseline's, by a minimum improvement."
    )

    kind: Literal["quantile_superiority"]
    quantile: float = Field(gt=0, lt=1)
    by: ChangeField

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
