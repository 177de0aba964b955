"""Requests: the rows of both arms folded into one row per request id, and the paired sums that follow from it.

The fold is the one dear question. A row's hour, segment codes and proportion values travel through it packed into as few
64-bit words as hold them (one, mostly), because its memory is what the aggregates of each request take: with a column for
each, 10⁷ rows do not fit 512 MiB; packed they take 2.0 s there, a join of the arms 2.1 s without looking for duplicates.
"""

import functools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlglot import exp

from model_ratchet.core.evidence import PairedMoments
from model_ratchet.documents.model import Proportion
from model_ratchet.sources.engine import Engine
from model_ratchet.sources.table_cells import Span, by_time, grouping
from model_ratchet.sources.table_rows import RowForm, names
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    as_whole,
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
    only_where,
    table,
    there,
    total,
    values,
    within,
)

_WORD = 2**62
_FEW_CLUSTERS = 10_000
_FEW_CELLS = 200_000
_KNOWN = 3  # a proportion's value in a row: not known, 0, 1


class PairCell(NamedTuple):
    """The requests of one hour; ``code`` is the segment's, where one was asked for, and the hour the first of its stretch."""

    hour: int
    code: int
    sums: Mapping[str, int]


class PairCells:
    """The requests of one window."""

    def __init__(
        self,
        engine: Engine,
        form: RowForm,
        rows: exp.Query,
        *,
        segments: Iterable[int],
        numeric: Iterable[int],
        spans: Sequence[Span],
        clustered: bool,
        clusters: int,
        as_stored: bool,
    ) -> None:
        """``segments`` are asked for by stretch, ``numeric`` are the metrics beside proportions of which pairs are asked.

        ``clustered`` says whether clusters are asked for, ``as_stored`` that the rows are those of the table, in its order.
        """
        self._engine = engine
        self._form = form
        self._spans = tuple(spans)
        self._segments = tuple(segments)
        self._numeric = tuple(numeric)
        self._clustered = clustered
        self._digits = tuple(_digits(form))
        self._metrics = tuple(sorted({*self._numeric, *_proportions(form)}))
        alike = not self._numeric and (not clustered or clusters <= _FEW_CLUSTERS) and _cells(form) <= _FEW_CELLS
        summed = _collapse if alike else _apart
        if not (as_stored and self._keep_merged(rows, summed)):
            engine.keep("@requests", summed(self._fold(rows)))

    @property
    def hours(self) -> tuple[PairCell, ...]:
        """The sums by hour: ``requests``, ``paired``, ``duplicates``, and ``m``, ``b``, ``c``, ``dd`` of each metric."""
        return self._cells[None]

    def segment(self, position: int) -> tuple[PairCell, ...]:
        """The same by stretch and the code of one segment column."""
        return self._cells[position]

    def moments(
        self, metric: int, strata: Sequence[int | None]
    ) -> Mapping[int | None, Mapping[tuple[Span, int], PairedMoments]]:
        """The moments of one metric's cluster sums over pairs, by span and code, for each of some segment columns.

        None among ``strata`` stands for all rows; the code is 0 there.
        """
        span, cluster, hour = column("span"), column("cluster"), column("hour", "requests")
        positions = [stratum for stratum in strata if stratum is not None]
        keys = [span, *(column(f"g{position}") for position in positions)]
        sets = [[span, *([] if stratum is None else [column(f"g{stratum}")]), cluster] for stratum in strata]
        spans = [(i, one.first, one.last) for i, one in enumerate(self._spans)]
        by_cluster = grouped_by(
            exp.select(*keys, cluster, *(named(as_wide(tree), name) for name, tree in _paired_sums(metric)))
            .from_(within(self._decoded(), "requests"), copy=False)
            .join(
                values(spans, "spans", ("span", "first", "last")),
                on=every(hour >= column("first", "spans"), hour < column("last", "spans")),
                join_type="inner",
                copy=False,
            ),
            *sets,
        )
        m, b, c = (column(f"{letter}{metric}") for letter in "mbc")
        sums = (total(tree) for tree in (m, b, c, m * m, m * (c - b), (c - b) * (c - b)))
        question = (
            exp.select(*keys, how_many(), *sums)
            .from_(within(by_cluster, "clusters"), copy=False)
            .where(m > number(0), copy=False)
            .group_by(*keys, copy=False)
        )
        unit = self._form.unit(metric)
        found: dict[int | None, dict[tuple[Span, int], PairedMoments]] = {stratum: {} for stratum in strata}
        for place, *numbers in self._engine.run(question):
            stratum, code = grouping(numbers, positions)
            found[stratum][self._spans[place], code] = _as_paired_moments(numbers[len(positions) :], unit)
        return found

    def _keep_merged(self, rows: exp.Query, summed: Callable[[exp.Select], exp.Select]) -> bool:
        """Where the rows stand in the order of their ids, no fold is needed."""
        log = self._form.log
        if log.wide is not None or log.request_id is None or any(segment.joined for segment in self._form.segments):
            return False
        told = exp.select(*(column(name) for name in self._folded())).from_(table("@merged"), copy=False)
        stream = self._packed(rows, cast(column("id"), "BIGINT"), cast(column("arm"), "TINYINT"))
        return self._engine.keep_merged("@requests", summed(told), stream, log.request_id)

    def _packed(self, rows: exp.Query, request: Tree, arm: Tree) -> exp.Select:
        """The rows with what is kept of them."""
        kept = {"id": request, "arm": arm, **self._kept()} | ({"cluster": column("cluster")} if self._clustered else {})
        return exp.select(*(named(tree, name) for name, tree in kept.items())).from_(within(rows, "rows"), copy=False)

    def _kept(self) -> dict[str, Tree]:
        """What is kept of a row: its words and its numeric values."""
        kept = {f"word{word}": _packed(self._digits, word) for word in sorted({digit.word for digit in self._digits})}
        return kept | {f"value{i}": column(f"v{i}") for i in self._numeric}

    def _folded(self) -> tuple[str, ...]:
        """The columns of a request."""
        by_arm = [f"{letter}_{name}" for name in self._kept() for letter in "bc"]
        return ("rows", *by_arm, *(["cluster"] if self._clustered else []))

    def _fold(self, rows: exp.Query) -> exp.Select:
        """One row for each request id: how many rows it has, and per arm its words and numeric values."""
        arms = {"b": column("arm").eq(number(0)), "c": column("arm").eq(number(1))}
        states = [
            named(only_where(call("MIN", column(name)), arm), f"{letter}_{name}")
            for name in self._kept()
            for letter, arm in arms.items()
        ]
        if self._clustered:
            states.append(named(call("MIN", column("cluster")), "cluster"))
        return (
            exp.select(named(how_many(), "rows"), *states)
            .from_(within(self._packed(rows, column("id"), column("arm")), "packed"), copy=False)
            .group_by(column("id"), copy=False)
        )

    def _decoded(self) -> exp.Select:
        """One row for each request, or for ``weight`` alike: ``hour``, segment codes, and values by arm."""
        hour, *others = self._digits
        in_arms = flag(there(column("b_word0"))) + flag(there(column("c_word0")))
        parts = [column("weight"), column("rows"), named(in_arms, "arms"), named(_earlier(hour), "hour")]
        for digit in others:
            b, c = digit.of("b"), digit.of("c")
            if digit.name.startswith("g"):
                parts.append(named(call("COALESCE", c, b), digit.name))
            else:
                parts += [named(_value(tree), f"{letter}_{digit.name}") for letter, tree in (("b", b), ("c", c))]
        parts += [named(column(f"{letter}_value{i}"), f"{letter}_v{i}") for i in self._numeric for letter in "bc"]
        if self._clustered:
            parts.append(column("cluster"))
        return exp.select(*parts).from_(table("@requests"), copy=False)

    @functools.cached_property
    def _cells(self) -> Mapping[int | None, tuple[PairCell, ...]]:
        """The sums by hour, and by stretch and each segment column that is asked for."""
        weight, rows, arms = column("weight"), column("rows"), column("arms")
        sums = {
            "requests": as_whole(total(weight)),
            "paired": as_whole(total(choose((arms.eq(number(2)), weight)))),
            "duplicates": as_whole(total(weight * (rows - arms))),
        }
        for i in self._metrics:
            paired = dict(_paired_sums(i))
            sums |= paired if i in self._numeric else {name: as_whole(tree) for name, tree in paired.items()}
        told = (named(tree, name) for name, tree in sums.items())
        found: dict[int | None, list[PairCell]] = {position: [] for position in (None, *self._segments)}
        question = by_time(within(self._decoded(), "requests"), [], found, self._form.pair_starts, told)
        for at, *numbers in self._engine.run(question):
            position, code = grouping(numbers, self._segments)
            sums_of = dict(zip(sums, numbers[len(self._segments) :], strict=True))
            found[position].append(PairCell(at, code, sums_of))
        return {position: tuple(cells) for position, cells in found.items()}


