"""Sign-offs: who has approved for each role, and what is needed."""

from model_ratchet.report.charts import Table, table
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name, sentence
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.view import Row


def sign_offs(shown: Shown) -> Section | None:
    """One row for each role that the policy asks."""
    rows = tuple(_row(row) for row in shown.seen.rows if row.sign_off is not None)
    if not rows:
        return None
    head = ("sign-off", "role", "state", "who", "what it says", "needed")
    return Section(name="sign-offs", title="Sign-offs", body=(table(Table(head, rows), "Sign-offs by role"),))


def _row(row: Row) -> tuple[str, ...]:
    given = row.sign_off
    assert given is not None  # noqa: S101  (the rows are chosen by it)
    needed = "" if row.through or row.remedy is None else row.remedy.words
    who = ", ".join(given.people) or "nobody yet"
    return (name(row.name), name(given.role), given.state, who, sentence(row.said), sentence(needed) or "nothing")
