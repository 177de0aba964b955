"""Lines: the ledger's events chained by their digests, so that a line that was changed, dropped or moved is found. Pure.

A line is the canonical JSON of ``{"event": …, "files": …, "n": …, "previous": …}``, where ``previous`` is the SHA-256 of the
line before (64 zeros before the first), and ``files`` the path → SHA-256 of what was written with it, left out where nothing
was; of several lines that name a path the last one counts. Lines stand in one file for each month, in the order of the files'
names. A chain alone can't show that its end was cut off, or that all of it was written anew: for that its head is compared
with an anchor, which was kept elsewhere.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from model_ratchet.core.errors import RecordError
from model_ratchet.documents.events import Event, as_json, read_event
from model_ratchet.engine.canonical import canonical, parsed

FOLDER = "events"
_SHARD = re.compile(r"events/(\d{4})-(0[1-9]|1[0-2])\.jsonl")


@dataclass(frozen=True, slots=True, order=True)
class Head:
    """The end of a chain: how many lines it has, and the digest of the last."""

    n: int = 0
    digest: str = "sha256:" + "0" * 64

    def __str__(self) -> str:
        return f"{self.n} {self.digest}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """The head that ``text`` names.

        Raises:
            ValueError: it is not a number and a digest.
        """
        match = re.fullmatch(r"(\d{1,12}) (sha256:[0-9a-f]{64})", text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no anchor: it is the number of lines and the digest of the last one")
        return cls(int(match[1]), match[2])


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a chain does not hold."""

    place: str
    """``events/2026-11.jsonl:12``."""
    what: str
    unread: bool = False
    """It stands where it belongs, and holds what this release does not read."""


@dataclass(frozen=True, slots=True)
class Read:
    """A chain as it was read: its events in order, its head, and where it does not hold."""

    events: tuple[Event, ...]
    head: Head
    heads: tuple[str, ...]
    """The digest of each line, so that an anchor within the chain is found."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Path → digest of each file that the lines name."""
    broken: tuple[Broken, ...] = ()


def link(head: Head, events: Sequence[Event], files: Mapping[str, str] | None = None) -> tuple[bytes, Head]:
    """The lines of events that follow a head, and the new head. The last of them names the ``files``: path → digest."""
    written: list[bytes] = []
    for left, event in zip(reversed(range(len(events))), events, strict=True):
        named = {"files": files} if files and not left else {}
        line = canonical({"event": as_json(event), **named, "n": head.n + 1, "previous": head.digest})
        written += (line, b"\n")
        head = Head(head.n + 1, digest_of(line))
    return b"".join(written), head


def digest_of(content: bytes) -> str:
    """``sha256:`` and the SHA-256 of some bytes, in lower-case hexadecimal."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def shard(now: datetime, last: str | None) -> str:
    """The file to which a line is added at an instant: never one before the last."""
    mine = f"{FOLDER}/{now.astimezone(UTC):%Y-%m}.jsonl"
    return mine if last is None else max(mine, last)


def shards(paths: Iterable[str]) -> tuple[str, ...]:
    """The files that hold lines, in their order."""
    return tuple(sorted(path for path in paths if _SHARD.fullmatch(path)))


def head_of(content: bytes) -> Head:
    """The head that the last line of a file makes.

    Raises:
        RecordError: the file ends in no line.
    """
    last = content.rstrip(b"\n").rpartition(b"\n")[2]
    held = _line(last)
    if held is None:
        raise RecordError("the ledger ends in no line that can be read: verify it before anything is added")
    return Head(held.n, digest_of(last))


def events_of(content: bytes, model: str | None = None) -> Iterator[Event]:
    """The events among the lines of a file (of one model, where it is named), without looking at the chain.

    Raises:
        RecordError: one of its lines does not read.
    """
    mark = b'"model":' + canonical(model) if model is not None else b'"event":'
    for line in content.split(b"\n"):
        if mark in line:
            held = _line(line)
            if held is None:
                raise RecordError("a line of the ledger does not read: `ratchet audit verify` says which")
            event = read_event(held.event)
            if model is None or getattr(event, "model", None) == model:
                yield event


def read_lines(files: Mapping[str, bytes]) -> Read:
    """All lines of a ledger, each looked at: its form, its number, and the digest of the one before."""
    events: list[Event] = []
    heads: list[str] = []
    named: dict[str, str] = {}
    broken: list[Broken] = []
    head = Head()
    for path in shards(files):
        content = files[path]
        if content and not content.endswith(b"\n"):
            broken.append(Broken(path, "its last line is cut off"))
        for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), start=1):
            place = f"{path}:{number}"
            found = _looked_at(line, head)
            if isinstance(found, str):
                broken.append(Broken(place, found))
            elif isinstance(found, RecordError):
                broken.append(Broken(place, str(found), unread=True))
            else:
                event, written = found
                events.append(event)
                named |= written
            head = Head(head.n + 1, digest_of(line))
            heads.append(head.digest)
    return Read(tuple(events), head, tuple(heads), named, tuple(broken))


def against_anchor(read: Read, anchor: Head) -> str | None:
    """Why a chain is not the one that an anchor was taken of; None where it holds the anchor."""
    if anchor.n > read.head.n:
        return (
            f"the ledger ends after {read.head.n} lines, and the anchor was taken after {anchor.n}: its end was cut off"
        )
    held = read.heads[anchor.n - 1] if anchor.n else Head().digest
    if held != anchor.digest:
        return f"line {anchor.n} is not the one that the anchor was taken of: the ledger was written anew"
    return None


@dataclass(frozen=True, slots=True)
class _Line:
    n: int
    previous: str
    event: object
    files: Mapping[str, str]


def _looked_at(line: bytes, head: Head) -> tuple[Event, Mapping[str, str]] | str | RecordError:
    """The event and the files of a line that follows a head, what is wrong with the line, or why its event does not read."""
    held = _line(line)
    if held is None:
        return "it is no line of a ledger"
    named = {"files": held.files} if held.files else {}
    if _spelled({"event": held.event, **named, "n": held.n, "previous": held.previous}) != line:
        return "it is not written as Ratchet writes it"
    if held.previous != head.digest:
        return "it does not follow the line before: that one was changed, or lines were dropped, added or moved"
    if held.n != head.n + 1:
        return f"it says that it is line {held.n}, and it is line {head.n + 1}"
    try:
        return read_event(held.event), held.files
    except RecordError as error:
        return error


def _spelled(value: object) -> bytes | None:
    """How Ratchet writes a JSON value; None for what it never writes: infinity, text that is no Unicode, endless nesting."""
    try:
        return canonical(value)
    except (RecordError, RecursionError):
        return None


def _line(line: bytes) -> _Line | None:
    try:
        value = parsed(line)
        named = {str(path): str(digest) for path, digest in value.get("files", {}).items()}
        return _Line(int(value["n"]), str(value["previous"]), value["event"], named)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
