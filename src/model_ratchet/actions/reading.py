"""Reading: one document of a commit, or all that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from model_ratchet.core.fields import Model
from model_ratchet.core.finding import Finding, Location
from model_ratchet.documents.files import SOURCES
from model_ratchet.documents.read import Located, read_located
from model_ratchet.engine.disclosure import hidden_values
from model_ratchet.ports import Blob, Files

D = TypeVar("D", bound=Model)


@dataclass(frozen=True, slots=True)
class Faulty:
    """Documents that are wrong."""

    findings: tuple[Finding, ...]


def read_at(kind: type[D], repository: Files, commit: str, path: str) -> Located[D] | Faulty:
    """One document of a commit, or all that is wrong with it."""
    return read_blob(kind, repository.read(commit, (path,)), path)


def read_blob(kind: type[D], blobs: Mapping[str, Blob], path: str) -> Located[D] | Faulty:
    """The document at one path of what was read of a commit, or all that is wrong with it."""
    blob = blobs.get(path)
    if blob is None:
        return Faulty((Finding(Location(path), "the file is not there"),))
    if blob.symlink:
        return Faulty((symlink(blob),))
    if blob.size > len(blob.content):
        return Faulty((Finding(Location(path), f"the file holds {blob.size} bytes, more than a document may"),))
    found = read_located(kind, path, blob.content)
    return found if isinstance(found, Located) else Faulty(found)


def hidden_at(repository: Files, commit: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Variable → its value, of those that the sources file of a commit names and those that are always secret: what may
    stand nowhere in the ledger."""
    blob = repository.read(commit, (SOURCES,)).get(SOURCES)
    return hidden_values(blob.content.decode("utf-8", "replace") if blob is not None else "", environ)


def symlink(blob: Blob) -> Finding:
    """A link is not followed: what it leads to is not what was committed."""
    return Finding(Location(blob.path), "a symbolic link is not followed: commit the file itself")
