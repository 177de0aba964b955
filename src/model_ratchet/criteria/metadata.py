"""metadata: The request states what the policy requires to be tracked of a model."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class MetadataComplete(Criterion):
    """The request states what the policy requires to be tracked of a model."""

    summary: ClassVar[str] = "The request states what the policy requires to be tracked of a model."

    windowless: ClassVar[bool] = True

    kind: Literal["metadata"]
    require: tuple[str, ...] = Field(min_length=1)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
