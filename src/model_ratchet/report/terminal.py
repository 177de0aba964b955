"""Text: a check on a terminal, laid out by rich. Nothing of a document or a log is ever read as markup."""

import io
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from model_ratchet.core.finding import Finding
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.compare import Weight
from model_ratchet.engine.queue import QueueVerdict
from model_ratchet.report.change import (
    by_weight,
    difference_sentence,
    impacts,
    policy_sentence,
    rollback_lines,
    rollback_sentence,
)
from model_ratchet.report.check import Check
from model_ratchet.report.log import no_command, one_line, safe
from model_ratchet.report.notes import PolicyNote
from model_ratchet.report.queued import against, queue_sentence
from model_ratchet.report.view import Gate, Row, Stage, View, view

_STYLES = {
    Outcome.PASSED: "green",
    Outcome.PENDING: "cyan",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.ERRORED: "magenta",
    Outcome.FAILED: "red",
}
_MOST_PARTS = 12
_NARROW = 90
"""With fewer columns than this a criterion takes lines below each other instead of a row: cells would break words."""


def as_text(check: Check, *, width: int | None = None, colour: bool = False) -> str:
    """The check as text of ``width`` columns (None: the terminal's), with colours where asked."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        legacy_windows=False,
    )
    one_line_each = bool(check.findings or check.policies)  # so that other tools can read a finding
    for part in _parts(check, narrow=console.width < _NARROW):
        console.print(part, soft_wrap=one_line_each or (isinstance(part, Text) and bool(part.no_wrap)))
    shown = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    return "\n".join(no_command(line.rstrip()) for line in shown.splitlines()) + "\n"


def _parts(check: Check, *, narrow: bool) -> list[RenderableType]:
    return [*_main(check, narrow=narrow), *(_policies(check, check.policies) if check.policies is not None else ())]


def _main(check: Check, *, narrow: bool) -> list[RenderableType]:
    if check.findings:
        lines = [_finding(one) for one in check.findings]
        count = len(check.findings)
        return [*lines, Text(f"{count} finding{'s' * (count != 1)}: nothing was judged", "red")]
    if check.trouble is not None:
        return [Text(f"errored: {one_line(check.trouble)}", "magenta")]
    if check.rollback is not None:
        lines = [Text(f"  {one_line(line)}", "dim") for line in rollback_lines(check.rollback)]
        return [Text(one_line(rollback_sentence(check.rollback))), *lines]
    if check.queue is not None:
        return list(_queue(check.queue))
    if check.sentence is not None:
        return [Text(check.sentence, "green" if check.validated is not None else "")]
    parts: list[RenderableType] = []
    for record in check.records:
        parts += _promotion(view(record), narrow=narrow)
    return parts


def _finding(one: Finding) -> Text:
    return Text.assemble((one_line(str(one.location)), "bold"), " ", one_line(one.message))


def _queue(found: QueueVerdict) -> Iterator[RenderableType]:
    yield Text(one_line(queue_sentence(found)), _STYLES[found.outcome])
    for one in found.commits:
        yield Text.assemble("  ", (str(one.outcome), _STYLES[one.outcome]), f" {one.commit[:12]} {one_line(one.what)}")
        yield from (Text(f"    {one_line(line)}") for line in against(one))


_WEIGHTS = {Weight.LOOSER: "yellow", Weight.CHANGED: "cyan", Weight.STRICTER: "green"}


def _policies(check: Check, note: PolicyNote) -> Iterator[RenderableType]:
    yield Text(one_line(policy_sentence(check, note)))
    for one in by_weight(note):
        words = (one_line(str(one.place)), "bold"), " ", one_line(difference_sentence(one))
        yield Text.assemble("  ", (f"{one.weight:<8}", _WEIGHTS[one.weight]), " ", *words)
    for found in note.notes:
        yield Text.assemble("  note     ", _finding(found))
    for line in impacts(note.promotions) if note.promotions is not None else ():
        yield Text(f"  open     {one_line(line)}")


def _promotion(seen: View, *, narrow: bool) -> list[RenderableType]:
    title = Text.assemble(
        (f" {seen.outcome.upper()} ", f"bold reverse {_STYLES[seen.outcome]}"),
        " ",
        (one_line(seen.model), "bold"),
        f" {one_line(seen.candidate)}",
        (f"  {one_line(f'(baseline {seen.baseline}, policy {seen.policy})')}", "dim"),
    )
    parts: list[RenderableType] = [title, Text(safe(seen.headline))]
    if seen.next_step:
        parts.append(Text(safe(seen.next_step)))
    parts += [Text(f"note: {safe(note)}", "yellow") for note in seen.notes]
    parts += [Text(), _stages_below(seen.stages) if narrow else _stages(seen.stages)]
    for gate in seen.gates:
        parts += [Text(), _gate(gate, narrow=narrow)]
    foot = f"evidence {seen.evidence}, sign-off {seen.sign_off} · decided at {seen.decided_at}"
    digest = Text(f"record {seen.digest}", "dim", no_wrap=True)  # in one piece, to be copied
    return [*parts, Text(), Text(foot), digest, Text()]


def _stages(stages: tuple[Stage, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("stage", "exposure", "lasts", "window", "state"):
        table.add_column(name)
    for stage in stages:
        table.add_row(*(Text(text) for text in (stage.name, stage.exposure, stage.lasts, stage.window, stage.state)))
    return table


def _stages_below(stages: tuple[Stage, ...]) -> RenderableType:
    """The same below each other: what a stage was, when, and where it stands."""
    parts: list[RenderableType] = []
    for stage in stages:
        parts.append(Text(f"{stage.name}: {stage.exposure}, {stage.lasts}"))
        parts += [Padding(Text(said), (0, 0, 0, 2)) for said in (stage.window, stage.state) if said]
    return Group(*parts)


def _gate(gate: Gate, *, narrow: bool) -> RenderableType:
    head = Text.assemble((f"{safe(gate.name)}", "bold"), " ", (str(gate.outcome), _STYLES[gate.outcome]))
    parts: list[RenderableType] = [head]
    if gate.note:
        parts.append(Padding(Text(safe(gate.note), "dim"), (0, 0, 0, 2)))
    rows = _below(gate.rows) if narrow else _beside(gate.rows)
    return Group(*parts, Padding(rows, (0, 0, 0, 2)))


def _below(rows: tuple[Row, ...]) -> Table:
    """Of each criterion the name, the numbers and what they say below each other."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        numbers = Text.assemble(row.estimate, "  ", (row.interval, "dim"))
        parts: list[RenderableType] = [Text.assemble(safe(row.name), "  ", (safe(row.stage), "dim"))]
        parts += [numbers] if row.estimate else []
        parts.append(_said(row))
        for part in _shown_parts(row):
            parts.append(Text.assemble((f"{part.mark} ", _STYLES[part.outcome]), safe(part.name), f"  {part.estimate}"))
            parts += [Padding(Text(safe(part.said), "dim"), (0, 0, 0, 2))] if part.said else []
        table.add_row(Text(row.mark, _style(row)), Group(*parts))
    return table


