"""Standing: how all models stand, as a table for the terminal and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from model_ratchet.core.alert import Alert
from model_ratchet.core.finding import Finding
from model_ratchet.engine.watch import Says
from model_ratchet.report.log import log_line
from model_ratchet.report.numbers import instant

_COLUMNS = ("model", "active", "since", "health", "candidate", "stage", "open alerts")
_LATE = timedelta(hours=1)
"""A watch that has not looked for so long is said to be late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A version that runs: since when (None where the ledger does not say), in which stage, and what the watch says of it."""

    version: str
    since: datetime | None
    stage: str | None = None
    health: Says | None = None
    """The worst that a rule says; None where nothing watches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One model."""

    model: str
    active: Running | None = None
    candidates: tuple[Running, ...] = ()
    held: str | None = None
    """Why an incident holds it."""
    trouble: str | None = None
    """Why its active version is not known."""
    alerts: tuple[Alert, ...] = ()
    """The alerts that are open, the worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All models, and when the watch last looked at them (None where it never did)."""

    models: tuple[Standing, ...]
    watched_at: datetime | None
    findings: tuple[Finding, ...] = ()


def standing_table(found: Status, now: datetime, *, width: int | None, colour: bool) -> str:
    """One row a model and candidate, and below them when the watch last looked and what is wrong."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        grid.add_column(name, overflow="fold")
    for model in found.models:
        for row in _rows(model):
            grid.add_row(*(Text(cell) for cell in row))
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False)
    console.print(grid)
    for line in _lines(found, now):
        console.print(Text(log_line(line)))
    return out.getvalue()


def standing_json(found: Status, now: datetime) -> str:
    """The same for machines (``ratchet/status/v1``)."""
    value = {
        "schema": "ratchet/status/v1",
        "at": now.isoformat(),
        "watched_at": found.watched_at.isoformat() if found.watched_at is not None else None,
        "models": [
            {
                "model": one.model,
                "active": _running(one.active),
                "candidates": [_running(candidate) for candidate in one.candidates],
                "held": one.held,
                "trouble": one.trouble,
                "alerts": [alert.model_dump(mode="json", exclude_defaults=True) for alert in one.alerts],
            }
            for one in found.models
        ],
        "findings": [str(one) for one in found.findings],
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def _rows(model: Standing) -> Sequence[tuple[str, ...]]:
    active = model.active
    name = f"{model.model} (held)" if model.held is not None else model.model
    alone = (
        name,
        active.version if active is not None else ("not known" if model.trouble is not None else "none"),
        instant(active.since) if active is not None and active.since is not None else "–",
        str(active.health or "not watched") if active is not None else "–",
    )
    alerts = f"{len(model.alerts)}: {_alert(model.alerts[0])}" if model.alerts else "none"
    rows = []
    for number, one in enumerate(model.candidates or (None,)):
        first = alone if number == 0 else ("", "", "", "")
        candidate = (
            (f"{one.version}, {one.health or 'not watched'}", one.stage or "") if one is not None else ("–", "–")
        )
        rows.append((*first, *candidate, alerts if number == 0 else ""))
    return rows


def _lines(found: Status, now: datetime) -> list[str]:
    lines = [f"{one.model}: {one.trouble}" for one in found.models if one.trouble is not None]
    lines += [f"{one.model} is held: {one.held}" for one in found.models if one.held is not None]
    lines += [str(one) for one in found.findings]
    if found.watched_at is None:
        return [*lines, "the watch has not looked yet"]
    late = ", which is long ago" if now - found.watched_at > _LATE else ""
    return [*lines, f"the watch last looked at {instant(found.watched_at)}{late}"]


def _alert(alert: Alert) -> str:
    return f"{alert.severity}, {alert.rule}"


def _running(one: Running | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "version": one.version,
        "since": one.since.isoformat() if one.since is not None else None,
        "stage": one.stage,
        "health": one.health,
    }
