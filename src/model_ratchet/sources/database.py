"""A table in a database: what its engines have in common."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

from model_ratchet.core.reason import Why, because
from model_ratchet.documents.databases import database_trouble
from model_ratchet.documents.sources import Auth, Table
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.gather import DEADLINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A table that a sources file describes by URL and name."""

    source: str
    url: str
    """As the document spells it."""
    table: str
    auth: Auth | None
    ca: str | None
    seconds: float
    """How long all questions together may take."""

    @classmethod
    def of(cls, source: str, config: Table, url: str) -> "Database":
        """The table that a document describes; ``url`` is the one with its variables filled in.

        Raises:
            UnanswerableError: only now that the URL is whole it shows that it is none of a database.
        """
        auth = None if config.auth == "none" else config.auth
        trouble = database_trouble(url, config.table or "", auth)
        if trouble is not None:
            raise UnanswerableError(because(Why.CANNOT_VERIFY, what=f"source {source}: {trouble[1]}"))
        return cls(
            source=source,
            url=config.url or "",
            table=config.table or "",
            auth=auth,
            ca=config.ca,
            seconds=config.deadline.delta.total_seconds() if config.deadline is not None else DEADLINE,
        )


def installed(source: str, package: str, extra: str) -> None:
    """Looks whether the client of a database is there.

    Raises:
        UnanswerableError: it is not; the reason says what to install.
    """
    if find_spec(package) is None:
        raise UnanswerableError(because(Why.EXTRA_ABSENT, source=source, extra=extra))


def numbers(row: Iterable[Any]) -> tuple[Any, ...]:
    """A row whose exact sums, which databases answer as decimals, are whole numbers."""
    return tuple(int(value) if isinstance(value, Decimal) else value for value in row)
