"""Criteria: every criterion, gate by gate: its interval against what is asked, in numbers, drawn, and in words."""

from collections.abc import Iterator

from model_ratchet.report.charts import figure
from model_ratchet.report.drawing import KEY
from model_ratchet.report.elements import Element, element
from model_ratchet.report.html.forests import forest
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import against, badge, mark, name, notes, sentence
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.view import Gate, Row


def criteria(shown: Shown) -> Section:
    """The gates in the order of the policy."""
    key = element("p", KEY, class_="quiet")
    return Section(name="criteria", title="Criteria", body=(key, *(_gate(gate) for gate in shown.seen.gates)))


def _gate(gate: Gate) -> Element:
    title = element("h3", name(gate.name), " ", badge(gate.outcome))
    note = element("p", sentence(gate.note)) if gate.note else None
    return element("div", title, note, element("ul", *map(_criterion, gate.rows), class_="criteria"), class_="gate")


def _criterion(row: Row) -> Element:
    where = element("span", f" {name(row.stage)}", class_="quiet") if row.stage else None
    what = element("div", element("strong", name(row.name)), where, *_asked(row), class_="what")
    measured = (element("div", against(row), class_="drawn"), element("div", *_numbers(row), class_="numbers"))
    says = element("div", *_says(row), class_="says")
    return element("li", mark(row), what, *(measured if row.estimate else ()), says)


def _asked(row: Row) -> Iterator[Element]:
    if row.asked:
        yield element("small", f"asked: {row.asked}", class_="quiet")


def _numbers(row: Row) -> Iterator[Element]:
    if row.estimate:
        yield element("strong", row.estimate)
    if row.interval:
        yield element("small", row.interval)
    if row.test and row.test not in row.said:
        yield element("small", row.test)


def _says(row: Row) -> Iterator[Element]:
    yield element("p", element("span", f"{row.word.capitalize()}: ", class_="quiet"), row.said)
    if row.remedy is not None:
        yield element("p", "→ ", sentence(row.remedy.words), class_="remedy")
    found = notes(map(sentence, row.notes))
    if found is not None:
        yield found
    parts = forest(row) if row.kind != "segments" else None  # they have a section of their own
    if parts is not None:
        yield element("details", element("summary", f"All {len(row.parts)}: {row.name}"), figure(parts))
