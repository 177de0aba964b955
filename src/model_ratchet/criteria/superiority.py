"""superiority: The candidate is significantly better than the baseline on one metric, by a minimum improvement."""

from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ChangeField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope


class Superiority(Comparative):
    """The candidate is significantly better than the baseline on one metric, by a minimum improvement."""

    summary: ClassVar[str] = (
        "The candidate is significantly better than the baseline on one metric, by a minimum improvement."
    )

    kind: Literal["superiority"]
    by: ChangeField
    rule: Literal["point_and_significance", "superiority_margin"] = "point_and_significance"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
