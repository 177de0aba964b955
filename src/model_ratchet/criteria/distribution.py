"""distribution: Both arms, and the stages, saw comparable inputs."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import ShareField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class Distribution(Criterion):
    """Both arms, and the stages, saw comparable inputs."""

    summary: ClassVar[str] = "Both arms, and the stages, saw comparable inputs."

    comparative: ClassVar[bool] = True

    kind: Literal["distribution"]
    max_distance: ShareField
    min_rows: int = Field(default=200, ge=1)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
