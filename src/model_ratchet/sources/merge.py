"""Merge: the rows of both arms side by side by request id, from a stream in which each arm's ids ascend.

What is held of the stream is what one arm is ahead of the other: it takes a fold's place where a log is written in the order of
its ids, and gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

MOST_AHEAD = 2_000_000
"""So many rows one arm may be ahead of the other."""


class UnsortedError(Exception):
    """The ids of an arm do not ascend, or one arm is too far ahead: this log must be folded."""


def merged(batches: Iterable[pa.RecordBatch], cluster: str | None) -> Iterator[pa.RecordBatch]:
    """One row for each request: ``rows``, every column of the stream as ``b_…`` and ``c_…``, and the smaller ``cluster``.

    The stream has ``id`` (a whole number), ``arm`` (0 baseline, 1 candidate) and others; in each arm the ids strictly ascend,
    so that no request is there twice. Columns of an arm without the request are null.

    Raises:
        UnsortedError: they do not ascend.
    """
    import pyarrow as pa

    ahead: list[pa.Table] = []
    passed = -(2**63)
    for batch in batches:
        apart = _apart(batch)
        ahead = [pa.concat_tables(pair).combine_chunks() for pair in zip(ahead, apart, strict=True)] if ahead else apart
        for rows in ahead:
            _check_ascending(rows, passed)
        if all(rows.num_rows for rows in ahead):
            passed = min(rows["id"][-1].as_py() for rows in ahead)
            ends = [int(_ids(rows).searchsorted(passed, side="right")) for rows in ahead]
            yield from _side_by_side([rows.slice(0, end) for rows, end in zip(ahead, ends, strict=True)], cluster)
            ahead = [rows.slice(end) for rows, end in zip(ahead, ends, strict=True)]
        if max(rows.num_rows for rows in ahead) > MOST_AHEAD:
            raise UnsortedError
    if ahead:
        yield from _side_by_side(ahead, cluster)


def _apart(batch: pa.RecordBatch) -> list[pa.Table]:
    import pyarrow as pa

    table = pa.Table.from_batches([batch])
    if table["arm"].null_count:
        raise UnsortedError
    arm = _numbers(table["arm"])
    table = table.drop_columns("arm")
    return [table.filter(_as_mask(arm == code)) for code in (0, 1)]


def _check_ascending(rows: pa.Table, passed: int) -> None:
    ids = _ids(rows)
    if rows["id"].null_count or not bool((ids[1:] > ids[:-1]).all()) or bool((ids[:1] <= passed).any()):
        raise UnsortedError


def _ids(rows: pa.Table) -> NDArray[np.int64]:
    return _numbers(rows["id"])


def _side_by_side(arms: Sequence[pa.Table], cluster: str | None) -> Iterator[pa.RecordBatch]:
    import numpy as np

    b, c = arms
    b_ids, c_ids = _ids(b), _ids(c)
    if len(b_ids) == len(c_ids) and bool((b_ids == c_ids).all()):
        yield from _paired(b, c, cluster)
        return
    at = np.searchsorted(c_ids, b_ids)
    inside = at < len(c_ids)
    met = np.zeros(len(b_ids), dtype=bool)
    met[inside] = c_ids[at[inside]] == b_ids[inside]
    alone = np.ones(len(c_ids), dtype=bool)
    alone[at[met]] = False
    yield from _paired(b.filter(_as_mask(met)), c.filter(_as_mask(~alone)), cluster)
    yield from _paired(b.filter(_as_mask(~met)), None, cluster)
    yield from _paired(None, c.filter(_as_mask(alone)), cluster)


def _paired(b: pa.Table | None, c: pa.Table | None, cluster: str | None) -> Iterator[pa.RecordBatch]:
    """The rows of these requests, which are in both arms or in the one that is given."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    there = [rows for rows in (b, c) if rows is not None]
    n = there[0].num_rows
    counts = np.full(n, len(there), dtype=np.int64)
    columns = {"rows": pa.Array.from_buffers(pa.int64(), n, [None, pa.py_buffer(counts)])}
    for name in there[0].column_names:
        if name in ("id", cluster):
            continue
        for letter, rows in (("b", b), ("c", c)):
            columns[f"{letter}_{name}"] = (
                rows[name] if rows is not None else pa.nulls(n, there[0].schema.field(name).type)
            )
    if cluster is not None:
        columns[cluster] = pc.min_element_wise(*(rows[cluster] for rows in there))
    yield from pa.table(columns).to_batches()


def _numbers(values: pa.ChunkedArray) -> NDArray[Any]:
    """Signed whole numbers as they stand, anything where one is null. (Arrow's own way to arrays imports pandas.)"""
    import numpy as np
    import pyarrow as pa

    one = values.num_chunks == 1
    whole = values.chunk(0) if one else pa.concat_arrays([pa.nulls(0, values.type), *values.chunks])
    kind = np.dtype(f"int{values.type.bit_width}")
    return np.frombuffer(whole.buffers()[1] or b"", dtype=kind, count=len(whole), offset=whole.offset * kind.itemsize)


def _as_mask(wanted: NDArray[np.bool_]) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    bits = pa.py_buffer(np.packbits(wanted, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(wanted), [None, bits])
