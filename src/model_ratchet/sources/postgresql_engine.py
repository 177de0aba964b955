"""PostgreSQL: one table of a database, asked through psycopg within one snapshot that can only be read."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sqlglot import exp

from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.sources.database import Database, numbers
from model_ratchet.sources.engine import Column, Kind, Later, UnanswerableError
from model_ratchet.sources.postgresql_sql import spelled
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.table_sql import table
from model_ratchet.sources.trust import authorities
from model_ratchet.sources.variables import fill

if TYPE_CHECKING:
    import psycopg

_NUMBERS = ("int2", "int4", "int8", "float4", "float8", "numeric")
_KINDS = {"bool": Kind.BOOLEAN, "timestamptz": Kind.INSTANT, "timestamp": Kind.NAIVE, "date": Kind.NAIVE}
_TEXTS = ("S", "E")  # the server's categories of texts and of enumerations
_CONNECT_SECONDS = 10
_SETTINGS = {
    "search_path": "pg_catalog",
    "standard_conforming_strings": "on",
    "row_security": "off",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "extra_float_digits": "1",
    "IntervalStyle": "postgres",
}

# what the library would take from the environment or from the user's home, if it were not said
_NEUTRAL = {
    "passfile": os.devnull,
    "sslcertmode": "disable",
    "sslcrl": os.devnull,
    "sslcrldir": os.devnull,
    "gssencmode": "disable",
    "require_auth": "!gss,!sspi,!oauth",
    "channel_binding": "prefer",
    "sslnegotiation": "postgres",
    "sslsni": "1",
    "ssl_min_protocol_version": "TLSv1.2",
    "ssl_max_protocol_version": "TLSv1.3",
    "min_protocol_version": "3.0",
    "max_protocol_version": "3.0",
    "target_session_attrs": "any",
    "load_balance_hosts": "disable",
    "options": " ",
    "client_encoding": "UTF8",
    "application_name": "ratchet",
}


@dataclass(slots=True)
class _Kept:
    """A question whose answer was asked to be kept, and whether the server could keep it."""

    question: exp.Query
    stored: bool


class PostgreSQLEngine:
    """One connection with one transaction, so that all questions see the table at the same instant.

    Each question runs where nothing can be written; what is kept goes to temporary tables or, where the role may not make
    any, is asked again within each question that needs it. Policies of row security make a question fail: they would hide
    rows. A statement ends at the source's deadline.
    """

    def __init__(self, database: Database, reach: Reach, *, environ: Mapping[str, str], root: Path) -> None:
        """Connects.

        Raises:
            UnanswerableError: a variable is not set, the origin is refused, nothing answers there, or we are not let in.
        """
        self._source = database.source
        self._seconds = database.seconds
        self._ends = monotonic() + database.seconds
        self._relation = exp.to_table(database.table, dialect="postgres").sql(dialect="postgres", identify=True)
        if "." not in database.table:
            self._relation = f'"public".{self._relation}'
        self._named = database.table
        self._queries: list[str] = []
        self._columns: dict[str, Column] | None = None
        self._kept: dict[str, _Kept] = {}
        self._connection = self._connected(_parameters(database, reach, environ, root))

    @property
    def table(self) -> str:
        """The name of the source."""
        return self._source

    @property
    def queries(self) -> Sequence[str]:
        """The texts of the questions that were run, in order."""
        return tuple(self._queries)

    def columns(self) -> Mapping[str, Column]:
        """The columns of the table, by the types that the server gives them."""
        if self._columns is None:
            with self._reading():
                every = exp.select("*").from_(exp.to_table(self._relation, dialect="postgres")).limit(0)
                found = self._connection.execute(every.sql(dialect="postgres")).description or ()
                codes = [column.type_code for column in found]
                types = "SELECT oid, typname, typcategory FROM pg_type WHERE oid = ANY(%s)"
                of = {oid: (name, category) for oid, name, category in self._connection.execute(types, [codes])}
            self._columns = {
                column.name: Column(column.name, _kind(*of[column.type_code]), str(of[column.type_code][0]))
                for column in found
            }
        return self._columns

    def run(self, question: exp.Query) -> list[tuple[Any, ...]]:
        """The rows of the answer."""
        text = self._text(question)
        self._queries.append(text)
        with self._reading():
            return [numbers(row) for row in self._connection.execute(text)]

    def run_beside(self, question: exp.Query) -> Later[list[tuple[Any, ...]]]:
        """Run when it is read."""
        return partial(self.run, question)

    def keep(self, name: str, question: exp.Query) -> None:
        """A temporary table: made empty, and filled where nothing else can be written."""
        kept = table(name).sql(dialect="postgres")
        text = self._text(question)
        stored = self._made(f"DROP TABLE IF EXISTS {kept}", f"CREATE TEMPORARY TABLE {kept} AS {text} WITH NO DATA")
        self._kept[name] = _Kept(question, stored)
        if stored:
            filling = f"INSERT INTO {kept} {text}"
            self._queries.append(filling)
            with self._reading():
                self._connection.execute(filling)

    def keep_merged(self, name: str, question: exp.Query, rows: exp.Query, stored_id: str) -> bool:
        """Never: a database tells nothing of the order in which it holds its rows."""
        del name, question, rows, stored_id
        return False

    def close(self) -> None:
        """Ends the transaction without a trace, and the connection."""
        self._connection.close()

    def _text(self, question: exp.Query) -> str:
        """The text of a question, in front of it all that it needs and the server could not keep."""
        whole = question.copy()
        for name in self._needed(question):
            whole = whole.with_(exp.to_identifier(name, quoted=True), self._kept[name].question, copy=False)
        return spelled(whole, self._source, self._relation, self.columns())

    def _needed(self, question: exp.Query) -> list[str]:
        """What was not kept and a question names, each after what it needs itself."""
        found: list[str] = []
        for name in dict.fromkeys(tree.name for tree in question.find_all(exp.Table)):
            kept = self._kept.get(name)
            if kept is not None and not kept.stored:
                found += [*self._needed(kept.question), name]
        return list(dict.fromkeys(found))

    def _connected(self, parameters: Mapping[str, Any]) -> "psycopg.Connection[tuple[Any, ...]]":
        import psycopg

        with self._told():
            connection = psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)
        try:
            with self._told():
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                for name, value in _SETTINGS.items():
                    connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", [name, value])
        except UnanswerableError:
            connection.close()
            raise
        return connection

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Where only temporary tables can be written, until the deadline."""
        with self._told(), self._connection.transaction():
            left = int(1000 * (self._ends - monotonic()))
            if left <= 0:
                raise UnanswerableError(because(Why.SOURCE_TIMED_OUT, source=self._source, seconds=self._seconds))
            self._connection.execute("SELECT set_config('statement_timeout', %s, true)", [str(left)])
            self._connection.execute("SET LOCAL transaction_read_only = on")
            yield

    def _made(self, *statements: str) -> bool:
        """Whether the role may run these statements, which read and write no row."""
        import psycopg

        try:
            with self._told(), self._connection.transaction():
                for statement in statements:
                    self._connection.execute(statement)
        except UnanswerableError as error:
            cause = error.__context__
            if isinstance(cause, (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                return False
            raise
        return True

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the library as reasons. Their texts can hold values of rows, so none is passed on."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise UnanswerableError(self._reason(error.sqlstate)) from None

    def _reason(self, state: str | None) -> Reason:
        match state:
            case None:
                return because(Why.SOURCE_UNREACHABLE, source=self._source, status="no connection, or it broke")
            case "57014":
                return because(Why.SOURCE_TIMED_OUT, source=self._source, seconds=self._seconds)
            case "42P01" | "3F000" | "3D000":
                return because(Why.SOURCE_ABSENT, source=self._source, file=self._named)
            case "22003":
                return because(Why.CRASHED, what=f"a sum over source {self._source} is too large")
        if state.startswith("28") or state == "42501":
            return because(Why.SOURCE_UNAUTHORISED, source=self._source, status=f"SQLSTATE {state}")
        if state.startswith(("08", "53", "57")):
            return because(Why.SOURCE_UNREACHABLE, source=self._source, status=f"SQLSTATE {state}")
        return because(Why.CRASHED, what=f"a question to source {self._source} (SQLSTATE {state})")


def _parameters(database: Database, reach: Reach, environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """All that the library asks of a connection, so that it looks nowhere else for it."""
    source = database.source
    if "PGSERVICE" in os.environ:
        status = "PGSERVICE is set, which would say where to connect: unset it"
        raise UnanswerableError(because(Why.SOURCE_UNREACHABLE, source=source, status=status))
    url, origin = reach.url(source, database.url, environ)
    address = reach.address(source, origin.host, origin.port)
    auth = database.auth
    if ip_address(address).is_loopback and database.ca is None:
        tls = {"sslmode": "prefer", "sslrootcert": os.devnull}
    else:
        tls = {"sslmode": "verify-full", "sslrootcert": authorities(database.ca, root)}
    return {
        **_NEUTRAL,
        **tls,
        "host": origin.host,
        "hostaddr": address,
        "port": str(origin.port),
        "dbname": unquote(urlsplit(url).path.strip("/")),
        "user": (auth.username if auth is not None else None) or "",
        "password": fill(source, (auth.password if auth is not None else None) or "", environ),
        "connect_timeout": str(_CONNECT_SECONDS),
        "tcp_user_timeout": str(int(1000 * database.seconds)),
    }


def _kind(name: str, category: str) -> Kind:
    if name in _NUMBERS:
        return Kind.NUMBER
    return Kind.TEXT if category in _TEXTS else _KINDS.get(name, Kind.OTHER)
