"""A record in a file that its digest names: what is read of it, and what is refused; and the readers of old records."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from builders.ledgers import a_judged_record
from model_ratchet.core.errors import ForeignError, RecordError
from model_ratchet.engine.again import Again
from model_ratchet.engine.audit import Audited, looked_at
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.filed import filed, read_whole, within
from model_ratchet.engine.lines import Broken
from model_ratchet.engine.record import digest, read, to_bytes

FROZEN = Path(__file__).parents[2] / "cases" / "records" / "v1-standard.json"
"""A record of the first schema, as it was written when there was no other. It is never written again."""
FROZEN_DIGEST = "sha256:a6a26ff80431d3dcc95be45fd3b38fc48adddfda0645e8467024603330fd9dc6"


def named(sealed: bytes) -> tuple[bytes, str]:
    """A file with a sealed part of any kind, and its digest."""
    digits = hashlib.sha256(sealed).hexdigest()
    return b'{"sealed":%b,"sha256":"%b","unsealed":{}}\n' % (sealed, digits.encode()), f"sha256:{digits}"


def test_a_record_of_the_first_schema_still_reads_verifies_and_keeps_its_name() -> None:
    content = FROZEN.read_bytes()
    found = looked_at("records/x.json", FROZEN_DIGEST, content, ())
    assert isinstance(found, Audited)
    assert (found.model, found.candidate) == ("fraud", "v1.1.0_20250801_090000")
    assert found.rejudged.again in (Again.SAME_BYTES, Again.SAME_OUTCOME) or found.rejudged.since
    assert digest(filed(content, FROZEN_DIGEST)) == digest(read(content)) == FROZEN_DIGEST


def test_what_is_filed_reads_as_any_record_does() -> None:
    record = a_judged_record()
    content, name = to_bytes(record), digest(record)
    assert filed(content, name) == read(content) == record
    assert read_whole(content, filed(content, name))


def test_an_answer_that_does_not_read_is_an_error() -> None:
    content, name = named(canonical_part(shape="counted"))
    with pytest.raises(RecordError, match="does not read"):
        filed(content, name)


@pytest.mark.parametrize(
    ("place", "put"),
    [
        (b'"alpha_divisor":1', b'"alpha_divisor":NaN'),
        (b'"judge":1', b'"judge":1,"more":NaN'),
        (b'"level":0.95', b'"level":Infinity'),
    ],
    ids=["plan", "unread", "verdict"],
)
def test_a_number_that_is_none_is_an_error(place: bytes, put: bytes) -> None:
    sealed = canonical_part()
    assert place in sealed
    content, name = named(sealed.replace(place, put))
    with pytest.raises(RecordError):
        assert not read_whole(content, filed(content, name))
    found = looked_at("x", name, content, ())
    assert isinstance(found, Broken)
    assert found.unread


def test_a_number_that_is_none_is_not_read_where_a_record_holds_numbers() -> None:
    content, name = named(canonical_part().replace(b'"alpha_divisor":1', b'"alpha_divisor":NaN'))
    with pytest.raises(RecordError, match="is not JSON"):
        filed(content, name)


def canonical_part(**answer: object) -> bytes:
    import json

    sealed = json.loads(to_bytes(a_judged_record()))["sealed"]
    for pair in sealed["evidence"]:
        pair["answer"].update(answer)
    return canonical(sealed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content.replace(b'"unsealed":{}', b'"unsealed":{"run_id":"1"}'), "not written as the ledger"),
        (lambda content: content + b"\n", "not written as the ledger"),
        (lambda content: b" " + content, "not written as the ledger"),
        (lambda content: content.replace(b'"judge":1', b'"judge":2'), "holds what has the digest"),
        (
            lambda content: content[:-80] + (b"0" if content[-80:-79] != b"0" else b"1") + content[-79:],
            "states another",
        ),
    ],
    ids=["unsealed", "behind", "before", "within", "stated"],
)
def test_a_file_with_any_other_byte_is_refused(change: object, said: str) -> None:
    record = a_judged_record()
    changed = change(to_bytes(record))  # type: ignore[operator]
    assert changed != to_bytes(record)
    with pytest.raises(ForeignError, match=said):
        filed(changed, digest(record))


def test_what_is_no_record_is_an_error_although_its_digest_holds() -> None:
    for sealed, said in ((b"{x}", "is not JSON"), (b'{"schema":"ratchet/record/v9"}', "schema is"), (b"{NaN}", "JSON")):
        content, name = named(sealed)
        with pytest.raises(RecordError, match=said):
            filed(content, name)


def test_what_a_record_holds_beside_what_is_read_is_found() -> None:
    content, name = named(canonical_part(remark="hidden"))
    record = filed(content, name)
    assert not read_whole(content, record)
    assert "holds what is not read" in str(looked_at("x", name, content, ()))


def test_a_spelling_of_its_own_is_found() -> None:
    sealed = to_bytes(a_judged_record()).split(b'"sealed":', 1)[1].rsplit(b',"sha256"', 1)[0]
    content, name = named(sealed.replace(b'"judge":1', b'"judge": 1'))
    assert not read_whole(content, filed(content, name))


@pytest.mark.parametrize(
    ("held", "again", "inside"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({}, {"b": 2}, True),
        ({"a": {"b": [1, {"c": None}]}}, {"a": {"b": [1, {"c": None, "d": 1}], "e": 1}}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": 1}, {"a": 2}, False),
        ({"a": None}, {}, False),
        ([1, 2], [1, 2], True),
        ([1], [1, 2], False),
        ([1, 2], [1], False),
        ([], [1], False),
        ([1, 2], [2, 1], False),
        (1, True, False),
        (1, 1.0, False),
        ("1", 1, False),
        ("a", "b", False),
        ({}, [], False),
    ],
)
def test_a_value_is_within_another_that_holds_all_of_it_alike(held: object, again: object, inside: bool) -> None:
    assert within(held, again) is inside


def test_a_record_of_a_release_that_sealed_less_is_read_whole() -> None:
    """As after a field was added to the facts, with a default that says what its absence meant."""
    import json

    sealed = json.loads(to_bytes(a_judged_record()))["sealed"]
    del sealed["plan"]["facts"]["finer_cluster"]
    content, name = named(canonical(sealed))
    found = looked_at("x", name, content, ())
    assert isinstance(found, Audited)
    assert found.rejudged.again is Again.SAME_BYTES
    assert digest(filed(content, name)) == name != digest(replace(filed(content, name), filed_as=None))
