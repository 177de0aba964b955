"""The JUnit source: suites of cases, and scans, from reports in JUnit XML."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_ratchet.core.code import Scan
from model_ratchet.core.evidence import Measurement, Missing, Need, Shape, Suite
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.junit_report import Case, Result, read_report, read_scan
from model_ratchet.sources.report_files import Report, ReportSource
from model_ratchet.sources.scans import as_scan

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JUnitSource(ReportSource):
    """Reports in JUnit XML: suites of cases, and scans."""

    def _answer(self, need: Need, reports: Sequence[Report]) -> Measurement | Missing:
        suite = self.model.suites.get(need.metric)
        if need.shape is Shape.SUITE and suite is not None:
            return self._suite(reports, suite.arm)
        if need.shape is Shape.SCAN and need.metric in self.model.scans:
            return self._scan(reports)
        what = f"{need.shape} of {need.metric or 'the log'}: not from reports in JUnit XML"
        return Missing(reason=because(Why.CANNOT_VERIFY, what=what))

    def _scan(self, reports: Sequence[Report]) -> Scan:
        runs = [run for report in reports for run in read_scan(self.name, report.file, report.content)]
        return as_scan(self.name, reports, runs, now=self.now)

    def _suite(self, reports: Sequence[Report], version_property: str | None) -> Suite:
        """All cases of the candidate in all reports, as one suite."""
        cases: dict[tuple[str, str], Case] = {}
        other: Reason | None = None
        for report in reports:
            file = report.file
            for case in read_report(self.name, file, report.content, version_property=version_property):
                if version_property is not None and case.version != str(self.files.candidate):
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
