"""Signatures of records: whose they are, of what, and that the private key is said nowhere."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope as Dsse
from securesystemslib.signer import SSlibKey

from builders.keys import MAKERS, a_key
from model_ratchet.core.errors import RecordError, UsageError
from model_ratchet.engine.envelopes import Standing, read_envelope, statement, to_bytes
from model_ratchet.signing import Sign, public_keys, signer_of, standing

RECORD = "sha256:" + "a" * 64
PAYLOAD = statement(RECORD, b"{}")


def signing(environ: dict[str, str]) -> Sign:
    sign = signer_of(environ)
    assert sign is not None
    return sign


@pytest.mark.parametrize("kind", MAKERS)
def test_a_signature_stands_for_exactly_what_was_signed(tmp_path: Path, kind: str) -> None:
    environ, public = a_key(tmp_path, kind)
    made = signing(environ)(PAYLOAD)
    keys = public_keys({"a.pub": public})
    assert standing(made, PAYLOAD, keys) is Standing.SIGNED
    assert standing(made, statement(RECORD, b"{ }"), keys) is Standing.BAD
    assert standing(made, statement("sha256:" + "b" * 64, b"{}"), keys) is Standing.BAD
    _, other = a_key(tmp_path, kind, "other")
    assert standing(made, PAYLOAD, public_keys({"b.pub": other})) is Standing.UNKNOWN
    assert standing(made, PAYLOAD, public_keys({"a.pub": public, "b.pub": other})) is Standing.SIGNED
    assert standing(made, PAYLOAD, {}) is Standing.UNKNOWN


def test_what_is_written_is_an_envelope_as_others_read_it(tmp_path: Path) -> None:
    environ, public = a_key(tmp_path)
    made = json.loads(signing(environ)(PAYLOAD))
    said = json.loads(base64.b64decode(made["payload"]))
    assert made["payloadType"] == "application/vnd.in-toto+json"
    assert (said["_type"], said["subject"][0]["name"]) == ("https://in-toto.io/Statement/v1", RECORD)
    key = SSlibKey.from_crypto(load_pem_public_key(public))
    assert set(Dsse.from_dict(made).verify([key], 1)) == {key.keyid}


def test_a_signature_that_another_made_in_the_name_of_a_key_is_bad(tmp_path: Path) -> None:
    environ, public = a_key(tmp_path)
    forger, _ = a_key(tmp_path, name="forger")
    ours, theirs = (read_envelope(signing(one)(PAYLOAD)) for one in (environ, forger))
    assert ours is not None
    assert theirs is not None
    ((keyid, _),) = ours.signatures.items()
    ((_, sig),) = theirs.signatures.items()
    keys = public_keys({"a.pub": public})
    assert standing(to_bytes(replace(theirs, signatures={keyid: sig})), PAYLOAD, keys) is Standing.BAD
    assert standing(to_bytes(replace(theirs, signatures={keyid: b"short"})), PAYLOAD, keys) is Standing.BAD
    assert (
        standing(to_bytes(replace(ours, signatures={"mine": ours.signatures[keyid]})), PAYLOAD, keys) is Standing.SIGNED
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b'{"payload":"","payloadType":"x","signatures":[]}\n', b'{"payload":1,"signatures":[{}]}'],
    ids=["empty", "no-payload", "list", "no-signature", "numbers"],
)
def test_what_is_no_envelope_is_bad(content: bytes) -> None:
    assert standing(content, PAYLOAD, {}) is Standing.BAD


def test_without_a_key_nothing_signs() -> None:
    assert signer_of({}) is None
    assert signer_of({"RATCHET_SIGNING_KEY": ""}) is None


@pytest.mark.parametrize("how", ["absent", "pasted", "garbage", "public", "locked"])
def test_a_key_that_can_t_be_used_is_refused_and_never_repeated(tmp_path: Path, how: str) -> None:
    environ, public = a_key(tmp_path)
    file = Path(environ["RATCHET_SIGNING_KEY"])
    secret = file.read_text(encoding="ascii")
    match how:
        case "absent":
            environ = {"RATCHET_SIGNING_KEY": f"{file}-hunter2"}
        case "pasted":
            environ = {"RATCHET_SIGNING_KEY": secret}
        case "garbage":
            file.write_text("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n", encoding="ascii")
        case "public":
            file.write_bytes(public)
        case _:
            locked = file.read_bytes().replace(b"BEGIN PRIVATE KEY", b"BEGIN ENCRYPTED PRIVATE KEY")
            file.write_bytes(locked.replace(b"END PRIVATE KEY", b"END ENCRYPTED PRIVATE KEY"))
    with pytest.raises(UsageError, match="RATCHET_SIGNING_KEY") as caught:
        signer_of(environ)
    assert caught.value.__cause__ is None
    said = str(caught.value)
    assert not [word for word in ("hunter2", secret.splitlines()[1], str(file)) if word in said], said


def test_a_file_that_is_no_public_key_is_named_and_not_repeated(tmp_path: Path) -> None:
    environ, _ = a_key(tmp_path)
    private = Path(environ["RATCHET_SIGNING_KEY"]).read_bytes()
    with pytest.raises(RecordError, match=r"policies/keys/a\.pub holds no public key") as caught:
        public_keys({"policies/keys/a.pub": private})
    assert private.decode().splitlines()[1] not in str(caught.value)
