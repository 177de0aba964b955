"""Envelopes: what is signed of a record, and which files are read as its signature."""

import base64
import hashlib
import json

import pytest

from model_ratchet.engine.envelopes import Envelope, read_envelope, statement, to_bytes

RECORD = "sha256:" + "a" * 64
ENVELOPE = Envelope(b"hello world", {"b": b"\x01\x02", "a": b"sig"})
FILE = (
    b'{"payload":"aGVsbG8gd29ybGQ=","payloadType":"application/vnd.in-toto+json",'
    b'"signatures":[{"keyid":"a","sig":"c2ln"},{"keyid":"b","sig":"AQI="}]}\n'
)


def test_what_is_signed_is_the_type_and_the_payload_with_their_lengths_as_dsse_says() -> None:
    assert ENVELOPE.signed == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    assert Envelope("é".encode(), {}).signed == b"DSSEv1 28 application/vnd.in-toto+json 2 \xc3\xa9"


def test_the_statement_names_a_record_by_its_digest_and_by_that_of_its_file() -> None:
    digest = hashlib.sha256(b"{}").hexdigest()
    assert json.loads(statement(RECORD, b"{}")) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": RECORD, "digest": {"sha256": digest}}],
        "predicateType": "urn:ratchet:record:v1",
        "predicate": {"schema": "ratchet/record/v1"},
    }


def test_an_envelope_is_one_line_with_its_signatures_in_the_order_of_their_keys() -> None:
    assert to_bytes(ENVELOPE) == FILE
    assert read_envelope(FILE) == ENVELOPE


def test_an_envelope_that_nobody_signed_is_none() -> None:
    assert read_envelope(to_bytes(Envelope(b"hello world", {}))) is None


@pytest.mark.parametrize(
    "content",
    [
        FILE.removesuffix(b"\n"),
        FILE.replace(b'":', b'": '),
        FILE.replace(b"in-toto+json", b"other+json"),
        FILE.replace(b'"payload":', b'"more":1,"payload":'),
        FILE.replace(b'"keyid":"a"', b'"keyid":"c"'),
        FILE.replace(b'"keyid":"b"', b'"keyid":"a"'),
        FILE.replace(b'"c2ln"', b'"c2l*n"'),
    ],
    ids=["no-end", "spaces", "type", "more", "order", "one-key-twice", "no-base64"],
)
def test_an_envelope_that_is_spelled_otherwise_is_none(content: bytes) -> None:
    assert read_envelope(content) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"payload":1,"signatures":[]}',
        b'{"signatures":[{}]}',
        FILE.replace(b'"c2ln"', b'"c2l"'),
        b"[" * 100_000,
    ],
    ids=["empty", "no-text", "list", "bare", "number", "no-key", "cut", "deep"],
)
def test_what_is_no_envelope_is_none(content: bytes) -> None:
    assert read_envelope(content) is None


def test_a_payload_of_any_bytes_comes_back_as_it_was() -> None:
    payload = bytes(range(256))
    assert base64.b64encode(payload) in to_bytes(Envelope(payload, {"k": b""}))
    assert read_envelope(to_bytes(Envelope(payload, {"k": b""}))) == Envelope(payload, {"k": b""})
