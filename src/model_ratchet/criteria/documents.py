"""documents: Each required document is present, with its required sections filled."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import Slug
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class DocumentsComplete(Criterion):
    """Each required document is present, with its required sections filled."""

    summary: ClassVar[str] = "Each required document is present, with its required sections filled."

    windowless: ClassVar[bool] = True

    kind: Literal["documents"]
    require: dict[Slug, tuple[str, ...]] = Field(min_length=1)
    """Document name → the titles of the sections that it must have."""
    min_words: int = Field(default=10, ge=1)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
