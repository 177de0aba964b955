"""A merge of sorted ids gives the requests that a fold gives, and is refused wherever the ids do not ascend."""

import random
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from builders.logs import BASELINE, CANDIDATE, OTHER, VERSIONS, Row, a_model, a_source, a_window, random_long, write
from model_ratchet.core.evidence import Clustering, Missing, Need, Shape
from model_ratchet.ports import Answers
from model_ratchet.sources import duckdb_merge, merge
from model_ratchet.sources.merge import UnsortedError, merged
from model_ratchet.sources.open import base_needs


def batches(rows: Sequence[tuple[int | None, int, int, int | None]], size: int) -> Iterator[pa.RecordBatch]:
    """Rows of (id, arm, word, cluster), so many at a time."""
    names = ("id", "arm", "word0", "cluster")
    for start in range(0, len(rows), size):
        columns = zip(*rows[start : start + size], strict=True)
        yield pa.record_batch([pa.array(values, pa.int64()) for values in columns], names=names)


@given(
    arms=st.tuples(
        *(st.dictionaries(st.integers(-50, 50), st.tuples(st.integers(0, 9), st.none() | st.integers(0, 3))),) * 2
    ),
    size=st.integers(1, 30),
    lag=st.randoms(use_true_random=False),
)
def test_requests_stand_once_with_what_each_arm_holds(
    arms: tuple[dict[int, tuple[int, int | None]], ...], size: int, lag: random.Random
) -> None:
    waiting = [[(i, arm, *arms[arm][i]) for i in sorted(arms[arm])] for arm in (0, 1)]
    rows = []
    while any(waiting):
        rows.append(lag.choice([one for one in waiting if one]).pop(0))
    found = [row for batch in merged(batches(rows, size), "cluster") for row in batch.to_pylist()]
    expected = []
    for i in sorted({*arms[0], *arms[1]}):
        held = [arm[i] for arm in arms if i in arm]
        expected.append(
            {
                "rows": len(held),
                "b_word0": arms[0][i][0] if i in arms[0] else None,
                "c_word0": arms[1][i][0] if i in arms[1] else None,
                "cluster": min((cluster for _, cluster in held if cluster is not None), default=None),
            }
        )
    assert sorted(found, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("size", [1, 2, 3, 10])
@pytest.mark.parametrize(
    "ids",
    [[(1, 0), (1, 0)], [(1, 0), (2, 1), (1, 0)], [(1, 0), (1, 1), (3, 0), (3, 1), (2, 0)], [(None, 0), (1, 1)]],
    ids=["repeated", "back", "back-after-a-pair", "null"],
)
def test_ids_that_do_not_ascend_are_refused(ids: list[tuple[int | None, int]], size: int) -> None:
    with pytest.raises(UnsortedError):
        list(merged(batches([(i, arm, 0, 0) for i, arm in ids], size), None))


def test_an_arm_that_is_too_far_ahead_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "MOST_AHEAD", 10)
    apart = [(i, 0, 0, 0) for i in range(15)] + [(i, 1, 0, 0) for i in range(15)]
    with pytest.raises(UnsortedError):
        list(merged(batches(apart, 5), None))
    near = [(i, 0, 0, 0) for i in range(10)] + [(i, 1, 0, 0) for i in range(10)]
    assert sum(batch.num_rows for batch in merged(batches(near, 5), None)) == 10


def numbered(seed: int) -> list[Row]:
    """A log whose rows stand by a whole-numbered id, with requests of one arm and of other versions."""
    rows = [row | {"request_id": int(str(row["request_id"])[1:])} for row in random_long(seed, 3000)]
    return sorted(rows, key=lambda row: (int(str(row["request_id"])), str(row["version"])))


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_merge, "LEAST_ROWS", 1)


def asked(log: Path) -> Answers:
    model = a_model()
    needs = [need for hours in ((0, 17), (2, 9)) for need in base_needs(model, "canary", a_window(hours), paired=True)]
    window = a_window((0, 17))
    latency = Need(shape=Shape.MOMENTS, metric="latency", window=window, paired=True, clustering=Clustering.COLUMN)
    return a_source(log, model).answer([*needs, latency])


@pytest.mark.parametrize("seed", [1, 2])
def test_the_answers_are_those_of_a_fold_of_the_same_rows(tmp_path: Path, seed: int) -> None:
    rows = numbered(seed)
    assert {CANDIDATE, BASELINE, OTHER} <= {row["version"] for row in rows}
    assert OTHER in VERSIONS.others
    half = len(rows) // 2
    for place, part in enumerate((rows[:half], rows[half:])):
        write(tmp_path / "sorted" / f"{place}.parquet", part)
    mixed = list(rows)
    random.Random(seed).shuffle(mixed)  # noqa: S311
    write(tmp_path / "mixed" / "0.parquet", mixed)
    streamed, folded = asked(tmp_path / "sorted"), asked(tmp_path / "mixed")
    assert streamed.answers == folded.answers
    assert any("@merged" in query for query in streamed.queries)
    assert not any("@merged" in query for query in folded.queries)
    assert not any(isinstance(answer, Missing) for answer in streamed.answers.values())


