"""Parquet rows in the order of their ids, streamed through the merge: a stretch of ids for each thread.

All rows of an id are in one stretch, and what is merged there ascends; rows may come in any order, and the sums over them
are the same on any number of threads.
"""

import itertools
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from queue import Queue
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from model_ratchet.sources.merge import UnsortedError, merged
from model_ratchet.sources.table_sql import Tree, absent, column, every, number, some, text, within

if TYPE_CHECKING:
    import pyarrow

LEAST_ROWS = 3_000_000
"""Fewer rows than this are folded as fast as they are merged, and without Arrow."""

_BATCH = 250_000


def stretches(
    connection: duckdb.DuckDBPyConnection, files: Sequence[str], name: str, most: int
) -> Sequence[Tree | None] | None:
    """Conditions on ``id`` that part the rows of files into at most so many stretches, by the bounds of their row groups.

    None where the files hold few rows, or where the bounds can't be those of whole numbers that ascend from row group to row
    group. A row without an id is in the first stretch.
    """
    paths = exp.Array(expressions=[text(file) for file in files])
    bounds = (
        exp.select("row_group_num_rows", "stats_min_value", "stats_max_value")
        .from_(exp.Anonymous(this="parquet_metadata", expressions=[paths]), copy=False)
        .where(exp.column("path_in_schema").eq(text(name)), copy=False)
        .order_by("file_name", "row_group_id", copy=False)
    )
    groups = connection.execute(bounds.sql(dialect="duckdb")).fetchall()
    if sum(rows for rows, _, _ in groups) < LEAST_ROWS:
        return None
    try:
        ranges = [(int(least), int(most)) for _, least, most in groups]
    except (TypeError, ValueError):
        return None
    if not all(one[0] <= later[0] and one[1] <= later[1] for one, later in itertools.pairwise(ranges)):
        return None
    cuts = sorted({ranges[len(ranges) * part // most][0] for part in range(1, most)} - {ranges[0][0]})
    if not cuts:
        return [None]
    stored = column("id")
    between = (every(stored >= number(low), stored < number(high)) for low, high in itertools.pairwise(cuts))
    return [some(absent(stored), stored < number(cuts[0])), *between, stored >= number(cuts[-1])]


def keep_merged(
    connection: duckdb.DuckDBPyConnection, rows: exp.Query, parts: Sequence[Tree | None], keep: Callable[[], None]
) -> bool:
    """Register the merged rows of all stretches as ``@merged`` and keep an answer over them; False where ids do not ascend."""
    import pyarrow

    cursors = [connection.cursor() for _ in parts]
    batches = _together([_merged(cursor, rows, part) for cursor, part in zip(cursors, parts, strict=True)])
    unsorted = False

    def stream(first: "pyarrow.RecordBatch") -> Iterator["pyarrow.RecordBatch"]:
        nonlocal unsorted
        yield first
        try:
            yield from batches
        except UnsortedError:
            unsorted = True  # the database would make another error of it

    try:
        first = next(batches, None)
        if first is None:
            return False
        connection.register("@merged", pyarrow.RecordBatchReader.from_batches(first.schema, stream(first)))
        keep()
    except UnsortedError:
        return False
    finally:
        connection.unregister("@merged")
        batches.close()
        for cursor in cursors:
            cursor.close()
    return not unsorted


def _merged(cursor: duckdb.DuckDBPyConnection, rows: exp.Query, part: Tree | None) -> Iterator["pyarrow.RecordBatch"]:
    question = rows if part is None else exp.select("*").from_(within(rows, "rows"), copy=False).where(part, copy=False)
    reader = cursor.sql(question.sql(dialect="duckdb")).to_arrow_reader(_BATCH)
    yield from merged(reader, "cluster" if "cluster" in reader.schema.names else None)


@dataclass(frozen=True, slots=True)
class _End:
    """A thread has drawn all of its stream, or it failed."""

    error: BaseException | None = None


def _together(streams: Sequence[Iterator["pyarrow.RecordBatch"]]) -> Generator["pyarrow.RecordBatch"]:
    """What several streams yield, as it comes, each drawn by a thread of its own; the first error ends them all."""
    found: Queue[pyarrow.RecordBatch | _End] = Queue(maxsize=len(streams))
    stop = threading.Event()

    def draw(stream: Iterator["pyarrow.RecordBatch"]) -> None:
        try:
            for batch in stream:
                found.put(batch)
                if stop.is_set():
                    break
        except BaseException as error:  # noqa: BLE001
            found.put(_End(error))
        else:
            found.put(_End())

    for stream in streams:
        threading.Thread(target=draw, args=(stream,), daemon=True).start()
    running = len(streams)
    try:
        while running:
            item = found.get()
            if not isinstance(item, _End):
                yield item
                continue
            running -= 1
            if item.error is not None:
                raise item.error
    finally:
        stop.set()
        while running:
            running -= isinstance(found.get(), _End)
