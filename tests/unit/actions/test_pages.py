"""Reports of records: which record is meant, and where the pages go."""

from pathlib import Path

import pytest

from builders.ledgers import a_judged_record, a_year, keep, version
from builders.records import a_failed_record, a_passed_record
from builders.repositories import Repo, a_repo
from model_ratchet.actions.pages import recorded, write_reports
from model_ratchet.cli import run
from model_ratchet.core.errors import RecordError, UsageError
from model_ratchet.engine.record import digest, to_bytes
from model_ratchet.report.check import Check, judged
from model_ratchet.report.html import as_html


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    made = a_repo(tmp_path_factory.mktemp("pages") / "origin")
    keep(made, a_year().events, a_year().records)
    return made


def test_a_record_is_read_from_its_file_or_found_in_the_ledger(tmp_path: Path, repo: Repo) -> None:
    record = a_judged_record(1)
    (tmp_path / "record.json").write_bytes(to_bytes(record))
    names = (str(tmp_path / "record.json"), digest(record)[:20], str(version(1)))
    assert [digest(recorded(name, repo.path)) for name in names] == [digest(record)] * 3


def test_a_file_that_is_no_record_and_a_name_that_nobody_knows_are_refused(tmp_path: Path, repo: Repo) -> None:
    (tmp_path / "record.json").write_text("{}")
    with pytest.raises(RecordError, match="no record"):
        recorded(str(tmp_path / "record.json"), repo.path)
    with pytest.raises(UsageError, match="holds no version and no record"):
        recorded("v9.9.9_20260101_000000", repo.path)


@pytest.mark.parametrize(
    ("name", "why"), [("absent.json", "No such file or directory"), ("folder", "Is a directory"), ("1a2b3c", "No such")]
)
@pytest.mark.parametrize("kept", [True, False])
def test_what_names_no_entry_is_a_file_whatever_the_ledger_is(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str], name: str, why: str, kept: bool
) -> None:
    (tmp_path / "folder").mkdir()
    where = repo if kept else a_repo(tmp_path / "without")
    assert run(["report", str(tmp_path / name), "--repo", str(where.path)]) == 2
    said = capsys.readouterr().err
    assert f"{tmp_path / name} can't be read: {why}" in said
    assert "its version, or the first 8 digits or more of its digest" in said


def test_a_version_is_looked_for_in_the_ledger_although_a_folder_is_called_so(
    tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / str(version(1))).mkdir()
    monkeypatch.chdir(tmp_path)
    assert digest(recorded(str(version(1)), repo.path)) == digest(a_judged_record(1))


def test_the_command_prints_the_page_or_writes_it(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["report", str(version(1)), "--repo", str(repo.path)]
    assert run(asked) == 0
    printed = capsys.readouterr().out
    assert run([*asked, "-o", str(tmp_path / "report.html")]) == 0
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert written.rstrip() == printed.rstrip() == as_html(a_judged_record(1)).rstrip()


def test_one_report_is_a_file_several_are_a_folder_and_nothing_judged_is_none(tmp_path: Path) -> None:
    one, other = a_passed_record(), a_judged_record(2)
    assert write_reports(judged((one,)), tmp_path / "out" / "report.html") == (tmp_path / "out" / "report.html",)
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == as_html(one)
    files = write_reports(judged((a_failed_record(), other)), tmp_path / "several")
    assert len({file.name for file in files}) == 2
    assert all(file.suffix == ".html" for file in files)
    assert write_reports(Check(untouched=True), tmp_path / "none.html") == ()
    assert not (tmp_path / "none.html").exists()
