"""Audit: whether a ledger is what was appended to it, and whether its records still say what they said. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from model_ratchet.core.errors import ForeignError, RecordError
from model_ratchet.documents.events import Event, PromotedVersion
from model_ratchet.engine.again import Again, Rejudged, judge_again
from model_ratchet.engine.filed import filed, read_whole
from model_ratchet.engine.lines import Broken, Head
from model_ratchet.engine.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One record that was looked at and judged again."""

    digest: str
    model: str
    candidate: str
    rejudged: Rejudged


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found. It is sound where nothing was changed and all of it could be read."""

    head: Head
    anchor: Head | None
    """What was kept elsewhere, and the chain compared with."""
    records: tuple[Audited, ...] = ()
    tampered: tuple[Broken, ...] = ()
    """What is not as it was appended, and where."""
    unread: tuple[Broken, ...] = ()
    """What this release can't read or judge."""

    @property
    def differing(self) -> tuple[Audited, ...]:
        """The records whose outcome is another today, because a fault was mended since."""
        return tuple(one for one in self.records if one.rejudged.again is Again.OTHER_OUTCOME)


def named_by(events: Iterable[Event]) -> dict[str, tuple[Event, ...]]:
    """The digest of each record that events name → those events, in their order."""
    found: dict[str, tuple[Event, ...]] = {}
    for event in events:
        digest = getattr(event, "record", None)
        if digest is not None:
            found[digest] = (*found.get(digest, ()), event)
    return found


def looked_at(place: str, digest: str, content: bytes | None, events: Iterable[Event]) -> Audited | Broken:
    """The record that events name by its digest, in the file at a place, judged again; or what is wrong with it."""
    if content is None:
        return Broken(place, "the file is not there, and events name it")
    try:
        record = filed(content, digest)
        rejudged = judge_again(record)
    except ForeignError as error:
        return Broken(place, str(error))
    except RecordError as error:
        return Broken(place, str(error), unread=True)
    facts = record.plan.facts
    if not read_whole(content, record):
        return Broken(place, "it holds what is not read of a record, or is not spelled as one")
    foreign = next(filter(None, (_foreign(event, record) for event in events)), None)
    if foreign is not None:
        return Broken(place, foreign)
    if rejudged.again is Again.UNFOUNDED:
        found = rejudged.verdict.outcome
        return Broken(place, f"it says {rejudged.before}, which does not follow from its evidence: that gives {found}")
    if rejudged.again is Again.OTHER_OUTCOME and rejudged.later:
        return Broken(place, "a later release judged it, and this one comes to another outcome", unread=True)
    return Audited(digest=digest, model=facts.model, candidate=facts.candidate, rejudged=rejudged)


def gathered(head: Head, anchor: Head | None, found: Collection[Audited | Broken]) -> Audit:
    """All that was found, in its order."""
    broken = [one for one in found if isinstance(one, Broken)]
    return Audit(
        head=head,
        anchor=anchor,
        records=tuple(one for one in found if isinstance(one, Audited)),
        tampered=tuple(one for one in broken if not one.unread),
        unread=tuple(one for one in broken if one.unread),
    )


def strays(there: Mapping[str, str], expected: Iterable[str], optional: Iterable[str]) -> Iterator[Broken]:
    """What lies in the branch and belongs to nothing in it, or is no ordinary file; path → mode of all that is there."""
    known = {*expected, *optional}
    for path, mode in sorted(there.items()):
        if path not in known:
            yield Broken(path, "nothing in the ledger names it")
        elif mode != "100644":
            yield Broken(path, f"it is no ordinary file, but has the mode {mode}")


def _foreign(event: Event, record: Record) -> str | None:
    """Why a record can't be the one of an event."""
    facts = record.plan.facts
    stated: dict[str, tuple[object, str | None]] = {
        "model": (getattr(event, "model", None), facts.model),
        "candidate": (getattr(event, "candidate", None), facts.candidate),
    }
    if isinstance(event, PromotedVersion):
        stated["digest"] = (event.digest, facts.candidate_digest)
        stated["policy"] = (event.policy, record.plan.policy)
    for name, (said, held) in stated.items():
        if said is not None and str(said) != str(held):
            return f"the event {event.kind} of {said} names it, and its {name} is {held}"
    return None
