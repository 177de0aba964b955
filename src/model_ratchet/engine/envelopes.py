"""Envelopes: what is signed of a record, and how the signature is kept beside it (DSSE, in-toto Statement v1). Pure.

What is signed names the record by its digest and by that of its file, and not where it stands in the ledger.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.record import SCHEMA

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "urn:ratchet:record:v1"


class Standing(StrEnum):
    """How a record stands with its signature; the words of the audit."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    UNKNOWN = "signed by an unknown key"
    BAD = "badly signed"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload as it is signed (DSSE), and its signatures: key id → the signature's bytes."""

    payload: bytes
    signatures: dict[str, bytes]

    @property
    def signed(self) -> bytes:
        """The bytes that the signatures are of: DSSE's pre-authentication encoding."""
        kind = PAYLOAD_TYPE.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)


def statement(digest: str, content: bytes) -> bytes:
    """What is signed of the record of a digest, whose file has this content."""
    return canonical(
        {
            "_type": _STATEMENT,
            "subject": [{"name": digest, "digest": {"sha256": hashlib.sha256(content).hexdigest()}}],
            "predicateType": _PREDICATE,
            "predicate": {"schema": SCHEMA},
        }
    )


def to_bytes(envelope: Envelope) -> bytes:
    """The file of an envelope."""
    signatures = [{"keyid": keyid, "sig": _text(sig)} for keyid, sig in sorted(envelope.signatures.items())]
    value = {"payload": _text(envelope.payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
    return canonical(value) + b"\n"


def read_envelope(content: bytes) -> Envelope | None:
    """The envelope in a file; None where it holds anything else, or an envelope that is spelled otherwise."""
    try:
        value: Any = json.loads(content)
        signatures = {str(one["keyid"]): base64.b64decode(one["sig"]) for one in value["signatures"]}
        envelope = Envelope(base64.b64decode(value["payload"]), signatures)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return envelope if signatures and to_bytes(envelope) == content else None


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
