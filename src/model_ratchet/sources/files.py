"""The files of a table: which ones a path names, and that none of them lies outside its fixed leading folder."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, TypeAlias

from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.sources import Table
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.variables import fill

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Format: TypeAlias = Literal["parquet", "csv", "jsonl"]

_SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson.gz": "jsonl",
}
_IN_FOLDER: dict[Format, tuple[str, ...]] = {
    form: tuple(suffix for suffix, of in _SUFFIXES.items() if of == form) for form in ("parquet", "csv", "jsonl")
}
WILD = re.compile(r"[*?\[]")


class Files(Protocol):
    """The files of one table, wherever they are, by the names that the embedded engine gives them."""

    @property
    def names(self) -> Sequence[str]:
        """All names, sorted."""

    @property
    def format(self) -> Format:
        """What all of them hold."""

    @property
    def hive(self) -> bool:
        """Whether folders called ``column=value`` are columns."""

    @property
    def failure(self) -> Reason | None:
        """Why a file could not be read, once one could not."""

    @property
    def provenance(self) -> Sequence[str]:
        """What pins the content that was read, a line each; no path above the leading folder, and no secret."""

    @property
    def filesystem(self) -> "AbstractFileSystem | None":
        """Where the engine finds the names; None for files of this machine."""

    def shown(self, name: str) -> str:
        """The file as it may stand in a report."""

    def size(self, name: str) -> int:
        """In bytes."""

    def open(self, name: str) -> BinaryIO:
        """The bytes of one file."""

    def close(self) -> None:
        """Let go of what is open."""


@dataclass(frozen=True, slots=True)
class FileSet:
    """Files of this machine, sorted, all below ``folder``."""

    folder: Path
    files: tuple[Path, ...]
    format: Format
    hive: bool
    failure: None = None
    filesystem: None = None
    provenance: tuple[str, ...] = ()

    @property
    def names(self) -> Sequence[str]:
        """The paths."""
        return [str(file) for file in self.files]

    def shown(self, name: str) -> str:
        """The file without the folder."""
        return Path(name).relative_to(self.folder).as_posix()

    def size(self, name: str) -> int:
        """In bytes."""
        return Path(name).stat().st_size

    def open(self, name: str) -> BinaryIO:
        """The bytes of one file."""
        return Path(name).open("rb")

    def close(self) -> None:
        """Nothing is open."""


def find_files(
    source: str, config: Table, *, root: Path, environ: Mapping[str, str], changed: Collection[Path] = ()
) -> FileSet:
    """The files that a source's path names: one file, the matches of a glob, or all files below a folder.

    Raises:
        UnanswerableError: a variable is not set, nothing matches, a match leads outside the leading folder, or the change
            that is judged brings it (``changed``).
    """
    path = config.path
    spelled = fill(source, path, environ)
    folder, pattern = _leading(root / spelled)
    if not folder.is_dir():
        raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=path))
    folder = folder.resolve()
    whole = folder / pattern if pattern else folder
    if whole.is_dir():
        form = config.format or "parquet"
        found = [file for file in whole.rglob("*") if of_table(file.relative_to(whole), form)]
        folder = whole
    else:
        form = config.format or format_of(pattern)
        found = [whole] if not WILD.search(pattern) else list(folder.glob(pattern))
    return FileSet(folder, _inside(source, config.path, folder, found, changed), form, config.hive)


def find_named(
    source: str, path: str, *, shown: str, root: Path, environ: Mapping[str, str], changed: Collection[Path] = ()
) -> tuple[Path, tuple[Path, ...]]:
    """The fixed leading folder of a path, and the files that the path names, sorted: one file, or the matches of a glob.

    ``shown`` is the path as the document spells it.

    Raises:
        UnanswerableError: a variable is not set, nothing matches, or a match leads outside the leading folder.
    """
    folder, pattern = _leading(root / fill(source, path, environ))
    if not folder.is_dir():
        raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=shown))
    folder = folder.resolve()
    found = folder.glob(pattern) if WILD.search(pattern) else (folder / pattern,)
    return folder, _inside(source, shown, folder, found, changed)


def _inside(
    source: str, shown: str, folder: Path, found: Iterable[Path], changed: Collection[Path]
) -> tuple[Path, ...]:
    """Those that are files, sorted: at least one, none that a link leads out of the folder, and none of the change."""
    files = tuple(sorted(file for file in found if file.is_file()))
    if not files:
        raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=shown))
    for file in files:
        if not file.resolve().is_relative_to(folder.resolve()):
            raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=file.relative_to(folder).as_posix()))
        if not {file, file.resolve()}.isdisjoint(changed):
            raise UnanswerableError(
                because(Why.FILE_OF_CHANGE, source=source, file=file.relative_to(folder).as_posix())
            )
    return files


def _leading(path: Path) -> tuple[Path, str]:
    """The leading folder without wildcards, and the rest."""
    parts = path.parts
    wild = next((i for i, part in enumerate(parts) if WILD.search(part)), len(parts) - 1)
    return Path(*parts[:wild]), Path(*parts[wild:]).as_posix() if parts[wild:] else ""


def of_table(file: PurePath, form: Format) -> bool:
    """Whether a file of a folder belongs to the table: writers mark their unfinished files by a leading _ or dot."""
    return file.name.lower().endswith(_IN_FOLDER[form]) and not any(part.startswith(("_", ".")) for part in file.parts)


def format_of(pattern: str) -> Format:
    """What a file's name says that it holds; Parquet where it says nothing."""
    name = pattern.lower()
    return next((form for suffix, form in _SUFFIXES.items() if name.endswith(suffix)), "parquet")
