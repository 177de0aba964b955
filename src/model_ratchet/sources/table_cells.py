"""Sums over the rows of a log: by arm, exposure and hour, by segment and by cluster, each exact and additive.

They come from joint tables of sums: that of the survey, and one reading of the rows for each combination of segment columns and
clusters that the survey does not hold. Every further question is asked of these tables instead of the rows.
"""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlglot import exp

from model_ratchet.core.evidence import Arm, ArmMoments
from model_ratchet.sources.engine import Engine, Later
from model_ratchet.sources.table_census import CLASSES, arm_class
from model_ratchet.sources.table_forecasts import bin_sums, offer_sums
from model_ratchet.sources.table_kinds import Offer
from model_ratchet.sources.table_rows import RowForm, segment_code, with_codes
from model_ratchet.sources.table_sql import (
    Tree,
    as_wide,
    call,
    cast,
    choose,
    column,
    every,
    flag,
    grouped_by,
    how_many,
    named,
    negate,
    number,
    table,
    text,
    there,
    total,
    values,
    within,
)
from model_ratchet.sources.table_survey import MOST_CELLS, SURVEY, Survey, measures

_MOST_STARTS = 32
_LOG_BASE = 0.01980262729617973  # ln 1.02
_ARMS = {0: Arm.BASELINE, 1: Arm.CANDIDATE}


class Cell(NamedTuple):
    """The sums of one arm's rows, served or mirrored, in one hour; ``code`` is the segment's, where one was asked for.

    By segment, the hour is the first of the stretch of hours that is told apart.
    The largest value is None where there is none.
    """

    arm: Arm
    served: bool
    hour: int
    code: int
    sums: Mapping[str, int]


