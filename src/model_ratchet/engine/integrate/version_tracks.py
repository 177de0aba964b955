"""Version tracks: what versions showed in their stage, by the records of the ledger, which no rollback takes back. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from model_ratchet.core.scored import PARTS
from model_ratchet.criteria.integration import stage_needs
from model_ratchet.documents.events import Withdrawn
from model_ratchet.documents.inherited import TrackEntry
from model_ratchet.engine.integrate.gathered import whole
from model_ratchet.engine.record import Record
from model_ratchet.engine.story import Attempt, Story


def named_tracks(story: Story, stage: str, until: datetime) -> Mapping[str, str]:
    """Version → the digest of the record that closed its stage up to an instant; of several attempts that of the last."""
    closed = ((attempt, attempt.closed.get(stage)) for attempt in story.attempts)
    return {attempt.candidate: event.record for attempt, event in closed if event is not None and event.at <= until}


def track_record(story: Story, records: Mapping[str, Record], stage: str, until: datetime) -> Mapping[str, TrackEntry]:
    """Version → what it showed, as far as its stage was asked for forecasts, and what had become of it at an instant."""
    found = {}
    for version, digest in named_tracks(story, stage, until).items():
        entry = _entry(records[digest], stage, _status(story, version, until))
        if entry is not None:
            found[version] = entry
    return found


Status = Literal["candidate", "promoted", "rolled_back", "withdrawn"]


def _status(story: Story, version: str, until: datetime) -> Status:
    """The last of what happened to it."""
    happened: list[tuple[datetime, Status]] = [
        *((one.at, "promoted") for one in story.promoted if str(one.candidate) == version),
        *((one.at, "rolled_back") for one in story.rolled_back if str(one.version) == version),
        *((at, "withdrawn") for one in story.attempts if (at := _withdrawn(one, version)) is not None),
    ]
    return max((one for one in happened if one[0] <= until), default=(until, "candidate"))[1]


def _withdrawn(attempt: Attempt, version: str) -> datetime | None:
    ended = attempt.ended
    return ended.at if isinstance(ended, Withdrawn) and attempt.candidate == version else None


def _entry(record: Record, stage: str, status: Status) -> TrackEntry | None:
    from model_ratchet.engine.integrate.cells import calibration_error_of

    facts = record.plan.facts.integration
    ran = next((one for one in record.plan.stages if one.name == stage), None)
    if facts is None or ran is None or ran.window is None:
        return None
    scores = whole(stage_needs(facts, stage, ran.window), record.evidence)
    if scores is None or not scores.n:
        return None
    return TrackEntry(
        events=scores.n,
        came=scores.came,
        brier=scores.brier / PARTS / scores.n,
        log_loss=scores.log_loss / PARTS / scores.n,
        ece=calibration_error_of(scores),
        status=status,
    )
