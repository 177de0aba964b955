"""after_merge: what follows from what was recorded: incidents, and the documents that are written after a promotion.

Each is looked for before it is made, so that a run that was cut off is made up for by the next one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from model_ratchet.core.errors import RatchetError
from model_ratchet.documents.events import PromotedVersion, Unverified
from model_ratchet.engine.record import Record
from model_ratchet.engine.story import Story, stories
from model_ratchet.git_write import Writer
from model_ratchet.github.client import Hub
from model_ratchet.github.issues import Draft, open_once
from model_ratchet.github.job import Job
from model_ratchet.github.pulls import propose, pull_of
from model_ratchet.ledger import GitLedger
from model_ratchet.report.incident import LABEL, incident_body, incident_title
from model_ratchet.report.outcome import outcome, outcome_path

BRANCHES = "ratchet/outcomes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One thing that was done, or could not be."""

    said: str
    trouble: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The base branch, its tip, and where the documents and issues go."""

    repository: Writer
    hub: Hub
    job: Job
    base: str
    tip: str
    now: datetime


def follow_up(ledger: GitLedger, place: Place) -> Iterator[Followed]:
    """Open what the ledger asks for and is not there yet. One trouble never stops the next step."""
    told = stories(ledger.events())
    for story in told.values():
        for event in story.unverified:
            yield from tried(f"incident on {event.model}", partial(_incident, event, place))
        promoted = newest(story)
        if promoted is not None and promoted.record is not None:
            what = f"outcome of {promoted.model} {promoted.candidate}"
            yield from tried(what, partial(_document, ledger, story, promoted, place))


def document(ledger: GitLedger, story: Story, promoted: PromotedVersion) -> str:
    """The post-promotion document of a version.

    Raises:
        RecordError: the ledger holds not the record that it names.
    """
    record: Record | None = ledger.records([promoted.record])[promoted.record] if promoted.record is not None else None
    return outcome(story, promoted, record)


def last_document(ledger: GitLedger) -> str | None:
    """The document of the version that was promoted last, of whatever model; None where none was.

    Raises:
        RecordError: the ledger can't be read.
    """
    events = ledger.events()
    told = stories(events)
    last = next(
        (one for one in reversed(events) if isinstance(one, PromotedVersion) and _stands(told[one.model], one)), None
    )
    return document(ledger, told[last.model], last) if last is not None else None


def newest(story: Story) -> PromotedVersion | None:
    """The promotion that came last among those that stand."""
    return next((one for one in reversed(story.promoted) if _stands(story, one)), None)


def _stands(story: Story, one: PromotedVersion) -> bool:
    return story.standing.get(str(one.candidate)) == one


def tried(what: str, step: Callable[[], Followed | None]) -> Iterator[Followed]:
    """What a step did, or why it could not: one trouble never stops the next step."""
    try:
        done = step()
    except RatchetError as error:
        yield Followed(said=f"{what}: {error}", trouble=True)
    else:
        if done is not None:
            yield done


def _incident(event: Unverified, place: Place) -> Followed | None:
    draft = Draft(title=incident_title(event), body=incident_body(event, place.job.url), label=LABEL)
    number, opened = open_once(place.hub, draft)
    return Followed(said=f"incident #{number} was opened: {draft.title}") if opened else None


def _document(ledger: GitLedger, story: Story, promoted: PromotedVersion, place: Place) -> Followed | None:
    """A pull request with the document, from a branch of its own; nothing where there is or was one."""
    path = outcome_path(promoted.model, str(promoted.candidate))
    if place.repository.read(place.tip, (path,)):
        return None
    branch = f"{BRANCHES}/{promoted.model}/{promoted.candidate}"
    if pull_of(place.hub, branch) is not None:
        return None
    title = f"After the promotion of {promoted.model} {promoted.candidate}"
    if place.repository.branch(branch) is None:
        content = document(ledger, story, promoted).encode()
        place.repository.start(branch, place.tip, {path: content}, title, place.now)
    number = propose(
        place.hub,
        branch,
        place.base,
        title=title,
        body=f"What is known was filled in from the ledger; answer what is marked TODO in `{path}`, and merge it.\n\n"
        "Where no check starts by itself, close this pull request and open it again.\n",
    )
    return Followed(said=f"pull request #{number} asks for {path}")