def test_a_repeated_id_among_sorted_ones_is_dropped_as_in_a_fold(tmp_path: Path) -> None:
    rows = numbered(3)
    again = rows[1000]["requested_at"] + timedelta(seconds=1)  # type: ignore[operator]
    rows.insert(1001, rows[1000] | {"requested_at": again, "p_late": 0.123})
    write(tmp_path / "sorted.parquet", rows)
    mixed = list(rows)
    random.Random(3).shuffle(mixed)  # noqa: S311
    write(tmp_path / "mixed.parquet", mixed)
    streamed, folded = asked(tmp_path / "sorted.parquet"), asked(tmp_path / "mixed.parquet")
    assert streamed.answers == folded.answers


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_text_is_folded(tmp_path: Path, form: str) -> None:
    found = asked(write(tmp_path / f"log.{form}", numbered(4)))
    assert not any("@merged" in query for query in found.queries)


def test_a_small_log_is_folded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_merge, "LEAST_ROWS", 10_000)
    found = asked(write(tmp_path / "log.parquet", numbered(5)))
    assert not any("@merged" in query for query in found.queries)


def in_groups(path: Path, ids: Sequence[int | None], size: int) -> str:
    """A file with one column of ids, so many rows a group."""
    pq.write_table(pa.table({"id": pa.array(ids, pa.int64())}), path, row_group_size=size)
    return str(path)


def parted(path: str, threads: int) -> list[list[int | None]] | None:
    """The ids of each stretch."""
    with duckdb.connect() as connection:
        found = duckdb_merge.stretches(connection, [path], "id", threads)
        if found is None:
            return None
        return [
            [row[0] for row in connection.execute(f"FROM '{path}' WHERE {part.sql() if part else True}").fetchall()]
            for part in found
        ]


@pytest.mark.parametrize(
    ("threads", "stretches"),
    [
        (1, [[None, *range(12)]]),
        (2, [[None, *range(5)], [*range(5, 12)]]),
        (3, [[None, *range(3)], [*range(3, 7)], [*range(7, 12)]]),
        (50, [[None, 0], *([i, i + 1] for i in range(1, 11, 2)), [11]]),
    ],
    ids=["one", "two", "three", "more-than-groups"],
)
def test_each_thread_has_a_stretch_of_ids_and_no_row_is_in_two(
    tmp_path: Path, threads: int, stretches: list[list[int | None]]
) -> None:
    assert parted(in_groups(tmp_path / "log.parquet", [None, *range(12)], 2), threads) == stretches


def test_groups_that_do_not_ascend_are_not_parted(tmp_path: Path) -> None:
    assert parted(in_groups(tmp_path / "log.parquet", [4, 5, 2, 3], 2), 2) is None
    assert parted(in_groups(tmp_path / "null.parquet", [None, None], 2), 2) is None


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_ids_out_of_order_within_a_stretch_are_seen_by_whichever_thread_has_it(tmp_path: Path, threads: int) -> None:
    path = tmp_path / "log.parquet"
    for ids, kept in (([*range(100)], True), ([*range(70), 71, 70, *range(72, 100)], False), ([*range(99), 98], False)):
        rows = pa.table({"id": ids, "arm": pa.array([0] * len(ids), pa.int8()), "word0": [1] * len(ids)})
        pq.write_table(rows, path, row_group_size=10)
        with duckdb.connect() as connection:
            found = duckdb_merge.stretches(connection, [str(path)], "id", threads)
            assert found is not None
            told = exp.select("*").from_(exp.Table(this=exp.Literal.string(str(path))))
            counted: list[tuple[int]] = []
            count = lambda: counted.extend(connection.execute('SELECT count(*) FROM "@merged"').fetchall())  # noqa: B023, E731
            assert duckdb_merge.keep_merged(connection, told, found, count) is kept
            assert not kept or counted == [(100,)]


def test_a_failure_of_what_is_kept_ends_every_thread(tmp_path: Path) -> None:
    path = in_groups(tmp_path / "log.parquet", [*range(50)], 5)
    before = threading.active_count()

    def fail() -> None:
        raise RuntimeError("no room")

    with duckdb.connect() as connection:
        told = exp.select("id", "0::TINYINT AS arm").from_(exp.Table(this=exp.Literal.string(path)))
        parts = duckdb_merge.stretches(connection, [path], "id", 4)
        assert parts is not None
        with pytest.raises(RuntimeError, match="no room"):
            duckdb_merge.keep_merged(connection, told, parts, fail)
    assert threading.active_count() == before
