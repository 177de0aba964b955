"""record: what reached the base branch and the ledger does not know yet, appended to it. Effects in order, no decisions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from model_ratchet.actions.check import Change, change_between, meaning_of, read_chain
from model_ratchet.actions.queue import check_group
from model_ratchet.actions.reading import hidden_at
from model_ratchet.core.errors import RepositoryError
from model_ratchet.core.names import DIGEST, SLUG
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.events import (
    Began,
    Event,
    PromotedVersion,
    RolledBackVersion,
    RootCause,
    Unverified,
    Withdrawn,
)
from model_ratchet.documents.promoted import Promoted, read_promoted
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.disclosure import disclosures
from model_ratchet.engine.lifecycle import Folder, RolledBack, touched_folders
from model_ratchet.engine.paths import OURS, shown
from model_ratchet.engine.queue import sealed_for
from model_ratchet.engine.record import Record, digest, to_bytes
from model_ratchet.engine.recorded import (
    OF_COMMIT,
    Arrival,
    Arrived,
    Landed,
    baseline,
    last_recorded,
    of_model,
    of_policies,
)
from model_ratchet.engine.story import Story, stories
from model_ratchet.git_write import Writer
from model_ratchet.ledger import RECORDS, Entry, GitLedger, append, baseline_path, record_path, report_path
from model_ratchet.ports import Repository
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.report.queued import against
from model_ratchet.signing import signer_of

WORKFLOW = ".github/workflows/promotion-record.yml"
"""Where the workflow stands that records: the ledger of a repository begins with the commit that brought it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of how a commit came onto the branch, and of the verdict that it had then."""

    arrival: Arrival
    sealed: tuple[Record, ...] = ()
    """The records as they were published."""
    signed: tuple[Record, ...] = ()
    """The same with what reviewers had said when it was merged."""
    notes: tuple[str, ...] = ()
    """What else speaks for or against it, in sentences."""


class Origin(Protocol):
    """Where it is told how commits came onto the branch."""

    def told(self, commit: str) -> Told:
        """What is known of a commit. Raises ``ForgeError`` where it can't be told now."""

    def closed(self, pull: int) -> Arrival | None:
        """When a pull request was closed without a merge, and by whom; None where it was not. Raises ``ForgeError``."""

    def causes(self, incidents: Sequence[tuple[str, str]]) -> Iterator[RootCause]:
        """What is known of the issues on the root causes of incidents, each a model and its incident. Raises ``ForgeError``."""


