"""Sealed records within the summary of a check run: what goes in comes out, or it is said that it does not."""

import base64
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest

from builders import records
from builders.records import DECIDABLE
from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import Window
from model_ratchet.engine.enclosed import enclose, enclosed, without_measurements
from model_ratchet.engine.record import LARGEST, Record, to_bytes


def kept(*given: Record, most: int = 60_000) -> list[bytes]:
    text = enclose(given, most)
    assert text is not None
    assert len(text) <= most
    return [to_bytes(record) for record in enclosed(f"Judged.\n{text}")]


def test_records_come_out_as_they_went_in() -> None:
    given = (records.a_passed_record(), records.a_failed_record())
    assert kept(*given) == [to_bytes(record) for record in given]
    assert kept() == []
    assert enclosed("Judged.") == ()


def test_where_all_of_it_is_too_much_the_measurements_are_left_out_and_then_everything() -> None:
    record = records.a_passed_record()
    whole, less = (len(enclose([one], 10**6) or "") for one in (record, without_measurements(record)))
    assert kept(record, most=whole) == [to_bytes(record)]
    assert kept(record, most=whole - 1) == [to_bytes(without_measurements(record))]
    assert enclose([record], less - 1) is None


def test_what_a_running_stage_has_measured_is_left_out_because_it_is_measured_again() -> None:
    record = records.a_passed_record()
    stage = record.plan.stages[-1]
    assert stage.window is not None
    running = replace(stage, decidable=False, window=Window(stage.window.intervals, DECIDABLE - timedelta(hours=1)))
    running_record = replace(record, plan=replace(record.plan, stages=(*record.plan.stages[:-1], running)))
    assert kept(running_record) == [to_bytes(without_measurements(running_record))]


def test_the_sign_offs_stay_with_the_verdict() -> None:
    from builders.reviewing import a_record_of_reviews

    record = a_record_of_reviews()
    less = without_measurements(record)
    assert less.verdict == record.verdict
    assert len(less.evidence.answers) == 3


def _line(content: bytes) -> str:
    return f"<!-- ratchet:v1:record {base64.b64encode(content).decode()} -->"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_line(b"no zip"), "is damaged"),
        (_line(zlib.compress(b"{}")), "no record"),
        (_line(zlib.compress(b"{}")[:-1]), "is cut off or too large"),
        (_line(zlib.compress(bytes(LARGEST + 1))), "is cut off or too large"),
        ("<!-- ratchet:v1:record AAA -->", "is damaged"),
    ],
    ids=["no-zip", "no-record", "cut", "bomb", "no-base64"],
)
def test_what_is_damaged_or_too_large_is_refused(text: str, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        enclosed(text)


@pytest.mark.parametrize("text", ["x {}", "<!-- ratchet:v2:record AAAA -->", "{} x"], ids=["before", "v2", "after"])
def test_what_is_not_a_line_of_ours_is_none(text: str) -> None:
    assert enclosed(text.format((enclose([records.a_passed_record()], 60_000) or "").strip())) == ()