def _beside(rows: tuple[Row, ...]) -> Table:
    """Of each criterion the name, the numbers and what they say in one row."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(min_width=16, ratio=4)
    table.add_column(ratio=2)
    table.add_column(justify="right", ratio=2)
    table.add_column(ratio=4)
    table.add_column(ratio=8)
    for row in rows:
        _add(table, row)
    return table


def _add(table: Table, row: Row) -> None:
    table.add_row(
        Text(row.mark, _style(row)),
        Text(safe(row.name)),
        Text(safe(row.stage), "dim"),
        Text(row.estimate),
        Text(row.interval, "dim"),
        _said(row),
    )
    for part in _shown_parts(row):
        table.add_row(
            "",
            Text.assemble((f"{part.mark} ", _STYLES[part.outcome]), safe(part.name)),
            "",
            Text(part.estimate),
            Text(part.interval, "dim"),
            Text(safe(part.said), "dim"),
        )


def _style(row: Row) -> str:
    return _STYLES[row.outcome] if row.counted else "dim"


def _said(row: Row) -> Text:
    said = Text(safe(row.said))
    if row.test and row.test not in row.said:
        said.append(f" ({row.test})", "dim")
    for note in row.notes:
        said.append(f"\n{safe(note)}", "yellow")
    return said


def _shown_parts(row: Row) -> tuple[Row, ...]:
    return tuple(part for part in row.parts if part.outcome is not Outcome.PASSED)[:_MOST_PARTS]
