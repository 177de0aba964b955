"""sample_ratio: Assignment units arrived in the shares that the stage gives to the arms."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class SampleRatio(Criterion):
    """Assignment units arrived in the shares that the stage gives to the arms."""

    summary: ClassVar[str] = "Assignment units arrived in the shares that the stage gives to the arms."

    comparative: ClassVar[bool] = True
    stagewise: ClassVar[bool] = True
    traffic_only: ClassVar[bool] = True

    kind: Literal["sample_ratio"]
    alpha: float = Field(default=0.001, gt=0, le=0.05)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
