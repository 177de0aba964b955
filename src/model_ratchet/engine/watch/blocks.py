"""Blocks: time in pieces of one length, each read once when nothing in it can change any more.

What is asked of a source follows from the rules and from how far each has come; a source that is down is asked for the same
blocks again by the next run, so that many blocks at once are what continuous running would have read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Annotated, Literal, TypeAlias, assert_never

from pydantic import Field

from model_ratchet.core.evidence import (
    EPOCH,
    Arm,
    ArmMoments,
    BucketHistogram,
    Counts,
    Evidence,
    Interval,
    LogHistogram,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    QuantileCounts,
    Series,
    Shape,
    VersionRows,
    Window,
)
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.watch import AllocationRule, DropRule, IncreaseRule, QuantileRule, RateRule
from model_ratchet.engine.watch.rules import SilenceRule, Subject, Watched, comparative, not_applicable

STAGE = "watch"
"""The name under which needs of the watch are told from those of a stage."""
REACH = 168
"""So many blocks a run makes up for, where others did not happen or could not read: a week of hours, 14 hours of 5 minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Requests of one block: those that the router sent to the version, those that it and that others reported."""

    sent: int
    reported: int
    elsewhere: int
    shape: Literal["traffic"] = "traffic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Rows of both versions in one block, with the sums of their values in parts of 1/``unit`` and those of the squares."""

    reference_rows: int
    reference_sum: int
    reference_squares: int
    rows: int
    sum: int
    squares: int
    unit: int
    shape: Literal["means"] = "means"

    @classmethod
    def of(cls, moments: ArmMoments) -> "Means":
        """What moments of single rows hold."""
        return cls(
            reference_rows=moments.n0,
            reference_sum=moments.s0,
            reference_squares=moments.s0s0,
            rows=moments.n1,
            sum=moments.s1,
            squares=moments.s1s1,
            unit=moments.unit,
        )

    def __add__(self, other: "Means") -> "Means":
        return Means(
            reference_rows=self.reference_rows + other.reference_rows,
            reference_sum=self.reference_sum + other.reference_sum,
            reference_squares=self.reference_squares + other.reference_squares,
            rows=self.rows + other.rows,
            sum=self.sum + other.sum,
            squares=self.squares + other.squares,
            unit=self.unit,
        )


