"""Audit: what was found of a ledger, as text and as JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from model_ratchet.core.outcome import Outcome
from model_ratchet.engine.again import Again
from model_ratchet.engine.audit import Audit
from model_ratchet.engine.envelopes import Standing
from model_ratchet.engine.lines import Broken
from model_ratchet.report.log import log_line

SCHEMA = "ratchet/audit/v1"
_MOST = 50


def audit_outcome(audit: Audit) -> Outcome:
    """Failed where something was tampered with, errored where something can't be read, else passed."""
    if audit.tampered:
        return Outcome.FAILED
    return Outcome.ERRORED if audit.unread else Outcome.PASSED


def audit_text(audit: Audit) -> str:
    """The verdict first, then everything that is not as it should be, then what the records came to."""
    return "\n".join(_lines(audit)) + "\n"


def audit_json(audit: Audit) -> str:
    """The same for programs."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "outcome": audit_outcome(audit),
            "verdict": _verdict(audit),
            "head": {"lines": audit.head.n, "digest": audit.head.digest},
            "anchor": None if audit.anchor is None else {"lines": audit.anchor.n, "digest": audit.anchor.digest},
            "anchors": [{"lines": one.n, "digest": one.digest} for one in audit.anchors],
            "signatures": {kind.name.lower(): audit.signatures.get(kind, 0) for kind in Standing}
            if audit.signatures
            else None,
            "tampered": [_place(one) for one in audit.tampered],
            "unread": [_place(one) for one in audit.unread],
            "records": [
                {
                    "digest": one.digest,
                    "model": one.model,
                    "candidate": one.candidate,
                    "again": one.rejudged.again.name.lower(),
                    "before": one.rejudged.before,
                    "after": one.rejudged.verdict.outcome,
                    "since": list(one.rejudged.since),
                }
                for one in audit.records
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def _place(one: Broken) -> dict[str, str]:
    return {"place": one.place, "what": one.what}


def _verdict(audit: Audit) -> str:
    if audit.tampered:
        return "tampered"
    if audit.unread:
        return "not verified"
    return "verified" if audit.anchor is not None else "consistent, not anchored"


def _lines(audit: Audit) -> Iterator[str]:
    lines = f"{audit.head.n} line{'s' * (audit.head.n != 1)}"
    anchored = f", anchored at line {audit.anchor.n}" if audit.anchor is not None else ""
    anchored += f" by {len(audit.anchors)} anchors" if len(audit.anchors) > 1 else ""
    yield f"{_verdict(audit)}: {lines}{anchored}"
    yield from _broken("tampered", audit.tampered)
    yield from _broken("can't be read", audit.unread)
    if audit.records:
        counts = Counter(one.rejudged.again for one in audit.records)
        words = ", ".join(f"{counts[kind]} {kind}" for kind in Again if counts[kind])
        yield f"{len(audit.records)} record{'s' * (len(audit.records) != 1)} judged again: {words}"
    if audit.signatures:
        yield ", ".join(f"{audit.signatures.get(kind, 0)} {kind}" for kind in Standing)
    for one in audit.differing:
        moved = ", ".join(one.rejudged.since)
        found = f"{one.rejudged.before} then, {one.rejudged.verdict.outcome} now"
        yield f"  {one.model} {one.candidate}: {found}, since {moved} (record {one.digest})"
    if audit.anchor is None and not audit.tampered:
        yield "without an anchor that was kept elsewhere, nothing shows that the end was cut off or all of it written anew"
    yield f"head {audit.head}"


def _broken(word: str, found: Sequence[Broken]) -> Iterator[str]:
    for one in found[:_MOST]:
        yield f"  {word}: {log_line(one.place)}: {log_line(one.what)}"
    if len(found) > _MOST:
        yield f"  and {len(found) - _MOST} more"
