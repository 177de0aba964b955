"""suite: A suite of edge cases and anomalous data was run, and no case failed."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import Slug
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class SuiteOfCases(Criterion):
    """A suite of edge cases and anomalous data was run, and no case failed."""

    summary: ClassVar[str] = "A suite of edge cases and anomalous data was run, and no case failed."

    windowless: ClassVar[bool] = True

    kind: Literal["suite"]
    suite: Slug
    require: Literal["all"] = "all"
    min_cases: int = Field(default=1, ge=1)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
