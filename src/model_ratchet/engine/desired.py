"""Desired: which versions of a model should serve whom. What routers are given is a function of it and the model file."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from model_ratchet.core.names import SLUG, Version
from model_ratchet.engine.lifecycle import Chain
from model_ratchet.engine.story import Attempt, Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The traffic that one model should get: a fold of ``main`` and events, which no failed look at anything changes."""

    model: str
    active: Version | None = None
    """Serves everybody whom the candidate does not serve, and every request that doesn't say whose it is."""
    previous: Version | None = None
    """Kept warm, for a rollback."""
    candidate: Version | None = None
    stage: str | None = None
    """The stage that the candidate is in."""
    share: float = 0.0
    """Of the users, served by the candidate: from 0 to below 1, and 1 where there is no active version."""
    mirror: float = 0.0
    """Of the requests, scored by the arm as well that did not serve them, in both directions: 0 to 1. The other arm of the
    active version is the candidate; without one it is the previous version."""
    salt: str = ""
    """Of the promotion: with another one, other users go first."""
    assignment: str | None = None
    """The column of the log with what the router hashes; None where requests are split one by one."""
    hold: bool = False
    """An incident holds the model on ``active``, whatever ``main`` says: no other version gets a request."""

    def __post_init__(self) -> None:
        if SLUG.fullmatch(self.model) is None:
            raise ValueError(f"{self.model!r} is no name of a model")
        if self.stage is not None and SLUG.fullmatch(self.stage) is None:
            raise ValueError(f"{self.stage!r} is no name of a stage")
        named = [one for one in (self.active, self.previous, self.candidate) if one is not None]
        if len(set(named)) != len(named):
            raise ValueError(f"{self.model}: active, previous and candidate are different versions")
        for name, share in (("share", self.share), ("mirror", self.mirror)):
            if not math.isfinite(share) or not 0 <= share <= 1:
                raise ValueError(f"{self.model}: the {name} {share} is not from 0 to 1")
        if self.share and self.candidate is None:
            raise ValueError(f"{self.model}: a share without a candidate")
        if self.active is None and (0 < self.share < 1 or self.mirror):
            raise ValueError(f"{self.model}: without an active version the candidate serves everybody or nobody")
        if self.active is not None and self.share == 1:
            raise ValueError(f"{self.model}: the version that serves everybody is the active one")
        if self.mirror and self.candidate is None and self.previous is None:
            raise ValueError(f"{self.model}: nothing to mirror to")
        if 0 < self.share < 1 and not self.salt:
            raise ValueError(f"{self.model}: a share without the salt of its promotion")
        if self.hold and (self.share or self.mirror):
            raise ValueError(f"{self.model}: a hold leaves all requests to the active version")

    @property
    def serves(self) -> bool:
        """Whether any version should get requests."""
        return self.active is not None or self.share == 1


def desired_of(known: Chain, story: Story, *, assignment: str | None) -> Desired:
    """What the promoted versions and the events of the ledger ask for: a candidate gets what its stage was started with.

    A candidate that is paused, or whose baseline is no longer the active version, gets nothing, and under a hold no other
    version than the active one does, or the one that the hold names. After its last stage a candidate keeps what it had
    there, until it is merged or ends.

    Raises:
        ValueError: there is trouble with the chain, so that no version is known to be the active one, and no hold names one.
    """
    if story.hold is not None and story.hold.serve is not None:
        return Desired(model=known.model, active=story.hold.serve, assignment=assignment, hold=True)
    if known.trouble is not None:
        raise ValueError(known.trouble)
    newest = [one.candidate for one in known.versions[:2]]
    alone = Desired(model=known.model, active=newest[0] if newest else None, assignment=assignment)
    if story.hold is not None:
        return replace(alone, hold=True)
    settled = replace(alone, previous=newest[1] if len(newest) > 1 else None)
    attempt = next((one for one in _in_traffic(story) if one.admitted.baseline == alone.active), None)
    if attempt is None or attempt.start is None or attempt.admitted.candidate in newest:
        return settled
    return replace(
        settled,
        candidate=attempt.admitted.candidate,
        stage=attempt.start.stage,
        share=attempt.start.share,
        mirror=attempt.start.mirror if alone.active is not None else 0.0,
        salt=f"{known.model}/{attempt.candidate}/{attempt.number}",
    )


def _in_traffic(story: Story) -> Iterator[Attempt]:
    """The attempts that take part in traffic: the one with a share of users before one that only mirrors."""
    running = [one for one in story.open if one.start is not None and not one.paused]
    yield from sorted(running, key=lambda one: one is not story.slot)
