"""Course: what a rule read block by block, for people to see how it came to fire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from model_ratchet.core.evidence import Arm, BucketHistogram, Counts, LogHistogram, PairedCounts, QuantileCounts, Series
from model_ratchet.core.units import Scale
from model_ratchet.documents.watch import AllocationRule, DropRule, IncreaseRule, QuantileRule, RateRule
from model_ratchet.engine.watch.blocks import Block, Means, Measured, Traffic
from model_ratchet.engine.watch.rules import Rule, Subject
from model_ratchet.stats.quantiles import quantile_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One block: the value of the version, of what it is compared with, and the limit; None where there was no row, or none is.

    Rates and shares are fractions, quantiles seconds, means and resources in their base unit, silence in requests.
    """

    start: datetime
    version: float | None
    reference: float | None = None
    limit: float | None = None


def course(rule: Rule, subject: Subject, blocks: Sequence[Block]) -> tuple[Point, ...]:
    """Every block of a look-back window, in order."""
    return tuple(_point(rule, subject, block) for block in blocks)


def _point(rule: Rule, subject: Subject, block: Block) -> Point:
    mine, other = _values(rule, block)
    limit: float | None = None
    match rule:
        case DropRule() if other is not None:
            fallen = rule.above.value if rule.above.scale is Scale.ABSOLUTE else rule.above.value * other
            limit = other - fallen if subject.metrics[rule.metric].better == "higher" else other + fallen
        case IncreaseRule() if other is not None:
            limit = other * (1 + rule.above.value)
        case QuantileRule():
            limit = 1 - rule.quantile
        case RateRule():
            limit = rule.above.value
        case AllocationRule():
            limit = rule.above.value * subject.allocation.get(rule.metric, 0.0) or None
        case _:
            pass
    return Point(start=block.start, version=mine, reference=other, limit=limit)


def _values(rule: Rule, block: Block) -> tuple[float | None, float | None]:
    """Of the version, and of what it is compared with."""
    match block.candidate:
        case PairedCounts() as pairs:
            return _rate(pairs.arm(Arm.CANDIDATE)), _rate(pairs.arm(Arm.BASELINE))
        case Means() as means:
            return (
                _part(means.sum, means.rows * means.unit),
                _part(means.reference_sum, means.reference_rows * means.unit),
            )
        case Traffic() as traffic:
            return float(traffic.reported), float(traffic.sent)
        case found:
            return _value(rule, found), _value(rule, block.reference)


def _value(rule: Rule, found: Measured | None) -> float | None:
    match found:
        case Counts():
            return _rate(found)
        case QuantileCounts():
            return _part(found.n - found.at_or_below - found.unclear, found.n)
        case LogHistogram() | BucketHistogram() if isinstance(rule, IncreaseRule) and found.n:
            return quantile_value(found, rule.quantile)
        case Series() if found.points:
            return fmean(value for _, value in found.points)
        case _:
            return None


def _rate(counts: Counts) -> float | None:
    return _part(counts.successes, counts.n)


def _part(some: int, of: int) -> float | None:
    return some / of if of else None
