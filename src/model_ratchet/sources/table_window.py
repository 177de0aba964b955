"""One window of a log, read: the census, the requests, the sums of both arms, and the answers that follow from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd

from sqlglot import exp

from model_ratchet.core.evidence import Clustering, Grouping, Measurement, Missing, Need, PairedMoments, Shape
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.model import Proportion
from model_ratchet.sources.engine import Engine
from model_ratchet.sources.table_answers import Read, answer, at_most, histogram_by_hour, misfit, of_pairs, stretch
from model_ratchet.sources.table_cells import ArmCells, Cell, Span
from model_ratchet.sources.table_census import (
    LEAST_CELL,
    TOLERATED,
    Census,
    others_by_hour,
    segment_counts,
    take_census,
)
from model_ratchet.sources.table_log import Log
from model_ratchet.sources.table_pairs import PairCells, without_repeats
from model_ratchet.sources.table_rows import RowForm, Segment, row_relation, told_apart
from model_ratchet.sources.table_survey import Survey, near_sizes, take_survey
from model_ratchet.sources.table_trees import ranges, score_columns, value_column
from model_ratchet.sources.table_windows import Base

Answered = Mapping[Need, Measurement | Missing]


def read_window(engine: Engine, log: Log, source: str, base: Base) -> Answered:
    """The answers to all needs of a window. ``source`` is the table that holds the log's rows.

    The survey comes first, and its census, so that nothing is judged where a row's version is not known; then the requests,
    which tell repeated rows; then the sums of each arm, over rows without repeats.
    """
    if not base.window.intervals:
        return _all(base.needs, Missing(reason=because(Why.NO_ROWS, metric="", arm="either"), lasting=False))
    grouped = {need.segment for need in base.needs if need.segment in log.segments}
    untold = tuple(Segment(name, ()) for name in log.segments if name in grouped)
    form = RowForm(
        log,
        base.window,
        tuple(log.metrics.items()),
        untold,
        arm_starts=base.starts(paired=False),
        pair_starts=base.starts(paired=True),
        step=base.step,
        labels_after=base.labels_after,
    )
    unfit = {need: what for need in base.needs if (what := misfit(need, form, pairs=log.request_id is not None))}
    asked = _Asked(base, form, tuple(need for need in base.needs if need not in unfit))
    sizes = near_sizes(engine, log, source, base.window, asked.sized())
    survey = take_survey(
        engine, form, source, clustered=bool(asked.strata(paired=False)), sizes=sizes, limits=asked.limits()
    )
    census = take_census(engine, log)
    if isinstance(census, Reason):
        return _all(base.needs, Missing(reason=census))
    asked = replace(asked, form=replace(form, segments=tuple(_told_apart(engine, form, source, census, survey))))
    rows = row_relation(asked.form, source, others=bool(census.others))
    clusters = sizes.get(log.cluster or "", 0)
    requests = _requests(engine, asked, rows, clusters)
    if isinstance(requests, Reason):
        return _all(base.needs, Missing(reason=requests))
    read, troubles = _sums(engine, asked, census, requests, survey, clusters)
    answers: dict[Need, Measurement | Missing] = {
        need: Missing(reason=because(Why.CANNOT_VERIFY, what=what)) for need, what in unfit.items()
    }
    for need in asked.needs:
        trouble = troubles.get(need.metric) or troubles.get(need.bound)
        answers[need] = Missing(reason=trouble) if trouble else answer(read, need, base.hours(need))
    return answers


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the needs of a window ask of its rows."""

    base: Base
    form: RowForm
    needs: tuple[Need, ...]

    @property
    def clustered(self) -> bool:
        return any(self.strata(paired=paired) for paired in (True, False))

    def sized(self) -> tuple[str, ...]:
        """The columns of which it must be known about how many values they hold."""
        cluster = self.form.log.cluster
        return (
            *(segment.column for segment in self.form.segments),
            *([cluster] if cluster is not None and self.clustered else []),
        )

    def strata(self, *, paired: bool) -> tuple[tuple[int, int | None], ...]:
        """The metrics, each with a segment column or none, of which moments by the cluster column are asked."""
        found = {
            (self.form.metric(need.metric), self._stratum(need)): None
            for need in self._moments(paired=paired)
            if need.clustering is Clustering.COLUMN
        }
        return tuple(found)

    def spans(self, *, paired: bool) -> tuple[Span, ...]:
        """The runs of hours of which they are asked."""
        found = {
            Span(hours.start, hours.stop, need.served_only): None
            for need in self._moments(paired=paired)
            if need.clustering is Clustering.COLUMN and (hours := self.base.hours(need))
        }
        return tuple(found)

    def numeric_pairs(self) -> tuple[int, ...]:
        """The metrics beside proportions of which pairs are asked."""
        found = {self.form.metric(need.metric) for need in self._moments(paired=True)}
        return tuple(sorted(i for i in found if not isinstance(self.form.metrics[i][1], Proportion)))

    def limits(self) -> dict[int, tuple[int, ...]]:
        """The limits at which each metric's rows are counted."""
        found: dict[int, set[int]] = {}
        for need in self.needs:
            if need.shape is Shape.QUANTILE_COUNTS and need.limit is not None:
                found.setdefault(self.form.metric(need.metric), set()).add(at_most(need.limit))
        return {metric: tuple(sorted(limits)) for metric, limits in found.items()}

    def histograms(self) -> dict[int, bool]:
        """The metrics of which histograms are asked, and whether hour by hour."""
        found: dict[int, bool] = {}
        whole = range(self.form.hours)
        for need in self.needs:
            if need.shape is Shape.LOG_HISTOGRAM:
                metric = self.form.metric(need.metric)
                by_hour = histogram_by_hour(need, whole, self.base.hours(need))
                found[metric] = found.get(metric, False) or by_hour
        return found

    def scores(self) -> dict[tuple[int, int | None], int]:
        """The forecasts of which scores are asked, each with a segment column or none, and by stretches of how many hours."""
        found: dict[tuple[int, int | None], int] = {}
        whole = range(self.base.window.hours)
        for need in self.needs:
            if need.shape in (Shape.SCORES, Shape.OFFERS):
                key = self.form.metric(need.metric), self._stratum(need)
                found[key] = gcd(found.get(key, 24), stretch(need, whole, self.base.hours(need)))
        return found

    def segments(self, *, paired: bool) -> tuple[int, ...]:
        """The segment columns by which arms, or pairs, are asked for."""
        found = {
            self.form.segment(need.segment)
            for need in self.needs
            if (need.grouping is Grouping.SEGMENT or need.shape is Shape.CATEGORIES) and of_pairs(need) == paired
        }
        return tuple(sorted(found))

    def wants(self, shape: Shape) -> bool:
        return any(need.shape is shape for need in self.needs)

    def _moments(self, *, paired: bool) -> Iterable[Need]:
        return (need for need in self.needs if need.shape is Shape.MOMENTS and need.paired == paired)

    def _stratum(self, need: Need) -> int | None:
        return self.form.segment(need.segment) if need.grouping is Grouping.SEGMENT else None


