"""The embedded engine is locked to the files of its table: nothing else is read, nothing written, nothing changed."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp, parse_one

from model_ratchet.core.reason import Why
from model_ratchet.sources.duckdb_engine import DuckDBEngine
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.files import FileSet


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "mine.csv").write_text("x\n1\n2\n", encoding="utf-8")
    (tmp_path / "secret.csv").write_text("y\n42\n", encoding="utf-8")
    opened = DuckDBEngine("log", FileSet(folder, (folder / "mine.csv",), "csv", hive=False))
    yield opened
    opened.close()


def asked(text: str) -> exp.Query:
    query = parse_one(text, dialect="duckdb")
    assert isinstance(query, exp.Query)
    return query


def refused(engine: DuckDBEngine, text: str) -> bool:
    try:
        engine._connection.execute(text)
    except duckdb.Error as error:
        return "disabled" in str(error) or "locked" in str(error) or "not allowed" in str(error)
    return False


def test_the_files_of_the_table_are_read(engine: DuckDBEngine) -> None:
    assert engine.run(asked('SELECT SUM(CAST(x AS INT)) FROM "log"')) == [(3,)]


def test_text_is_read_once(engine: DuckDBEngine, tmp_path: Path) -> None:
    engine.columns()
    (tmp_path / "logs" / "mine.csv").unlink()
    assert engine.run(asked('SELECT SUM(CAST(x AS INT)) FROM "log"')) == [(3,)]


@pytest.mark.parametrize(("size", "threads"), [(2**24 - 1, 1), (2**24, 2)], ids=["small", "large"])
def test_small_files_take_one_thread(size: int, threads: int, tmp_path: Path) -> None:
    with (tmp_path / "rows.parquet").open("wb") as file:
        file.truncate(size)
    engine = DuckDBEngine("log", FileSet(tmp_path, (tmp_path / "rows.parquet",), "parquet", hive=False))
    try:
        assert engine._connection.execute("SELECT current_setting('threads')").fetchall() == [(threads,)]
    finally:
        engine.close()


def test_a_file_beside_the_table_is_not_read(engine: DuckDBEngine, tmp_path: Path) -> None:
    engine.columns()
    for reader in ("read_csv", "read_text", "read_blob"):
        assert refused(engine, f"FROM {reader}('{tmp_path / 'secret.csv'}')")
    assert refused(engine, "SELECT * FROM glob('/etc/*')")
    with pytest.raises(UnanswerableError) as failure:
        engine.run(asked(f"FROM read_csv('{tmp_path / 'secret.csv'}')"))
    assert failure.value.reason.why is Why.CRASHED
    assert "secret" not in str(failure.value.reason)


def test_nothing_is_written_attached_loaded_or_unlocked(engine: DuckDBEngine, tmp_path: Path) -> None:
    engine.columns()
    for text in (
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'other.db'}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '8GiB'",
        "SET threads = 64",
        f"SET allowed_paths = ['{tmp_path / 'secret.csv'}']",
        "SET lock_configuration = false",
    ):
        assert refused(engine, text), text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "secret.csv"]


def test_a_question_beyond_the_memory_limit_says_so(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("x\n1\n", encoding="utf-8")
    small = DuckDBEngine("log", FileSet(tmp_path, (tmp_path / "mine.csv",), "csv", hive=False), memory_limit="16MiB")
    try:
        with pytest.raises(UnanswerableError) as failure:
            small.run(asked("SELECT LENGTH(STRING_AGG(MD5(CAST(i AS TEXT)), '')) FROM RANGE(5000000) AS r(i)"))
    finally:
        small.close()
    assert failure.value.reason.parameters["what"] == "the memory limit of 16MiB is too small for source log"


def test_the_scratch_folder_goes_when_the_engine_closes(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("x\n1\n", encoding="utf-8")
    engine = DuckDBEngine("log", FileSet(tmp_path, (tmp_path / "mine.csv",), "csv", hive=False))
    scratch = engine._scratch
    assert scratch.is_dir()
    engine.close()
    assert not scratch.exists()
