"""Revocations: policy versions that never pass again, and what takes their place. Trusted: base branch only."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from model_ratchet.core.fields import Digest, Instant, Model, PolicyNameField
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.request import Prose


class Revocation(Model):
    """One policy version that is revoked."""

    policy: PolicyNameField
    digest: Digest
    """The SHA-256 of the policy file."""
    since: Instant = Field(alias="from")
    reason: Prose
    replaced_by: PolicyNameField | None = None
    """Candidates move here, where their sealed evidence covers its needs."""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.replaced_by == self.policy:
            refuse((Fault(("replaced_by",), f"{self.policy} can't replace itself: name another policy"),))
        return self


class Revocations(Model):
    """All revoked policy versions. Lives at ``policies/revocations.yaml``."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Revocations"]
    revocations: tuple[Revocation, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        revoked = {one.policy for one in self.revocations}
        for index, one in enumerate(self.revocations):
            if one.policy in (earlier.policy for earlier in self.revocations[:index]):
                yield Fault(("revocations", index, "policy"), f"{one.policy} is revoked twice: keep one")
            if one.replaced_by in revoked:
                yield Fault(
                    ("revocations", index, "replaced_by"), f"{one.replaced_by} is revoked too: name another policy"
                )
