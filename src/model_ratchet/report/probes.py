"""Probes: what each source said, as a table for the terminal and as JSON."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO

from model_ratchet.core.reason import Why
from model_ratchet.report.log import log_line
from model_ratchet.report.numbers import instant
from model_ratchet.report.reasons import sentence
from model_ratchet.sources.probe import Probe

_AWAY = frozenset(
    {Why.SOURCE_UNREACHABLE, Why.SOURCE_TIMED_OUT, Why.ORIGIN_REFUSED, Why.VARIABLE_ABSENT, Why.EXTRA_ABSENT}
)
_COLUMNS = ("source", "kind", "reachable", "authorised", "found", "newest row", "keeps", "clock")


def as_table(probes: Sequence[Probe], *, width: int | None, colour: bool) -> str:
    """One row a source, and below it what is to be mended."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        grid.add_column(name, overflow="fold")
    for probe in probes:
        grid.add_row(*(Text(cell) for cell in _row(probe)))
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False)
    console.print(grid)
    for probe in probes:
        for line in _mend(probe):
            console.print(Text(log_line(line)))
    return out.getvalue()


def as_json(probes: Sequence[Probe]) -> str:
    """The same for machines: times as ISO 8601, lengths in seconds."""
    told = [
        {
            "source": probe.source,
            "kind": probe.kind,
            "reachable": _reachable(probe),
            "authorised": _authorised(probe),
            "trouble": None if probe.trouble is None else {"why": probe.trouble.why, **probe.trouble.parameters},
            "found": probe.found,
            "absent": probe.absent,
            "newest": _iso(probe.newest),
            "keeps_seconds": _seconds(probe.keeps),
            "clock_skew_seconds": _seconds(probe.skew),
        }
        for probe in probes
    ]
    return json.dumps({"sources": told}, indent=2, ensure_ascii=False)


def _row(probe: Probe) -> tuple[str, ...]:
    found = f"{len(probe.found)} of {len(probe.found) + len(probe.absent)}" if probe.found or probe.absent else "–"
    return (
        probe.source,
        probe.kind,
        _word(_reachable(probe)),
        _word(_authorised(probe)),
        found,
        instant(probe.newest) if probe.newest is not None else "–",
        f"{probe.keeps / timedelta(days=1):g} d" if probe.keeps is not None else "–",
        f"{probe.skew.total_seconds():+.0f} s" if probe.skew is not None else "–",
    )


def _mend(probe: Probe) -> list[str]:
    lines = [f"{probe.source}: {sentence(probe.trouble)}"] if probe.trouble is not None else []
    return lines + ([f"{probe.source}: not there: {', '.join(probe.absent)}"] if probe.absent else [])


def _reachable(probe: Probe) -> bool:
    return probe.trouble is None or probe.trouble.why not in _AWAY


def _authorised(probe: Probe) -> bool | None:
    if not _reachable(probe):
        return None
    return probe.trouble is None or probe.trouble.why is not Why.SOURCE_UNAUTHORISED


def _word(value: bool | None) -> str:
    return "–" if value is None else "yes" if value else "no"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _seconds(length: timedelta | None) -> float | None:
    return round(length.total_seconds(), 1) if length is not None else None
