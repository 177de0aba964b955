"""Records on disk: what is written, and that a verdict is only shown again if its evidence gives it."""

from dataclasses import replace
from pathlib import Path

import pytest

from builders.records import a_passed_record
from model_ratchet.actions.rejudge import rejudge, write_records
from model_ratchet.core.errors import RecordError
from model_ratchet.core.outcome import Outcome
from model_ratchet.engine.judge import judge
from model_ratchet.engine.record import Record, seal, to_bytes
from model_ratchet.report.check import Check, judged


def sealed() -> Record:
    record = a_passed_record()
    return seal(record.plan, record.evidence, judge(record.plan, record.evidence), decided_at=record.decided_at)


def changed(record: Record) -> Record:
    other = Outcome.FAILED if record.verdict.evidence_outcome is not Outcome.FAILED else Outcome.PASSED
    return replace(record, verdict=replace(record.verdict, evidence_outcome=other))


def refused(path: Path, record: Record) -> str:
    path.write_bytes(to_bytes(record))
    with pytest.raises(RecordError) as caught:
        rejudge(path)
    return str(caught.value)


def test_a_verdict_that_follows_from_its_evidence_is_written_and_judged_again_to_the_same_bytes(tmp_path: Path) -> None:
    record = sealed()
    (file,) = write_records(judged((record,)), tmp_path / "new" / "record.json")
    assert [to_bytes(one) for one in rejudge(file).records] == [file.read_bytes()]


def test_a_verdict_that_its_evidence_does_not_give_is_refused_although_its_digest_fits(tmp_path: Path) -> None:
    forged = changed(sealed())
    said = refused(tmp_path / "record.json", forged)
    assert said.startswith(f"the record says {forged.verdict.outcome}, and its evidence judged again gives")
    assert said.endswith(": it was changed")


def test_the_verdict_of_another_judge_names_the_way_out(tmp_path: Path) -> None:
    forged = replace(changed(sealed()), judge_version=99)
    assert refused(tmp_path / "record.json", forged).endswith("another release judged it: use that one")


def test_where_nothing_was_judged_nothing_is_written(tmp_path: Path) -> None:
    assert write_records(Check(untouched=True), tmp_path / "record.json") == ()
    assert list(tmp_path.iterdir()) == []
