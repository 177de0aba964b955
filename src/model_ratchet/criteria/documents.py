"""documents: each required document is present, with its required sections filled."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Document, Evidence, Missing, Need, Shape
from model_ratchet.core.fields import Slug
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement, Part
from model_ratchet.criteria.base import Criterion, Scope


class DocumentsComplete(Criterion):
    """Each required document is present, with its required sections filled.

    A section is found by its heading, at any level and in any case; it is filled when it holds at least ``min_words`` words
    beside placeholders.
    """

    summary: ClassVar[str] = "each required document is present and filled"
    windowless: ClassVar[bool] = True

    kind: Literal["documents"]
    require: dict[Slug, tuple[str, ...]] = Field(min_length=1)
    """Document name → the titles of the sections that it must have."""
    min_words: int = Field(default=10, ge=1)
    """A section with fewer words is not filled in."""

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The sections of each required document."""
        del scope
        return tuple(Need(shape=Shape.DOCUMENT, metric=name, arms=()) for name in self.require)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when every section is filled; failed with the first that is not; errored where one can't be read."""
        parts = []
        for name, need in zip(self.require, self.needs(scope), strict=True):
            trouble = self._trouble(name, evidence.answer(need))
            outcome = Outcome.PASSED if trouble is None else _outcome(trouble)
            parts.append(Part(name=name, outcome=outcome, reason=trouble))
        worst = max(parts, key=lambda part: part.outcome.rank)
        if worst.reason is not None:
            return Judgement(outcome=worst.outcome, reason=worst.reason, parts=tuple(parts))
        return Judgement(
            outcome=Outcome.PASSED,
            reason=because(Why.HOLDS, value=f"{len(parts)} documents", limit="all sections filled"),
            parts=tuple(parts),
        )

    def _trouble(self, name: str, answer: object) -> Reason | None:
        if isinstance(answer, Missing):
            return answer.reason
        if not isinstance(answer, Document):
            return because(Why.DOCUMENT_ABSENT, document=name)
        filled = {title.strip().lower(): words for title, words in answer.sections}
        for section in self.require[name]:
            words = filled.get(section.strip().lower())
            if words is None:
                return because(Why.SECTION_ABSENT, document=name, section=section)
            if words < self.min_words:
                return because(Why.SECTION_EMPTY, document=name, section=section)
        return None


def _outcome(trouble: Reason) -> Outcome:
    shown = trouble.why in (Why.DOCUMENT_ABSENT, Why.SECTION_ABSENT, Why.SECTION_EMPTY)
    return Outcome.FAILED if shown else Outcome.ERRORED
