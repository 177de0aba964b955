"""metadata: the request states what the policy requires to be tracked of a model."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class MetadataComplete(Criterion):
    """The request states what the policy requires to be tracked of a model.

    Each required name is a path into the request's ``metadata``, such as ``dataset.version``; a path to a group is met when
    the group holds at least one value.
    """

    summary: ClassVar[str] = "the request states the required metadata"
    windowless: ClassVar[bool] = True

    kind: Literal["metadata"]
    require: tuple[str, ...] = Field(min_length=1)
    """The parts of the metadata that must be stated."""

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """Nothing: the request is a document."""
        del scope
        return ()

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when every required name is stated; failed with those that are not."""
        del evidence
        stated = scope.facts.stated
        absent = [
            name
            for name in self.require
            if not any(key == name or key.startswith(f"{name}.") for key, value in stated.items() if value.strip())
        ]
        if absent:
            return Judgement(
                outcome=Outcome.FAILED,
                reason=because(Why.NOT_STATED, what=", ".join(f"metadata.{name}" for name in absent)),
            )
        return Judgement(
            outcome=Outcome.PASSED,
            reason=because(Why.HOLDS, value=f"{len(self.require)} stated", limit=f"{len(self.require)} required"),
        )
