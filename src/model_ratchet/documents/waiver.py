"""The waiver: who lets one criterion go for one artifact, why, how far and until when. Trusted: base branch only."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from model_ratchet.core.fields import Digest, Instant, Model, PolicyNameField, Slug, WorstField
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.request import Prose


class Waiver(Model):
    """One criterion that is let go for one artifact. Lives at ``policies/waivers/<id>.yaml``; counted and always shown."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Waiver"]
    id: Slug
    """The name of the file."""
    model: Slug
    artifact: Digest
    """The digest of the candidate's artifact."""
    policy: PolicyNameField
    policy_digest: Digest
    """The SHA-256 of the policy file: a waiver is granted against one text."""
    criterion: Slug
    """The id of the criterion."""
    stage: Slug | None = None
    """Only on this stage; on every stage without it."""
    outcomes: tuple[Literal["failed", "inconclusive", "errored"], ...] = Field(min_length=1)
    """The outcomes that it covers."""
    up_to: WorstField | None = None
    """The worst value that it covers: ``25%``."""
    reason: Prose
    owner: Slug
    """The role that answers for it."""
    granted_at: Instant
    expires_at: Instant

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
