"""The JUnit source: suites of cases from reports in JUnit XML, in files or at a URL."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from model_ratchet.core.evidence import Measurement, Missing, Need, Shape, Suite
from model_ratchet.core.names import Version
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.reports import bind_version
from model_ratchet.documents.sources import JUnit
from model_ratchet.ports import Answers
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.files import find_named
from model_ratchet.sources.http import Server
from model_ratchet.sources.junit_report import MOST_BYTES, Case, Result, read_report
from model_ratchet.sources.reach import Reach

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JUnitSource:
    """Reports in JUnit XML. What can't be answered is missing with its reason; nothing is raised."""

    name: str
    config: JUnit
    model: ModelFile
    candidate: Version
    reach: Reach
    root: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    changed: frozenset[Path] = frozenset()
    """The files that the change under judgement adds or edits: none of them is evidence."""

    def answer(self, needs: Sequence[Need]) -> Answers:
        """An answer to every need. The reports are read once for all of them; their digests go into the record."""
        try:
            reports = tuple(self._reports())
        except UnanswerableError as error:
            return Answers(dict.fromkeys(needs, Missing(reason=error.reason, lasting=error.lasting)))
        digests = tuple(f"{file} sha256:{hashlib.sha256(content).hexdigest()}" for file, content in reports)
        return Answers({need: self._answer(need, reports) for need in needs}, digests)

    def _answer(self, need: Need, reports: Sequence[tuple[str, bytes]]) -> Measurement | Missing:
        binding = self.model.suites.get(need.metric)
        if need.shape is not Shape.SUITE or binding is None:
            what = f"{need.shape} of {need.metric or 'the log'}: not from reports in JUnit XML"
            return Missing(reason=because(Why.CANNOT_VERIFY, what=what))
        try:
            return self._suite(reports, binding.arm)
        except UnanswerableError as error:
            return Missing(reason=error.reason, lasting=error.lasting)

    def _reports(self) -> Iterator[tuple[str, bytes]]:
        """The name and the content of each report, by name."""
        most = int(self.config.most.value) if self.config.most is not None else MOST_BYTES
        if self.config.url:
            yield self._fetched(most)
            return
        path = bind_version(self.config.path, self.candidate)
        folder, files = find_named(
            self.name, path, shown=self.config.path, root=self.root, environ=self.environ, changed=self.changed
        )
        for file in files:
            yield file.relative_to(folder).as_posix(), self._read(file, folder, most)

    def _read(self, file: Path, folder: Path, most: int) -> bytes:
        shown = file.relative_to(folder).as_posix()
        try:
            with file.open("rb") as opened:
                content = opened.read(most + 1)
        except OSError:
            raise UnanswerableError(because(Why.FILE_TRUNCATED, source=self.name, file=shown)) from None
        self._limit(shown, content, most)
        return content

    def _fetched(self, most: int) -> tuple[str, bytes]:
        bound = self.config.model_copy(update={"url": bind_version(self.config.url, self.candidate)})
        server = Server(self.name, bound, self.reach, environ=self.environ, root=self.root)
        try:
            content = server.get("").checked().body
        finally:
            server.close()
        name = self.config.url.rsplit("/", 1)[-1]
        self._limit(name, content, most)
        return name, content

    def _limit(self, shown: str, content: bytes, most: int) -> None:
        if len(content) > most:
            limit = f"{most / 2**20:g} MiB"
            raise UnanswerableError(because(Why.REPORT_TOO_LARGE, source=self.name, file=shown, most=limit))

    def _suite(self, reports: Sequence[tuple[str, bytes]], version_property: str | None) -> Suite:
        """All cases of the candidate in all reports, as one suite."""
        cases: dict[tuple[str, str], Case] = {}
        other: Reason | None = None
        for file, content in reports:
            for case in read_report(self.name, file, content, version_property=version_property):
                if version_property is not None and case.version != str(self.candidate):
                    other = because(Why.REPORT_OTHER_VERSION, source=self.name, file=file, version=case.version[:80])
                    continue
                before = cases.setdefault((case.group, case.name), case)
                # a case that failed, and failed again in its clean-up, stands there twice and hides nothing
                if before is not case and {before.result, case.result} != {Result.FAILED}:
                    raise UnanswerableError(
                        because(Why.REPORT_CASE_TWICE, source=self.name, file=file, case=case.shown)
                    )
        if not cases and other is not None:
            raise UnanswerableError(other, lasting=False)
        results = [case.result for case in cases.values()]
        failures = sorted(case.shown for case in cases.values() if case.result is Result.FAILED)
        return Suite(
            passed=results.count(Result.PASSED),
            failed=len(failures),
            skipped=results.count(Result.SKIPPED),
            failures=tuple(failures[:_MOST_NAMED]),
        )