class ScoreCell(NamedTuple):
    """The forecasts of one arm's rows in one bin, on one day of the window or in one hour of it, and of one segment code.

    ``sums`` are rows, rows whose event came, Σp, Σ(p − y)², Σ log loss, Σ spread and Σ variance.
    """

    arm: Arm
    served: bool
    hour: int
    """The first of the day."""
    code: int
    bin: int
    sums: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A run of hours of which cluster moments are asked, with or without the mirrored rows."""

    first: int
    last: int
    served_only: bool = False


@dataclass(frozen=True, slots=True)
class _Joint:
    name: str
    dimensions: frozenset[str]
    by_hour: bool


class ArmCells:
    """The sums of each arm of one window."""

    def __init__(
        self,
        engine: Engine,
        form: RowForm,
        rows: exp.Query,
        *,
        survey: Survey | None,
        segments: Iterable[int],
        limits: Mapping[int, Sequence[int]],
        spans: Sequence[Span],
        strata: Iterable[int | None],
        clusters: int,
    ) -> None:
        """``segments`` are asked for by stretch, ``limits`` counted by metric, cluster moments asked in ``strata``.

        A stratum is a segment column, or None for all rows; ``clusters`` is about how many there are. ``survey`` is None where
        its table holds other rows than these.
        """
        self._engine = engine
        self._form = form
        self._rows = rows
        self._spans = tuple(spans)
        self._segments = tuple(segments)
        self._starts = sorted({span.first for span in spans} | {span.last for span in spans})
        self._measures = tuple(measures(form, limits))
        self._joints = [] if survey is None else [self._keep_survey(survey)]
        more: list[_Joint] = []
        for dimensions in _asked(self._segments, strata):
            if not any(dimensions <= joint.dimensions for joint in self._joints):
                self._place(dimensions, clusters, more)
        for joint in more:
            engine.keep(joint.name, self._joint_sums(joint))
        self._joints += more

    @property
    def hours(self) -> tuple[Cell, ...]:
        """The sums by hour."""
        return self._cells[None]

    def segment(self, position: int) -> tuple[Cell, ...]:
        """The sums by stretch and the code of one segment column."""
        return self._cells[position]

    def moments(self, metric: int, stratum: int | None) -> Mapping[tuple[Span, int], ArmMoments]:
        """The moments of one metric's cluster sums, by span and the code of a segment column (0 without one)."""
        keys = ["span", "cluster"] if stratum is None else ["span", f"g{stratum}", "cluster"]
        joint = self._joint(frozenset({"cluster"} if stratum is None else {"cluster", f"g{stratum}"}))
        n, s = column(f"n{metric}"), column(f"s{metric}")
        piece = self._piece() if joint.by_hour else column("piece")
        cells = exp.select("*", named(piece, "at")).from_(table(joint.name), copy=False)
        baseline, candidate = column("arm").eq(number(0)), column("arm").eq(number(1))
        sums = [
            named(as_wide(total(choose((arm, what)))), name)
            for what, arm, name in (
                (n, baseline, "m0"),
                (s, baseline, "s0"),
                (n, candidate, "m1"),
                (s, candidate, "s1"),
            )
        ]
        by_cluster = (
            exp.select(*(column(key) for key in keys), *sums)
            .from_(within(cells, "cells"), copy=False)
            .join(self._spans_table(), on=self._in_span(), join_type="inner", copy=False)
            .group_by(*(column(key) for key in keys), copy=False)
        )
        question = (
            exp.select(*(column(key) for key in keys[:-1]), *_arm_moments())
            .from_(within(by_cluster, "clusters"), copy=False)
            .where(column("m0") + column("m1") > number(0), copy=False)
            .group_by(*(column(key) for key in keys[:-1]), copy=False)
        )
        unit = self._form.unit(metric)
        found: dict[tuple[Span, int], ArmMoments] = {}
        for row in self._engine.run(question):
            code, numbers = (0, row[1:]) if stratum is None else (row[1], row[2:])
            found[self._spans[row[0]], code] = _as_arm_moments(numbers, unit)
        return found

    def histogram(self, metric: int, *, by_hour: bool) -> Later[tuple[tuple[Arm, bool, int, int, int], ...]]:
        """Arm, served, hour (0 unless asked for), bucket and rows: bucket k holds (1.02^(k−1), 1.02^k], 0 all up to 1.

        ceil(ln v / ln 1.02) is exact for every whole number up to 10¹²: none lies closer than 10⁻¹¹ to a bucket's edge.
        """
        value = column(f"v{metric}")
        bucket = cast(call("CEIL", call("LN", value) / number(_LOG_BASE)), "BIGINT")
        counted = (
            exp.select(
                column("arm"),
                column("served"),
                named(column("hour") if by_hour else number(0), "at"),
                named(choose((value > number(1), bucket), otherwise=number(0)), "bucket"),
                named(how_many(), "rows"),
            )
            .from_(within(self._rows, "rows"), copy=False)
            .where(negate(value.is_(exp.null())), copy=False)
            .group_by(*(number(position) for position in range(1, 5)), copy=False)
            .order_by(*(number(position) for position in range(1, 5)), copy=False)
        )
        rows = self._engine.run_beside(counted)
        return lambda: tuple((_ARMS[arm], bool(served), hour, k, count) for arm, served, hour, k, count in rows())

    def scores(self, metric: int, segment: int | None, *, hours: int) -> Later[tuple[ScoreCell, ...]]:
        """The forecasts by arm, stretch of so many hours, code of a segment column (0 without one) and bin.

        The two metrics after a forecast are its Brier score and its logarithmic loss.
        """
        value = column(f"v{metric}")
        offer = isinstance(self._form.metrics[metric][1], Offer)
        sums = offer_sums(value) if offer else bin_sums(value)
        hour = column("hour") - exp.paren(column("hour") % number(hours))
        keys = [
            column("arm"),
            column("served"),
            named(hour, "at"),
            named(number(0) if segment is None else column(f"g{segment}"), "code"),
            named(sums.pop("bin"), "bin"),
        ]
        if not offer:
            scored = {"brier": column(f"v{metric + 1}"), "log_loss": column(f"v{metric + 2}")}
            sums = {"came": sums["came"], "p": sums["p"], **scored, **sums}
        summed = (total(tree) for tree in sums.values())
        places = [number(position) for position in range(1, len(keys) + 1)]
        counted = (
            exp.select(*keys, named(how_many(), "rows"), *summed)
            .from_(within(self._rows, "rows"), copy=False)
            .where(there(column(f"v{metric}")), copy=False)
            .group_by(*places, copy=False)
            .order_by(*places, copy=False)
        )
        rows = self._engine.run_beside(counted)
        return lambda: tuple(
            ScoreCell(_ARMS[arm], bool(served), at, code, place, tuple(int(one) for one in numbers))
            for arm, served, at, code, place, *numbers in rows()
        )

    def units(self) -> Later[Mapping[Arm, int]]:
        """Distinct assignment units among the served rows of each arm."""
        counted = (
            exp.select(column("arm"), exp.Count(this=exp.Distinct(expressions=[column("unit")])))
            .from_(within(self._rows, "rows"), copy=False)
            .where(column("served").eq(number(1)), copy=False)
            .group_by(column("arm"), copy=False)
        )
        rows = self._engine.run_beside(counted)
        return lambda: {_ARMS[arm]: count for arm, count in rows()}

    def _keep_survey(self, survey: Survey) -> _Joint:
        """The sums of the survey by arm, exposure and the codes of its segment columns."""
        log = self._form.log
        stored = {self._form.segment(name): column(f"g{i}") for i, name in enumerate(survey.segments)}
        dimensions = {f"g{i}": segment_code(tree, self._form.segments[i], i) for i, tree in stored.items()}
        if survey.clustered:
            dimensions["cluster"] = column("cluster")
        served = number(1) if log.exposure is None else flag(column("exposure").eq(text(log.exposure.served)))
        keys = {"arm": arm_class(log), "served": served, "hour": column("hour"), **dimensions}
        sums = (measure.combined() for measure in self._measures)
        question = exp.select(*(named(tree, name) for name, tree in keys.items()), *sums).from_(
            table(SURVEY), copy=False
        )
        question = with_codes(question, {i: (tree, self._form.segments[i]) for i, tree in stored.items()})
        mine = arm_class(log).isin(*(number(code) for code in CLASSES.values()))
        places = (number(position) for position in range(1, len(keys) + 1))
        self._engine.keep("@surveyed", question.where(mine, copy=False).group_by(*places, copy=False))
        return _Joint("@surveyed", frozenset(dimensions), by_hour=True)

    def _place(self, dimensions: frozenset[str], clusters: int, joints: list[_Joint]) -> None:
        """Put a combination into the first joint table that stays small with it, or into one of its own."""
        for i, joint in enumerate(joints):
            both = joint.dimensions | dimensions
            if joint.by_hour and self._size(both, clusters) <= MOST_CELLS:
                joints[i] = _Joint(joint.name, both, by_hour=True)
                return
        by_hour = "cluster" not in dimensions or self._size(dimensions, clusters) <= MOST_CELLS
        joints.append(_Joint(f"@cells{len(joints)}", dimensions, by_hour))

    def _size(self, dimensions: frozenset[str], clusters: int) -> int:
        size = 2 * 2 * self._form.hours
        for name in dimensions:
            size *= clusters if name == "cluster" else self._form.segments[int(name[1:])].size
        return size

    def _joint(self, dimensions: frozenset[str], *, by_hour: bool = False) -> _Joint:
        fits = (joint for joint in self._joints if dimensions <= joint.dimensions and (joint.by_hour or not by_hour))
        return next(fits)

    def _joint_sums(self, joint: _Joint) -> exp.Select:
        time = column("hour") if joint.by_hour else named(self._piece(), "piece")
        keys = [column("arm"), column("served"), time, *(column(name) for name in sorted(joint.dimensions))]
        # without hours there is a row for each of many clusters, of which nothing but moments are asked
        moments = {f"{sums}{i}" for i in range(len(self._form.metrics)) for sums in "ns"}
        kept = [measure for measure in self._measures if joint.by_hour or measure.name in moments]
        return (
            exp.select(*keys, *(named(measure.tree, measure.name) for measure in kept))
            .from_(within(self._rows, "rows"), copy=False)
            .group_by(*(number(position) for position in range(1, len(keys) + 1)), copy=False)
        )

    @functools.cached_property
    def _cells(self) -> Mapping[int | None, tuple[Cell, ...]]:
        """The sums by hour, and by stretch and each segment column that is asked for: one question a joint table."""
        asked: dict[_Joint, list[int | None]] = {}
        for position in (None, *self._segments):
            joint = self._joint(frozenset() if position is None else frozenset({f"g{position}"}), by_hour=True)
            asked.setdefault(joint, []).append(position)
        return {position: cells for joint, of in asked.items() for position, cells in self._cells_of(joint, of).items()}

    def _cells_of(self, joint: _Joint, asked: Sequence[int | None]) -> Mapping[int | None, tuple[Cell, ...]]:
        positions = [position for position in asked if position is not None]
        combined = (measure.combined() for measure in self._measures)
        keys = [column("arm"), column("served")]
        question = by_time(table(joint.name), keys, asked, self._form.arm_starts, combined)
        names = [measure.name for measure in self._measures]
        found: dict[int | None, list[Cell]] = {position: [] for position in asked}
        for arm, served, hour, *numbers in self._engine.run(question):
            position, code = grouping(numbers, positions)
            sums = dict(zip(names, numbers[len(positions) :], strict=True))
            found[position].append(Cell(_ARMS[arm], bool(served), hour, code, sums))
        return {position: tuple(cells) for position, cells in found.items()}

    def _piece(self) -> Tree:
        """Which stretch between two starts of spans an hour lies in."""
        branches = [(column("hour") < number(start), number(position)) for position, start in enumerate(self._starts)]
        return choose(*branches, otherwise=number(len(self._starts)))

    def _spans_table(self) -> exp.Values:
        rows = [
            (i, self._starts.index(span.first) + 1, self._starts.index(span.last), int(span.served_only))
            for i, span in enumerate(self._spans)
        ]
        return values(rows, "spans", ("span", "first", "last", "least"))

    def _in_span(self) -> Tree:
        at, served = column("at", "cells"), column("served", "cells")
        return every(at >= column("first", "spans"), at <= column("last", "spans"), served >= column("least", "spans"))


