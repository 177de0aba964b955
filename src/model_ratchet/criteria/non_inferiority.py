"""non_inferiority: The candidate is not worse than the baseline by more than a margin."""

from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ChangeField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope


class NonInferiority(Comparative):
    """The candidate is not worse than the baseline by more than a margin."""

    summary: ClassVar[str] = "The candidate is not worse than the baseline by more than a margin."

    kind: Literal["non_inferiority"]
    margin: ChangeField

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
