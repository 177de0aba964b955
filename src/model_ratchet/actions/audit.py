"""audit: the ledger looked at line by line and record by record. Effects in order, no decisions."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from model_ratchet.actions.spread import spread
from model_ratchet.core.errors import RecordError, RepositoryError, UsageError
from model_ratchet.core.names import Version
from model_ratchet.documents.events import Event
from model_ratchet.engine.audit import (
    Audit,
    Audited,
    baseline_trouble,
    changed,
    compared_with,
    gathered,
    looked_at,
    named_by,
    strays,
)
from model_ratchet.engine.envelopes import Standing, statement
from model_ratchet.engine.lines import Broken, Head, Read, against_anchor, read_lines
from model_ratchet.engine.record import Record
from model_ratchet.engine.story import Story, stories
from model_ratchet.git import Git
from model_ratchet.git_write import Writer
from model_ratchet.ledger import (
    BRANCH,
    GitLedger,
    baseline_path,
    fetch_ledger,
    open_ledger,
    record_path,
    signature_path,
)
from model_ratchet.report.chronicle import Row, chosen, chronicle
from model_ratchet.signing import public_keys, standing

_FOLDERS = ("", "baselines", "events", "records", "reports", "signatures")
_BAD = "it is no signature of its record by the key that it names"
KEYS = "policies/keys"
"""Where the public keys stand on the protected branch: ``policies/keys/<name>.pub``."""
_DIGEST = re.compile(r"(?:sha256:)?(?P<digits>[0-9a-f]{8,64})")


def the_ledger(repo: Path, *, fetch: bool = False) -> GitLedger:
    """The ledger of a repository: as it knows it, or as the remote has it now.

    Raises:
        RepositoryError: git, or the remote, could not answer.
    """
    repository = Writer(repo)
    return fetch_ledger(repository) if fetch else open_ledger(repository)


def anchor(ledger: GitLedger) -> Head:
    """The end of the chain, to be kept elsewhere.

    Raises:
        RecordError: there is no ledger, or its chain does not hold.
    """
    return _whole(ledger).head


def verify(
    ledger: GitLedger, *anchors: Head, keys: Mapping[str, bytes] | None = None, workers: int | None = None
) -> Audit:
    """Every line, every record and everything else in the branch looked at, and every record judged again. The chain has to
    hold each of the anchors, and each signature is checked against the public ``keys``: path → content.

    Raises:
        RecordError: there is no ledger, and no anchor says that there was one; or a file holds no public key.
        UsageError: there are signatures, and what checks them is not installed.
        RepositoryError: git could not answer.
    """
    if not any(anchor.n for anchor in anchors):
        _refuse_absent(ledger)
    lines = ledger.lines()
    read = read_lines(lines)
    broken = list(read.broken)
    against = (against_anchor(read, anchor) for anchor in sorted(set(anchors)))
    broken += (Broken(BRANCH, why) for why in against if why is not None)
    named = named_by(read.events)
    audited = tuple(spread(partial(_look, ledger), tuple(named.items()), workers))
    compared = {baseline_path(model): story for model, story in stories(read.events).items()}
    # what a line names that does not read would look foreign: that is told once, by the line
    if not read.broken:
        known = (*lines, *map(record_path, named), *read.files)
        broken += changed(ledger.files(read.files), read.files)
        broken += _baselines(ledger, compared, {one.place for one in broken})
        broken += strays(_listed(ledger), known)
    signatures = _signatures(ledger, tuple(named), read.files, keys or {})
    bad = [Broken(signature_path(one), _BAD) for one, how in signatures.items() if how is Standing.BAD]
    return gathered(read.head, anchors, (*broken, *bad, *audited), Counter(signatures.values()))


def keys_at(repository: Git, base: str | None) -> Mapping[str, bytes]:
    """The public keys of the protected branch, path → content; none where no branch is named and none can be guessed.

    Raises:
        RepositoryError: git could not answer.
    """
    try:
        tip = repository.commit(base if base is not None else repository.default_base())
    except RepositoryError:
        if base is not None:
            raise
        return {}
    paths = [path for path in repository.paths(tip, KEYS) if path.endswith(".pub")]
    return {path: blob.content for path, blob in repository.read(tip, paths).items()}


def keys_in(folder: Path) -> Mapping[str, bytes]:
    """The public keys in a folder, likewise.

    Raises:
        UsageError: it can't be read, or holds none.
    """
    try:
        found = {str(path): path.read_bytes() for path in sorted(folder.glob("*.pub"))}
    except OSError:
        found = {}
    if not found:
        raise UsageError(f"{folder} holds no public key that can be read: they are files called *.pub")
    return found


def log(ledger: GitLedger) -> tuple[Row, ...]:
    """Every event of the ledger as a row.

    Raises:
        RecordError: there is no ledger, or its chain does not hold.
    """
    return chronicle(_whole(ledger).events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the ledger holds of a record, or of a version with the last record that its events name."""

    rows: tuple[Row, ...]
    record: Record | None


