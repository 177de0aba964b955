"""Ledger: the branch ``ratchet/ledger``, read as objects and appended to by compare-and-swap.

It holds ``events/<year>-<month>.jsonl`` (``engine.lines``); ``records/<digest>.json``, each named by its digest in an event;
and what the lines name by path and digest: ``reports/<digest>.md``, ``signatures/<digest>.json`` where a key is configured, and
``baselines/<model>.json``, the numbers of the active version. A branch that is not there is an empty ledger; one that can't be
read is an error.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from random import SystemRandom
from time import sleep

from model_ratchet.core.errors import RecordError, RepositoryError
from model_ratchet.core.evidence import Measurement, Missing, Need
from model_ratchet.documents.events import Event
from model_ratchet.engine.disclosure import refuse_disclosures
from model_ratchet.engine.envelopes import statement
from model_ratchet.engine.filed import filed
from model_ratchet.engine.lines import FOLDER, Head, digest_of, events_of, head_of, link, shard, shards
from model_ratchet.engine.record import Record
from model_ratchet.engine.story import Attempt, Story, stories
from model_ratchet.git import known_tip
from model_ratchet.git_write import MovedError, Writer
from model_ratchet.ports import Repository
from model_ratchet.signing import Sign

BRANCH = "ratchet/ledger"
RECORDS = "records/"
BASELINES = "baselines/"
_TRIES = 8
_AT_ONCE = 64
_LARGEST = 2**31


@dataclass(frozen=True, slots=True)
class Entry:
    """What is appended at once: events, and the files that they name."""

    events: tuple[Event, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GitLedger:
    """The ledger at one commit of its branch; ``commit`` None where there is no such branch yet."""

    repository: Repository
    commit: str | None

    def closed(self, attempt: Attempt) -> Mapping[Need, Measurement | Missing]:
        """The answers that were sealed when the closed stages of an attempt were closed.

        Raises:
            RecordError: a record that an event names is absent, or is not what its digest says.
        """
        records = self.records([event.record for event in attempt.closed.values()])
        return {
            need: answer
            for stage, event in attempt.closed.items()
            for need, answer in records[event.record].evidence.answers.items()
            if need.stage == stage
        }

    def story(self, model: str) -> Story:
        """What the ledger says of a model.

        Raises:
            RecordError: a line of it does not read.
        """
        found = [event for content in self.lines().values() for event in events_of(content, model)]
        return stories(found).get(model, Story(model=model))

    def events(self) -> tuple[Event, ...]:
        """All that the ledger says, the oldest first, without looking at the chain.

        Raises:
            RecordError: a line of it does not read.
        """
        return tuple(event for content in self.lines().values() for event in events_of(content))

    def lines(self) -> Mapping[str, bytes]:
        """The files that hold the lines, in their order."""
        if self.commit is None:
            return {}
        paths = shards(self.repository.paths(self.commit, FOLDER))
        return {path: blob.content for path, blob in self.repository.read(self.commit, paths, _LARGEST).items()}

    def head(self) -> Head:
        """The end of the chain."""
        files = self.lines()
        return head_of(files[max(files)]) if files else Head()

    def records(self, digests: Sequence[str]) -> Mapping[str, Record]:
        """The sealed records of these digests.

        Raises:
            RecordError: one is absent, or is not what its digest says.
        """
        return {digest: filed(content, digest) for digest, content in self.held(digests)}

    def held(self, digests: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Each digest with the file of its record, of which a few at a time are held in memory.

        Raises:
            RecordError: one is absent.
        """
        for digest, content in self.contents(digests):
            if content is None:
                raise RecordError(
                    f"the ledger holds no record {digest}: `ratchet audit verify` says what else is wrong"
                )
            yield digest, content

    def contents(self, digests: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """Each digest with the file of its record, None where there is none; a few files at a time are held in memory."""
        named = tuple(dict.fromkeys(digests))
        for digest, (_, content) in zip(named, self.files(map(record_path, named)), strict=True):
            yield digest, content

    def files(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """Each path with its file, None where there is none; a few files at a time are held in memory."""
        left = iter(paths)
        while several := tuple(islice(left, _AT_ONCE)):
            blobs = self.repository.read(self.commit, several, _LARGEST) if self.commit is not None else {}
            for path in several:
                yield path, blobs[path].content if path in blobs else None


def open_ledger(repository: Repository) -> GitLedger:
    """The ledger as the repository knows it, without asking the remote: its copy of origin's branch, else its own."""
    return GitLedger(repository, known_tip(repository, BRANCH))


def fetch_ledger(repository: Writer) -> GitLedger:
    """The ledger as it is now.

    Raises:
        RepositoryError: the remote can't be asked.
    """
    return GitLedger(repository, repository.branch(BRANCH))


def append(
    repository: Writer,
    decide: Callable[[GitLedger], Entry],
    message: str,
    now: datetime,
    *,
    hidden: Mapping[str, str],
    sign: Sign | None = None,
    wait: Callable[[float], None] = sleep,
) -> tuple[Entry, GitLedger]:
    """Append what ``decide`` makes of the ledger as it is, which is asked again wherever somebody else was faster.

    Nothing is appended where it decides on nothing. What it raises is passed on. ``hidden`` are values of variables that may
    stand nowhere in it (``actions.reading.hidden_at``); ``sign`` makes an envelope that is kept beside each record.

    Raises:
        RecordError: what is to be appended holds a secret.
        RepositoryError: the branch can't be read or written, or others were faster each time.
    """
    for attempt in range(_TRIES):
        ledger = fetch_ledger(repository)
        entry = decide(ledger)
        if not entry.events:
            return entry, ledger
        refuse_disclosures(entry.events, entry.files, hidden)
        beside = {**entry.files, **_envelopes(entry.files, sign)}
        files = ledger.lines()
        last = max(files) if files else None
        head = head_of(files[last]) if last is not None else Head()
        place = shard(now, last)
        lines, _ = link(head, entry.events, _named(beside))
        content = {place: files.get(place, b"") + lines, **beside}
        try:
            return entry, GitLedger(repository, repository.add(BRANCH, ledger.commit, content, message, now))
        except MovedError:
            wait(SystemRandom().uniform(0, 0.2 * 2**attempt))
    raise RepositoryError(f"{BRANCH} moved {_TRIES} times while it was appended to: run this again")


def _envelopes(files: Mapping[str, bytes], sign: Sign | None) -> Mapping[str, bytes]:
    """The envelope of each record among the files."""
    if sign is None:
        return {}
    records = {_digest(path): content for path, content in files.items() if path.startswith(RECORDS)}
    return {signature_path(digest): sign(statement(digest, content)) for digest, content in records.items()}


def _digest(path: str) -> str:
    return f"sha256:{path.removeprefix(RECORDS).removesuffix('.json')}"


def _named(files: Mapping[str, bytes]) -> Mapping[str, str]:
    """Path → digest of what a line has to name; a record is named by its event."""
    return {path: digest_of(content) for path, content in files.items() if not path.startswith(RECORDS)}


def record_path(digest: str) -> str:
    """Where the record of a digest stands."""
    return f"{RECORDS}{digest.removeprefix('sha256:')}.json"


def signature_path(digest: str) -> str:
    """Where its signature stands."""
    return f"signatures/{digest.removeprefix('sha256:')}.json"


def baseline_path(model: str) -> str:
    """Where it stands what later comparisons of a model use."""
    return f"{BASELINES}{model}.json"


def report_path(digest: str) -> str:
    """Where its report stands."""
    return f"reports/{digest.removeprefix('sha256:')}.md"
