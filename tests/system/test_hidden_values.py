"""The values of the variables that the sources file names reach the ledger by no command."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from builders.small import START, V1, V2, V3, promotion, rules, write_log
from model_ratchet.actions.advance import Asked, advance
from model_ratchet.actions.check import CheckInput
from model_ratchet.actions.record import Files, RecordInput, record
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.errors import RecordError
from model_ratchet.git_write import Writer
from model_ratchet.ledger import fetch_ledger

TOKEN = {"METRICS_TOKEN": V2}
"""A secret that stands in what is appended: here it is the version, so that nothing else has to be made up."""
LATER = START + timedelta(days=60)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    files = {**rules(write_log(tmp_path / "requests.csv")), **promotion(V1, "none")}
    text = str(files["policies/sources.yaml"]) + (
        "  prom: {kind: prometheus, url: 'http://127.0.0.1:9', auth: {bearer: '${METRICS_TOKEN}'}}\n"
    )
    made = a_repo(tmp_path / "repo", {**files, "policies/sources.yaml": text})
    made.branch("proposal", promotion(V2, V1, more=""))
    made.git("checkout", "--quiet", "main")
    return made


def advanced(repo: Repo, environ: dict[str, str]) -> None:
    asked = CheckInput(repo=repo.path, base="main", head="proposal", now=START, environ=environ)
    advance(Asked(check=asked), Writer(repo.path))


def overtaken(repo: Repo, environ: dict[str, str]) -> None:
    """An attempt that ends because another version was merged."""
    advanced(repo, {})
    repo.git("checkout", "--quiet", "main")
    repo.commit(promotion(V3, V1))
    advanced(repo, environ)


def recorded(repo: Repo, environ: dict[str, str]) -> None:
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "proposal")
    writer = Writer(repo.path)
    record(RecordInput(tip=writer.commit("main"), now=LATER, environ=environ), writer, Files(writer))


@pytest.mark.parametrize("append", [advanced, overtaken, recorded], ids=["advance", "overtaken", "record"])
def test_nothing_is_appended_that_holds_the_value_of_a_variable_of_the_sources(
    repo: Repo, append: Callable[[Repo, dict[str, str]], None]
) -> None:
    with pytest.raises(RecordError, match="candidate holds the value of METRICS_TOKEN") as caught:
        append(repo, TOKEN)
    assert V2 not in str(caught.value)
    before = [] if append is not overtaken else ["admitted", "stage-started", "confirmed"]
    assert [event.kind for event in fetch_ledger(Writer(repo.path)).events()] == before


def test_a_path_that_holds_such_a_value_is_withheld_and_the_push_recorded(repo: Repo) -> None:
    repo.commit({f"policies/{V2}/1.0.0.yaml": "x"})
    writer = Writer(repo.path)
    asked = RecordInput(tip=writer.commit("main"), now=LATER, environ=TOKEN, since=writer.commit("main~1"))
    done = record(asked, writer, Files(writer))
    assert [getattr(one, "paths", None) for one in done.events][1:] == [
        ("(withheld, for it holds the value of METRICS_TOKEN)",)
    ]


def test_nor_does_what_is_said_by_hand(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "hunter2-canary/+=")
    stage = ["stage", "--repo", str(repo.path), "hold", "demo", "--because"]
    assert run([*stage, "the token hunter2-canary/+= leaked"]) == ExitCode.ERRORED
    said = capsys.readouterr()
    assert "because holds the value of METRICS_TOKEN" in said.err
    assert "hunter2" not in said.err + said.out
    assert run([*stage, "a token leaked"]) == ExitCode.PASSED
    assert run([*stage, "x", "--base", "nowhere"]) == ExitCode.ERRORED
