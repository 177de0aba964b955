"""Sections: what a report says, in order. Each is a function from the record to a section, or to nothing without evidence.

A new one is a module and a line here.
"""

from collections.abc import Callable, Iterator

from model_ratchet.report.html.page import Section
from model_ratchet.report.html.sections.business import business
from model_ratchet.report.html.sections.calibration import calibration
from model_ratchet.report.html.sections.criteria import criteria
from model_ratchet.report.html.sections.daily import daily
from model_ratchet.report.html.sections.durations import durations
from model_ratchet.report.html.sections.evidence import evidence
from model_ratchet.report.html.sections.flips import flips
from model_ratchet.report.html.sections.hourly import hourly
from model_ratchet.report.html.sections.scorecard import score
from model_ratchet.report.html.sections.segments import segments
from model_ratchet.report.html.sections.signoffs import sign_offs
from model_ratchet.report.html.sections.stages import stages
from model_ratchet.report.html.sections.verdict import verdict
from model_ratchet.report.html.shown import Shown

_SECTIONS: tuple[Callable[[Shown], Section | None], ...] = (
    stages,
    criteria,
    daily,
    durations,
    hourly,
    segments,
    calibration,
    business,
    score,
    flips,
    sign_offs,
    evidence,
)


def report_sections(shown: Shown) -> tuple[Section, ...]:
    """The verdict, then every section that has something to show."""
    return (verdict(shown), *_others(shown))


def _others(shown: Shown) -> Iterator[Section]:
    for make in _SECTIONS:
        section = make(shown)
        if section is not None:
            yield section
