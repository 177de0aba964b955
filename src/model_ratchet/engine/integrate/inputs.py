"""Inputs: what the artefacts of a version are computed from, and nothing else. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model_ratchet.core.offers import Offers
from model_ratchet.core.scored import Bets, Scores
from model_ratchet.documents.inherited import Calibration, Confidence, Optimizer, TrackEntry
from model_ratchet.documents.integration import Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """The artefacts of the version that is inherited from, as the base branch holds them, with the digests of their files.

    What that version does not have is None, and has no digest.
    """

    version: str
    calibration: Calibration | None = None
    confidence: Confidence | None = None
    optimizer: Optimizer | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    """``calibration``, ``confidence``, ``optimizer`` → sha256:…"""
    oids: Mapping[str, str] = field(default_factory=dict)
    """File of the folder ``artifacts`` → git blob id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How fast, how reliable and how large the candidate was; None for what was not measured."""

    latency_p95_s: float | None = None
    error_rate: float | None = None
    memory_bytes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The events of one stretch of time, by segment.

    ``scores`` are all of them by forecast, ``bets`` those that were bet on, ``offers`` those that the market priced; all keyed
    by the value of the segment column. ``weight`` is how much an event of it counts.
    """

    scores: Mapping[str, Scores]
    bets: Mapping[str, Bets] = field(default_factory=dict)
    offers: Mapping[str, Offers] = field(default_factory=dict)
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that the artefacts of one version depend on."""

    model: str
    version: str
    stage: str
    start: datetime
    end: datetime
    settings: Integration
    blocks: tuple[Block, ...]
    """Of the stage, in the order of time."""
    earlier: tuple[Block, ...] = ()
    """Of before the stage, in the order of time, as the history is migrated."""
    excluded: int = 0
    inherited: Inherited | None = None
    track: Mapping[str, TrackEntry] = field(default_factory=dict)
    """Version → what it showed, of those that had a stage before this one ended."""
    measured: Measured = Measured()
    allocated_memory_bytes: float | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    """What could not be measured → why, in words."""

    @property
    def segments(self) -> tuple[str, ...]:
        """Every segment that had an event, or has a map already, sorted."""
        found = {name for block in (*self.earlier, *self.blocks) for name in block.scores}
        if self.inherited is not None and self.inherited.calibration is not None:
            found |= set(self.inherited.calibration.segments)
        return tuple(sorted(found))
