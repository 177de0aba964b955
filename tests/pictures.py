"""The pictures of the documentation, taken of what the tests render: ``make pictures``."""

from pathlib import Path

from PIL import Image

from builders.browsing import layouts_of
from builders.comments import CONTEXT, mixed
from builders.dashboards import a_dashboard
from builders.pages import as_page, layout, photograph
from builders.reports import stored
from model_ratchet.report.check import Check
from model_ratchet.report.comment import comment
from model_ratchet.report.html import as_html
from model_ratchet.report.html.page import Section, page
from model_ratchet.report.html.sections import report_sections
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.site.index import index_page
from model_ratchet.report.view import view

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
COMMENT, REPORT, DASHBOARD = 840, 1160, 1180
"""How many pixels wide they are; the dashboard, which goes on below, so many high."""


def main() -> None:
    """Write them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    said = comment(Check(records=(mixed(),)), CONTEXT)
    _take("comment", as_page(said), COMMENT, layout(said, COMMENT)["height"])
    record = stored()
    report = as_html(record)
    _take("report", report, REPORT, int(layouts_of({"report": (report, REPORT)})["report"]["first"]) + 16)
    _, *others = report_sections(Shown(record=record, seen=view(record)))
    body = tuple(part for one in others if one.name in ("daily", "durations") for part in one.body)
    dashboard = index_page(a_dashboard())
    _take("dashboard", dashboard, REPORT, DASHBOARD)
    charts = page("Charts", [Section(name="charts", title="Charts", body=body)], about="")
    _take("charts", charts, REPORT, int(layouts_of({"charts": (charts, REPORT)})["charts"]["first"]) + 16)


def _take(name: str, shown: str, width: int, height: int) -> None:
    file = PICTURES / f"{name}.png"
    photograph(shown, file, width=width, height=height)
    with Image.open(file) as taken:
        taken.convert("RGB").quantize(128).save(file, optimize=True)  # a third of the size, and nobody sees it


if __name__ == "__main__":
    main()
