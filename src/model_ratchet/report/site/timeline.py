"""Timeline: the decisions of one month on all models."""

from collections.abc import Sequence

from model_ratchet.report.chronicle import Row
from model_ratchet.report.elements import element
from model_ratchet.report.html.page import Section, section
from model_ratchet.report.site.parts import event_rows, filtered, framed, timeline_head
from model_ratchet.report.site.seen import Seen


def month_page(seen: Seen, month: str, rows: Sequence[Row]) -> str:
    """The page of one month."""
    head = element("h1", f"Decisions of {month}", id="decisions-title")
    told = filtered("decisions", timeline_head(with_model=True), event_rows(seen, rows, up="../", with_model=True))
    return framed(
        f"Decisions of {month}",
        section(Section(name="decisions", title=month, body=(head, told)), heading=False),
        up="../",
    )
