"""The waiver: who lets one criterion go for one artifact, why, how far and until when. Trusted: base branch only."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from model_ratchet.core.fields import Digest, Instant, Model, PolicyNameField, Slug, WorstField
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.request import Prose


class Waiver(Model):
    """One criterion that is let go for one artifact. Lives at ``policies/waivers/<id>.yaml``; counted and always shown.

    It is in force on the base branch only, from ``granted_at`` to the instant before ``expires_at``. It covers a judgement
    that has one of its ``outcomes``, as long as every value that was measured is no worse than ``up_to``. The outcome stays
    in sight; what can't be decided yet stays pending, and passes at the end of its window at the earliest.
    """

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Waiver"]
    id: Slug
    """The name of the file."""
    model: Slug
    """The model whose candidate it is for."""
    artifact: Digest
    """The digest of the candidate's artifact."""
    policy: PolicyNameField
    """The policy that the candidate is judged by; it has to let the criterion be waived."""
    policy_digest: Digest
    """The SHA-256 of the policy file: a waiver is granted against one text."""
    criterion: Slug
    """The id of the criterion."""
    stage: Slug | None = None
    """Only on this stage; on every stage without it."""
    outcomes: tuple[Literal["failed", "inconclusive", "errored"], ...] = Field(min_length=1)
    """The outcomes that it covers; ``errored`` has no value, and is covered whatever it hides."""
    up_to: WorstField | None = None
    """The worst value that it covers, spelled like what the policy asks. Left out where the criterion measures none."""
    reason: Prose
    """Why; every report shows it."""
    owner: Slug
    """The role of the model file that answers for it."""
    granted_at: Instant
    """From when on it is in force."""
    expires_at: Instant
    """From when on it is gone: at most the ``max_age`` of the policy after ``granted_at``."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.expires_at <= self.granted_at:
            yield Fault(("expires_at",), "`expires_at` is not after `granted_at`: swap them, or write a later instant")
        for index, outcome in enumerate(self.outcomes):
            if outcome in self.outcomes[:index]:
                yield Fault(("outcomes", index), f"`{outcome}` is named twice: keep one")
