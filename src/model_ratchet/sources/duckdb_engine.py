"""The embedded engine: DuckDB over files, locked down to the files of one table."""

import csv
import gzip
import io
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import duckdb
from sqlglot import exp

from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.sources.duckdb_merge import keep_merged, stretches
from model_ratchet.sources.engine import Column, Kind, Later, UnanswerableError
from model_ratchet.sources.files import Files
from model_ratchet.sources.table_sql import column, table, within

T = TypeVar("T")

_MEMORY_LIMIT = "512MiB"
_SMALL = 2**24
_MIXED = "times with a zone in some files and without one in others"
_FETCHED_ONCE = {"external_file_cache_spill": True}
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_INSTANTS = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ", "TIMESTAMPTZ_NS", "TIMESTAMP_NS WITH TIME ZONE")
_NAIVE = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE")


class DuckDBEngine:
    """One in-memory database with the files of a table: a view over Parquet; the rows of CSV and JSON lines, read once.

    It can read these files and nothing else, write nowhere but in its own scratch folder, load no extension, and none of
    this can be changed once it is open. CSV and JSON lines are read as text, so that no type is guessed from a sample.
    """

    def __init__(
        self, source: str, files: Files, *, memory_limit: str = _MEMORY_LIMIT, threads: int | None = None
    ) -> None:
        """``threads``: two, unless the files are so small that the second would only be waited for."""
        self._source = source
        self._files = files
        self._memory_limit = memory_limit
        self._threads = threads or (1 if sum(map(files.size, files.names)) < _SMALL else 2)
        self._scratch = Path(tempfile.mkdtemp(prefix="ratchet-"))
        self._queries: list[str] = [f"-- {line}" for line in files.provenance]
        self._columns: dict[str, Column] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._beside: list[duckdb.DuckDBPyConnection] = []
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": memory_limit,
                "threads": self._threads,
                "temp_directory": str(self._scratch),
                "preserve_insertion_order": files.format == "parquet",  # a merge reads the rows as they stand
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                **({} if files.filesystem is None else _FETCHED_ONCE),
            },
        )
        if files.filesystem is not None:
            self._connection.register_filesystem(files.filesystem)
        for setting, value in (
            ("TimeZone", "UTC"),
            ("allowed_paths", list(files.names)),
            ("enable_external_access", False),
            ("lock_configuration", True),
        ):
            self._connection.execute(_setting(setting, value).sql(dialect="duckdb"))

    @property
    def table(self) -> str:
        """The name of the source."""
        return self._source

    @property
    def queries(self) -> Sequence[str]:
        """The texts of the questions that were run, in order."""
        return tuple(self._queries)

    def columns(self) -> Mapping[str, Column]:
        """The columns of the files together; one that only some of them hold is null in the others."""
        if self._columns is None:
            if self._files.format == "jsonl" and not any(self._files.size(name) for name in self._files.names):
                raise UnanswerableError(because(Why.NO_ROWS, metric=self._source, arm="either"), lasting=False)
            self._asked(self._open_table)
            described = self._asked(lambda: self._described(exp.select("*").from_(table(self._source))))
            found = {name: Column(name, _kind(type_), type_) for name, type_ in described}
            self._columns = found | {name: Column(name, Kind.OTHER, _MIXED) for name in self._mixed_times(found)}
        return self._columns

    def run(self, question: exp.Query) -> list[tuple[Any, ...]]:
        """The rows of the answer."""
        self.columns()
        text = question.sql(dialect="duckdb", copy=False)
        self._queries.append(text)
        return self._asked(lambda: self._connection.execute(text).fetchall())

    def run_beside(self, question: exp.Query) -> Later[list[tuple[Any, ...]]]:
        """Run by a thread of its own, after what was started so before."""
        self.columns()
        text = question.sql(dialect="duckdb", copy=False)
        self._queries.append(text)
        cursor = self._connection.cursor()
        self._beside.append(cursor)
        rows = self._thread.submit(lambda: cursor.execute(text).fetchall())
        return lambda: self._asked(rows.result)

    def keep(self, name: str, question: exp.Query) -> None:
        """A table that goes to the scratch folder where memory runs short."""
        self.columns()
        kept = exp.Create(
            this=table(name),
            kind="TABLE",
            replace=True,
            expression=question,
        )
        text = kept.sql(dialect="duckdb", copy=False)
        self._queries.append(text)
        self._asked(lambda: self._connection.execute(text))

    def keep_merged(self, name: str, question: exp.Query, rows: exp.Query, stored_id: str) -> bool:
        """Streams the rows of Parquet files whose row groups ascend by a whole-numbered id."""
        if self._files.format != "parquet" or self.columns()[stored_id].kind is not Kind.NUMBER:
            return False
        parts = self._asked(lambda: stretches(self._connection, self._files.names, stored_id, self._threads))
        if parts is None:
            return False
        kept = self._asked(lambda: keep_merged(self._connection, rows, parts, lambda: self.keep(name, question)))
        if kept:
            self._queries.append(rows.sql(dialect="duckdb", copy=False))
        return kept

    def close(self) -> None:
        """Interrupts what is running, closes the database and removes the scratch folder."""
        for connection in (self._connection, *self._beside):
            connection.interrupt()
        self._thread.shutdown(cancel_futures=True)
        for cursor in self._beside:
            cursor.close()
        if self._files.filesystem is not None:
            # the database and the file system would keep each other alive
            self._connection.unregister_filesystem(self._files.filesystem.protocol)
        self._connection.close()
        self._files.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _open_table(self) -> None:
        # text would be parsed anew for each question; its rows go to the scratch folder where memory runs short
        kind = "VIEW" if self._files.format == "parquet" else "TABLE"
        opened = exp.Create(this=table(self._source), kind=kind, expression=self._reading(self._files.names))
        self._connection.execute(opened.sql(dialect="duckdb"))

    def _mixed_times(self, columns: Mapping[str, Column]) -> set[str]:
        """Times that have a zone in some files and none in others: read together, the latter would be taken as UTC."""
        zoned = {name for name, one in columns.items() if one.kind is Kind.INSTANT}
        if not zoned or len(self._files.names) == 1:
            return set()
        each = self._asked(lambda: [self._described(self._reading([file])) for file in self._files.names])
        return {name for described in each for name, type_ in described if name in zoned and _kind(type_) is Kind.NAIVE}

    def _reading(self, files: Sequence[str]) -> exp.Query:
        """All columns of these files."""
        shared = {"union_by_name": True, "hive_partitioning": self._files.hive, "hive_types_autocast": False}
        match self._files.format:
            case "parquet":
                # the bounds that writers leave in the files say nothing of NaN: without this, tests for it are folded to false
                return _from_files("read_parquet", files, shared | {"can_have_nan": True})
            case "csv":
                form = shared | {"header": True, "auto_detect": False, "delim": ",", "quote": '"', "escape": '"'}
                alike = [
                    _from_files("read_csv", those, form | {"columns": dict.fromkeys(header, "VARCHAR")})
                    for header, those in self._by_header(files).items()
                ]
                whole: exp.Query = alike[0]
                for other in alike[1:]:
                    whole = exp.Union(this=whole, expression=other, distinct=False, by_name=True)
                return whole
            case "jsonl":
                form = shared | {"format": "newline_delimited"}
                keys = self._described(_from_files("read_json", files, form | {"sample_size": -1}))
                return _from_files("read_json", files, form | {"columns": {name: "VARCHAR" for name, _ in keys}})

    def _described(self, question: exp.Query) -> list[tuple[str, str]]:
        """The names and types of a question's columns."""
        rows = self._connection.execute(exp.Describe(this=question).sql(dialect="duckdb")).fetchall()
        return [(str(row[0]), str(row[1])) for row in rows]

    def _by_header(self, files: Sequence[str]) -> Mapping[tuple[str, ...], list[str]]:
        """CSV files by their header, which is read here so that nothing of the form is left to detection."""
        found: dict[tuple[str, ...], list[str]] = {}
        for file in files:
            header = _header(self._files, file)
            if not header or len(set(header)) < len(header):
                raise UnanswerableError(because(Why.FILE_TRUNCATED, source=self._source, file=self._files.shown(file)))
            found.setdefault(header, []).append(file)
        return found

    def _asked(self, ask: Callable[[], T]) -> T:
        """What the database answers. Its error texts can hold values of rows, so none is passed on."""
        try:
            answer = ask()
        except duckdb.OutOfMemoryException:
            what = f"the memory limit of {self._memory_limit} is too small for source {self._source}"
            raise UnanswerableError(because(Why.CRASHED, what=what)) from None
        except duckdb.OutOfRangeException:
            raise UnanswerableError(
                because(Why.CRASHED, what=f"a sum over source {self._source} is too large")
            ) from None
        except duckdb.Error:
            raise UnanswerableError(self._files.failure or self._trouble()) from None
        if self._files.failure is not None:
            raise UnanswerableError(self._files.failure)
        return answer

    def _trouble(self) -> Reason:
        """Which file can't be read to its end; where all can, the question was at fault."""
        for file in self._files.names:
            try:
                digest = exp.func("MAX", exp.func("HASH", column("f")))
                every = exp.select(digest).from_(within(self._reading([file]), "f"))
                self._connection.execute(every.sql(dialect="duckdb")).fetchall()
            except duckdb.Error:
                cut = because(Why.FILE_TRUNCATED, source=self._source, file=self._files.shown(file))
                return self._files.failure or cut
        return because(Why.CRASHED, what=f"a question to source {self._source}")


