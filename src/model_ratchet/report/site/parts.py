"""Parts: what the pages of the site share: their frame, the rows of a timeline, and how long things took."""

from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from pathlib import Path

from model_ratchet.engine.model_track import Track
from model_ratchet.report import numbers
from model_ratchet.report.chronicle import Row
from model_ratchet.report.elements import Element, Node, element, listed
from model_ratchet.report.escape import shorten
from model_ratchet.report.html.page import document
from model_ratchet.report.html.parts import name
from model_ratchet.report.site.seen import Seen, report_path

WORDS = {
    "promoted": ("promoted", "passed"),
    "rolled-back": ("rolled back", "failed"),
    "withdrawn": ("ended without a merge", "inconclusive"),
    "waived": ("waived", "inconclusive"),
    "hold": ("held", "failed"),
    "unverified": ("unverified", "errored"),
    "policy-changed": ("policies changed", "pending"),
}
"""Kind of event → its word, and the colour of what it means."""
_NOTHING = "–"
_SHORT = 12


def framed(title: str, *main: Element, up: str = "") -> str:
    """A page with its way home; ``up`` is the way to the site's root: ``../``."""
    product = element("a", "Ratchet", href=f"{up}index.html", class_="product")
    header = element("header", product, element("span", " promotions"))
    return document(title, header, element("main", *main), script=_script())


@cache
def _script() -> str:
    """The filter of tables. Nothing of a document is ever in it; without it, all rows are there."""
    return Path(__file__).with_name("filter.js").read_text(encoding="utf-8")


def event_rows(seen: Seen, rows: Iterable[Row], *, up: str, with_model: bool) -> Iterable[Element]:
    """A row of a timeline for each event: when, what, of what, why, by whom, and where to read on."""
    for row in rows:
        word, colour = WORDS.get(row.what, (row.what.replace("-", " "), ""))
        yield element(
            "tr",
            element("td", element("time", numbers.instant(row.at), datetime=row.at.isoformat())),
            element("td", element("span", word, class_=f"badge {colour}".rstrip())),
            element("td", _model_link(seen, row.model, up)) if with_model else None,
            element("td", element("code", name(row.version)) if row.version else _NOTHING),
            element("td", cut(row.why), class_="why"),
            element("td", name(row.who) or _NOTHING),
            element("td", *read_on(seen, row, up)),
        )


def timeline_head(*, with_model: bool) -> Element:
    """The headings of those rows."""
    names = ("when", "what", *(["model"] if with_model else []), "version", "why", "who", "read on")
    return element("thead", element("tr", *(element("th", one, scope="col") for one in names)))


def filtered(label: str, head: Element, rows: Iterable[Element]) -> Element:
    """A table that the script gives a search box; it scrolls within itself where the page is narrow."""
    table = element("table", element("caption", label, class_="heard"), head, element("tbody", *rows))
    return element(
        "div",
        table,
        class_="scroll filtered",
        data_what=label,
        tabindex=0,
        role="region",
        aria_label=f"table of {label}",
    )


def read_on(seen: Seen, row: Row, up: str) -> Iterable[Node]:
    """The report, the pull request and the record of an event, as far as there are any."""
    links: list[Element] = []
    if row.record in seen.reports:
        links.append(element("a", "report", href=f"{up}{report_path(row.record)}"))
    elif row.record and seen.address is not None:
        path = f"blob/ratchet/ledger/reports/{row.record.removeprefix('sha256:')}.md"
        links.append(element("a", "report", href=f"{seen.address}/{path}"))
    elif row.record:
        links.append(element("code", row.record.removeprefix("sha256:")[:_SHORT]))
    if row.pull is not None:
        shown = f"#{row.pull}"
        there = f"{seen.address}/pull/{row.pull}"
        links.append(element("a", shown, href=there) if seen.address is not None else element("span", shown))
    for number, one in enumerate(links):
        if number:
            yield " "
        yield one
    if not links:
        yield _NOTHING


def _model_link(seen: Seen, model: str, up: str) -> Node:
    if not model:
        return _NOTHING
    return element("a", name(model), href=f"{up}models/{model}.html") if model in seen.names else name(model)


def measures(track: Track) -> Element:
    """The key measures, each with what it is of."""
    told = (
        ("promotions", numbers.whole(track.promotions), f"of {numbers.whole(track.attempts)} attempts"),
        ("false starts", share(track.false_start_rate), "of the attempts that have ended"),
        ("lead time", about(track.lead_time), "from admission to merge, the middle one"),
        ("change-failure rate", share(track.change_failure_rate), "of promotions were rolled back for themselves"),
        ("time to restore", about(track.time_to_restore), "from the hold to the removal, the middle one"),
        ("incidents", numbers.whole(track.incidents), f"waived criteria: {numbers.whole(track.waivers)}"),
    )
    tiles = (
        element("div", element("dt", what), element("dd", element("strong", value), element("small", note)))
        for what, value, note in told
    )
    return element("dl", *tiles, class_="tiles")


def share(value: float | None) -> str:
    """A share, or a dash where it is of nothing."""
    return _NOTHING if value is None else numbers.percent(value)


def about(value: timedelta | None) -> str:
    """A length of time to three digits in the unit that fits, or a dash: “3.5 h”, “12 d”."""
    if value is None:
        return _NOTHING
    seconds = value.total_seconds()
    for size, unit in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{numbers.plain(seconds / size)} {unit}"
    return f"{numbers.plain(seconds)} s"


def warnings(said: Iterable[str]) -> Element | None:
    """What a reader must not miss, as it was said; None where there is nothing."""
    return listed("ul", (element("li", cut(one)) for one in said), class_="notes warning")


def cut(text: str) -> str:
    """A text of any length as a line."""
    return shorten(text, 300)