Measured: TypeAlias = Annotated[
    Counts | PairedCounts | QuantileCounts | LogHistogram | BucketHistogram | Series | Means | Traffic,
    Field(discriminator="shape"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one rule reads of one block; None where there was no row. ``concurrent`` where the reference ran through it."""

    start: datetime
    candidate: Measured | None
    reference: Measured | None = None
    concurrent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one rule asks for one block: the needs of the version, and of what it is compared with."""

    rule: str
    start: datetime
    concurrent: bool
    """The reference ran through the block; ``paired``: and both scored the same requests."""
    paired: bool
    candidate: Need
    reference: Need | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one rule has got to read: blocks in order, without a gap, and why there are no more of those that are due."""

    blocks: tuple[Block, ...] = ()
    missing: Reason | None = None


def asks(
    subject: Subject, rules: Sequence[Watched], come_to: Mapping[str, datetime], *, now: datetime
) -> tuple[Ask, ...]:
    """Every block that is due, rule by rule; ``come_to`` says where a rule goes on, and a new one begins its look-back."""
    return tuple(ask for one in rules for ask in _due(subject, one, come_to.get(one.key), now))


def needs(asked: Sequence[Ask]) -> tuple[Need, ...]:
    """What to ask the sources, each need once: a source that scans rows reads blocks that stand in one row together."""
    return tuple(dict.fromkeys(need for ask in asked for need in (ask.candidate, ask.reference) if need is not None))


def read(rules: Sequence[Watched], asked: Sequence[Ask], evidence: Evidence) -> Mapping[str, Read]:
    """The blocks of each rule as far as they could be read."""
    return {one.key: _read([ask for ask in asked if ask.rule == one.key], evidence) for one in rules}


def first_of(instant: datetime, length: timedelta) -> datetime:
    """The first instant of a block that is not before this one."""
    return EPOCH + -(-(instant - EPOCH) // length) * length


def _due(subject: Subject, one: Watched, come_to: datetime | None, now: datetime) -> Iterator[Ask]:
    if not_applicable(one.rule, subject) is not None:
        return
    labelled = not isinstance(one.rule, SilenceRule) and subject.metrics[one.rule.metric].labelled
    lasting = max(subject.late, subject.mature_after) if labelled else subject.late
    # the end of the newest block that can not change any more
    until = EPOCH + (now - lasting - EPOCH) // one.block * one.block
    earliest = until - (one.over if come_to is None else REACH * one.block)
    start = first_of(max(subject.since if come_to is None else come_to, earliest), one.block)
    while start < until:
        end = start + one.block
        yield _ask(subject, one, start, Window((Interval(start, end),), labels_until=end + lasting))
        start = end


def _ask(subject: Subject, one: Watched, start: datetime, window: Window) -> Ask:
    rule, concurrent = one.rule, subject.concurrent(start + one.block)

    def need(shape: Shape, *arms: Arm, metric: str, paired: bool = False, limit: float | None = None) -> Need:
        arms = arms or (Arm.BASELINE, Arm.CANDIDATE)
        return Need(shape=shape, window=window, metric=metric, stage=STAGE, arms=arms, paired=paired, limit=limit)

    other: Need | None = None
    match rule:
        case SilenceRule():
            mine = need(Shape.VERSION_ROWS, metric="")
            if (gateway := _gateway(subject)) is not None:
                other = need(Shape.COUNTS, Arm.CANDIDATE, metric=gateway)
        case DropRule() if subject.metrics[rule.metric].kind == "mean":
            mine = need(Shape.MOMENTS, metric=rule.metric)
        case DropRule() if concurrent and _pairs(rule, subject):
            mine = need(Shape.PAIRED_COUNTS, metric=rule.metric, paired=True)
        case DropRule() | RateRule():
            mine = need(Shape.COUNTS, Arm.CANDIDATE, metric=rule.metric)
        case QuantileRule():
            mine = need(Shape.QUANTILE_COUNTS, Arm.CANDIDATE, metric=rule.metric, limit=rule.above.value)
        case IncreaseRule():
            mine = need(Shape.LOG_HISTOGRAM, Arm.CANDIDATE, metric=rule.metric)
        case AllocationRule():
            mine = need(Shape.SERIES, Arm.CANDIDATE, metric=rule.metric)
        case _:
            assert_never(rule)
    if comparative(rule) and concurrent and len(mine.arms) == 1:
        other = need(mine.shape, Arm.BASELINE, metric=mine.metric)
    paired = concurrent and subject.reference is not None and subject.reference.paired
    return Ask(rule=one.key, start=start, concurrent=concurrent, paired=paired, candidate=mine, reference=other)


def _pairs(rule: DropRule, subject: Subject) -> bool:
    return subject.reference is not None and subject.reference.paired and not subject.metrics[rule.metric].own_source


def _gateway(subject: Subject) -> str | None:
    """A proportion of all requests that is read elsewhere than in the log: it counts what was sent."""
    found = (
        one for one in subject.metrics.values() if one.kind == "proportion" and one.own_source and not one.labelled
    )
    return next((one.name for one in found), None)


def _read(asked: Sequence[Ask], evidence: Evidence) -> Read:
    blocks: list[Block] = []
    for ask in asked:
        answers = [evidence.answer(need) if need is not None else None for need in (ask.candidate, ask.reference)]
        missing = next((reason for one in answers if (reason := _trouble(one)) is not None), None)
        if missing is not None:
            return Read(blocks=tuple(blocks), missing=missing)
        blocks.append(_block(ask, *(None if isinstance(one, Missing) else one for one in answers)))
    return Read(blocks=tuple(blocks))


def _block(ask: Ask, mine: Measurement | None, other: Measurement | None) -> Block:
    if ask.candidate.shape is Shape.VERSION_ROWS:
        rows = mine if isinstance(mine, VersionRows) else VersionRows(baseline=0, candidate=0, others=0)
        # each request that the reference saw went to the version as well, where both score the same ones
        sent = (
            (other.n if isinstance(other, Counts) else 0) if ask.reference is not None else rows.baseline * ask.paired
        )
        return Block(
            start=ask.start,
            candidate=Traffic(
                sent=sent,
                reported=rows.candidate,
                elsewhere=rows.baseline + rows.others,
            ),
            concurrent=ask.concurrent,
        )
    return Block(start=ask.start, candidate=_measured(mine), reference=_measured(other), concurrent=ask.concurrent)


def _measured(found: Measurement | None) -> Measured | None:
    """What a block holds; a need is answered in the shape that it asks for."""
    if isinstance(found, ArmMoments):
        return Means.of(found)
    kinds = Counts | PairedCounts | QuantileCounts | LogHistogram | BucketHistogram | Series
    return found if isinstance(found, kinds) else None


def _trouble(answer: Measurement | Missing | None) -> Reason | None:
    """Why an answer can't be read; that there was no row can be."""
    match answer:
        case Missing(reason=reason):
            return None if reason.why is Why.NO_ROWS else reason
        case Series(points=points) if not all(isfinite(value) for _, value in points):
            return because(Why.NOT_A_NUMBER, source="gauge", column="value", share=1.0)
        case _:
            return None
