"""Measurements from sums: what a need asks for, added up from the cells of a window."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import gcd
from typing import TypeVar

from model_ratchet.core.evidence import (
    Arm,
    ArmMoments,
    ArmRows,
    Categories,
    Clustering,
    Counts,
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
    Shape,
    Simple,
    VersionRows,
)
from model_ratchet.core.offers import Offers
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import Bets, Scores
from model_ratchet.documents.model import DurationMetric, Mean, Proportion
from model_ratchet.sources.table_cells import Cell, ScoreCell, Span
from model_ratchet.sources.table_census import Census
from model_ratchet.sources.table_kinds import MICRO, Forecast, Offer, Wager
from model_ratchet.sources.table_moments import arm_moments, holds_rows, paired_moments
from model_ratchet.sources.table_pairs import PairCell
from model_ratchet.sources.table_rows import RowForm
from model_ratchet.sources.table_time import instant_at

C = TypeVar("C", Cell, PairCell, ScoreCell)

_ONE_ARM = {
    Shape.LABELS,
    Shape.COUNTS,
    Shape.QUANTILE_COUNTS,
    Shape.LOG_HISTOGRAM,
    Shape.SCORES,
    Shape.OFFERS,
    Shape.BETS,
    Shape.CATEGORIES,
}
_PROPORTIONS = {Shape.COUNTS, Shape.PAIRED_COUNTS}
_NUMBERS = {Shape.QUANTILE_COUNTS, Shape.LOG_HISTOGRAM}
_TIMES = {Grouping.HOUR, Grouping.DAY}
_WHOLE_ONLY = {Shape.LOG_HISTOGRAM}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """All that was read of one window. Pairs are None where the table has no request ids."""

    form: RowForm
    census: Census
    arm_hours: tuple[Cell, ...]
    arm_segments: Mapping[int, tuple[Cell, ...]]
    pair_hours: tuple[PairCell, ...] | None = None
    pair_segments: Mapping[int, tuple[PairCell, ...]] = field(default_factory=dict)
    arm_moments: Mapping[tuple[int, int | None], Mapping[tuple[Span, int], ArmMoments]] = field(default_factory=dict)
    pair_moments: Mapping[tuple[int, int | None], Mapping[tuple[Span, int], PairedMoments]] = field(
        default_factory=dict
    )
    histograms: Mapping[int, tuple[tuple[Arm, bool, int, int, int], ...]] = field(default_factory=dict)
    """By metric: arm, served, hour, bucket, rows. The hour is 0 where none was asked for."""
    scores: Mapping[tuple[int, int | None], tuple[ScoreCell, ...]] = field(default_factory=dict)
    """By forecast and segment column."""
    duplicates: int = 0
    units: Mapping[Arm, int] = field(default_factory=dict)
    others: Mapping[int, int] = field(default_factory=dict)
    """Rows of other known versions by hour, where they were asked for."""


def misfit(need: Need, form: RowForm, *, pairs: bool) -> str | None:
    """Why a table can't be asked for this, whatever its rows are; None where it can."""
    metric = dict(form.metrics).get(need.metric)
    proportion = isinstance(metric, Proportion)
    by_cluster = need.shape is Shape.MOMENTS and need.clustering is Clustering.COLUMN
    of_rows = need.shape in (Shape.ROWS, Shape.VERSION_ROWS, Shape.CATEGORIES)
    checks = (
        (need.shape not in (*_WHOLE, *_OF_ARMS, Shape.PAIRED_COUNTS), "not from a log"),
        (not of_rows and metric is None, f"no such metric in source {form.log.source}"),
        (need.shape in _ONE_ARM and len(need.arms) != 1, "asked of two versions at once"),
        (need.shape in _PROPORTIONS and not proportion, "not a proportion"),
        (need.shape in _NUMBERS and not isinstance(metric, DurationMetric | Mean), "not a number"),
        (need.shape is Shape.SCORES and not isinstance(metric, Forecast), "not a probability"),
        (need.shape is Shape.OFFERS and not isinstance(metric, Offer), "not beside a market"),
        (need.shape is Shape.BETS and not isinstance(metric, Wager), "no bets"),
        (need.shape is Shape.MOMENTS and isinstance(metric, Forecast), "no score of it is named"),
        (need.shape is Shape.QUANTILE_COUNTS and need.limit is None, "no limit"),
        (of_pairs(need) and not pairs, f"no request ids in source {form.log.source}"),
        (of_pairs(need) and need.served_only, "a pair holds a mirrored row"),
        (need.grouping in _TIMES and (by_cluster or of_rows), f"not by {need.grouping}"),
        (need.grouping is Grouping.DAY and need.shape is Shape.LOG_HISTOGRAM, "not by day"),
        (need.grouping is Grouping.SEGMENT and (of_rows or need.shape in _WHOLE_ONLY), "not by segment"),
        (by_cluster and form.log.cluster is None, "no cluster is bound"),
    )
    subject = f"{need.shape} of {need.metric or 'the log'}"
    return next((f"{subject}: {what}" for holds, what in checks if holds), None)


