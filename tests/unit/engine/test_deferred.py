"""A record whose answers are read when they are asked for is the record that is read at once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builders.ledgers import a_judged_record
from model_ratchet.core.errors import RecordError
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.deferred import Answers
from model_ratchet.engine.record import Record, parsed, read, to_bytes

FROZEN = Path(__file__).parents[2] / "cases" / "records" / "v1-standard.json"
TRAP = '"evidence":[{"answer":1,"need":2},{"answer":3,"need":4}],"judge":'


def sealed(record: Record) -> bytes:
    return to_bytes(record).removeprefix(b'{"sealed":').rpartition(b',"sha256":')[0]


def with_query(record: Record, text: str) -> Record:
    return replace(record, evidence=replace(record.evidence, queries={"requests": text}))


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(read(FROZEN.read_bytes()), id="standard"),
        pytest.param(a_judged_record(), id="small"),
        pytest.param(with_query(a_judged_record(), TRAP), id="trap"),
        pytest.param(with_query(a_judged_record(), TRAP.replace('"', "'")), id="no-marks"),
    ],
)
def test_later_is_the_same_as_at_once(record: Record) -> None:
    at_once, later = parsed(sealed(record), "x"), parsed(sealed(record), "x", at_once=False)
    assert isinstance(later.evidence.answers, Answers)
    assert list(later.evidence.answers) == list(at_once.evidence.answers)
    assert dict(later.evidence.answers) == dict(at_once.evidence.answers)
    assert replace(later, evidence=at_once.evidence) == at_once
    assert later.evidence.queries == at_once.evidence.queries
    assert to_bytes(later) == to_bytes(record)


def test_an_answer_is_read_once_and_an_unknown_need_has_none() -> None:
    later = parsed(sealed(a_judged_record()), at_once=False)
    first, *_ = later.evidence.answers
    assert later.evidence.answers[first] is later.evidence.answers[first]
    other = replace(first, stage="nowhere")
    assert other not in later.evidence.answers
    assert later.evidence.answers.get(other) is None


def test_an_answer_that_does_not_read_is_an_error_where_it_is_asked_for() -> None:
    value = json.loads(sealed(a_judged_record()))
    value["evidence"][0]["answer"]["shape"] = "counted"
    later = parsed(canonical(value), at_once=False)
    first, *others = later.evidence.answers
    assert all(later.evidence.answers[need] is not None for need in others)
    with pytest.raises(RecordError, match="does not read"):
        later.evidence.answers[first]


@pytest.mark.parametrize("spell", [json.dumps, lambda value: canonical({**value, "evidence": []}).decode()])
def test_what_is_spelled_otherwise_is_read_at_once(spell: object) -> None:
    value = json.loads(sealed(a_judged_record()))
    content = spell(value).encode()  # type: ignore[operator]
    assert parsed(content, at_once=False) == parsed(content)
