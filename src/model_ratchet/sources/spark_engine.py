"""Spark: one table of a cluster's catalogue, asked through Spark Connect. Only the rows of answers leave the cluster."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.origin import Origin
from model_ratchet.sources.database import Database, numbers
from model_ratchet.sources.engine import Column, Kind, Later, UnanswerableError
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.spark_sql import spelled
from model_ratchet.sources.table_sql import table
from model_ratchet.sources.variables import fill

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
_KINDS = {"boolean": Kind.BOOLEAN, "timestamp": Kind.INSTANT, "timestamp_ntz": Kind.NAIVE, "date": Kind.NAIVE}
_TEXTS = ("string", "char", "varchar")
_TRIES = 3
_MOST_PAUSE_MS = 2_000

# loggers of the client that print whole error texts, which can hold values of rows
_TALKATIVE = ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "pyspark.sql.connect.logging")
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.groupByOrdinal": "true",
    "spark.sql.orderByOrdinal": "true",
}


class SparkEngine:
    """One session with one Spark Connect server. What is kept is cached in the cluster until the engine closes."""

    def __init__(self, database: Database, reach: Reach, *, environ: Mapping[str, str], root: Path) -> None:
        """Connects.

        Raises:
            UnanswerableError: a variable is not set, the origin is refused, nothing answers there, or we are not let in.
        """
        self._source = database.source
        self._seconds = database.seconds
        self._relation = exp.to_table(database.table, dialect="spark").sql(dialect="spark", identify=True)
        self._named = database.table
        self._queries: list[str] = []
        self._columns: dict[str, Column] | None = None
        self._kept: set[str] = set()
        self._late = False
        self._session = _session(database, reach, environ, root)
        self._alarm = threading.Timer(self._seconds, self._interrupt)
        self._alarm.daemon = True
        self._alarm.start()
        try:
            with self._told():
                for name, value in _SETTINGS.items():
                    self._session.sql(f"SET {name}={value}")
        except UnanswerableError:
            self.close()
            raise

    @property
    def table(self) -> str:
        """The name of the source."""
        return self._source

    @property
    def queries(self) -> Sequence[str]:
        """The texts of the questions that were run, in order."""
        return tuple(self._queries)

    def columns(self) -> Mapping[str, Column]:
        """The columns of the table, by the types of the catalogue."""
        if self._columns is None:
            with self._told():
                fields = self._session.sql(_everything(self._relation)).schema.fields
            types = {field.name: field.dataType.simpleString() for field in fields}
            self._columns = {name: Column(name, _kind(type_), type_) for name, type_ in types.items()}
        return self._columns

    def run(self, question: exp.Query) -> list[tuple[Any, ...]]:
        """The rows of the answer."""
        return self._asked(spelled(question, self._source, self._relation))

    def run_beside(self, question: exp.Query) -> Later[list[tuple[Any, ...]]]:
        """Run when it is read."""
        return partial(self.run, question)

    def keep(self, name: str, question: exp.Query) -> None:
        """A temporary view, its rows computed at once and cached by the executors (on their disks where memory is short)."""
        self._drop(name)
        self._kept.add(name)
        kept = table(name).sql(dialect="spark")
        self._asked(f"CACHE TABLE {kept} AS {spelled(question, self._source, self._relation)}")

    def keep_merged(self, name: str, question: exp.Query, rows: exp.Query, stored_id: str) -> bool:
        """Never: a database tells nothing of the order in which it holds its rows."""
        del name, question, rows, stored_id
        return False

    def close(self) -> None:
        """Takes what was kept out of the cluster's memory, and ends the session."""
        self._alarm.cancel()
        for name in tuple(self._kept):
            self._drop(name)
        with suppress(UnanswerableError), self._told():
            self._session.client.release_session()
        self._session.client.close()

    def _asked(self, text: str) -> list[tuple[Any, ...]]:
        self._queries.append(text)
        with self._told():
            answer = self._session.sql(text).toArrow()
        # (an interruption meets only what runs at that moment)
        if self._late:
            raise UnanswerableError(self._reason(None, ""))
        return [numbers(row) for row in zip(*(column.to_pylist() for column in answer.columns), strict=True)]

    def _drop(self, name: str) -> None:
        if name in self._kept:
            self._kept.discard(name)
            with suppress(UnanswerableError), self._told():
                self._session.catalog.uncacheTable(table(name).sql(dialect="spark"))
                self._session.catalog.dropTempView(name)

    def _interrupt(self) -> None:
        self._late = True
        with suppress(UnanswerableError), self._told():
            self._session.interruptAll()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the library as reasons. Their texts can hold values of rows, so none is passed on."""
        import grpc
        from pyspark.errors import PySparkException

        try:
            yield
        except grpc.RpcError as error:
            raise UnanswerableError(self._reason(None, error.code().name)) from None
        except PySparkException as error:
            raise UnanswerableError(self._reason(error.getSqlState(), _status(error))) from None

    def _reason(self, state: str | None, status: str) -> Reason:
        if self._late:
            return because(Why.SOURCE_TIMED_OUT, source=self._source, seconds=self._seconds)
        if status in ("UNAUTHENTICATED", "PERMISSION_DENIED") or (state or "").startswith(("28", "42501")):
            return because(Why.SOURCE_UNAUTHORISED, source=self._source, status=status or f"SQLSTATE {state}")
        match state:
            case "42P01" | "42704":
                return because(Why.SOURCE_ABSENT, source=self._source, file=self._named)
            case "22003":
                return because(Why.CRASHED, what=f"a sum over source {self._source} is too large")
            case None:
                return because(Why.SOURCE_UNREACHABLE, source=self._source, status=status or "no answer")
        return because(Why.CRASHED, what=f"a question to source {self._source} (SQLSTATE {state})")


def _session(database: Database, reach: Reach, environ: Mapping[str, str], root: Path) -> "SparkSession":
    with warnings.catch_warnings(), _with_a_main_file():
        # (the client warns of versions of pandas, which nothing here goes through)
        warnings.simplefilter("ignore", FutureWarning)
        import grpc
        from pyspark.sql.connect.client import ChannelBuilder
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql.connect.session import SparkSession

    for name in _TALKATIVE:
        logging.getLogger(name).disabled = True
    source = database.source
    _, origin = reach.url(source, database.url, environ)
    address = reach.address(source, origin.host, origin.port)
    bearer = database.auth.bearer if database.auth is not None else None
    token = fill(source, bearer, environ) if bearer is not None else None
    if ip_address(address).is_loopback and database.ca is None:
        credentials = grpc.local_channel_credentials()
    else:
        trusted = (root / database.ca).read_bytes() if database.ca is not None else None
        credentials = grpc.ssl_channel_credentials(trusted)
    if token is not None:
        credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))

    class Channel(ChannelBuilder):
        """A channel to the address that the name was resolved to, with nothing taken from the environment."""

        host = origin.host
        token = None

        def toChannel(self) -> grpc.Channel:  # noqa: N802  (the library's name)
            return self._secure_channel(_endpoint(address, origin), credentials)

    options = [
        ("grpc.enable_http_proxy", 0),
        ("grpc.ssl_target_name_override", origin.host),
        ("grpc.default_authority", origin.host),
    ]
    session = SparkSession(Channel(options, {"user_id": "ratchet", "user_agent": "ratchet"}))  # type: ignore[arg-type]
    session.client.set_retry_policies([DefaultPolicy(max_retries=_TRIES, max_backoff=_MOST_PAUSE_MS)])
    return session


@contextmanager
def _with_a_main_file() -> Iterator[None]:
    """The client takes a process without a main file (an embedded one, a worker) for a run of its own doctests, and ends it."""
    main = sys.modules["__main__"]
    if hasattr(main, "__file__"):
        yield
        return
    main.__file__ = ""
    try:
        yield
    finally:
        del main.__file__


def _everything(relation: str) -> str:
    return exp.select("*").from_(exp.to_table(relation, dialect="spark")).limit(0).sql(dialect="spark")


def _endpoint(address: str, origin: Origin) -> str:
    family = "ipv6" if ":" in address else "ipv4"
    at = f"[{address}]" if ":" in address else address
    return f"{family}:{at}:{origin.port}"


def _status(error: Any) -> str:
    code = getattr(error, "getGrpcStatusCode", lambda: None)()
    return code.name if code is not None else ""


def _kind(name: str) -> Kind:
    base = name.partition("(")[0]
    if base in _NUMBERS:
        return Kind.NUMBER
    return Kind.TEXT if base in _TEXTS else _KINDS.get(base, Kind.OTHER)
