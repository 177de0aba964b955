"""The command line: exit codes, and an answer without a traceback to whatever is asked."""

from pathlib import Path

import pytest

from builders import nfl, production
from builders.repositories import a_repo
from model_ratchet.actions.sign_off import forge_of
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
        (["sources", "test", "--repo", "/nowhere"], "ratchet: /nowhere is no folder: name the repository"),
        (["explain", "superiorty"], "did you mean superiority?"),
        (["schema", "polcy"], "there is no document kind 'polcy'"),
        (["check", "--record", "/nowhere.json"], "ratchet: /nowhere.json can't be read: No such file or directory\n"),
        (["check", "--now", "yesterday"], "'yesterday' is no instant: write 2025-09-01T12:00:00Z"),
        (["check", "--now", "2025-09-01T12:00:00"], "has no zone: end it with Z or an offset"),
        (["check", "--now", "9999-12-31T23:59:59-23:59"], "is out of reach: the years are 1970 to 2199"),
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


@pytest.mark.parametrize(("columns", "widest"), [("90", 88), ("0", 78), ("", 78)], ids=["said", "none", "empty"])
def test_help_is_as_wide_as_the_terminal_says(
    columns: str, widest: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert run(["check", "--help"]) == ExitCode.PASSED
    lengths = [len(line) for line in capsys.readouterr().out.splitlines()]
    assert widest - 15 < max(lengths) <= widest


def test_a_pull_request_without_a_token_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/models")
    assert run(["check", "--repo", str(tmp_path), "--pull-request", "7"]) == ExitCode.ERRORED
    assert capsys.readouterr().err == "ratchet: GITHUB_TOKEN is not set: run inside GitHub Actions, or set it\n"


@pytest.mark.parametrize(
    ("ref", "token", "number"),
    [
        ("refs/pull/12/merge", "t", 12),
        ("refs/pull/12/merge", "", None),
        ("refs/heads/main", "t", None),
        ("refs/pull/0/merge", "t", None),
    ],
)
def test_a_run_of_github_actions_says_its_pull_request(ref: str, token: str, number: int | None) -> None:
    environ = {"GITHUB_REF": ref, "GITHUB_TOKEN": token, "GITHUB_REPOSITORY": "acme/models"}
    with forge_of(None, environ) as (found, forge):
        assert (found, forge is not None) == (number, bool(token))


def test_what_names_its_own_repository_is_asked_with_a_token_alone() -> None:
    with forge_of(None, {"GITHUB_TOKEN": "t", "GITHUB_REF": "refs/pull/12/merge"}) as (found, forge):
        assert found is None
        assert forge is not None


def test_a_record_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "record.json"
    file.write_text("{}")
    assert run(["check", "--record", str(file)]) == ExitCode.ERRORED
    assert capsys.readouterr().err == f"ratchet: {file}: this is JSON, but no record: it has no `sealed` part\n"


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


def test_findings_are_shown_although_there_is_no_record_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = a_repo(tmp_path / "repo", nfl.base_files(tmp_path / "log.csv"))
    repo.branch("proposal", {f"promotions/nfl/{nfl.CANDIDATE}/promotion.yaml": "kind: PromotionRequest\n"})
    arguments = ["check", "--repo", str(repo.path), "--base", "main", "--write-record", str(tmp_path / "record.json")]
    assert run(arguments) == ExitCode.INVALID
    shown = capsys.readouterr()
    assert "`candidate` is missing" in shown.out
    assert shown.err == "ratchet: nothing was judged, so no record was written\n"
    assert not (tmp_path / "record.json").exists()


def test_a_change_that_touches_no_promotion_passes_also_where_a_record_is_asked_for(tmp_path: Path) -> None:
    repo = a_repo(tmp_path / "repo", nfl.base_files(tmp_path / "log.csv"))
    repo.branch("docs", {"README.md": "words"})
    arguments = ["check", "--repo", str(repo.path), "--base", "main", "--write-record", str(tmp_path / "record.json")]
    assert run(arguments) == ExitCode.PASSED


@pytest.mark.parametrize("option", ["--output", "--write-record"])
def test_a_file_that_can_not_be_written_is_told_without_a_traceback(
    tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = a_repo(tmp_path / "repo", nfl.base_files(tmp_path / "log.csv"))
    repo.branch("proposal", nfl.proposal())
    (tmp_path / "file").write_text("")
    arguments = ["check", "--repo", str(repo.path), "--base", "main", option, str(tmp_path / "file" / "below")]
    assert run(arguments) == ExitCode.ERRORED
    shown = capsys.readouterr().err
    assert shown.startswith("ratchet: the file system refuses ")
    assert "below" in shown or "file" in shown
