"""Revocations: policy versions that never pass again, and what takes their place. Trusted: base branch only."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from model_ratchet.core.fields import Digest, Instant, Model, PolicyNameField
from model_ratchet.core.names import PolicyName
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.request import Prose


class Revocation(Model):
    """One policy version that is revoked."""

    policy: PolicyNameField
    """The policy."""
    digest: Digest
    """The SHA-256 of the policy file."""
    since: Instant = Field(alias="from")
    """From when on it never passes."""
    reason: Prose
    """Why; every report shows it."""
    replaced_by: PolicyNameField | None = None
    """Candidates move here, where their sealed evidence covers its needs."""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.replaced_by == self.policy:
            refuse((Fault(("replaced_by",), f"{self.policy} can't replace itself: name another policy"),))
        return self

    @property
    def facts(self) -> dict[str, str]:
        """The parameters of a reason that names it."""
        facts = {"policy": str(self.policy), "since": self.since.isoformat(), "because": self.reason}
        return facts if self.replaced_by is None else {**facts, "replaced_by": str(self.replaced_by)}

    @property
    def refusal(self) -> str:
        """Why a promotion by the policy is refused, and where to go."""
        successor = f"move to {self.replaced_by}" if self.replaced_by is not None else "name another policy"
        since = self.since.isoformat().replace("+00:00", "Z")
        return f"{self.policy} is revoked since {since} ({self.reason}), and a revoked policy never passes: {successor}"


class Revocations(Model):
    """All revoked policy versions. Lives at ``policies/revocations.yaml``."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Revocations"]
    revocations: tuple[Revocation, ...] = ()
    """The policies that are revoked."""

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

    def of(self, policy: object) -> Revocation | None:
        """The revocation of a policy, by its full name."""
        return next((one for one in self.revocations if str(one.policy) == str(policy)), None)

    def replaced_by(self, policy: PolicyName) -> frozenset[PolicyName]:
        """The revoked policies in whose place a policy stands."""
        return frozenset(one.policy for one in self.revocations if one.replaced_by == policy)
