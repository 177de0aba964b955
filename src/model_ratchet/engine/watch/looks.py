"""Looks: what the look-back window of a rule says at the end of a block, and what the block itself is bet on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from math import ceil, floor, fsum
from operator import add
from statistics import fmean
from typing import TypeVar, assert_never

from model_ratchet.core.evidence import Arm, BucketHistogram, Counts, LogHistogram, PairedCounts, QuantileCounts, Series
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import Scale
from model_ratchet.documents.watch import AllocationRule, DropRule, IncreaseRule, QuantileRule, RateRule, RowsRule
from model_ratchet.engine.watch.blocks import Block, Means, Measured, Traffic
from model_ratchet.engine.watch.recorded import hour_of_week
from model_ratchet.engine.watch.rules import Rule, SilenceRule, Subject
from model_ratchet.stats.detector import Stakes, stakes_on_arms, stakes_on_pairs, stakes_on_rate
from model_ratchet.stats.quantiles import quantile_value, rows_above

PROVEN = 0.5
"""The part of a limit on a comparison that the detector must prove; the estimate must be beyond all of it."""
RARE = 0.01
"""How many of its blocks a resource may be above a limit without being so for a cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The estimate of a look-back window, on the scale of the rule's limit.

    A drop in fractions, an increase as ratio − 1, a rate or the share of slow rows as a fraction, a resource in parts of its
    allocation, and of silence the requests without a report. ``level`` is what the reference showed, and the next block starts
    from: its rate, or its quantile in seconds.
    """

    value: float
    rows: int
    level: float | None = None
    beyond: bool
    errored: Reason | None = None


def look(rule: Rule, subject: Subject, blocks: Sequence[Block]) -> Look | Reason:
    """What the blocks of one look-back window say together, or why they say nothing. All of them are concurrent, or none is."""
    match rule:
        case DropRule():
            found = _drop(rule, subject, blocks)
        case IncreaseRule():
            found = _increase(rule, blocks)
        case QuantileRule():
            counts = _sum(QuantileCounts, (one.candidate for one in blocks))
            # rows of a bucket that holds the limit may be within it
            above = Counts(successes=counts.n - counts.at_or_below - counts.unclear, n=counts.n) if counts else None
            found = _share(above, 1 - rule.quantile)
        case RateRule():
            found = _share(_sum(Counts, (one.candidate for one in blocks)), rule.above.value)
        case AllocationRule():
            values = [value for one in blocks for value in _values(one.candidate)]
            part = fmean(values) / subject.allocation[rule.metric] if values else 0.0
            found = Look(value=part, rows=len(values), beyond=part > rule.above.value)
        case SilenceRule():
            found = _silence(rule, subject, blocks[-1])
        case _:
            assert_never(rule)
    if not isinstance(found, Look):
        return found
    least = rule.min_rows if isinstance(rule, RowsRule | SilenceRule) else 1
    return found if found.rows >= least else because(Why.TOO_FEW_ROWS, rows=found.rows, least=least)


def stakes(rule: Rule, subject: Subject, block: Block, level: float | None) -> Stakes:
    """What the rows of one block are bet on; ``level`` is that of an earlier look. None where nothing can be bet."""
    mine, other = block.candidate, block.reference
    match rule, mine, other:
        case DropRule(), Means(), _ if level is not None:
            return _stakes_on_means(rule, subject, mine, level)
        case DropRule(), PairedCounts(), _:
            return stakes_on_pairs(_oriented(rule, subject, mine), PROVEN * rule.above.value, rule.above.scale)
        case DropRule(), Counts(), Counts() if level is not None:
            before, now = (_oriented(rule, subject, one) for one in (other, mine))
            return stakes_on_arms(before, now, PROVEN * rule.above.value, level=level, scale=rule.above.scale)
        case DropRule(), Counts(), None if not block.concurrent:
            usual = _recorded(rule, subject, block.start)
            if usual is None:
                return ()
            least = usual - PROVEN * _points(rule, usual)
            return stakes_on_rate(_oriented(rule, subject, mine).turned(), _open(1 - least))
        case IncreaseRule(), LogHistogram() | BucketHistogram(), LogHistogram() | BucketHistogram() if (
            level is not None
        ):
            # within the limit no more rows are above the reference's quantile, in proportion, than of the reference itself
            slow, _ = rows_above(mine, level * (1 + PROVEN * rule.above.value))
            _, usual = rows_above(other, level)
            within = Counts(successes=mine.n - slow, n=mine.n)
            return stakes_on_arms(Counts(successes=other.n - usual, n=other.n), within, 0.0, level=rule.quantile)
        case QuantileRule(), QuantileCounts(), _:
            above = Counts(successes=mine.n - mine.at_or_below - mine.unclear, n=mine.n)
            return stakes_on_rate(above, _open(1 - rule.quantile))
        case RateRule(), Counts(), _:
            return stakes_on_rate(mine, _open(rule.above.value))
        case AllocationRule(), Series(), _:
            limit = rule.above.value * subject.allocation[rule.metric]
            values = _values(mine)
            return stakes_on_rate(Counts(successes=sum(value > limit for value in values), n=len(values)), RARE)
        case _:
            return ()


def limit_of(rule: Rule) -> str:
    """The limit of a rule as its policy spells it, empty where it has none."""
    match rule:
        case SilenceRule():
            return ""
        case AllocationRule():
            return f"{rule.above.text} of the allocation"
        case QuantileRule():
            return f"p{100 * rule.quantile:g} {rule.above.text}"
        case _:
            return rule.above.text


def _stakes_on_means(rule: DropRule, subject: Subject, means: Means, level: float) -> Stakes:
    """A value is bet on as the part of a success that it is of the largest one.

    A payoff is linear in the value and the logarithm of what it multiplies by is concave, so that this gains no more than the
    values themselves would. Where a value can't be between 0 and the largest, nothing is bet.
    """
    largest = subject.largest.get(rule.metric)
    if largest is None:
        return ()
    most, margin = largest * means.unit, PROVEN * rule.above.value
    arms = (
        (means.reference_rows, means.reference_sum, means.reference_squares),
        (means.rows, means.sum, means.squares),
    )
    if any(not 0 <= total <= most * rows or squares > most * total for rows, total, squares in arms):
        return ()
    part = level / largest
    higher = subject.metrics[rule.metric].better == "higher"
    if not higher:  # at most so much more is the same as: of it the reference has no less than so much
        arms, part, margin = (arms[1], arms[0]), part * (1 + margin), margin / (1 + margin)
    (before, before_sum, _), (now, now_sum, _) = arms
    return stakes_on_arms(
        Counts(successes=floor(before_sum / most), n=before),
        Counts(successes=min(now, ceil(now_sum / most)), n=now),
        margin,
        level=_open(part),
        scale=Scale.RELATIVE,
    )


def _fall_of_means(rule: DropRule, subject: Subject, blocks: Sequence[Block]) -> Look | Reason:
    means = _sum(Means, (one.candidate for one in blocks))
    if not blocks[-1].concurrent:
        return because(Why.REFERENCE_NOT_CONCURRENT)
    if means is None:
        return because(Why.TOO_FEW_ROWS, rows=0, least=rule.min_rows)
    reference, mine = (
        total / rows / means.unit
        for total, rows in ((means.reference_sum, means.reference_rows), (means.sum, means.rows))
    )
    if reference <= 0:
        return because(Why.NOT_APPLICABLE, because=f"the mean of {rule.metric} is not above zero")
    value = (reference - mine) / reference
    value = value if subject.metrics[rule.metric].better == "higher" else -value
    rows = min(means.reference_rows, means.rows)
    return Look(value=value, rows=rows, level=reference, beyond=value > rule.above.value)


def _drop(rule: DropRule, subject: Subject, blocks: Sequence[Block]) -> Look | Reason:
    if subject.metrics[rule.metric].kind == "mean":
        return _fall_of_means(rule, subject, blocks)
    if not blocks[-1].concurrent:
        return _fall_since(rule, subject, blocks)
    reference, mine = _arms(rule, subject, blocks)
    if reference is None or not reference.n:
        return because(Why.TOO_FEW_ROWS, rows=0, least=rule.min_rows)
    found = _fall(rule, reference.successes / reference.n, mine)
    return replace(found, rows=min(found.rows, reference.n)) if isinstance(found, Look) else found


def _fall_since(rule: DropRule, subject: Subject, blocks: Sequence[Block]) -> Look | Reason:
    """How far a rate has fallen below the recorded one of the same hours of the week, hours weighted by their rows now."""
    if rule.metric not in subject.recorded:
        return because(Why.REFERENCE_NOT_CONCURRENT)
    told = [(rate, one.candidate) for one in blocks if (rate := _recorded(rule, subject, one.start)) is not None]
    seen = [(rate, counts) for rate, counts in told if isinstance(counts, Counts) and counts.n]
    total = _sum(Counts, (counts for _, counts in seen))
    if total is None:
        return because(Why.TOO_FEW_ROWS, rows=0, least=rule.min_rows)
    before = fsum(rate * counts.n for rate, counts in seen) / total.n
    return _fall(rule, before, _oriented(rule, subject, total))


def _arms(rule: DropRule, subject: Subject, blocks: Sequence[Block]) -> tuple[Counts | None, Counts | None]:
    """The reference and the version, with the event that is wanted."""
    pairs = _sum(PairedCounts, (one.candidate for one in blocks))
    arms = (
        (pairs.arm(Arm.BASELINE), pairs.arm(Arm.CANDIDATE))
        if pairs is not None
        else (_sum(Counts, (one.reference for one in blocks)), _sum(Counts, (one.candidate for one in blocks)))
    )
    before, now = (_oriented(rule, subject, arm) if arm is not None else None for arm in arms)
    return before, now


def _fall(rule: DropRule, reference: float, mine: Counts | None) -> Look | Reason:
    """How far a rate has fallen below that of the reference."""
    if mine is None or not mine.n:
        return because(Why.TOO_FEW_ROWS, rows=0, least=rule.min_rows)
    fallen = reference - mine.successes / mine.n
    value = fallen if rule.above.scale is Scale.ABSOLUTE or not reference else fallen / reference
    return Look(value=value, rows=mine.n, level=reference, beyond=value > rule.above.value)


def _increase(rule: IncreaseRule, blocks: Sequence[Block]) -> Look | Reason:
    if not blocks[-1].concurrent:
        return because(Why.REFERENCE_NOT_CONCURRENT)
    reference, mine = _histogram([one.reference for one in blocks]), _histogram([one.candidate for one in blocks])
    if reference is None or mine is None or not reference.n or not mine.n:
        return because(Why.TOO_FEW_ROWS, rows=0, least=rule.min_rows)
    usual = quantile_value(reference, rule.quantile)
    value = quantile_value(mine, rule.quantile) / usual - 1 if usual > 0 else 0.0
    return Look(value=value, rows=min(reference.n, mine.n), level=usual, beyond=value > rule.above.value)


def _share(counts: Counts | None, limit: float) -> Look:
    if counts is None or not counts.n:
        return Look(value=0.0, rows=0, beyond=False)
    value = counts.successes / counts.n
    return Look(value=value, rows=counts.n, beyond=value > limit)


def _silence(rule: SilenceRule, subject: Subject, block: Block) -> Look:
    traffic = block.candidate
    if not isinstance(traffic, Traffic):
        return Look(value=0.0, rows=0, beyond=False)
    unheard = traffic.sent >= rule.min_rows and not traffic.reported
    return Look(
        value=float(traffic.sent) if unheard else 0.0,
        rows=traffic.sent,
        beyond=unheard,
        # nobody reports: it is the log that is silent
        errored=because(Why.NO_ROWS, metric="", arm=subject.version) if unheard and not traffic.elsewhere else None,
    )


_Sum = TypeVar("_Sum", Counts, PairedCounts, Means, QuantileCounts, LogHistogram, BucketHistogram)


def _sum(kind: type[_Sum], parts: Iterable[Measured | None]) -> _Sum | None:
    """All of one kind together, None where there is none."""
    of_kind = [one for one in parts if isinstance(one, kind)]
    return reduce(add, of_kind[1:], of_kind[0]) if of_kind else None


def _histogram(parts: Sequence[Measured | None]) -> LogHistogram | BucketHistogram | None:
    return _sum(LogHistogram, parts) or _sum(BucketHistogram, parts)


_Table = TypeVar("_Table", Counts, PairedCounts)


def _oriented(rule: DropRule, subject: Subject, table: _Table) -> _Table:
    """With the event that is wanted."""
    return table if subject.metrics[rule.metric].better == "higher" else table.turned()


def _recorded(rule: DropRule, subject: Subject, start: datetime) -> float | None:
    """The recorded rate of the event that is wanted, in the same hour of the week where hours are known; None where none is."""
    rate = subject.recorded.get(rule.metric)
    if rate is None:
        return None
    if rule.metric in subject.recorded_hours:
        counts = subject.recorded_hours[rule.metric].get(hour_of_week(start))
        if counts is None or not counts.n:
            return None
        rate = counts.successes / counts.n
    return rate if subject.metrics[rule.metric].better == "higher" else 1 - rate


def _points(rule: DropRule, reference: float) -> float:
    return rule.above.value if rule.above.scale is Scale.ABSOLUTE else rule.above.value * reference


def _values(measured: Measured | None) -> tuple[float, ...]:
    return tuple(value for _, value in measured.points) if isinstance(measured, Series) else ()


def _open(rate: float) -> float:
    """A rate that can be bet on: neither never nor always."""
    return min(max(rate, 1e-9), 1 - 1e-9)
