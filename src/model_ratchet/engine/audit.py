"""Audit: whether a ledger is what was appended to it, and whether its records still say what they said. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from model_ratchet.core.errors import ForeignError, RecordError
from model_ratchet.documents.events import Event, PromotedVersion
from model_ratchet.engine.again import Again, Rejudged, judge_again
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.envelopes import Standing
from model_ratchet.engine.filed import filed, read_whole, within
from model_ratchet.engine.lines import Broken, Head, digest_of
from model_ratchet.engine.record import Record
from model_ratchet.engine.recorded import baseline
from model_ratchet.engine.story import Story


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
    anchors: tuple[Head, ...]
    """What was kept elsewhere, and the chain compared with; the oldest first."""
    records: tuple[Audited, ...] = ()
    signatures: Mapping[Standing, int] = field(default_factory=dict)
    """How many records are signed, and how; empty where none is, and no key is known."""
    tampered: tuple[Broken, ...] = ()
    """What is not as it was appended, and where."""
    unread: tuple[Broken, ...] = ()
    """What this release can't read or judge."""

    @property
    def anchor(self) -> Head | None:
        """The newest anchor."""
        return self.anchors[-1] if self.anchors else None

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
        whole = read_whole(content, record)
        rejudged = judge_again(record)
    except ForeignError as error:
        return Broken(place, str(error))
    except RecordError as error:
        return Broken(place, str(error), unread=True)
    facts = record.plan.facts
    if not whole:
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


def gathered(
    head: Head, anchors: Iterable[Head], found: Collection[Audited | Broken], signatures: Mapping[Standing, int]
) -> Audit:
    """All that was found, in its order."""
    broken = [one for one in found if isinstance(one, Broken)]
    return Audit(
        head=head,
        anchors=tuple(sorted(set(anchors))),
        records=tuple(one for one in found if isinstance(one, Audited)),
        signatures=signatures,
        tampered=tuple(one for one in broken if not one.unread),
        unread=tuple(one for one in broken if one.unread),
    )


def changed(files: Iterable[tuple[str, bytes | None]], named: Mapping[str, str]) -> Iterator[Broken]:
    """What is not what was written with a line; each path with its file, and path → digest as the lines name it."""
    for path, content in files:
        if content is None:
            yield Broken(path, "the file is not there, and a line names it")
        elif digest_of(content) != named[path]:
            yield Broken(path, "it is not what was written with the line that names it")


def strays(there: Mapping[str, str], known: Collection[str]) -> Iterator[Broken]:
    """What lies in the branch and belongs to nothing in it, or is no ordinary file; path → mode of all that is there."""
    known = frozenset(known)
    for path, mode in sorted(there.items()):
        if path not in known:
            yield Broken(path, "nothing in the ledger names it")
        elif mode != "100644":
            yield Broken(path, f"it is no ordinary file, but has the mode {mode}")


def baseline_trouble(content: bytes, story: Story, records: Mapping[str, Record]) -> str | None:
    """Why the file of what later comparisons of a model use does not follow from its events and records, None where it does.

    Which version is active is known from the base branch: the one that no other stands upon, unless something reached the
    branch that no verdict vouches for.
    """
    try:
        held: Any = from_json(content, allow_inf_nan=False)
        named = held["active"]
        active = None if named is None else str(named["candidate"])
    except (ValueError, TypeError, KeyError):
        return "it is not of the form that baselines have"
    heads = _heads(story)
    if not story.unverified and len(heads) == 1 and active != heads[0]:
        return f"it says that {active or 'no version'} is active, and the events leave {heads[0]}"
    again = from_json(canonical(baseline(story.model, active, story, records)))
    if canonical(held) + b"\n" != content or not within(held, again):
        return "it does not follow from the events and records"
    return None


def compared_with(story: Story) -> tuple[str, ...]:
    """The digests of the records from which the file of a model's baselines is made."""
    heads = [story.standing[version] for version in _heads(story)]
    before = [story.standing.get(str(one.baseline)) for one in heads]
    return tuple(one.record for one in (*heads, *before) if one is not None and one.record is not None)


def _heads(story: Story) -> list[str]:
    """The standing versions of which one can be active."""
    if story.unverified:
        return list(story.standing)
    below = {str(one.baseline) for one in story.standing.values()}
    return [version for version in story.standing if version not in below]


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
