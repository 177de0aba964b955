"""Chronicle: the events of a ledger as rows: who, what, when, why, under which policy."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import assert_never

from model_ratchet.documents.events import (
    Admitted,
    Began,
    Confirmed,
    Event,
    Extended,
    Hold,
    Paused,
    PolicyChanged,
    PromotedVersion,
    RefusedAdvance,
    Released,
    Resumed,
    RolledBackVersion,
    RootCause,
    Snoozed,
    StageClosed,
    StageStarted,
    Unverified,
    WaivedCriterion,
    Withdrawn,
)
from model_ratchet.report.escape import cell
from model_ratchet.report.log import log_line
from model_ratchet.report.numbers import instant, percent

SCHEMA = "ratchet/log/v1"
_SHOWN = ("when", "what", "model", "version", "who", "policy", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event. What it does not say is empty; ``record`` is the digest of the sealed evidence that it names."""

    line: int
    """Its number in the chain, from 1."""
    at: datetime
    what: str
    why: str
    model: str = ""
    version: str = ""
    who: str = ""
    policy: str = ""
    """That of the version's last admission, where the event itself names none."""
    pull: int | None = None
    record: str = ""


def chronicle(events: Iterable[Event]) -> tuple[Row, ...]:
    """A row for each event of a whole ledger, in the order of the chain."""
    policies: dict[tuple[str, str], str] = {}
    rows = []
    for line, event in enumerate(events, start=1):
        model, version = _model(event), _version(event)
        stated = getattr(event, "policy", None)
        if stated is not None:
            policies[model, version] = str(stated)
        by = event.by
        rows.append(
            Row(
                line=line,
                at=event.at,
                what=event.kind,
                why=_why(event),
                model=model,
                version=version,
                who="" if by is None else by.login if by.id is None else f"{by.login} ({by.id})",
                policy=policies.get((model, version), "") if version else "",
                pull=getattr(event, "pull", None),
                record=getattr(event, "record", None) or "",
            )
        )
    return tuple(rows)


def chosen(
    rows: Iterable[Row], *, model: str | None = None, version: str | None = None, since: datetime | None = None
) -> tuple[Row, ...]:
    """The rows of a model, of a version, and from an instant on, as far as each is named."""
    return tuple(
        row
        for row in rows
        if (model is None or row.model == model)
        and (version is None or row.version == version)
        and (since is None or row.at >= since)
    )


def chronicle_text(rows: Sequence[Row]) -> str:
    """The rows as a table, the reasons last and whole."""
    if not rows:
        return "nothing of this is in the ledger\n"
    cells = [_SHOWN, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(_SHOWN))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def chronicle_values(rows: Iterable[Row]) -> list[dict[str, object]]:
    """The rows as plain values."""
    return [{**asdict(row), "at": row.at.isoformat().replace("+00:00", "Z")} for row in rows]


def chronicle_json(rows: Iterable[Row]) -> str:
    """The rows for programs."""
    return json.dumps({"schema": SCHEMA, "events": chronicle_values(rows)}, ensure_ascii=False, indent=2)


def chronicle_csv(rows: Iterable[Row]) -> str:
    """The rows as comma-separated values that no spreadsheet takes for formulas; every cell is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    names = tuple(Row.__dataclass_fields__)
    writer.writerow(names)
    for row in chronicle_values(rows):
        writer.writerow([cell("" if row[name] is None else str(row[name])) for name in names])
    return out.getvalue()


def _cells(row: Row) -> tuple[str, ...]:
    who = row.who or "–"
    shown: Mapping[str, str] = {"when": instant(row.at), "who": who, "policy": row.policy or "–"}
    return tuple(log_line(shown.get(name, "") or getattr(row, name, "") or "–") for name in _SHOWN)


def _model(event: Event) -> str:
    return "" if isinstance(event, PolicyChanged | Began) else event.model


def _version(event: Event) -> str:
    found = getattr(event, "candidate", None) or getattr(event, "version", None)
    return "" if found is None else str(found)


def _why(event: Event) -> str:
    match event:
        case Paused() | Withdrawn() | RefusedAdvance() | Unverified() | Hold() | Snoozed() | Released():
            where = _where(event)
            return f"{where}: {event.because}" if where else event.because
        case Admitted():
            return f"attempt {event.attempt} against {event.baseline or 'none'}, artifact {event.digest}"
        case StageStarted():
            mirror = f", {percent(event.mirror)} mirrored" if event.mirror else ""
            return f"{event.stage}: {percent(event.share)} of traffic{mirror}"
        case StageClosed():
            return f"{event.stage}: {event.outcome}"
        case Confirmed() | Resumed() | Extended():
            return event.stage
        case WaivedCriterion():
            return f"{event.criterion}, by the waiver {event.waiver}"
        case PromotedVersion():
            vouched = "" if event.record is not None else ", and no record vouches for it"
            return f"merged as {event.commit[:12]}{vouched}"
        case RolledBackVersion():
            glass = ", pushed past the pull request" if event.break_glass else ""
            return f"{event.cause}: back to {event.returns_to} by {event.commit[:12]}{glass}"
        case RootCause():
            return f"issue #{event.issue} on {event.incident} {'is closed' if event.closed else 'asks for it'}"
        case Began() | PolicyChanged():
            what = f"{', '.join(event.paths)} by" if isinstance(event, PolicyChanged) else "from"
            return f"{what} {event.commit[:12]}"
        case _:
            assert_never(event)


def _where(event: Event) -> str | None:
    match event:
        case Hold(serve=serve, refuse=refuse) if serve is not None:
            return f"{serve} serves instead of {refuse}"
        case Snoozed(until=until):
            return f"until {instant(until)}"
        case _:
            return getattr(event, "stage", None)
