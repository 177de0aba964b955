"""Shown: what the ledger holds of a version or of a record: its events, and the record as it was sealed."""

import json
from collections.abc import Sequence

from model_ratchet.engine.record import Record
from model_ratchet.report import escape, render
from model_ratchet.report.check import judged
from model_ratchet.report.chronicle import Row, chronicle_text, chronicle_values
from model_ratchet.report.machine import promotion
from model_ratchet.report.numbers import instant

SCHEMA = "ratchet/shown/v1"


def shown_text(rows: Sequence[Row], record: Record | None) -> str:
    """The events, then the record in full."""
    sealed = render(judged((record,)), "text", width=110) if record is not None else "no record was sealed\n"
    return f"{chronicle_text(rows)}\n{sealed}"


def shown_markdown(rows: Sequence[Row], record: Record | None) -> str:
    """The same as Markdown."""
    lines = ["| when | what | who | policy | why |", "|---|---|---|---|---|"]
    for row in rows:
        cells = (instant(row.at), row.what, row.who or "–", row.policy or "–", row.why)
        lines.append(f"| {' | '.join(map(escape.text, cells))} |")
    sealed = render(judged((record,)), "markdown") if record is not None else "no record was sealed\n"
    return "\n".join(lines) + f"\n\n{sealed}"


def shown_json(rows: Sequence[Row], record: Record | None) -> str:
    """The same for programs."""
    sealed = promotion(record) if record is not None else None
    value = {"schema": SCHEMA, "events": chronicle_values(rows), "record": sealed}
    return json.dumps(value, ensure_ascii=False, indent=2)
