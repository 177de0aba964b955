"""The sources file: named connections and where they may reach. Trusted: base branch only."""

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from model_ratchet.core.fields import DurationField, Model, SizeField, Slug
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.origin import VARIABLE, Origin, OriginField, Secret, Url


def _relation(text: str) -> str:
    if re.fullmatch(r"[^\s.\"'`;]+(\.[^\s.\"'`;]+){0,2}", text) is None:
        raise ValueError(
            f"{text!r} names no table: write it with its schema, such as analytics.requests, and without quotes"
        )
    return text


Relation: TypeAlias = Annotated[str, AfterValidator(_relation), Field(max_length=200, examples=["analytics.requests"])]


class Auth(Model):
    """How a server knows us: a bearer token, or a user name and a password."""

    bearer: Secret | None = None
    username: str | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        basic = (self.username is not None, self.password is not None)
        if (self.bearer is not None, *basic) not in ((True, False, False), (False, True, True)):
            raise ValueError("write `bearer`, or `username` and `password`")
        return self


class Table(Model):
    """A table: in files (``path``), or in PostgreSQL or Spark (``url`` and ``table``).

    Files are Parquet, CSV or JSON lines: one file, a glob or a hive-partitioned folder. ``path`` is relative to the
    repository's root, or absolute; ``${NAME}`` is taken from the environment. Nothing outside its fixed leading folder
    can be read.
    """

    kind: Literal["table"]
    path: Annotated[str, Field(min_length=1)] | None = None
    format: Literal["parquet", "csv", "jsonl"] | None = None
    hive: bool = False
    memory_limit: SizeField | None = None
    url: Url | None = None
    """``postgresql://host:5432/database``, or ``sc://host:15002`` for Spark Connect."""
    table: Relation | None = None
    """The table or view, with its schema (and, in Spark, its catalogue): ``analytics.requests``."""
    auth: Auth | None = None
    ca: str | None = None
    """A file with the certificate authorities to trust, relative to the repository's root."""
    deadline: DurationField | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        of_files = [name for name in ("path", "format", "hive", "memory_limit") if getattr(self, name)]
        of_database = [name for name in ("url", "table", "auth", "ca") if getattr(self, name) is not None]
        if of_database and of_files:
            yield Fault(
                (of_files[0],), f"`{of_files[0]}` belongs to files and `{of_database[0]}` to a database: keep one kind"
            )
        elif of_database:
            yield from self._database_faults()
        elif self.path is None:
            yield Fault((), "a table needs `path` (files), or `url` and `table` (PostgreSQL or Spark)")

    def _database_faults(self) -> Iterator[Fault]:
        for name, what in (
            ("url", "the server that holds it"),
            ("table", "its name there, such as analytics.requests"),
        ):
            if getattr(self, name) is None:
                yield Fault((), f"a table in a database needs `{name}`: {what}")
        if self.url is None or VARIABLE.search(self.url) is not None:
            return
        trouble = database_trouble(self.url, self.table or "", self.auth)
        if trouble is not None:
            yield Fault((trouble[0],), trouble[1])


def database_trouble(url: str, table: str, auth: Auth | None) -> tuple[str, str] | None:
    """The key at which a database is described wrongly, and how; None where all is well."""
    parts = urlsplit(url)
    match parts.scheme:
        case "postgresql":
            if not parts.path.strip("/") or "/" in parts.path.strip("/"):
                return "url", "name the database: postgresql://host:5432/database"
            if auth is None or auth.password is None:
                return "auth", "PostgreSQL knows us by `username` and `password`"
            if table.count(".") > 1:
                return "table", f"`{table}` has too many parts: PostgreSQL names a table schema.table"
        case "sc":
            if parts.path.strip("/"):
                return "url", "a Spark Connect server is named by host and port only: sc://host:15002"
            if auth is not None and auth.bearer is None:
                return "auth", "Spark Connect knows us by a `bearer` token"
        case _:
            return "url", "a table is read by postgresql:// or sc:// (Spark Connect), or in files by `path`"
    return None


class HttpServer(Model):
    """What all sources that are asked by HTTP have in common. Proxies of the environment are not used."""

    url: Url
    """The address, with a path in front of the API where there is one."""
    auth: Auth | None = None
    ca: str | None = None
    """A file with the certificate authorities to trust, relative to the repository's root."""
    proxy: Url | None = None
    deadline: DurationField | None = None
    most: SizeField | None = None
    """The largest answer that is read (64 MiB)."""


class Prometheus(HttpServer):
    """A Prometheus server, or one that speaks its HTTP API."""

    kind: Literal["prometheus"]
    step: DurationField | None = None
    """How far apart a gauge is sampled (1 minute)."""


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network: write one such as 10.0.0.0/8") from None
    return text


Source: TypeAlias = Annotated[Table | Prometheus, Field(discriminator="kind")]


class Sources(Model):
    """All named sources, and where they may reach."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Sources"]
    sources: dict[Slug, Source] = Field(min_length=1)
    origins: tuple[OriginField, ...] = ()
    """Where sources may be reached; without it, exactly where their own URLs say."""
    networks: tuple[Annotated[str, AfterValidator(_network), Field(examples=["10.0.0.0/8"])], ...] = ()
    """The networks whose addresses may be connected to; without it, all but link-local and other special ones."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        allowed = {Origin.of(origin) for origin in self.origins}
        for name, source in self.sources.items():
            url = getattr(source, "url", None)
            if url is None:
                continue
            if VARIABLE.search(url) is None:
                if allowed and Origin.of(url) not in allowed:
                    yield Fault(("sources", name, "url"), f"`origins` does not hold {Origin.of(url)}: add it there")
            elif not allowed:
                message = (
                    "an address from the environment leads somewhere nobody reviewed: list where it may, `origins: […]`"
                )
                yield Fault(("sources", name, "url"), message)
