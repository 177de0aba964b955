"""The files of a table: which ones a path names, and that none of them lies outside its fixed leading folder."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from model_ratchet.core.reason import Why, because
from model_ratchet.documents.sources import Table
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.variables import fill

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
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class FileSet:
    """The files of one table, sorted, all below ``folder``; ``shown`` names one as the document spells it."""

    folder: Path
    files: tuple[Path, ...]
    format: Format
    hive: bool

    def shown(self, file: Path) -> str:
        """The file without the folder: what may stand in a report."""
        return file.relative_to(self.folder).as_posix()


def find_files(source: str, config: Table, *, root: Path, environ: Mapping[str, str]) -> FileSet:
    """The files that a source's path names: one file, the matches of a glob, or all files below a folder.

    Raises:
        UnanswerableError: a variable is not set, nothing matches, or a match leads outside the leading folder.
    """
    path = config.path or ""
    spelled = fill(source, path, environ)
    folder, pattern = _leading(root / spelled)
    if not folder.is_dir():
        raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=path))
    folder = folder.resolve()
    whole = folder / pattern if pattern else folder
    if whole.is_dir():
        form = config.format or "parquet"
        found = [file for file in whole.rglob("*") if _of_table(file.relative_to(whole), form)]
        folder = whole
    else:
        form = config.format or _format(pattern)
        found = [whole] if not _WILD.search(pattern) else list(folder.glob(pattern))
    files = tuple(sorted(file for file in found if file.is_file()))
    if not files:
        raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=path))
    for file in files:
        if not file.resolve().is_relative_to(folder.resolve()):
            raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=file.relative_to(folder).as_posix()))
    return FileSet(folder, files, form, config.hive)


def _leading(path: Path) -> tuple[Path, str]:
    """The leading folder without wildcards, and the rest."""
    parts = path.parts
    wild = next((i for i, part in enumerate(parts) if _WILD.search(part)), len(parts) - 1)
    return Path(*parts[:wild]), Path(*parts[wild:]).as_posix() if parts[wild:] else ""


def _of_table(file: Path, form: Format) -> bool:
    """Whether a file of a folder belongs to the table: writers mark their unfinished files by a leading _ or dot."""
    return file.name.lower().endswith(_IN_FOLDER[form]) and not any(part.startswith(("_", ".")) for part in file.parts)


def _format(pattern: str) -> Format:
    name = pattern.lower()
    return next((form for suffix, form in _SUFFIXES.items() if name.endswith(suffix)), "parquet")
