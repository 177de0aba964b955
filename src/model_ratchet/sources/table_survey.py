"""The survey: one reading of a window's rows, summed by all that they tell of themselves.

The census, the segment values that are told apart and the sums of both arms are then asked of it instead of the rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlglot import exp

from model_ratchet.core.evidence import Window
from model_ratchet.documents.model import Proportion
from model_ratchet.sources.engine import Engine
from model_ratchet.sources.table_kinds import Forecast, Offer
from model_ratchet.sources.table_log import Log
from model_ratchet.sources.table_rows import RowForm, timed, told_relation
from model_ratchet.sources.table_sql import (
    Tree,
    as_whole,
    as_wide,
    call,
    column,
    how_many,
    named,
    number,
    some,
    total,
    within,
)

SURVEY = "@survey"
MOST_CELLS = 500_000

_KEYS = ("version", "exposure", "digest", "hour")
_GLIMPSE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Measure:
    """One sum over rows (or the largest value), by the name that it has in every table of sums."""

    name: str
    tree: Tree
    largest: bool = False
    wide: bool = False
    """Whether the sum may go beyond 64 bits, which engines are slow to hand over."""

    def combined(self) -> exp.Alias:
        """The same over sums."""
        again = column(self.name)
        if self.largest:
            return named(call("MAX", again), self.name)
        return named(total(again) if self.wide else as_whole(total(again)), self.name)


@dataclass(frozen=True, slots=True)
class Survey:
    """What the table of the survey is summed by, beside version, exposure, digest and hour."""

    segments: tuple[str, ...]
    clustered: bool


def measures(form: RowForm, limits: Mapping[int, Sequence[int]]) -> Iterator[Measure]:
    """The sums of every metric; ``limits`` are the values at which a metric's rows are counted, by its position."""
    yield Measure("n", how_many())
    yield Measure("last", call("MAX", column("offset")), largest=True)
    bad = [column(f"bad{i}") for i in range(len(form.metrics)) if "bad" in form.marks(i)]
    if bad:
        yield Measure("bad", how_many(some(*bad)))
    for i, (_, metric) in enumerate(form.metrics):
        value = column(f"v{i}")
        yield Measure(f"n{i}", exp.Count(this=value))
        if not isinstance(metric, Offer):  # of which nothing can be added up
            yield Measure(f"s{i}", total(value), wide=not isinstance(metric, Proportion))
        for mark in form.marks(i):
            yield Measure(f"{mark}{i}", how_many(column(f"{mark}{i}")))
        if isinstance(metric, Proportion | Forecast | Offer):
            continue
        yield Measure(f"q{i}", total(as_wide(value) * value), wide=True)
        yield Measure(f"max{i}", call("MAX", value), largest=True)
        for limit in limits.get(i, ()):
            yield Measure(f"atmost{i}_{limit}", how_many(value <= number(limit)))


def near_sizes(engine: Engine, log: Log, source: str, window: Window, names: Sequence[str]) -> Mapping[str, int]:
    """About how many values columns hold in the first hours of a window. Chooses how questions are asked, never answers one."""
    if not names:
        return {}
    first = window.part(timedelta(), min(window.length, _GLIMPSE))
    counts = (exp.ApproxDistinct(this=column(name)) for name in names)
    ((*sizes,),) = engine.run(exp.select(*counts).from_(within(timed(log, source, first), "log"), copy=False))
    return dict(zip(names, (int(size) for size in sizes), strict=True))


def take_survey(
    engine: Engine,
    form: RowForm,
    source: str,
    *,
    clustered: bool,
    sizes: Mapping[str, int],
    limits: Mapping[int, Sequence[int]],
) -> Survey:
    """Read the rows into the survey's table. Of the segment columns (and the clusters), as many as keep it small."""
    log = form.log
    cells = 2 * 2 * form.hours
    kept = []
    for segment in form.segments:
        if cells * (sizes[segment.column] + 1) <= MOST_CELLS:
            cells *= sizes[segment.column] + 1
            kept.append(segment)
    clustered = clustered and log.cluster is not None and cells * sizes[log.cluster] <= MOST_CELLS
    keys = [*_KEYS, *(f"g{i}" for i in range(len(kept))), *(["cluster"] if clustered else [])]
    sums = (named(measure.tree, measure.name) for measure in measures(form, limits))
    engine.keep(
        SURVEY,
        exp.select(*(column(key) for key in keys), *sums)
        .from_(within(told_relation(replace(form, segments=tuple(kept)), source), "rows"), copy=False)
        .group_by(*(number(position) for position in range(1, len(keys) + 1)), copy=False),
    )
    return Survey(tuple(segment.column for segment in kept), clustered)