def _asked(segments: Iterable[int], strata: Iterable[int | None]) -> Iterator[frozenset[str]]:
    """The combinations of dimensions beside the hour that are asked for."""
    yield frozenset()
    for position in segments:
        yield frozenset({f"g{position}"})
    for stratum in strata:
        yield frozenset({"cluster"} if stratum is None else {"cluster", f"g{stratum}"})


def by_time(
    rows: Tree, keys: Sequence[Tree], asked: Collection[int | None], starts: Sequence[int], sums: Iterable[Tree]
) -> exp.Select:
    """Sums over rows by hour, and by stretch and the code of each of some segment columns; None among these is the hour.

    What is selected are the keys, the hour (the first of the stretch), the codes as ``grouping`` reads them, and the sums.
    """
    hour, first = column("hour"), column("stretch")
    codes = {position: column(f"g{position}") for position in asked if position is not None}
    times = [hour, first] if None in asked and codes else [first if codes else hour]
    placed = exp.select("*", named(_stretch(starts), "stretch")).from_(rows, copy=False)
    question = exp.select(*keys, call("COALESCE", *times), *codes.values(), *sums)
    sets = [[*keys, hour] if position is None else [*keys, first, codes[position]] for position in asked]
    return grouped_by(question.from_(within(placed, "placed"), copy=False), *sets)


