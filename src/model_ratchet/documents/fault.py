"""Fault: what is wrong inside a document, by the path of the key; ``read`` gives it its line and column."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from model_ratchet.documents.yaml import Path

FAULTS = "faults"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the path from the value that was checked to the key that is to blame, and a message."""

    path: Path
    message: str
    at_key: bool = False
    """Shown at the key itself instead of its value."""


def refuse(faults: Iterable[Fault]) -> None:
    """Refuses the value that pydantic is validating, with all of its faults; does nothing where there is none.

    Raises:
        PydanticCustomError: there is at least one fault; they stand in its context under ``FAULTS``.
    """
    found = tuple(faults)
    if found:
        raise PydanticCustomError("faults", "{summary}", {"summary": found[0].message, FAULTS: found})
