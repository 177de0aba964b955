"""approval: People of a role approved what is proposed, after they could see the evidence."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import Slug
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class Approval(Criterion):
    """People of a role approved what is proposed, after they could see the evidence."""

    summary: ClassVar[str] = "People of a role approved what is proposed, after they could see the evidence."

    sign_off: ClassVar[bool] = True
    windowless: ClassVar[bool] = True

    kind: Literal["approval"]
    role: Slug
    at_least: int = Field(default=1, ge=1, le=20)
    after: Slug | None = None
    """The stage whose evidence must have been recorded before a review counts."""

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