def _stretch(starts: Sequence[int]) -> Tree:
    """The first hour of the stretch between two starts that an hour lies in; any hour is one where there are many."""
    if len(starts) > _MOST_STARTS:
        return column("hour")
    *before, last = starts[:-1] or (0,)
    branches = [(column("hour") < number(end), number(first)) for first, end in zip(before, starts[1:], strict=False)]
    return choose(*branches, otherwise=number(last)) if branches else number(last)


def grouping(codes: Sequence[int | None], positions: Sequence[int]) -> tuple[int | None, int]:
    """The segment column that a row of several groupings is of, with its code; None and 0 where it is of none."""
    for position, code in zip(positions, codes, strict=False):
        if code is not None:
            return position, code
    return None, 0


def _arm_moments() -> Iterator[Tree]:
    """The sums over clusters, in the order in which ``_as_arm_moments`` reads them."""
    m0, s0, m1, s1 = (column(name) for name in ("m0", "s0", "m1", "s1"))
    yield from (how_many(), how_many(m0 > number(0)), how_many(m1 > number(0)))
    yield from (total(sums) for sums in (m0, m1, s0, s1))
    pairs = ((m0, m0), (m0, s0), (s0, s0), (m1, m1), (m1, s1), (s1, s1), (m0, m1), (m0, s1), (s0, m1), (s0, s1))
    yield from (total(one * other) for one, other in pairs)


def _as_arm_moments(row: Sequence[int], unit: int) -> ArmMoments:
    clusters, clusters0, clusters1, n0, n1, s0, s1, *products = (int(value) for value in row)
    m0m0, m0s0, s0s0, m1m1, m1s1, s1s1, m0m1, m0s1, s0m1, s0s1 = products
    return ArmMoments(
        clusters=clusters,
        clusters0=clusters0,
        clusters1=clusters1,
        n0=n0,
        n1=n1,
        s0=s0,
        s1=s1,
        m0m0=m0m0,
        m0s0=m0s0,
        s0s0=s0s0,
        m1m1=m1m1,
        m1s1=m1s1,
        s1s1=s1s1,
        m0m1=m0m1,
        m0s1=m0s1,
        s0m1=s0m1,
        s0s1=s0s1,
        unit=unit,
    )
