"""Scorecard: the success measures side by side, and what would make the unknown ones known."""

from collections.abc import Sequence
from itertools import groupby

from model_ratchet.report.elements import Element, Node, element
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name
from model_ratchet.report.html.scorecard import Measure, scorecard
from model_ratchet.report.html.shown import Shown

_COLUMNS = ("measure", "before", "candidate")


def score(shown: Shown) -> Section:
    """A row for each measure."""
    return Section(name="scorecard", title="Scorecard", body=(table_of(scorecard(shown.record)),))


def table_of(measures: Sequence[Measure]) -> Element:
    """A row for each measure, group by group."""
    head = element("thead", element("tr", *(element("th", one, scope="col") for one in _COLUMNS)))
    bodies = (_group(group, tuple(of)) for group, of in groupby(measures, lambda one: one.group))
    table = element("table", element("caption", "Success measures", class_="heard"), head, *bodies)
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label="table of success measures")


def _group(group: str, of: tuple[Measure, ...]) -> Element:
    title = element("tr", element("th", group, colspan=len(_COLUMNS), scope="rowgroup", class_="group"))
    return element("tbody", title, *map(_row, of))


def _row(one: Measure) -> Element:
    measure = element("th", name(one.name), scope="row")
    if not one.known:
        bind: tuple[Node, ...] = (": bind ", element("code", one.bind)) if one.bind else ()
        return element("tr", measure, element("td", "unknown", *bind, colspan=2, class_="quiet"))
    return element("tr", measure, element("td", one.baseline or "–"), element("td", one.candidate or "–"))