def _header(files: Files, name: str) -> tuple[str, ...]:
    """The column names in the first line of a CSV file; none where there is no such line."""
    try:
        with files.open(name) as raw:
            plain = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if name.lower().endswith(".gz") else raw
            with io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as lines:
                return tuple(next(csv.reader(lines), ()))
    except (OSError, EOFError, UnicodeError, csv.Error):
        return ()


def _setting(name: str, value: object) -> exp.Set:
    return exp.Set(expressions=[exp.SetItem(this=exp.EQ(this=exp.column(name), expression=exp.convert(value)))])


def _from_files(function: str, files: Sequence[str], options: Mapping[str, object]) -> exp.Select:
    """A question for every column that one of the engine's file readers finds."""
    paths = exp.Array(expressions=[exp.Literal.string(file) for file in files])
    given = [exp.EQ(this=exp.column(name), expression=_option(value)) for name, value in options.items()]
    return exp.select("*").from_(exp.Anonymous(this=function, expressions=[paths, *given]))


def _option(value: object) -> exp.Expr:
    if isinstance(value, Mapping):
        pairs = [exp.PropertyEQ(this=exp.Literal.string(name), expression=_option(of)) for name, of in value.items()]
        return exp.Struct(expressions=pairs)
    return exp.convert(value)


def _kind(name: str) -> Kind:
    base = name.partition("(")[0].removeprefix("U")
    if name == "VARCHAR" or base == "ENUM":
        return Kind.TEXT
    if name == "BOOLEAN":
        return Kind.BOOLEAN
    if base in _NUMBERS:
        return Kind.NUMBER
    if name in _INSTANTS:
        return Kind.INSTANT
    return Kind.NAIVE if name in _NAIVE else Kind.OTHER
