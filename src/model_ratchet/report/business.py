"""Business: the page of the reviewer who approves for the business, what was and what would be, folded in the comment."""

from collections.abc import Iterator

from model_ratchet.report.detail import Detail
from model_ratchet.report.escape import text
from model_ratchet.report.view import Row, View

GATE = "business"


def business(seen: View, detail: Detail) -> Iterator[str]:
    """A table of what the gate ``business`` measured; nothing where it measured nothing, or there is no room."""
    rows = [row for gate in seen.gates if gate.name == GATE for row in gate.rows if row.estimate]
    if not rows or detail >= Detail.NO_PASSED:
        return
    yield "<details open><summary>Business</summary>"
    lines = ["| measure | before | candidate | difference | what it says |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(_cells(row, detail))} |" for row in rows[: detail.rows]]
    yield "\n".join(lines)
    yield "</details>"


def _cells(row: Row, detail: Detail) -> Iterator[str]:
    """What is only a level, such as a drawdown, has no version before it."""
    yield f"{text(row.name, detail.word)}<br>{text(row.asked, detail.sentence)}"
    before, after = row.levels or ("–", row.estimate)
    yield text(before)
    yield text(after)
    yield f"**{text(row.estimate)}**<br>{text(row.interval)}" if row.levels else text(row.interval) or "–"
    word = f"{row.outcome}, not counted" if not row.counted else str(row.outcome)
    told = [
        f"**{word}**: {text(row.said, detail.sentence)}",
        *(f"⚠️ {text(one, detail.sentence)}" for one in row.warnings),
    ]
    yield "<br>".join(told)