def without_repeats(engine: Engine, form: RowForm, rows: exp.Query) -> exp.Query:
    """The rows without those whose request id was there before in the same arm: the first by time is kept.

    Rows of one time are ordered by all that they hold, so that it does not matter how many threads read them.
    """
    ids = exp.select(named(column("id"), "id"), named(exp.true(), "@repeated")).from_(within(rows, "rows"), copy=False)
    repeated = ids.group_by(column("id"), column("arm"), copy=False).having(
        exp.Count(this=exp.Star()) > number(1), copy=False
    )
    engine.keep("@repeated", exp.select("*").from_(within(repeated, "found"), copy=False).distinct(copy=False))
    same = exp.NullSafeEQ(this=column("id", "rows"), expression=column("id", "@repeated"))
    marked = (
        exp.select(*(column(name, "rows") for name in names(form)), column("@repeated", "@repeated"))
        .from_(within(rows, "rows"), copy=False)
        .join(table("@repeated"), on=same, join_type="left", copy=False)
    )
    once = absent(column("@repeated"))
    columns = [column(name) for name in names(form)]
    order = [exp.Ordered(this=column(name), nulls_first=False) for name in ("offset", *names(form))]
    place = exp.Window(
        this=exp.RowNumber(), partition_by=[column("id"), column("arm")], order=exp.Order(expressions=order)
    )
    again = (
        exp.select(*columns, named(place, "place"))
        .from_(within(marked, "marked"), copy=False)
        .where(negate(once), copy=False)
    )
    engine.keep(
        "@firsts",
        exp.select(*columns).from_(within(again, "again"), copy=False).where(column("place").eq(number(1)), copy=False),
    )
    alone = exp.select(*columns).from_(within(marked, "marked"), copy=False).where(once, copy=False)
    return exp.union(alone, exp.select(*columns).from_(table("@firsts"), copy=False), distinct=False)


