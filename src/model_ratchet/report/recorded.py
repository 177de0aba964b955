"""Recorded: what was appended to the ledger, one line for each event."""

from model_ratchet.documents.events import (
    Began,
    Event,
    PolicyChanged,
    PromotedVersion,
    Released,
    RolledBackVersion,
    RootCause,
    Unverified,
    WaivedCriterion,
    Withdrawn,
)


def event_line(event: Event) -> str:
    """An event in a sentence; its words may be anybody's, so that whoever prints it escapes it."""
    match event:
        case PromotedVersion():
            vouched = f"record {event.record}" if event.record is not None else "no verdict vouches for it"
            return (
                f"{event.model} {event.candidate} was promoted{_by(event.pull)}, commit {event.commit[:12]}: {vouched}"
            )
        case WaivedCriterion():
            return f"{event.model} {event.candidate} passed {event.criterion} by the waiver {event.waiver}"
        case RolledBackVersion():
            how = "pushed, break glass" if event.break_glass else f"merged{_by(event.pull)}"
            return f"{event.model} {event.version} was rolled back to {event.returns_to} ({event.cause}; {how})"
        case Unverified():
            return f"unverified: {event.model} {event.version or ''} at {event.commit[:12]}: {event.because}"
        case Withdrawn():
            return f"{event.model} {event.candidate} was withdrawn: {event.because}"
        case RootCause():
            what = "is closed" if event.closed else "asks for it"
            return f"{event.model}: root cause of {event.incident}: issue #{event.issue} {what}"
        case Released():
            return f"{event.model} is no longer held: {event.because}"
        case PolicyChanged():
            how = _by(event.pull) or " by a push without a pull request"
            return f"{', '.join(event.paths)} changed{how}, commit {event.commit[:12]}"
        case Began():
            return f"the ledger begins at {event.commit[:12]}: what was there before is taken as it is"
        case _:
            return event.kind


def _by(pull: int | None) -> str:
    return f" by #{pull}" if pull is not None else ""
