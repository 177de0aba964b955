"""Filed: a record as the ledger keeps it, named by its digest: the sealed part and that digest, and not one byte else. Pure."""

import hashlib
import re
from typing import Any

from pydantic_core import from_json

from model_ratchet.core.errors import ForeignError, RecordError
from model_ratchet.engine.record import Record, parsed

_FORM = re.compile(rb'\{"sealed":(?P<sealed>\{.*\}),"sha256":"(?P<sha256>[0-9a-f]{64})","unsealed":\{\}\}\n', re.DOTALL)


def filed(content: bytes, digest: str, *, lazily: bool = False) -> Record:
    """The record in a file that a digest names, after every byte of the file was accounted for.

    ``lazily``: each answer of the evidence is read when it is asked for, and RecordError raised then.

    Raises:
        ForeignError: the file holds other bytes than those that the digest was taken of, or any beside them.
        RecordError: they are of a record that this release does not read.
    """
    form = _FORM.fullmatch(content)
    if form is None:
        raise ForeignError("the file is not written as the ledger keeps a record")
    found = hashlib.sha256(form["sealed"]).hexdigest()
    if f"sha256:{found}" != digest:
        raise ForeignError(f"the file holds what has the digest sha256:{found}")
    if form["sha256"].decode() != found:
        raise ForeignError("the file states another digest than that of its content")
    try:
        sealed: Any = from_json(form["sealed"], allow_inf_nan=False)
    except ValueError:
        raise RecordError("the record is not JSON") from None
    return parsed(sealed, lazily=lazily)
