"""Events: what the ledger holds, one line each; read for as long as there are ledgers.

A field that a newer release adds is optional, so that no line that was ever written stops being readable.
"""

import json
from functools import cache
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from model_ratchet.core.errors import RecordError
from model_ratchet.core.fields import Digest, Instant, Model, PolicyNameField, Slug, VersionField

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Commit: TypeAlias = Annotated[str, Field(pattern="^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
Line: TypeAlias = Annotated[str, Field(max_length=2000)]
"""Why something was done: prose, which is data and never markup."""
Incident: TypeAlias = Annotated[str, Field(pattern=r"^v[0-9][0-9._]{0,63}-[1-9][0-9]{0,5}$")]
"""The version that an incident is about, and the how manieth of that version it is."""


class Actor(Model):
    """Who did it, as GitHub knows them: a login may be given to another, the number never is."""

    login: Annotated[str, Field(max_length=100)]
    id: int | None = None


class _Event(Model):
    at: Instant
    """When it happened, which is not when the line was written."""
    by: Actor | None = None
    """None where no person asked for it, as for a schedule, or where nobody tells who did."""


class _OfModel(_Event):
    model: Slug


class _OfAttempt(_OfModel):
    candidate: VersionField
    pull: int | None = None


class Admitted(_OfAttempt):
    """A candidate enters its first stage: an attempt of one artifact against one baseline."""

    kind: Literal["admitted"] = "admitted"
    baseline: VersionField | None = None
    digest: Digest
    policy: PolicyNameField
    attempt: Annotated[int, Field(ge=1)]
    """The how manieth of this digest against this baseline, in whatever pull requests."""


class StageStarted(_OfAttempt):
    """The candidate is to be given a stage's share: what the router reads. The stage runs once ``confirmed`` says so."""

    kind: Literal["stage-started"] = "stage-started"
    stage: Slug
    share: Share = 0.0
    """Of users whom the candidate serves."""
    mirror: Share = 0.0
    """Of requests that the other arm scores too."""
    pinned: dict[str, str] = Field(default_factory=dict)
    """Input → digest, as in a plan: ``policy``, ``model``, ``sources``, ``request``."""


class Confirmed(_OfAttempt):
    """The router was seen to send the stage's share; the window opens the policy's ``settle`` after ``at``."""

    kind: Literal["confirmed"] = "confirmed"
    stage: Slug


class Paused(_OfAttempt):
    """The candidate left traffic for a while."""

    kind: Literal["paused"] = "paused"
    stage: Slug
    because: Line


class Resumed(_OfAttempt):
    """The candidate came back."""

    kind: Literal["resumed"] = "resumed"
    stage: Slug


class Extended(_OfAttempt):
    """A stage that did not decide goes on for the time that its policy allows."""

    kind: Literal["extended"] = "extended"
    stage: Slug


class StageClosed(_OfAttempt):
    """A stage's evidence is gathered, once, and sealed."""

    kind: Literal["stage-closed"] = "stage-closed"
    stage: Slug
    outcome: Literal["passed", "pending", "inconclusive", "errored", "failed"]
    record: Digest


class Withdrawn(_OfAttempt):
    """The attempt is over without a merge."""

    kind: Literal["withdrawn"] = "withdrawn"
    because: Line
    incident: Incident | None = None
    """The incident that took the candidate out of traffic: what it asks of the next attempt is what a rollback asks."""


class RefusedAdvance(_OfAttempt):
    """Somebody asked for the next stage, and it was refused."""

    kind: Literal["refused"] = "refused"
    stage: Slug | None = None
    because: Line
    record: Digest | None = None


class WaivedCriterion(_OfAttempt):
    """A merged verdict passed by a waiver."""

    kind: Literal["waived"] = "waived"
    waiver: Slug
    criterion: Slug


class PromotedVersion(_OfAttempt):
    """A merge made the candidate the active version."""

    kind: Literal["promoted"] = "promoted"
    baseline: VersionField | None = None
    digest: Digest | None = None
    policy: PolicyNameField | None = None
    commit: Commit
    tree: Commit
    """The git tree of the promotion's folder."""
    record: Digest | None = None
    """None where nothing vouches for the merge; an ``unverified`` event says why."""


class RolledBackVersion(_OfModel):
    """A commit took a version out of the chain."""

    kind: Literal["rolled-back"] = "rolled-back"
    version: VersionField
    returns_to: VersionField
    commit: Commit
    cause: Literal["culprit", "collateral"]
    """The newest of the removed versions is the culprit, unless the hold of an incident names another."""
    digest: Digest | None = None
    tree: Commit | None = None
    """The git tree of the folder that is gone."""
    break_glass: bool = False
    """It was pushed, not merged."""
    pull: int | None = None


class Unverified(_OfModel):
    """Something reached the base branch that no verdict vouches for."""

    kind: Literal["unverified"] = "unverified"
    model: Annotated[str, Field(max_length=200)]
    """As the folder is called: a push may call it anything."""
    commit: Commit
    because: Line
    version: VersionField | None = None
    pull: int | None = None
    record: Digest | None = None
    """The verdict that was sealed, where it is one on this version and does not vouch for it."""


class Hold(_OfModel):
    """Nothing of the model moves until it is released: its active version serves alone.

    The hold of an incident names which version serves instead of which, whatever the base branch says; it has all three of
    ``refuse``, ``serve`` and ``incident``, or none.
    """

    kind: Literal["hold"] = "hold"
    because: Line
    refuse: VersionField | None = None
    """The version that must not serve: the culprit."""
    serve: VersionField | None = None
    """The version that serves until the removal of the other is merged."""
    incident: Incident | None = None
    """Names the incident among those of its model."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        named = {one is None for one in (self.refuse, self.serve, self.incident)}
        if len(named) > 1 or (self.refuse is not None and self.refuse == self.serve):
            raise ValueError("a hold names another version to serve than to refuse, and its incident, or none of them")
        return self


class Snoozed(_OfModel):
    """Nobody is reminded of the hold until an instant; the hold stays."""

    kind: Literal["snoozed"] = "snoozed"
    because: Line
    until: Instant


class Released(_OfModel):
    """The hold is over."""

    kind: Literal["released"] = "released"
    because: Line
    resolved: bool = False
    """The removal that the hold waited for has reached the base branch."""


class RootCause(_OfModel):
    """An issue asks for the root cause of an incident, or has been closed."""

    kind: Literal["root-cause"] = "root-cause"
    incident: Incident
    issue: Annotated[int, Field(ge=1)]
    closed: bool = False


class Began(_Event):
    """The ledger begins: what the base branch holds at this commit is taken as it is, and what comes later is recorded."""

    kind: Literal["began"] = "began"
    commit: Commit


class PolicyChanged(_Event):
    """A commit changed documents under ``policies/``."""

    kind: Literal["policy-changed"] = "policy-changed"
    commit: Commit
    paths: Annotated[tuple[str, ...], Field(min_length=1)]
    pull: int | None = None


Event: TypeAlias = (
    Admitted
    | StageStarted
    | Confirmed
    | Paused
    | Resumed
    | Extended
    | StageClosed
    | Withdrawn
    | RefusedAdvance
    | WaivedCriterion
    | PromotedVersion
    | RolledBackVersion
    | Unverified
    | Hold
    | Snoozed
    | Released
    | RootCause
    | Began
    | PolicyChanged
)
"""One thing that happened."""


@cache
def _adapter() -> TypeAdapter[Event]:
    return TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def read_event(value: object) -> Event:
    """The event in a JSON value.

    Raises:
        RecordError: it is of no kind that this release knows, or lacks what its kind holds.
    """
    try:
        return _adapter().validate_json(json.dumps(value))
    except RecursionError:
        raise RecordError("an event of the ledger does not read: it is nested too deeply") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise RecordError(f"an event of the ledger does not read: {first['msg']} at {where or 'its kind'}") from None


def as_json(event: Event) -> dict[str, Any]:
    """The JSON value of an event; what is not there is left out."""
    return event.model_dump(mode="json", exclude_none=True)