def names_an_entry(what: str) -> bool:
    """Whether a text is what ``show`` finds something by: a version, or the first eight digits or more of a digest."""
    try:
        Version.parse(what)
    except ValueError:
        return _DIGEST.fullmatch(what) is not None
    return True


def show(ledger: GitLedger, what: str) -> Shown:
    """What the ledger holds of a version, or of the record whose digest starts with ``what``.

    Raises:
        UsageError: it holds nothing of that name, or several records whose digests start so.
        RecordError: there is no ledger, its chain does not hold, or the record is not what its digest says.
    """
    rows = log(ledger)
    found = chosen(rows, version=what)
    digests = [row.record for row in found if row.record]
    match = _DIGEST.fullmatch(what)
    if not found and match is not None:
        digests = sorted({row.record for row in rows if row.record.startswith(f"sha256:{match['digits']}")})
        if len(digests) > 1:
            raise UsageError(f"{len(digests)} records start with {what}: write more of its digits")
        found = tuple(row for row in rows if row.record and row.record in digests)
    if not found:
        raise UsageError(f"the ledger holds no version and no record {what!r}: `ratchet audit log` lists all of it")
    record = ledger.records(digests[-1:])[digests[-1]] if digests else None
    return Shown(rows=found, record=record)


def _refuse_absent(ledger: GitLedger) -> None:
    if ledger.commit is None:
        raise RecordError(
            f"there is no branch {BRANCH} here: fetch it, or name the repository that holds it with --repo"
        )


def _whole(ledger: GitLedger) -> Read:
    _refuse_absent(ledger)
    return sound(ledger)


def sound(ledger: GitLedger) -> Read:
    """All lines of a ledger, of which there may be none.

    Raises:
        RecordError: its chain does not hold.
    """
    read = read_lines(ledger.lines())
    if read.broken:
        first = read.broken[0]
        raise RecordError(f"{first.place}: {first.what}; `ratchet audit verify` says all that is wrong")
    return read


def _baselines(ledger: GitLedger, expected: Mapping[str, Story], told: Collection[str]) -> Iterator[Broken]:
    """What is wrong with the files of what later comparisons use; a record that can't be had is told elsewhere."""
    for path, content in ledger.files(path for path in expected if path not in told):
        if content is None:
            continue
        story = expected[path]
        try:
            what = baseline_trouble(content, story, ledger.records(compared_with(story)))
        except RecordError:
            continue
        if what is not None:
            yield Broken(path, what)


def _signatures(
    ledger: GitLedger, digests: Sequence[str], there: Collection[str], keys: Mapping[str, bytes]
) -> Mapping[str, Standing]:
    """How each record stands with its signature; nothing where none is signed and no key is known."""
    paths = {signature_path(digest): digest for digest in digests if signature_path(digest) in there}
    if not paths:
        return dict.fromkeys(digests, Standing.UNSIGNED) if keys else {}
    known = public_keys(keys)
    records = dict(ledger.contents(paths.values()))
    found = dict.fromkeys(digests, Standing.UNSIGNED)
    for path, content in ledger.files(paths):
        record = records[paths[path]]
        if content is not None and record is not None:  # what is gone is told elsewhere
            found[paths[path]] = standing(content, statement(paths[path], record), known)
    return found


def _listed(ledger: GitLedger) -> Mapping[str, str]:
    """Path → mode of all that lies in the branch, apart from the folders that belong there."""
    if ledger.commit is None:
        return {}
    found = {}
    for folder in _FOLDERS:
        for name, entry in ledger.repository.entries(ledger.commit, folder).items():
            mode = entry.partition(" ")[0]
            if folder or name not in _FOLDERS or mode != "040000":
                found[f"{folder}/{name}" if folder else name] = mode
    return found


def _look(ledger: GitLedger, named: Sequence[tuple[str, tuple[Event, ...]]]) -> Iterator[Audited | Broken]:
    for (digest, events), (_, content) in zip(named, ledger.contents(one for one, _ in named), strict=True):
        yield looked_at(record_path(digest), digest, content, events)
