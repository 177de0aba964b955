"""The command line: exit codes, and an answer without a traceback to whatever is asked."""

from pathlib import Path

import pytest

from builders import nfl, production
from builders.repositories import a_repo
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.outcome import Outcome


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.PASSED, 0),
        (Outcome.FAILED, 1),
        (None, 2),
        (Outcome.ERRORED, 3),
        (Outcome.PENDING, 4),
        (Outcome.INCONCLUSIVE, 4),
    ],
)
def test_every_outcome_has_its_exit_code(outcome: Outcome | None, code: int) -> None:
    assert ExitCode.of(outcome) == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--repo", "/nowhere"], "ratchet: /nowhere is no folder: name the repository with --repo\n"),
        (["validate", "--repo", "/nowhere"], "ratchet: /nowhere is no folder: name the repository with --repo\n"),
        (["explain", "superiorty"], "did you mean superiority?"),
        (["schema", "polcy"], "there is no document kind 'polcy'"),
        (["check", "--record", "/nowhere.json"], "ratchet: /nowhere.json can't be read: No such file or directory\n"),
        (["check", "--now", "yesterday"], "'yesterday' is no instant: write 2025-09-01T12:00:00Z"),
        (["check", "--now", "2025-09-01T12:00:00"], "has no zone: end it with Z or an offset"),
        (["check", "--format", "html"], "invalid choice: 'html'"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(arguments)
    shown = capsys.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.err
    assert code == (ExitCode.ERRORED if "check" in arguments and "/nowhere" in arguments else ExitCode.INVALID)


def test_a_record_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "record.json").write_text("{}")
    assert run(["check", "--record", str(tmp_path / "record.json")]) == ExitCode.ERRORED
    assert capsys.readouterr().err == "ratchet: this is JSON, but no record: it has no `sealed` part\n"


@pytest.mark.parametrize("form", ["text", "markdown", "json", "junit", "sarif", "github"])
def test_a_finding_ends_with_2_in_every_format(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    repo = a_repo(tmp_path, nfl.base_files(tmp_path / "log.csv"))
    (path,) = nfl.proposal()
    repo.branch("proposal", {path: nfl.proposal()[path].replace("owner", "ovner")})
    code = run(["check", "--repo", str(tmp_path), "--base", "main", "--head", "proposal", "--format", form])
    assert code == ExitCode.INVALID
    assert "ovner" in capsys.readouterr().out


def test_a_change_that_touches_no_promotion_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = a_repo(tmp_path, production.base_files())
    repo.branch("proposal", {"README.md": "words\n"})
    assert run(["check", "--repo", str(tmp_path), "--base", "main", "--head", "proposal"]) == ExitCode.PASSED
    assert capsys.readouterr().out == "nothing to judge: the change touches no promotion\n"


def test_a_report_can_be_written_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = a_repo(tmp_path / "repository", production.base_files())
    repo.branch("proposal", {"README.md": "words\n"})
    target = tmp_path / "report.txt"
    run(["check", "--repo", str(repo.path), "--base", "main", "--head", "proposal", "--output", str(target)])
    assert target.read_text() == "nothing to judge: the change touches no promotion\n"
    assert capsys.readouterr().out == ""


def test_demo_leaves_a_folder_alone_that_is_no_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("words")
    assert run(["demo", "--dir", str(tmp_path)]) == ExitCode.INVALID
    assert capsys.readouterr().err == f"ratchet: {tmp_path} is not empty and no demo: name another folder with --dir\n"
    assert (tmp_path / "thesis.txt").exists()
