"""Files written into a work tree: never outside of it, never through a symbolic link, never over somebody's work."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from model_ratchet.core.errors import UsageError


class State(StrEnum):
    """What became of a file."""

    WRITTEN = "wrote"
    UNCHANGED = "unchanged"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Placed:
    """A file by its path from the root, and what became of it."""

    path: str
    state: State


def place(root: Path, files: Mapping[str, str], *, force: bool) -> tuple[Placed, ...]:
    """Write each file that is not there; one that differs is kept, or written over with ``force``.

    Raises:
        UsageError: a path leads out of the work tree, through a symbolic link, or to something that is no file.
    """
    refuse_links(root, files)
    return tuple(Placed(path, _put(root / path, text.encode(), force=force)) for path, text in files.items())


def refuse_links(root: Path, paths: Iterable[str]) -> None:
    """Refuses paths that lead through a symbolic link or out of the root, and those that are no place for a file.

    Raises:
        UsageError: there is one.
    """
    for path in paths:
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise UsageError(f"{path} lies outside of {root}")
        for part in (*reversed(Path(path).parents), Path(path)):
            if (root / part).is_symlink():
                raise UsageError(f"{part} is a symbolic link: {path} is not written through it, remove it")
        if (root / path).exists() and not (root / path).is_file():
            raise UsageError(f"{path} is there already, and no file: remove it")
        blocking = next(
            (one for one in Path(path).parents if (root / one).exists() and not (root / one).is_dir()), None
        )
        if blocking is not None:
            raise UsageError(f"{blocking} is a file, and {path} belongs below it: remove it")


def _put(file: Path, content: bytes, *, force: bool) -> State:
    if file.exists():
        if file.read_bytes().replace(b"\r\n", b"\n") == content:
            return State.UNCHANGED
        if not force:
            return State.KEPT
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return State.WRITTEN
