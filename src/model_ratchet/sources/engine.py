"""What a table source asks of the engine that holds the rows, so that several engines can be given the same questions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from model_ratchet.core.errors import SourceError
from model_ratchet.core.reason import Reason

if TYPE_CHECKING:
    from sqlglot import exp


T = TypeVar("T")

Later: TypeAlias = Callable[[], T]
"""What was asked for, and is read when it is called."""


class Kind(StrEnum):
    """What a column can hold, as far as a question depends on it."""

    TEXT = "text"
    BOOLEAN = "boolean"
    NUMBER = "number"
    INSTANT = "instant"
    """A time with a zone."""
    NAIVE = "naive"
    """A time or a date without a zone."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name, what it can hold, and the name that the engine gives its type."""

    name: str
    kind: Kind
    type: str


class UnanswerableError(SourceError):
    """Nothing of a source can be answered, for a reason that a report can show."""

    def __init__(self, reason: Reason, *, lasting: bool = True) -> None:
        super().__init__(reason.why.value)
        self.reason = reason
        self.lasting = lasting


class Engine(Protocol):
    """Runs questions, given as syntax trees, over one table."""

    @property
    def table(self) -> str:
        """The name that questions give the table."""

    @property
    def queries(self) -> Sequence[str]:
        """The texts of the questions that were run, in order. They hold no path and no secret."""

    def columns(self) -> Mapping[str, Column]:
        """The columns of the table by their exact names.

        Raises:
            UnanswerableError: the table is not there, or can't be read.
        """

    def run(self, question: "exp.Query") -> list[tuple[Any, ...]]:
        """The rows of the answer. Times are never among them: questions ask for microseconds since 1970.

        Raises:
            UnanswerableError: the table could not be read to its end, or the question went beyond the engine's limits.
        """

    def run_beside(self, question: "exp.Query") -> Later[list[tuple[Any, ...]]]:
        """The same, started now and read when the returned is called: it may run beside what is asked in between."""

    def keep(self, name: str, question: "exp.Query") -> None:
        """Keep the answer as a table of that name, for as long as the engine is open; one of the same name is replaced."""

    def keep_merged(self, name: str, question: "exp.Query", rows: "exp.Query", stored_id: str) -> bool:
        """Keep the answer to a question over ``@merged``: the rows of both arms side by side (``sources.merge``).

        False, and nothing kept, where the engine can't see that the table holds its rows in the order of the stored id.
        """

    def close(self) -> None:
        """Stop what is running, and let go of everything."""
