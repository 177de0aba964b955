"""Enclosed: sealed records within the summary of a check run, where they are kept until there is a ledger. Pure."""

import base64
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace

from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import Approvals, Evidence
from model_ratchet.engine.record import LARGEST, Record, read, to_bytes
from model_ratchet.engine.reuse import settled

_LINE = re.compile(r"<!-- ratchet:v1:record ([A-Za-z0-9+/]+={0,2}) -->", re.ASCII)


def enclose(records: Sequence[Record], most: int) -> str | None:
    """The records in at most ``most`` characters that Markdown does not show; None where they don't fit.

    What is measured is left out where it is too much, and while a stage is running, because it will be measured again:
    plan, sign-offs and verdict are what a merge queue asks for.
    """
    whole = tuple(record if settled(record) else without_measurements(record) for record in records)
    for each in (whole, tuple(map(without_measurements, records))):
        text = "".join(f"\n{_line(record)}" for record in each)
        if len(text) <= most:
            return text
    return None


def enclosed(text: str) -> tuple[Record, ...]:
    """The records in a text, in their order; none where it holds none.

    Raises:
        RecordError: one of them is not what was enclosed.
    """
    return tuple(read(_unpacked(found[1])) for found in map(_LINE.fullmatch, text.splitlines()) if found is not None)


def without_measurements(record: Record) -> Record:
    """The record with its sign-offs alone; its verdict stays, and can't be followed from it any more."""
    said = {need: answer for need, answer in record.evidence.answers.items() if isinstance(answer, Approvals)}
    return replace(record, evidence=Evidence(said))


def _line(record: Record) -> str:
    return f"<!-- ratchet:v1:record {base64.b64encode(zlib.compress(to_bytes(record), 9)).decode('ascii')} -->"


def _unpacked(packed: str) -> bytes:
    """The bytes, at most as many as a record may have: a small text can hold a very large one."""
    unzip = zlib.decompressobj()
    try:
        content = unzip.decompress(base64.b64decode(packed, validate=True), LARGEST)
    except (ValueError, zlib.error):
        raise RecordError("the record in the check run is damaged: check the pull request again") from None
    if unzip.unconsumed_tail or not unzip.eof:
        raise RecordError("the record in the check run is cut off or too large: check the pull request again")
    return content
