"""HTML: a record as one page that stands alone: no script, no request to anywhere, light and dark, on paper and on a phone."""

from model_ratchet.engine.record import Record
from model_ratchet.report.html.page import page
from model_ratchet.report.html.sections import report_sections
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.unblocking import TITLES
from model_ratchet.report.view import view


def as_html(record: Record) -> str:
    """The report of a record, from it alone: a whole document, in the words and numbers of the comment."""
    shown = Shown(record=record, seen=view(record))
    seen = shown.seen
    title = f"{TITLES[seen.outcome]}: {seen.model} {seen.candidate}"
    return page(title, report_sections(shown), about=f"record {seen.digest}")
