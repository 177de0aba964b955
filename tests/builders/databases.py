"""The same rows in files, in PostgreSQL and in Spark, as sources that are asked the same needs."""

import sys
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from builders.logs import VERSIONS, Row
from components import postgresql
from model_ratchet.core.arms import Versions
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources, Table
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.table import TableSource

_TYPES = {"double": "double precision", "bool": "boolean", "string": "text", "int64": "bigint", "date32[day]": "date"}
ENVIRON = {"DB_PASSWORD": postgresql.READER_PASSWORD}


def source_at(
    described: str, model: ModelFile, *, versions: Versions = VERSIONS, environ: Mapping[str, str] = ENVIRON
) -> TableSource:
    """The source of a line of a sources file."""
    text = f"apiVersion: ratchet/v1\nkind: Sources\nsources:\n  log: {described}\n"
    sources = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(sources, Sources), sources
    config = sources.sources["log"]
    assert isinstance(config, Table)
    return TableSource(
        name="log",
        config=config,
        model=model,
        versions=versions,
        root=Path("/"),
        environ=environ,
        reach=Reach.of(sources),
    )


def in_files(folder: Path, rows: Sequence[Row], schema: pa.Schema | None = None) -> str:
    """The rows in one Parquet file."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), folder / "log.parquet")
    return f"{{kind: table, path: {folder / 'log.parquet'}}}"


def in_postgresql(server: postgresql.Server, name: str, rows: Sequence[Row], schema: pa.Schema | None = None) -> str:
    """The rows in a table of the server's schema ``analytics``."""
    import psycopg
    from psycopg import sql

    fields = schema or pa.Table.from_pylist(list(rows)).schema
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(_type(field.type))) for field in fields
    )
    table = sql.Identifier("analytics", name)
    with psycopg.connect(server.admin) as admin:
        admin.execute(sql.SQL("CREATE TABLE {} ({})").format(table, columns))
        with admin.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as lines:
            for row in rows:
                lines.write_row([row.get(field.name) for field in fields])
    return in_table(server, f"analytics.{name}")


def in_table(server: postgresql.Server, table: str, **more: str) -> str:
    """A table that is there."""
    auth = f"{{username: {postgresql.READER}, password: '${{DB_PASSWORD}}'}}"
    keys = "".join(f", {key}: {value}" for key, value in more.items())
    return f"{{kind: table, url: '{server.url}', table: {table}, auth: {auth}{keys}}}"


def in_spark(url: str, folder: Path, name: str, rows: Sequence[Row], schema: pa.Schema | None = None) -> str:
    """The rows as a table of the cluster's catalogue, partitioned by day over several files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        # a worker of pytest-xdist has a main module without a file, and PySpark then looks for its own doctests
        if not hasattr(main := sys.modules["__main__"], "__file__"):
            main.__file__ = __file__
        from pyspark.sql.connect.session import SparkSession

    whole = schema or pa.Table.from_pylist(list(rows)).schema
    days: dict[str, list[Row]] = {}
    for row in rows:
        at = row.get("requested_at") or row.get("time")
        days.setdefault(f"{at:%Y-%m-%d}" if isinstance(at, datetime) else "none", []).append(row)
    for day, those in days.items():
        for part in range(2):
            into = folder / name / f"day={day}"
            into.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(those[part::2], schema=whole), into / f"part{part}.parquet")
    session = SparkSession(url)
    try:
        session.sql("CREATE DATABASE IF NOT EXISTS lake")
        session.sql(f"CREATE TABLE lake.{name} USING parquet LOCATION '{folder / name}'")
        session.sql(f"MSCK REPAIR TABLE lake.{name}")
    finally:
        session.client.release_session()
        session.client.close()
    return f"{{kind: table, url: '{url}', table: lake.{name}}}"


def _type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    return _TYPES[str(kind)]
