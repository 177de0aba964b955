"""Integration: what the artefacts of a version are computed from, as needs of one stage."""

from dataclasses import dataclass
from datetime import timedelta

from model_ratchet.core.evidence import HOUR, Arm, Grouping, Interval, Need, Shape, Window

MOST_BLOCKS = 10
"""A stage is cut into at most so many blocks of active time, so that maps can be tried on what came later."""
_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationFacts:
    """Of the model file's ``integrate:``, what decides what is asked; empty names are not bound."""

    score: str
    segments: str = ""
    bets: str = ""
    market: bool = False
    latency: str = ""
    errors: str = ""
    memory: str = ""
    reach: timedelta | None = None
    """How long before the stage the events of before begin; None where none are taken over."""


@dataclass(frozen=True, slots=True)
class BlockNeeds:
    """What is asked of one stretch of time; None for what is not bound."""

    scores: Need
    bets: Need | None
    offers: Need | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNeeds:
    """What is asked for the artefacts of a version."""

    blocks: tuple[BlockNeeds, ...]
    earlier: tuple[BlockNeeds, ...]
    """Of before the stage, the oldest first."""
    labels: Need
    latency: Need | None
    errors: Need | None
    memory: Need | None

    @property
    def every(self) -> tuple[Need, ...]:
        """All of them."""
        parts = [one for block in (*self.earlier, *self.blocks) for one in (block.scores, block.bets, block.offers)]
        return tuple(one for one in (*parts, self.labels, self.latency, self.errors, self.memory) if one is not None)


def stage_needs(facts: IntegrationFacts, stage: str, window: Window) -> StageNeeds:
    """What is asked of the whole window of a stage."""
    earlier: tuple[BlockNeeds, ...] = ()
    if facts.reach is not None:
        before = Window((Interval(window.start - facts.reach, window.start),), window.labels_until)
        earlier = _cut(facts, stage, before)

    def of_candidate(shape: Shape, metric: str) -> Need | None:
        return Need(shape=shape, metric=metric, window=window, stage=stage, arms=(Arm.CANDIDATE,)) if metric else None

    return StageNeeds(
        blocks=_cut(facts, stage, window),
        earlier=earlier,
        labels=Need(shape=Shape.LABELS, metric=facts.score, window=window, stage=stage, arms=(Arm.CANDIDATE,)),
        latency=of_candidate(Shape.LOG_HISTOGRAM, facts.latency),
        errors=of_candidate(Shape.COUNTS, facts.errors),
        memory=of_candidate(Shape.SERIES, facts.memory),
    )


def _cut(facts: IntegrationFacts, stage: str, window: Window) -> tuple[BlockNeeds, ...]:
    length = block_length(window)
    starts = range(-(-window.length // length))
    return tuple(_block(facts, stage, window.part(length * k, length * (k + 1))) for k in starts)


def block_length(window: Window) -> timedelta:
    """How much active time a block has: hours that make up a day, or whole days, so that no row is read twice."""
    hours = next((hours for hours in _HOURS if window.hours <= hours * MOST_BLOCKS), None)
    return (hours or -(-window.hours // (24 * MOST_BLOCKS)) * 24) * HOUR


def _block(facts: IntegrationFacts, stage: str, window: Window) -> BlockNeeds:
    grouping = Grouping.SEGMENT if facts.segments else Grouping.TOTAL

    def of(shape: Shape, metric: str) -> Need:
        return Need(
            shape=shape,
            metric=metric,
            window=window,
            stage=stage,
            arms=(Arm.CANDIDATE,),
            grouping=grouping,
            segment=facts.segments,
        )

    return BlockNeeds(
        scores=of(Shape.SCORES, facts.score),
        bets=of(Shape.BETS, facts.bets) if facts.bets else None,
        offers=of(Shape.OFFERS, f"{facts.score}.offer") if facts.market else None,
    )