def answer(read: Read, need: Need, hours: range) -> Measurement | Missing:
    """The measurement that a need asks for over some hours of a window; missing, and not for good, where no row counts."""
    if need.shape in _WHOLE:
        return _WHOLE[need.shape](read, need, hours)
    if need.shape is Shape.MOMENTS and need.clustering is Clustering.COLUMN:
        return _cluster_moments(read, need, hours)
    if of_pairs(need):
        measure = _paired_counts if need.shape is Shape.PAIRED_COUNTS else _moments_of_pairs
        return _grouped(read, need, hours, _pair_cells(read, need), measure)
    return _grouped(read, need, hours, _arm_cells(read, need), _OF_ARMS[need.shape])


def at_most(limit: float) -> int:
    """A limit in millionths of the base unit, rounded down: values are whole millionths."""
    return int(Decimal(repr(limit)) * MICRO // 1)


def of_pairs(need: Need) -> bool:
    """Whether a need is about requests in both arms."""
    return need.shape is Shape.PAIRED_COUNTS or need.paired


def histogram_by_hour(need: Need, whole: range, hours: range) -> bool:
    """Whether a histogram must be read hour by hour to answer a need."""
    return need.grouping is Grouping.HOUR or hours != whole


def stretch(need: Need, whole: range, hours: range) -> int:
    """The longest stretch of hours, at most a day, of which what a need asks for is made."""
    if need.grouping is Grouping.HOUR:
        return 1
    ends = [hours.start] if hours.stop == whole.stop else [hours.start, hours.stop]
    return gcd(24, *ends)


def _no_rows(need: Need) -> Missing:
    arm = "pair" if of_pairs(need) else " or ".join(need.arms)
    return Missing(reason=because(Why.NO_ROWS, metric=need.metric, arm=arm), lasting=False)


def _arm_cells(read: Read, need: Need) -> Iterator[Cell]:
    by_segment = need.grouping is Grouping.SEGMENT or need.shape is Shape.CATEGORIES
    cells = read.arm_segments[read.form.segment(need.segment)] if by_segment else read.arm_hours
    return (cell for cell in cells if cell.arm in need.arms and (cell.served or not need.served_only))


def _pair_cells(read: Read, need: Need) -> Iterator[PairCell]:
    if need.grouping is Grouping.SEGMENT:
        return iter(read.pair_segments[read.form.segment(need.segment)])
    return iter(read.pair_hours or ())


def _grouped(
    read: Read,
    need: Need,
    hours: range,
    cells: Iterable[C],
    measure: Callable[[Read, Need, list[C]], Simple | None],
) -> Measurement | Missing:
    """One measurement of all cells, or one for each group that has any row to count."""
    groups: dict[str, list[C]] = defaultdict(list)
    key = _key(read, need, hours)
    for cell in cells:
        if cell.hour in hours:
            groups[key(cell)].append(cell)
    found = {key: measured for key, members in groups.items() if (measured := measure(read, need, members)) is not None}
    if not found:
        return _no_rows(need)
    if need.grouping is Grouping.TOTAL:
        return found[""]
    order = sorted(found, key=int) if need.grouping in _TIMES else sorted(found)
    return Groups(groups=tuple((key, found[key]) for key in order))


def _key(read: Read, need: Need, hours: range) -> Callable[[Cell | PairCell | ScoreCell], str]:
    """The group that a cell belongs to."""
    match need.grouping:
        case Grouping.TOTAL:
            return lambda _: ""
        case Grouping.HOUR:
            return lambda cell: str(cell.hour - hours.start)
        case Grouping.DAY:
            return lambda cell: str((cell.hour - hours.start) // 24)
        case Grouping.SEGMENT:
            segment = read.form.segments[read.form.segment(need.segment)]
            names = [segment.name(code) for code in range(segment.size)]
            return lambda cell: names[cell.code]


def _sum(cells: Iterable[Cell | PairCell], name: str) -> int:
    return sum([cell.sums.get(name, 0) for cell in cells])


def _counts(read: Read, need: Need, cells: list[Cell]) -> Counts | None:
    i = read.form.metric(need.metric)
    n = _sum(cells, f"n{i}")
    return Counts(successes=_sum(cells, f"s{i}"), n=n) if n else None


def _labels(read: Read, need: Need, cells: list[Cell]) -> Labels | None:
    i = read.form.metric(need.metric)
    excluded = _sum(cells, f"excluded{i}")
    rows = _sum(cells, "n") - _sum(cells, f"bad{i}") - _sum(cells, f"idle{i}") - excluded
    return Labels(labelled=_sum(cells, f"n{i}"), rows=rows, excluded=excluded) if rows else None


def _quantile_counts(read: Read, need: Need, cells: list[Cell]) -> QuantileCounts | None:
    i = read.form.metric(need.metric)
    n = _sum(cells, f"n{i}")
    if not n:
        return None
    largest = max(cell.sums[f"max{i}"] for cell in cells if cell.sums[f"n{i}"])
    below = _sum(cells, f"atmost{i}_{at_most(need.limit or 0.0)}")
    return QuantileCounts(at_or_below=below, n=n, maximum=largest / MICRO)


def _scores(read: Read, need: Need, hours: range) -> Measurement | Missing:
    stratum = read.form.segment(need.segment) if need.grouping is Grouping.SEGMENT else None
    cells = read.scores[read.form.metric(need.metric), stratum]
    mine = (cell for cell in cells if cell.arm in need.arms and (cell.served or not need.served_only))
    return _grouped(read, need, hours, mine, _offers if need.shape is Shape.OFFERS else _histogram_of_scores)


def _offers(read: Read, need: Need, cells: list[ScoreCell]) -> Offers | None:
    del read, need
    bins: dict[int, tuple[int, int, int, int]] = defaultdict(lambda: (0, 0, 0, 0))
    for cell in cells:
        n, came, market, model = bins[cell.bin]
        more = cell.sums
        bins[cell.bin] = (n + more[0], came + more[1], market + more[2], model + more[3])
    return Offers(bins=tuple((place, *sums) for place, sums in sorted(bins.items()))) if bins else None


def _histogram_of_scores(read: Read, need: Need, cells: list[ScoreCell]) -> Scores | None:
    del read, need
    bins: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    sums = [0, 0, 0, 0]
    for cell in cells:
        bins[cell.bin] = [mine + more for mine, more in zip(bins[cell.bin], cell.sums[:3], strict=True)]
        sums = [mine + more for mine, more in zip(sums, cell.sums[3:], strict=True)]
    if not bins:
        return None
    brier, log_loss, spread, variance = sums
    found = tuple((place, n, came, p) for place, (n, came, p) in sorted(bins.items()))
    return Scores(bins=found, brier=brier, log_loss=log_loss, spread=spread, variance=variance)


def _bets(read: Read, need: Need, cells: list[Cell]) -> Bets | None:
    names = dict(read.form.metrics)
    i = read.form.metric(need.metric)
    pushes = _sum(cells, f"excluded{i}")
    if not _sum(cells, f"n{i}") and not pushes:
        return None

    def summed(part: str, letter: str = "s") -> int:
        name = f"{need.metric}.{part}"
        return _sum(cells, f"{letter}{read.form.metric(name)}") if name in names else 0

    return Bets(
        n=_sum(cells, f"n{i}"),
        won=summed("won"),
        pushes=pushes,
        staked=_sum(cells, f"s{i}"),
        profit=summed("profit"),
        squares=summed("profit", "q"),
        lost=summed("lost"),
        break_even=summed("break_even"),
        closed=summed("line", "n"),
        beaten=summed("beaten"),
        line=summed("line"),
        fair=summed("edge", "n"),
        edge=summed("edge"),
    )


def _paired_counts(read: Read, need: Need, cells: list[PairCell]) -> PairedCounts | None:
    i = read.form.metric(need.metric)
    m, b, c, dd = (_sum(cells, f"{name}{i}") for name in ("m", "b", "c", "dd"))
    both = (b + c - dd) // 2
    if not m:
        return None
    return PairedCounts(both=both, only_baseline=b - both, only_candidate=c - both, neither=m - b - c + both)


def _moments_of_pairs(read: Read, need: Need, cells: list[PairCell]) -> PairedMoments | None:
    i = read.form.metric(need.metric)
    return paired_moments(cells, i, need.clustering, unit=read.form.unit(i))


def _moments_of_arms(read: Read, need: Need, cells: list[Cell]) -> ArmMoments | None:
    i = read.form.metric(need.metric)
    return arm_moments(cells, i, need.clustering, unit=read.form.unit(i))


def _cluster_moments(read: Read, need: Need, hours: range) -> Measurement | Missing:
    """The moments by the cluster column, which were summed where the rows are."""
    span = Span(hours.start, hours.stop, need.served_only)
    stratum = read.form.segment(need.segment) if need.grouping is Grouping.SEGMENT else None
    asked = (read.form.metric(need.metric), stratum)
    moments: Mapping[tuple[Span, int], PairedMoments | ArmMoments]
    moments = read.pair_moments[asked] if need.paired else read.arm_moments[asked]
    found = {code: value for (of, code), value in moments.items() if of == span and holds_rows(value)}
    if not found:
        return _no_rows(need)
    if stratum is None:
        return found[0]
    segment = read.form.segments[stratum]
    return Groups(groups=tuple(sorted((segment.name(code), value) for code, value in found.items())))


def _histogram(read: Read, need: Need, hours: range) -> Measurement | Missing:
    i = read.form.metric(need.metric)
    groups: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for arm, served, hour, bucket, rows in read.histograms[i]:
        if arm in need.arms and (served or not need.served_only) and hour in hours:
            groups[hour - hours.start if need.grouping is Grouping.HOUR else 0][bucket] += rows
    found = {key: LogHistogram(buckets=tuple(sorted(buckets.items()))) for key, buckets in sorted(groups.items())}
    if not found:
        return _no_rows(need)
    if need.grouping is Grouping.TOTAL:
        return found[0]
    return Groups(groups=tuple((str(key), histogram) for key, histogram in found.items()))


def _categories(read: Read, need: Need, hours: range) -> Measurement | Missing:
    segment = read.form.segments[read.form.segment(need.segment)]
    counts: dict[str, int] = defaultdict(int)
    for cell in _arm_cells(read, need):
        if cell.hour in hours and cell.served:
            counts[segment.name(cell.code)] += cell.sums["n"]
    return Categories(counts=tuple(sorted(counts.items()))) if counts else _no_rows(need)


def _rows(read: Read, need: Need, hours: range) -> Measurement | Missing:
    del need
    cells = [cell for cell in read.arm_hours if cell.hour in hours]
    if not cells:
        return Missing(reason=because(Why.NO_ROWS, metric="", arm="either"), lasting=False)
    by_hour: dict[int, int] = defaultdict(int)
    for cell in cells:
        by_hour[cell.hour - hours.start] += cell.sums["n"]
    pairs = read.pair_hours or ()
    return Rows(
        baseline=_arm_rows(read, Arm.BASELINE, cells),
        candidate=_arm_rows(read, Arm.CANDIDATE, cells),
        requests=_sum(pairs, "requests"),
        paired=_sum(pairs, "paired"),
        duplicates=read.duplicates,
        others=read.census.others,
        by_hour=tuple(sorted(by_hour.items())),
        newest=instant_at(read.form.window, max(cell.sums["last"] for cell in cells)),
    )


def _version_rows(read: Read, need: Need, hours: range) -> Measurement | Missing:
    rows = {arm: _sum((cell for cell in read.arm_hours if cell.arm is arm and cell.hour in hours), "n") for arm in Arm}
    others = sum(read.others.get(hour, 0) for hour in hours)
    if not others and not any(rows.values()):
        return _no_rows(need)
    return VersionRows(baseline=rows[Arm.BASELINE], candidate=rows[Arm.CANDIDATE], others=others)


def _arm_rows(read: Read, arm: Arm, cells: Iterable[Cell]) -> ArmRows:
    mine = [cell for cell in cells if cell.arm is arm]
    return ArmRows(
        rows=_sum(mine, "n"),
        served=_sum((cell for cell in mine if cell.served), "n"),
        units=read.units.get(arm, 0),
        not_a_number=_sum(mine, "bad"),
        digests=read.census.digests[arm] if read.census.digests is not None else None,
    )


_WHOLE = {
    Shape.ROWS: _rows,
    Shape.VERSION_ROWS: _version_rows,
    Shape.CATEGORIES: _categories,
    Shape.LOG_HISTOGRAM: _histogram,
    Shape.SCORES: _scores,
    Shape.OFFERS: _scores,
}
_OF_ARMS: Mapping[Shape, Callable[[Read, Need, list[Cell]], Simple | None]] = {
    Shape.LABELS: _labels,
    Shape.COUNTS: _counts,
    Shape.QUANTILE_COUNTS: _quantile_counts,
    Shape.MOMENTS: _moments_of_arms,
    Shape.BETS: _bets,
}