@dataclass(frozen=True, slots=True)
class _Digit:
    """A small whole number within a word: its column, how many values it has, and the factor that it stands at."""

    name: str
    size: int
    word: int
    factor: int

    def of(self, letter: str) -> Tree:
        """The digit in an arm's word; null where the request has no row in that arm."""
        shifted = exp.IntDiv(this=column(f"{letter}_word{self.word}"), expression=number(self.factor))
        return exp.paren(shifted) % number(self.size)


def _digits(form: RowForm) -> Iterator[_Digit]:
    """The hour first, then segment codes and proportion values, in as few words as hold them."""
    sizes = [("hour", max(form.hours, 1))]
    sizes += [(f"g{i}", segment.size) for i, segment in enumerate(form.segments)]
    sizes += [(f"v{i}", _KNOWN) for i in _proportions(form)]
    word, factor = 0, 1
    for name, size in sizes:
        if factor * size >= _WORD:
            word, factor = word + 1, 1
        yield _Digit(name, size, word, factor)
        factor *= size


def _proportions(form: RowForm) -> Iterator[int]:
    return (i for i, (_, metric) in enumerate(form.metrics) if isinstance(metric, Proportion))


def _cells(form: RowForm) -> int:
    return math.prod((form.hours, *(segment.size for segment in form.segments)))


def _packed(digits: Sequence[_Digit], word: int) -> Tree:
    """The word of a row."""
    parts = []
    for digit in digits:
        if digit.word == word:
            stored = column(digit.name)
            known = call("COALESCE", stored + number(1), number(0)) if digit.name.startswith("v") else stored
            parts.append(known * number(digit.factor))
    largest = math.prod(digit.size for digit in digits if digit.word == word)
    return cast(functools.reduce(operator.add, parts), "INT" if largest < 2**31 else "BIGINT")


def _earlier(hour: _Digit) -> Tree:
    b, c = hour.of("b"), hour.of("c")
    return choose((absent(b), c), (absent(c), b), (c < b, c), otherwise=b)


def _value(digit: Tree) -> Tree:
    return choose((digit > number(0), digit - number(1)))


def _collapse(folded: exp.Select) -> exp.Select:
    """Requests that are alike in all, with how many there are."""
    keys = [column(tree.alias_or_name) for tree in folded.selects]
    return (
        exp.select(*keys, named(how_many(), "weight"))
        .from_(within(folded, "folded"), copy=False)
        .group_by(*keys, copy=False)
    )


def _apart(folded: exp.Select) -> exp.Select:
    return exp.select("*", named(number(1), "weight")).from_(within(folded, "folded"), copy=False)


def _paired_sums(metric: int) -> Iterator[tuple[str, Tree]]:
    """Over the requests whose value is known in both arms: how many, Σ baseline, Σ candidate, Σ (candidate − baseline)²."""
    weight, b, c = column("weight"), column(f"b_v{metric}"), column(f"c_v{metric}")
    known = every(there(b), there(c))
    difference = as_wide(c - b)
    yield f"m{metric}", total(choose((known, weight)))
    yield f"b{metric}", total(choose((known, weight * b)))
    yield f"c{metric}", total(choose((known, weight * c)))
    yield f"dd{metric}", total(choose((known, weight * difference * difference)))


def _as_paired_moments(row: Sequence[int], unit: int) -> PairedMoments:
    clusters, n, baseline, candidate, mm, md, dd = (int(value) for value in row)
    return PairedMoments(clusters=clusters, n=n, baseline=baseline, candidate=candidate, mm=mm, md=md, dd=dd, unit=unit)
