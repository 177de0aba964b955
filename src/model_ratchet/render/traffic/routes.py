"""Routes: the desired state in the words of a router, and what every rendering has in common."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from model_ratchet.core.names import Version
from model_ratchet.documents.traffic import filled
from model_ratchet.engine.desired import Desired

MIRRORED = "X-Ratchet-Mirrored"
"""The header that mirrored requests carry, with the value 1. What a client sends under this name never arrives."""
REQUEST_ID = "X-Request-Id"
"""The header by which both arms know a request: given by the router, so that a pair is one request and no client's doing."""

PARTS = 10_000
"""Shares are whole parts of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Who serves, and who is asked as well."""

    model: str
    main: Version
    """Serves whom ``other`` does not serve, and every request without a key."""
    other: Version | None
    """The other arm, where there is one: it serves its share, or is mirrored to, or stands by for its stage."""
    share: int
    """Of the users, served by ``other``, in 1/10,000."""
    mirror: int
    """Of the requests, scored by both arms, in 1/10,000."""
    seed: str
    """What a key is hashed with: 16 hexadecimal digits, others for each model and promotion."""
    assignment: str | None
    title: tuple[str, ...]
    """What the file is, line by line, for its top."""
    warm: Version | None
    """Kept running for a rollback, without a request."""

    @property
    def serving(self) -> Mapping[Version, int]:
        """Each version that serves, and its share of the users in 1/10,000; the main arm comes first."""
        if self.sharing is None:
            return {self.main: PARTS}
        return {self.main: PARTS - self.share, self.sharing: self.share}

    @property
    def sharing(self) -> Version | None:
        """The other arm, where both arms serve."""
        return self.other if self.share else None

    @property
    def mirrored_to(self) -> tuple[Version, ...]:
        """The versions that score what they did not serve: both arms where both serve."""
        if self.other is None or not self.mirror:
            return ()
        return (self.main, self.other) if self.sharing is not None else (self.other,)


def routes(desired: Desired) -> Routes:
    """The routes of a desired state in which some version serves."""
    main = desired.active if desired.active is not None else desired.candidate
    if main is None:
        raise ValueError(f"{desired.model}: no version serves")
    alone = desired.active is None
    other = None if alone else desired.candidate
    if other is None and desired.mirror:
        other = desired.previous
    seed = hashlib.sha256(f"{desired.model}\n{desired.salt}".encode()).hexdigest()[:16]
    return Routes(
        model=desired.model,
        main=main,
        other=other,
        share=0 if alone else round(desired.share * PARTS),
        mirror=round(desired.mirror * PARTS),
        seed=seed,
        assignment=desired.assignment,
        title=_title(desired),
        warm=desired.previous if desired.previous != other else None,
    )


def place(template: str, version: Version) -> str:
    """A template of the model file for one version."""
    return filled(template, version=str(version), slug=version.slug)


def percent(parts: int) -> str:
    """A share as people write it: ``percent(550)`` is ``5.5 %``."""
    return f"{parts / 100:g} %"


def _title(desired: Desired) -> tuple[str, ...]:
    lines = [
        "Written by `ratchet render traffic`: change the model file, not this.",
        f"model      {desired.model}",
        f"active     {desired.active or 'none'}",
    ]
    if desired.candidate is not None:
        stage = f", stage {desired.stage}" if desired.stage is not None else ""
        lines.append(f"candidate  {desired.candidate}{stage}")
    if desired.previous is not None:
        lines.append(f"previous   {desired.previous}, kept warm for a rollback")
    if desired.share:
        of = "users" if desired.assignment is not None else "requests"
        lines.append(f"share      {percent(round(desired.share * PARTS))} of the {of} are served by the candidate")
    if desired.mirror:
        lines.append(f"mirror     {percent(round(desired.mirror * PARTS))} of the requests are scored by both arms")
    if desired.hold:
        lines.append("hold       an incident holds the model on the active version")
    return tuple(lines)
