"""Evidence: what the verdict rests on: what was stated, digests, windows, rows, questions, and how to check all of it."""

from model_ratchet.engine.record import Record
from model_ratchet.report import numbers
from model_ratchet.report.charts import Table, table
from model_ratchet.report.elements import Element, element
from model_ratchet.report.escape import shorten
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name
from model_ratchet.report.html.shown import Shown

_LONGEST = 20_000
"""Characters of a source's questions that a page shows; the record holds all of them."""


def evidence(shown: Shown) -> Section:
    """Tables first, the questions folded."""
    record, seen = shown.record, shown.seen
    judged = (
        ("record", seen.digest),
        ("policy", f"{name(seen.policy)} ({name(seen.policy_path)})"),
        ("request", name(seen.request_path)),
        ("decided at", seen.decided_at),
        ("judge version", str(seen.judge_version)),
        ("answers", f"{numbers.whole(len(record.evidence.answers))} to as many questions"),
    )
    windows = tuple((one.name, one.window) for one in seen.stages if one.window)
    tables = (
        ("Judged", ("what", "value"), judged),
        ("Inputs", ("input", "digest"), seen.digests),
        ("Windows", ("stage", "window"), windows),
        ("Rows", ("stage", "rows"), seen.row_counts),
        ("Stated in the request", ("what", "value"), tuple(sorted(record.plan.facts.stated.items()))),
    )
    shown_tables = (_table(title, head, rows) for title, head, rows in tables if rows)
    again = element(
        "p",
        "Anyone can judge it again from the record alone: ",
        element("code", "ratchet check --record record.json"),
        class_="quiet",
    )
    return Section(name="evidence", title="Evidence", body=(again, *shown_tables, *_questions(record)))


def _table(title: str, head: tuple[str, ...], rows: tuple[tuple[str, str], ...]) -> Element:
    cells = tuple((name(one), shorten(other, 500)) for one, other in rows)
    return table(Table(head, cells), title)


def _questions(record: Record) -> tuple[Element, ...]:
    """The text of every question to a source, as it was asked."""
    return tuple(
        element(
            "details",
            element("summary", f"Questions to {name(source)}"),
            element("pre", element("code", shorten(asked, _LONGEST)), tabindex=0),
        )
        for source, asked in sorted(record.evidence.queries.items())
    )
