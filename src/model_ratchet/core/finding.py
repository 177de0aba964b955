"""Finding: what is wrong with a document, and where. Never a word about a model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a document: the path within the repository, line and column counted from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault of one document: what is wrong, with which value, and the next step."""

    location: Location
    message: str

    def __str__(self) -> str:
        return f"{self.location} {self.message}"