@dataclass(frozen=True, slots=True)
class _Requests:
    """The folded requests (None without request ids), the rows without repeats, and how many repeats there were."""

    pairs: PairCells | None
    rows: exp.Query
    duplicates: int = 0


def _requests(engine: Engine, asked: _Asked, rows: exp.Query, clusters: int) -> _Requests | Reason:
    log = asked.form.log
    if log.request_id is None:
        return _Requests(None, rows)
    pairs = _fold(engine, asked, rows, clusters, as_stored=True)
    requests, paired, duplicates = (
        sum(cell.sums[name] for cell in pairs.hours) for name in ("requests", "paired", "duplicates")
    )
    if paired and not log.mirrored:
        return because(Why.ID_IN_TWO_ARMS, source=log.source, column=log.request_id, rows=paired)
    if not duplicates:
        return _Requests(pairs, rows)
    share = duplicates / (requests + paired + duplicates)
    if share > TOLERATED:
        return because(Why.DUPLICATES, source=log.source, column=log.request_id, share=share)
    once = without_repeats(engine, asked.form, rows)
    return _Requests(_fold(engine, asked, once, clusters, as_stored=False), once, duplicates)


def _fold(engine: Engine, asked: _Asked, rows: exp.Query, clusters: int, *, as_stored: bool) -> PairCells:
    return PairCells(
        engine,
        asked.form,
        rows,
        segments=asked.segments(paired=True),
        numeric=asked.numeric_pairs(),
        spans=asked.spans(paired=True),
        clustered=bool(asked.strata(paired=True)),
        clusters=clusters,
        as_stored=as_stored,
    )