class Files:
    """Commits of which nobody tells anything: records in files vouch for what they are about."""

    def __init__(self, repository: Repository, records: Sequence[Record] = ()) -> None:
        self.repository = repository
        self.records = tuple(records)

    def told(self, commit: str) -> Told:
        """The records that were given, as of the commit's own time."""
        arrival = Arrival(at=self.repository.committed_at(commit))
        return Told(arrival=arrival, sealed=self.records, signed=self.records)

    def closed(self, pull: int) -> Arrival | None:
        """Nobody tells."""
        del pull
        return None

    def causes(self, incidents: Sequence[tuple[str, str]]) -> Iterator[RootCause]:
        """Nobody tells."""
        del incidents
        yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordInput:
    """What is to be recorded; nothing after it reads the environment or the clock."""

    tip: str
    """The commit that the base branch has now."""
    now: datetime
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variable → its value. Those that the sources file of the tip names may stand nowhere in the ledger."""
    since: str | None = None
    """Where an empty ledger begins, instead of the commit that brought the workflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was appended, and the ledger after it."""

    events: tuple[Event, ...]
    ledger: GitLedger
    records: tuple[str, ...] = ()
    """The paths in the ledger of the sealed records that were appended."""

    @property
    def unverified(self) -> tuple[Unverified, ...]:
        """What no verdict vouches for."""
        return tuple(event for event in self.events if isinstance(event, Unverified))


@dataclass(slots=True)
class _Caught:
    """What a catch-up has found so far."""

    known: tuple[Event, ...]
    hidden: Mapping[str, str] = field(repr=False)
    """Variable → its value, which may stand nowhere in the ledger."""
    events: list[Event] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)

    def stories(self) -> Mapping[str, Story]:
        """The stories with what was found."""
        return stories((*self.known, *self.events))


def record(asked: RecordInput, repository: Writer, origin: Origin) -> Recorded:
    """Append to the ledger what it does not hold yet of the base branch, and which attempts ended without a merge.

    Nothing is appended where it holds all of it.

    Raises:
        RepositoryError: git could not answer, the ledger can't be written, or the branch no longer holds what was recorded.
        ForgeError: GitHub could not be asked; then nothing is recorded, because absence of an answer is no answer.
        RecordError: the ledger, or a sealed record, can't be read.
        UsageError: there is to be signed, and can't be; then nothing is recorded.
    """
    hidden = hidden_at(repository, asked.tip, asked.environ)

    def decide(ledger: GitLedger) -> Entry:
        caught = _Caught(ledger.events(), hidden)
        _catch_up(asked, repository, origin, caught)
        caught.events += _withdrawn(origin, caught.stories())
        caught.events += _causes(origin, caught.stories())
        return Entry(tuple(caught.events), _files(repository, asked.tip, ledger, caught))

    message = f"Record up to {asked.tip[:12]}"
    entry, ledger = append(repository, decide, message, asked.now, hidden=hidden, sign=signer_of(asked.environ))
    records = tuple(sorted(path for path in entry.files if path.startswith(RECORDS)))
    return Recorded(events=entry.events, ledger=ledger, records=records)


def _catch_up(asked: RecordInput, repository: Repository, origin: Origin, caught: _Caught) -> None:
    """What each commit adds that changed a promotion or a policy since the last one that is recorded."""
    start = _start(asked, repository, caught)
    at = max((one.at for one in (*caught.known, *caught.events) if isinstance(one, OF_COMMIT)), default=asked.now)
    for commit in repository.first_parents(start, asked.tip, OURS):
        landed = _landed(repository, origin, commit, caught.hidden)
        if landed is None:
            continue
        at = min(max(landed.arrival.at, at), asked.now)  # a commit's own time is whatever its author says
        landed = replace(landed, arrival=replace(landed.arrival, at=at))
        told = caught.stories()
        for model in dict.fromkeys(folder.model for folder in landed.touched):
            caught.events += of_model(landed, model, told.get(model, Story(model=model)))
        caught.events += of_policies(landed)
        caught.records |= {digest(one.record): one.record for one in landed.versions if one.record is not None}


def _start(asked: RecordInput, repository: Repository, caught: _Caught) -> str:
    """The newest commit of the branch that is recorded; in an empty ledger the one that it begins with."""
    recorded = last_recorded(caught.known)
    for commit in recorded:
        if repository.reach(commit) and _leads(repository, commit, asked.tip):
            return commit
    if recorded:
        raise RepositoryError(
            f"the base branch was written anew: first parents from {asked.tip[:12]} lead to no commit that is recorded"
        )
    since = asked.since or repository.beginning(asked.tip, WORKFLOW) or repository.beginning(asked.tip) or asked.tip
    caught.events.append(Began(at=min(repository.committed_at(since), asked.now), commit=since))
    return since


def _leads(repository: Repository, base: str, head: str) -> bool:
    try:
        repository.first_parents(base, head)
    except RepositoryError:
        return False
    return True


def _landed(repository: Repository, origin: Origin, commit: str, hidden: Mapping[str, str]) -> Landed | None:
    """A commit and what it means on top of the one before it; None where that concerns no promotion and no policy."""
    parent = repository.parents(commit)[0]
    change = change_between(repository, base=parent, head=commit, merge_base=parent)
    folders = touched_folders(change.paths)
    policies = tuple(_sayable(shown(path), hidden) for path in sorted(change.paths) if path.startswith("policies/"))
    if not folders and not policies:
        return None
    told = _kept(origin.told(commit), hidden)
    judged = check_group(
        repository, tip=parent, base=parent, head=commit, sealed=lambda _: told.signed, now=told.arrival.at
    )
    meant = meaning_of(repository, change)
    rolled_back = meant if isinstance(meant, RolledBack) else None
    return Landed(
        commit=commit,
        meaning=meant,
        arrival=told.arrival,
        versions=tuple(_arrived(repository, commit, folders, told)),
        touched=folders,
        policies=policies,
        digests=_digests(change),
        removed=_removed(repository, parent, rolled_back),
        restored=_restored(repository, commit, rolled_back),
        against=()
        if judged.outcome is Outcome.PASSED
        else tuple(
            _sayable(said, hidden) for said in (*told.notes, *(said for one in judged.commits for said in against(one)))
        ),
    )


def _kept(told: Told, hidden: Mapping[str, str]) -> Told:
    """What is told without records that may not be kept: a merge that nobody can show the evidence of is not vouched for."""
    found = {digest(one): disclosures((), {"": to_bytes(one)}, hidden) for one in told.sealed}
    if not any(found.values()):
        return told
    named = sorted({one.what for several in found.values() for one in several})
    return replace(
        told,
        sealed=tuple(one for one in told.sealed if not found[digest(one)]),
        signed=(),
        notes=(*told.notes, f"its sealed verdict can't be kept, for it holds {' and '.join(named)}"),
    )


def _sayable(text: str, hidden: Mapping[str, str]) -> str:
    """A text as the ledger may hold it: somebody who pushes a secret must not keep the push out of the ledger by it."""
    found = disclosures((), {"": text.encode("utf-8", "replace")}, hidden)
    return f"(withheld, for it holds {found[0].what})" if found else text


def _arrived(repository: Repository, commit: str, folders: Sequence[Folder], told: Told) -> Iterator[Arrived]:
    """The versions that a commit brings or changes, as far as their requests can be read."""
    blobs = repository.read(commit, [folder.request for folder in folders])
    for folder in folders:
        blob, tree = blobs.get(folder.request), repository.tree(commit, folder.path)
        if blob is None or blob.symlink or tree is None or SLUG.fullmatch(folder.model) is None:
            continue
        promoted = read_promoted(folder.request, blob.content)
        if isinstance(promoted, Promoted):
            yield Arrived(folder=folder, tree=tree, promoted=promoted, record=sealed_for(folder, told.sealed))


def _digests(change: Change) -> Mapping[tuple[str, str], str]:
    """(model, version) → digest of the artifacts that the commit before promoted."""
    found = [one for known in change.chains.values() for one in (*known.versions, *known.entries)]
    return {
        (one.model, str(one.candidate)): one.digest
        for one in found
        if isinstance(one, Promoted) and one.digest is not None and DIGEST.fullmatch(one.digest)
    }


def _removed(repository: Repository, parent: str, meant: RolledBack | None) -> Mapping[str, str]:
    if meant is None:
        return {}
    found = {str(one): repository.tree(parent, Folder(meant.model, str(one)).path) for one in meant.removed}
    return {version: tree for version, tree in found.items() if tree is not None}


def _restored(repository: Repository, commit: str, meant: RolledBack | None) -> str | None:
    if meant is None:
        return None
    return repository.tree(commit, Folder(meant.model, str(meant.returns_to)).path)


def _causes(origin: Origin, told: Mapping[str, Story]) -> Iterator[RootCause]:
    """The issues on root causes that were opened or closed since."""
    waiting = [
        (story.model, one.incident)
        for story in told.values()
        for one in story.incidents
        if one.incident is not None and not (one.incident in story.causes and story.causes[one.incident].closed)
    ]
    for found in origin.causes(waiting) if waiting else ():
        known = told[found.model].causes.get(found.incident)
        if known is None or known.closed != found.closed:
            yield found


def _withdrawn(origin: Origin, told: Mapping[str, Story]) -> Iterator[Withdrawn]:
    """The open attempts whose pull request was closed without a merge."""
    for story in told.values():
        for attempt in story.open:
            pull = attempt.admitted.pull
            closed = origin.closed(pull) if pull is not None else None
            if closed is not None:
                yield Withdrawn(
                    at=closed.at,
                    by=closed.by,
                    model=story.model,
                    candidate=attempt.admitted.candidate,
                    pull=pull,
                    because=f"pull request #{pull} was closed without a merge",
                )


def _files(repository: Repository, tip: str, ledger: GitLedger, caught: _Caught) -> Mapping[str, bytes]:
    """The records that the events name, their reports, and the new baseline of each model whose active version moved."""
    named = {one.record for one in caught.events if isinstance(one, PromotedVersion | Unverified)}
    files: dict[str, bytes] = {}
    for name in named & caught.records.keys():
        if name is not None:
            files[record_path(name)] = to_bytes(caught.records[name])
            files[report_path(name)] = render(Check(records=(caught.records[name],)), "markdown").encode()
    told = caught.stories()
    moved = {one.model for one in caught.events if isinstance(one, PromotedVersion | RolledBackVersion)}
    for model in sorted(moved):
        active = read_chain(repository, tip, model).active
        value = baseline(
            model, str(active.candidate) if active else None, told[model], _records(told[model], ledger, caught)
        )
        files[baseline_path(model)] = canonical(value) + b"\n"
    return files


def _records(story: Story, ledger: GitLedger, caught: _Caught) -> Mapping[str, Record]:
    """The records of the versions that stand."""
    named = {one.record for one in story.standing.values() if one.record is not None}
    return {**ledger.records(sorted(named - caught.records.keys())), **caught.records}
