"""Reports of tools: which ones a path or a URL names for a candidate, read within a limit, each with its digest."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from model_ratchet.core.evidence import Measurement, Missing, Need
from model_ratchet.core.names import Version
from model_ratchet.core.reason import Why, because
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.reports import bind_version
from model_ratchet.documents.sources import Reports
from model_ratchet.ports import Answers
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.files import find_named
from model_ratchet.sources.http import Server
from model_ratchet.sources.reach import Reach

MOST_BYTES = 20 * 2**20


@dataclass(frozen=True, slots=True)
class Report:
    """One report: its name below the fixed leading folder, or the last part of its URL, and its bytes."""

    file: str
    content: bytes

    @property
    def digest(self) -> str:
        """The SHA-256 in lower-case hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def provenance(self) -> str:
        """What pins it, in one line."""
        return f"{self.file} sha256:{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """The reports of a candidate, wherever they are."""

    source: str
    config: Reports
    candidate: Version
    reach: Reach
    root: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    changed: frozenset[Path] = frozenset()
    """The files that the change under judgement adds or edits: none of them is evidence."""

    def read(self) -> tuple[Report, ...]:
        """Each report, by name; at least one.

        Raises:
            UnanswerableError: there is none, one is too large or can't be read, or the change that is judged brings it.
        """
        return (self._fetched(),) if self.config.url else tuple(self._found())

    @property
    def _most(self) -> int:
        return int(self.config.most.value) if self.config.most is not None else MOST_BYTES

    def _found(self) -> Iterator[Report]:
        path = bind_version(self.config.path, self.candidate)
        folder, files = find_named(
            self.source, path, shown=self.config.path, root=self.root, environ=self.environ, changed=self.changed
        )
        for file in files:
            shown = file.relative_to(folder).as_posix()
            try:
                with file.open("rb") as opened:
                    content = opened.read(self._most + 1)
            except OSError:
                raise UnanswerableError(because(Why.FILE_TRUNCATED, source=self.source, file=shown)) from None
            yield self._limited(shown, content)

    def _fetched(self) -> Report:
        bound = self.config.model_copy(update={"url": bind_version(self.config.url, self.candidate)})
        server = Server(self.source, bound, self.reach, environ=self.environ, root=self.root)
        try:
            content = server.get("").checked().body
        finally:
            server.close()
        return self._limited(self.config.url.rsplit("/", 1)[-1], content)

    def _limited(self, file: str, content: bytes) -> Report:
        if len(content) > self._most:
            limit = f"{self._most / 2**20:g} MiB"
            raise UnanswerableError(because(Why.REPORT_TOO_LARGE, source=self.source, file=file, most=limit))
        return Report(file, content)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSource(ABC):
    """Reports of one kind. What can't be answered is missing with its reason; nothing is raised."""

    files: ReportFiles
    model: ModelFile
    now: datetime

    @property
    def name(self) -> str:
        """The name in ``policies/sources.yaml``."""
        return self.files.source

    def answer(self, needs: Sequence[Need]) -> Answers:
        """An answer to every need. The reports are read once for all of them; their digests go into the record."""
        try:
            reports = self.files.read()
        except UnanswerableError as error:
            return Answers(dict.fromkeys(needs, _missing(error)))
        answers: dict[Need, Measurement | Missing] = {}
        for need in needs:
            try:
                answers[need] = self._answer(need, reports)
            except UnanswerableError as error:
                answers[need] = _missing(error)
        return Answers(answers, tuple(report.provenance for report in reports))

    @abstractmethod
    def _answer(self, need: Need, reports: Sequence[Report]) -> Measurement | Missing:
        """The answer to one need. Raises ``UnanswerableError``."""


def _missing(error: UnanswerableError) -> Missing:
    return Missing(reason=error.reason, lasting=error.lasting)