def _sums(
    engine: Engine, asked: _Asked, census: Census, requests: _Requests, survey: Survey, clusters: int
) -> tuple[Read, Mapping[str, Reason]]:
    """What was read, and the metrics whose values can't be trusted."""
    strata = asked.strata(paired=False)
    arms = ArmCells(
        engine,
        asked.form,
        requests.rows,
        survey=survey if not requests.duplicates else None,
        segments=asked.segments(paired=False),
        limits=asked.limits(),
        spans=asked.spans(paired=False),
        strata=[stratum for _, stratum in strata],
        clusters=clusters,
    )
    histograms = {i: arms.histogram(i, by_hour=by_hour) for i, by_hour in asked.histograms().items()}
    scores = {key: arms.scores(*key, hours=hours) for key, hours in asked.scores().items()}
    units = arms.units() if asked.wants(Shape.ROWS) and asked.form.log.unit else dict
    hours, pairs = arms.hours, requests.pairs
    read = Read(
        form=asked.form,
        census=census,
        duplicates=requests.duplicates,
        arm_hours=hours,
        arm_segments={i: arms.segment(i) for i in asked.segments(paired=False)},
        arm_moments={(metric, stratum): arms.moments(metric, stratum) for metric, stratum in strata},
        pair_hours=pairs.hours if pairs else None,
        pair_segments={i: pairs.segment(i) for i in asked.segments(paired=True)} if pairs else {},
        pair_moments=_pair_moments(pairs, asked) if pairs else {},
        histograms={i: buckets() for i, buckets in histograms.items()},
        scores={key: cells() for key, cells in scores.items()},
        units=units(),
        others=others_by_hour(engine, asked.form.log) if asked.wants(Shape.VERSION_ROWS) and census.others else {},
    )
    troubles = {name: _trouble(asked.form, i, hours) for i, (name, _) in enumerate(asked.form.metrics)}
    return read, {name: trouble for name, trouble in troubles.items() if trouble is not None}


def _pair_moments(
    pairs: PairCells, asked: _Asked
) -> Mapping[tuple[int, int | None], Mapping[tuple[Span, int], PairedMoments]]:
    strata: dict[int, list[int | None]] = {}
    for metric, stratum in asked.strata(paired=True):
        strata.setdefault(metric, []).append(stratum)
    return {
        (metric, stratum): found
        for metric, of in strata.items()
        for stratum, found in pairs.moments(metric, of).items()
    }


def _trouble(form: RowForm, i: int, cells: Sequence[Cell]) -> Reason | None:
    """Why the values of a metric can't be trusted: texts that are no numbers, unknown labels, too many absent numbers."""
    source, metric = form.log.source, form.metrics[i][1]
    marks = (f"{mark}{i}" for mark in ("mistyped", "outside", "unknown", "bad"))
    rows, mistyped, outside, unknown, bad = (sum(cell.sums.get(name, 0) for cell in cells) for name in ("n", *marks))
    if mistyped:
        column = score_columns(form.log, metric)
        return because(Why.COLUMN_MISTYPED, source=source, column=column, type="text that is no number")
    if outside:
        columns, within = score_columns(form.log, metric), ranges(metric)
        return because(Why.OUT_OF_RANGE, source=source, column=columns, rows=outside, within=within)
    if unknown:
        return because(Why.LABEL_UNKNOWN, source=source, column=value_column(metric))
    if rows and bad / rows > TOLERATED:
        return because(Why.NOT_A_NUMBER, source=source, column=score_columns(form.log, metric), share=bad / rows)
    return None


def _told_apart(engine: Engine, form: RowForm, source: str, census: Census, survey: Survey) -> Iterator[Segment]:
    """The segment columns that are asked for, each with the values that are told apart in this window."""
    for segment in form.segments:
        counts = segment_counts(engine, form, source, segment.column, census.arms, survey.segments)
        yield Segment(segment.column, told_apart(form.log.segments[segment.column], counts, LEAST_CELL))


def _all(needs: Iterable[Need], missing: Missing) -> Answered:
    return dict.fromkeys(needs, missing)
