"""Filed: a record as the ledger keeps it, named by its digest: the sealed part and that digest, and not one byte else. Pure."""

import hashlib
import re

from model_ratchet.core.errors import ForeignError
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.canonical import parsed as parsed_json
from model_ratchet.engine.record import Record, parsed, to_bytes

_BEFORE = b'{"sealed":'
_AFTER = re.compile(rb'\},"sha256":"([0-9a-f]{64})","unsealed":\{\}\}\n')
_LENGTH = len('},"sha256":"","unsealed":{}}\n') + 64


def filed(content: bytes, digest: str, *, at_once: bool = True) -> Record:
    """The record in a file that a digest names, after every byte of the file was accounted for; ``at_once`` as in ``parsed``.

    Raises:
        ForeignError: the file holds other bytes than those that the digest was taken of, or any beside them.
        RecordError: they are of a record that this release does not read.
    """
    return parsed(_sealed(content, digest), digest, at_once=at_once)


def read_whole(content: bytes, record: Record) -> bool:
    """Whether all that a file holds is in the record that was read of it, and the file spelled as records are.

    A release that seals more than the one that wrote the file finds all of it, and beside it what it would add.
    """
    if to_bytes(record) == content:
        return True
    sealed = _sealed(content, record.filed_as)
    values, again = parsed_json(sealed), parsed_json(_sealed(to_bytes(record), None))
    return canonical(values) == sealed and within(values, again)


def _sealed(content: bytes, digest: str | None) -> bytes:
    end = len(content) - _LENGTH
    stated = _AFTER.fullmatch(content, max(end, 0))
    if stated is None or not content.startswith(_BEFORE + b"{"):
        raise ForeignError("the file is not written as the ledger keeps a record")
    sealed = content[len(_BEFORE) : end + 1]
    found = hashlib.sha256(sealed).hexdigest()
    if digest not in (None, f"sha256:{found}"):
        raise ForeignError(f"the file holds what has the digest sha256:{found}")
    if stated[1].decode() != found:
        raise ForeignError("the file states another digest than that of its content")
    return sealed


def within(held: object, again: object) -> bool:
    """Whether a JSON value holds nothing that another, which may hold more, does not hold alike."""
    match held, again:
        case (dict(), dict()):
            return all(key in again and within(value, again[key]) for key, value in held.items())
        case (list(), list()):
            return len(held) == len(again) and all(map(within, held, again))
        case _:
            return type(held) is type(again) and held == again
