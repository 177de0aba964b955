"""Worse: what evidence turns into when something of it is taken away, emptied, or is another's."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

from model_ratchet.core.evidence import (
    Arm,
    ArmMoments,
    ArmRows,
    BucketHistogram,
    Categories,
    Counts,
    Document,
    Grouping,
    Groups,
    Labels,
    LogHistogram,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    PairedMoments,
    QuantileCounts,
    Rows,
    Series,
    Shape,
    Simple,
    Suite,
)
from model_ratchet.core.moments import arm_moments, paired_moments
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import Bets, Scores

Answer: TypeAlias = Measurement | Missing
Worsen: TypeAlias = Callable[[Need, Measurement], Answer]
"""What becomes of the answer to a need; the same object where nothing does."""

NOTHING = Missing(reason=because(Why.NO_ROWS, metric="the metric", arm="candidate"), lasting=False)
UNREACHABLE = Missing(reason=because(Why.SOURCE_UNREACHABLE, source="a source", status="503"))


def of_parts(worsen: Worsen) -> Worsen:
    """The same of each part of an answer that has parts."""

    def whole(need: Need, answer: Measurement) -> Answer:
        if not isinstance(answer, Groups):
            return worsen(need, answer)
        found = [(name, worsen(need, one)) for name, one in answer]
        kept = tuple((name, one) for name, one in found if not isinstance(one, Missing | Groups))
        return answer if kept == answer.groups else Groups(groups=kept)

    return whole


def emptied(need: Need, answer: Measurement) -> Answer:
    """Counts, sums and histograms of no row at all."""
    match answer:
        case Counts() | PairedCounts() | QuantileCounts() | PairedMoments() | ArmMoments():
            return _of_rows(need, answer, 0)
        case LogHistogram():
            return LogHistogram(buckets=())
        case BucketHistogram():
            return BucketHistogram(buckets=())
        case Scores():
            return Scores.nothing()
        case Bets():
            return Bets.nothing()
        case Series():
            return Series(points=())
        case Categories():
            return Categories(counts=())
        case Suite():
            return Suite(passed=0, failed=0, skipped=0)
        case _:
            return answer


def of_few(rows: int) -> Worsen:
    """The same of a handful of rows, all of which speak for the candidate."""

    def few(need: Need, answer: Measurement) -> Answer:
        match answer:
            case Groups(groups=((name, first), *_)):
                kept = few(need, first)
                return Groups(groups=() if isinstance(kept, Missing | Groups) else ((name, kept),))
            case Counts() | PairedCounts() | QuantileCounts() | PairedMoments() | ArmMoments():
                return _of_rows(need, answer, rows)
            case LogHistogram(buckets=buckets):
                return LogHistogram(buckets=((buckets[0][0], rows),) if buckets else ())
            case Series(points=points):
                return Series(points=points[:1])
            case Categories(counts=counts):
                return Categories(counts=tuple((name, rows // 2) for name, _ in counts))
            case Scores() | Bets():
                return emptied(need, answer)
            case _:
                return answer

    return few


def _of_rows(need: Need, answer: Simple, rows: int) -> Simple:
    good = 0 if isinstance(answer, Counts) and not answer.successes else rows
    match answer:
        case Counts():
            return Counts(successes=good, n=rows)
        case PairedCounts():
            return PairedCounts(both=0, only_baseline=0, only_candidate=rows, neither=0)
        case QuantileCounts():
            return QuantileCounts(at_or_below=rows, n=rows, maximum=(need.limit or 1.0) / 10 if rows else None)
        case PairedMoments(unit=unit):
            return paired_moments([(1, 0, unit)] * rows, unit=unit)
        case ArmMoments(unit=unit):
            return arm_moments([(1, 0, 1, unit)] * rows, unit=unit)
        case _:
            return answer


def no_number(value: float) -> Worsen:
    """Gauges that are no number."""

    def worsened(need: Need, answer: Measurement) -> Answer:
        del need
        match answer:
            case Series(points=points):
                return Series(points=tuple((hour, value) for hour, _ in points))
            case QuantileCounts():
                return replace(answer, at_or_below=0, maximum=value)
            case _:
                return answer

    return worsened


def no_baseline(need: Need, answer: Measurement) -> Answer:
    """Nothing of the baseline, which then compares with nothing."""
    if isinstance(answer, Rows):
        return replace(answer, baseline=ArmRows(rows=0, served=0), paired=0)
    if need.arms == (Arm.BASELINE,):
        return Labels(labelled=0, rows=0) if isinstance(answer, Labels) else of_parts(emptied)(need, answer)
    if isinstance(answer, PairedCounts | PairedMoments | ArmMoments) or need.shape is Shape.PAIRED_COUNTS:
        return NOTHING
    return answer


def another_shape(need: Need, answer: Measurement) -> Answer:
    """Something else than was asked for."""
    del answer
    return (
        Document(path="odd.md", sections=())
        if need.shape is not Shape.DOCUMENT
        else Suite(passed=9, failed=0, skipped=0)
    )


def one_group(need: Need, answer: Measurement) -> Answer:
    """The first value of a segment alone."""
    if need.grouping is not Grouping.SEGMENT or not isinstance(answer, Groups):
        return answer
    return Groups(groups=answer.groups[:1])


def same_answers(need: Need, answer: Measurement) -> Answer:
    """Both versions did the same, row by row."""
    del need
    match answer:
        case PairedCounts():
            right = answer.both + answer.only_baseline
            return PairedCounts(both=right, only_baseline=0, only_candidate=0, neither=answer.n - right)
        case Counts(n=n):
            return Counts(successes=n // 2, n=n)
        case PairedMoments():
            return replace(answer, candidate=answer.baseline, md=0, dd=0)
        case ArmMoments(unit=unit):
            return arm_moments([(1000, 500 * unit, 1000, 500 * unit)] * 200, unit=unit)
        case LogHistogram():
            return LogHistogram(buckets=((500, answer.n),))
        case Scores():
            return Scores(
                bins=((480, 100, 50, 50 * 10**9),), brier=25 * 10**9, log_loss=69 * 10**9, spread=0, variance=0
            )
        case _:
            return answer


def tiny_difference(need: Need, answer: Measurement) -> Answer:
    """Ten million rows, of which a hundredth of a percentage point more is right by the candidate."""
    n = 10_000_000
    match answer:
        case PairedCounts():
            return PairedCounts(
                both=n // 2,
                only_baseline=n // 100,
                only_candidate=n // 100 + n // 10_000,
                neither=n // 2 - n // 50 - n // 10_000,
            )
        case Counts():
            more = n // 10_000 if need.arms == (Arm.CANDIDATE,) else 0
            return Counts(successes=n // 2 + more, n=n)
        case PairedMoments(unit=unit):
            return paired_moments([(n // 1000, n // 2000 * unit, (n // 2000 + 1) * unit)] * 1000, unit=unit)
        case ArmMoments(unit=unit):
            rows = n // 1000
            return arm_moments([(rows, rows // 2 * unit, rows, (rows // 2 + 1) * unit)] * 1000, unit=unit)
        case _:
            return answer


def slow(share: float) -> Worsen:
    """A share of the rows is above the limit."""

    def worsened(need: Need, answer: Measurement) -> Answer:
        del need
        if isinstance(answer, QuantileCounts) and answer.n:
            above = max(1, round(share * answer.n))
            return QuantileCounts(at_or_below=answer.n - above, n=answer.n, maximum=1e6)
        if isinstance(answer, LogHistogram) and answer.n:
            above = max(1, round(share * answer.n))
            return LogHistogram(buckets=((400, answer.n - above), (1_400, above)))
        return answer

    return worsened


def five_of_six(need: Need, answer: Measurement) -> Answer:
    """Five errors in six rows."""
    return Counts(successes=5, n=6) if isinstance(answer, Counts) and need.arms == (Arm.CANDIDATE,) else answer


def two_clusters(need: Need, answer: Measurement) -> Answer:
    """As many rows as before, in two clusters."""
    del need
    match answer:
        case PairedMoments(unit=unit, n=n):
            return paired_moments([(n // 2, 0, n // 4 * unit), (n // 2, 0, n // 3 * unit)], unit=unit)
        case ArmMoments(unit=unit, n0=n0, n1=n1):
            return arm_moments(
                [(n0 // 2, 0, n1 // 2, n1 // 4 * unit), (n0 // 2, 0, n1 // 2, n1 // 3 * unit)], unit=unit
            )
        case _:
            return answer


def worse_in_each(need: Need, answer: Measurement) -> Answer:
    """The candidate is worse in each value of a segment."""
    if need.grouping is not Grouping.SEGMENT or not isinstance(answer, Groups):
        return answer
    return Groups(groups=tuple((name, _turned(need, one)) for name, one in answer))


def _turned(need: Need, one: Simple) -> Simple:
    match one:
        case PairedCounts():
            return replace(one, only_baseline=one.only_candidate, only_candidate=one.only_baseline)
        case PairedMoments():
            return replace(one, baseline=one.candidate, candidate=one.baseline, md=-one.md)
        case Counts(n=n):
            return Counts(successes=n // 2 if need.arms == (Arm.CANDIDATE,) else n * 9 // 10, n=n)
        case ArmMoments(unit=unit):
            return arm_moments([(1000, 900 * unit, 1000, (500 + at % 3) * unit) for at in range(200)], unit=unit)
        case _:
            return one


def rows_of(worsen: Callable[[Rows, Need], Rows]) -> Worsen:
    """Another survey of the log."""

    def worsened(need: Need, answer: Measurement) -> Answer:
        return worsen(answer, need) if isinstance(answer, Rows) else answer

    return worsened


def stale(rows: Rows, need: Need) -> Rows:
    """The newest row is as old as the window allows, three days at most."""
    if need.window is None:
        return rows
    return replace(rows, newest=max(need.window.start, need.window.end - timedelta(days=3)))


def gapped(rows: Rows, need: Need) -> Rows:
    """Twenty hours in the middle are without a row; a short window has none but its first."""
    hours = need.window.hours if need.window is not None else 0
    first = min(10, max(1, hours // 3))
    gap = range(first, first + 20)
    return replace(rows, by_hour=tuple((hour, n) for hour, n in rows.by_hour if hour not in gap))


def nobody(rows: Rows, need: Need) -> Rows:
    """Nothing was asked of the candidate."""
    del need
    return replace(rows, candidate=ArmRows(rows=0, served=0), paired=0)


def starved(rows: Rows, need: Need) -> Rows:
    """The candidate got an eighth of the users that it should have."""
    del need
    units = rows.candidate.units // 8
    moved = rows.candidate.units - units
    return replace(
        rows,
        candidate=replace(rows.candidate, units=units),
        baseline=replace(rows.baseline, units=rows.baseline.units + moved),
    )


def mixed(rows: Rows, need: Need) -> Rows:
    """A third of the candidate's rows come from another artifact."""
    del need
    if not rows.candidate.digests:
        return rows
    digest, n = rows.candidate.digests[0]
    other = "sha256:" + "ef" * 32
    return replace(rows, candidate=replace(rows.candidate, digests=((digest, n - n // 3), (other, n // 3))))


def unlabelled(need: Need, answer: Measurement) -> Answer:
    """Labels have come for one in ten of the candidate's rows."""
    if isinstance(answer, Labels) and need.arms == (Arm.CANDIDATE,):
        return Labels(labelled=answer.rows // 10, rows=answer.rows)
    return answer


def differs(before: Iterable[tuple[Need, Answer]], after: Iterable[tuple[Need, Answer]]) -> bool:
    """Whether anything has become of it."""
    return any(one is not other and one != other for (_, one), (_, other) in zip(before, after, strict=True))
