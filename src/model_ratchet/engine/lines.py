"""Lines: the ledger's events chained by their digests, so that a line that was changed, dropped or moved is found. Pure.

A line is the canonical JSON of ``{"event": …, "n": …, "previous": …}``, where ``previous`` is the SHA-256 of the line before
(64 zeros before the first). Lines stand in one file for each month, in the order of the files' names. A chain alone can't show
that its end was cut off, or that all of it was written anew: for that its head is compared with an anchor, which was kept
elsewhere.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from model_ratchet.core.errors import RecordError
from model_ratchet.documents.events import Event, as_json, read_event
from model_ratchet.engine.canonical import canonical

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
    broken: tuple[Broken, ...] = ()


def link(head: Head, events: Iterable[Event]) -> tuple[bytes, Head]:
    """The lines of events that follow a head, and the new head."""
    written = b""
    for event in events:
        line = canonical({"event": as_json(event), "n": head.n + 1, "previous": head.digest})
        written += line + b"\n"
        head = Head(head.n + 1, _digest(line))
    return written, head


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
    return Head(held[0], _digest(last))


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
            event = read_event(held[2])
            if model is None or getattr(event, "model", None) == model:
                yield event


def read_lines(files: Mapping[str, bytes]) -> Read:
    """All lines of a ledger, each looked at: its form, its number, and the digest of the one before."""
    events: list[Event] = []
    heads: list[str] = []
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
                events.append(found)
            head = Head(head.n + 1, _digest(line))
            heads.append(head.digest)
    return Read(tuple(events), head, tuple(heads), tuple(broken))


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


def _looked_at(line: bytes, head: Head) -> Event | str | RecordError:
    """The event of a line that follows a head, what is wrong with the line, or why its event does not read."""
    held = _line(line)
    if held is None:
        return "it is no line of a ledger"
    n, previous, value = held
    if canonical({"event": value, "n": n, "previous": previous}) != line:
        return "it is not written as Ratchet writes it"
    if previous != head.digest:
        return "it does not follow the line before: that one was changed, or lines were dropped, added or moved"
    if n != head.n + 1:
        return f"it says that it is line {n}, and it is line {head.n + 1}"
    try:
        return read_event(value)
    except RecordError as error:
        return error


def _line(line: bytes) -> tuple[int, str, object] | None:
    try:
        value = json.loads(line)
        return int(value["n"]), str(value["previous"]), value["event"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _digest(line: bytes) -> str:
    return f"sha256:{hashlib.sha256(line).hexdigest()}"
