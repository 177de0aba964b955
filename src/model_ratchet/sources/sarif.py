"""The SARIF source: scans of the model's code from reports in SARIF 2.1.0."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_ratchet.core.evidence import Measurement, Missing, Need, Shape
from model_ratchet.core.reason import Why, because
from model_ratchet.sources.report_files import Report, ReportSource
from model_ratchet.sources.sarif_report import read_sarif
from model_ratchet.sources.scans import as_scan


@dataclass(frozen=True, slots=True, kw_only=True)
class SarifSource(ReportSource):
    """Reports in SARIF: scans."""

    def _answer(self, need: Need, reports: Sequence[Report]) -> Measurement | Missing:
        if need.shape is not Shape.SCAN or need.metric not in self.model.scans:
            what = f"{need.shape} of {need.metric or 'the log'}: not from reports in SARIF"
            return Missing(reason=because(Why.CANNOT_VERIFY, what=what))
        runs = [run for report in reports for run in read_sarif(self.name, report.file, report.content)]
        return as_scan(self.name, reports, runs, now=self.now)
