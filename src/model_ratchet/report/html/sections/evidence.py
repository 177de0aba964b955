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
    rows = dict(seen.row_counts)
    windows = tuple((one.name, one.window, rows.get(one.name, "")) for one in seen.stages if one.window)
    stated = tuple(sorted(record.plan.facts.stated.items()))
    tables = (
        _table("Judged", ("what", "value"), judged),
        _table("Inputs", ("input", "digest"), (*_artifacts(record), *seen.digests)),
        _table("Windows and rows", ("stage", "window", "rows"), windows),
        _folded("Stated in the request", _table("Stated in the request", ("what", "value"), stated))
        if stated
        else None,
    )
    again = element(
        "p",
        "Anyone can judge it again from the record alone: ",
        element("code", "ratchet check --record record.json"),
        class_="quiet",
    )
    return Section(
        name="evidence",
        title="Evidence",
        body=(again, *(one for one in tables if one is not None), *_questions(record)),
    )


def _artifacts(record: Record) -> tuple[tuple[str, str], ...]:
    facts = record.plan.facts
    found = (("candidate's artifact", facts.candidate_digest), ("baseline's artifact", facts.baseline_digest))
    return tuple((what, digest) for what, digest in found if digest is not None)


def _table(title: str, head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Element | None:
    cells = tuple((name(one), *(shorten(other, 500) for other in others)) for one, *others in rows)
    return table(Table(head, cells), title) if cells else None


def _folded(
    title: str,
    *body: Element | None,
) -> Element:
    return element("details", element("summary", title), *body)


def _questions(record: Record) -> tuple[Element, ...]:
    """The text of every question to a source, as it was asked."""
    return tuple(
        _folded(f"Questions to {name(source)}", element("pre", element("code", shorten(asked, _LONGEST)), tabindex=0))
        for source, asked in sorted(record.evidence.queries.items())
    )
