"""Databases: how a table in PostgreSQL or Spark is described."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from model_ratchet.documents.fault import Fault
from model_ratchet.documents.origin import VARIABLE

if TYPE_CHECKING:
    from model_ratchet.documents.sources import Auth, Table


def _relation(text: str) -> str:
    if re.fullmatch(r"[^\s.\"'`;]+(\.[^\s.\"'`;]+){0,2}", text) is None:
        raise ValueError(
            f"{text!r} names no table: write it with its schema, such as analytics.requests, and without quotes"
        )
    return text


Relation: TypeAlias = Annotated[str, AfterValidator(_relation), Field(max_length=200, examples=["analytics.requests"])]
"""A table or view of a database, with its schema."""


def database_faults(table: "Table") -> Iterator[Fault]:
    """What is wrong with where a table of a database is said to be."""
    for name, what in (
        ("url", "the server that holds it"),
        ("table", "its name there, such as analytics.requests"),
    ):
        if getattr(table, name) is None:
            yield Fault((), f"a table in a database needs `{name}`: {what}")
    if table.url is None or VARIABLE.search(table.url) is not None:
        return
    trouble = database_trouble(table.url, table.table or "", None if table.auth == "none" else table.auth)
    if trouble is not None:
        yield Fault((trouble[0],), trouble[1])


def database_trouble(url: str, table: str, auth: "Auth | None") -> tuple[str, str] | None:
    """The key at which a database is described wrongly, and how; None where all is well. Never repeats the URL."""
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
