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

from sqlglot import exp

from model_ratchet.core.evidence import PairedMoments
from model_ratchet.documents.model import Proportion
from model_ratchet.sources.engine import Engine
from model_ratchet.sources.table_cells import Span
from model_ratchet.sources.table_rows import RowForm, names
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    as_wide,
    call,
    cast,
    choose,
    column,
    every,
    flag,
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


@dataclass(frozen=True, slots=True)
class PairCell:
    """The requests of one hour; ``code`` is the segment's, where one was asked for."""

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
        numeric: Iterable[int],
        spans: Sequence[Span],
        clustered: bool,
        clusters: int,
        as_stored: bool,
    ) -> None:
        """``numeric`` are the metrics beside proportions of which pairs are asked, ``clustered`` whether clusters are.

        ``as_stored`` says that the rows are those of the table, in its order.
        """
        self._engine = engine
        self._form = form
        self._spans = tuple(spans)
        self._numeric = tuple(numeric)
        self._clustered = clustered
        self._digits = tuple(_digits(form))
        self._metrics = tuple(sorted({*self._numeric, *_proportions(form)}))
        alike = not self._numeric and (not clustered or clusters <= _FEW_CLUSTERS) and _cells(form) <= _FEW_CELLS
        summed = _collapse if alike else _apart
        if not (as_stored and self._keep_merged(rows, summed)):
            engine.keep("@requests", summed(self._fold(rows)))

    def hours(self) -> tuple[PairCell, ...]:
        """The sums by hour: ``requests``, ``paired``, ``duplicates``, and ``m``, ``b``, ``c``, ``dd`` of each metric."""
        return self._cells(None)

    def segment(self, position: int) -> tuple[PairCell, ...]:
        """The same by hour and the code of one segment column."""
        return self._cells(position)

    def moments(self, metric: int, stratum: int | None) -> Mapping[tuple[Span, int], PairedMoments]:
        """The moments of one metric's cluster sums over pairs, by span and the code of a segment column."""
        keys = [column("span"), *([] if stratum is None else [column(f"g{stratum}")]), column("cluster")]
        spans = [(i, span.first, span.last) for i, span in enumerate(self._spans)]
        hour = column("hour", "requests")
        by_cluster = (
            exp.select(*keys, *(named(as_wide(tree), name) for name, tree in _paired_sums(metric)))
            .from_(within(self._decoded(), "requests"))
            .join(
                values(spans, "spans", ("span", "first", "last")),
                on=every(hour >= column("first", "spans"), hour < column("last", "spans")),
                join_type="inner",
            )
            .group_by(*keys)
        )
        m, b, c = (column(f"{letter}{metric}") for letter in "mbc")
        sums = (total(tree) for tree in (m, b, c, m * m, m * (c - b), (c - b) * (c - b)))
        question = (
            exp.select(*keys[:-1], how_many(), *sums)
            .from_(within(by_cluster, "clusters"))
            .where(m > number(0))
            .group_by(*keys[:-1])
        )
        unit = self._form.unit(metric)
        return {
            (self._spans[row[0]], 0 if stratum is None else row[1]): _as_paired_moments(row[len(keys) - 1 :], unit)
            for row in self._engine.run(question)
        }

    def _keep_merged(self, rows: exp.Query, summed: Callable[[exp.Select], exp.Select]) -> bool:
        """Where the rows stand in the order of their ids, no fold is needed."""
        log = self._form.log
        if log.wide is not None or log.request_id is None or any(segment.joined for segment in self._form.segments):
            return False
        arm = cast(column("arm"), "TINYINT")
        kept = {"id": cast(column("id"), "BIGINT"), "arm": arm, **self._kept()}
        parts = [
            named(tree, name)
            for name, tree in (kept | {"cluster": column("cluster")} if self._clustered else kept).items()
        ]
        told = exp.select(*(column(name) for name in self._folded())).from_(table("@merged"))
        stream = exp.select(*parts).from_(within(rows, "rows"))
        return self._engine.keep_merged("@requests", summed(told), stream, log.request_id)

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
            named(only_where(call("MIN", tree), arm), f"{letter}_{name}")
            for name, tree in self._kept().items()
            for letter, arm in arms.items()
        ]
        if self._clustered:
            states.append(named(call("MIN", column("cluster")), "cluster"))
        return exp.select(named(how_many(), "rows"), *states).from_(within(rows, "rows")).group_by(column("id"))

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
        return exp.select(*parts).from_(table("@requests"))

    def _cells(self, position: int | None) -> tuple[PairCell, ...]:
        keys = [column("hour"), *([] if position is None else [column(f"g{position}")])]
        weight, rows, arms = column("weight"), column("rows"), column("arms")
        sums = {
            "requests": total(weight),
            "paired": total(choose((arms.eq(number(2)), weight))),
            "duplicates": total(weight * (rows - arms)),
        }
        for i in self._metrics:
            sums |= dict(_paired_sums(i))
        question = (
            exp.select(*keys, *(named(tree, name) for name, tree in sums.items()))
            .from_(within(self._decoded(), "requests"))
            .group_by(*keys)
            .order_by(*keys)
        )
        found = []
        for row in self._engine.run(question):
            counts = dict(zip(sums, (int(value) for value in row[len(keys) :]), strict=True))
            found.append(PairCell(row[0], 0 if position is None else row[1], counts))
        return tuple(found)


def without_repeats(engine: Engine, form: RowForm, rows: exp.Query) -> exp.Query:
    """The rows without those whose request id was there before in the same arm: the first by time is kept.

    Rows of one time are ordered by all that they hold, so that it does not matter how many threads read them.
    """
    ids = exp.select(named(column("id"), "id"), named(exp.true(), "@repeated")).from_(within(rows, "rows"))
    repeated = ids.group_by(column("id"), column("arm")).having(exp.Count(this=exp.Star()) > number(1))
    engine.keep("@repeated", exp.select("*").from_(within(repeated, "found")).distinct())
    same = exp.NullSafeEQ(this=column("id", "rows"), expression=column("id", "@repeated"))
    marked = (
        exp.select(*(column(name, "rows") for name in names(form)), column("@repeated", "@repeated"))
        .from_(within(rows, "rows"))
        .join(table("@repeated"), on=same, join_type="left")
    )
    once = absent(column("@repeated"))
    columns = [column(name) for name in names(form)]
    order = [exp.Ordered(this=column(name), nulls_first=False) for name in ("offset", *names(form))]
    place = exp.Window(
        this=exp.RowNumber(), partition_by=[column("id"), column("arm")], order=exp.Order(expressions=order)
    )
    again = exp.select(*columns, named(place, "place")).from_(within(marked, "marked")).where(negate(once))
    engine.keep("@firsts", exp.select(*columns).from_(within(again, "again")).where(column("place").eq(number(1))))
    alone = exp.select(*columns).from_(within(marked, "marked")).where(once)
    return exp.union(alone, exp.select(*columns).from_(table("@firsts")), distinct=False)


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
    sizes = [("hour", max(form.window.hours, 1))]
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
    return math.prod((form.window.hours, *(segment.size for segment in form.segments)))


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
    return exp.select(*keys, named(how_many(), "weight")).from_(within(folded, "folded")).group_by(*keys)


def _apart(folded: exp.Select) -> exp.Select:
    return exp.select("*", named(number(1), "weight")).from_(within(folded, "folded"))


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
