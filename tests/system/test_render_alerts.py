"""``ratchet render alerts``: from real git repositories, without a source, a forge, or anything that is not committed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from builders import small
from builders.repositories import Repo, a_repo
from builders.small import V1, V2, V3
from builders.watched import MODEL_TEXT, POLICY_TEXT
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted, StageStarted
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, append

AT = datetime(2025, 9, 1, tzinfo=UTC)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["render", "alerts", *arguments, "--base", "main"])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A model with two promoted versions, and one of which nothing is promoted."""
    return a_repo(
        tmp_path / "repo",
        {
            "policies/small/1.0.0.yaml": POLICY_TEXT,
            "policies/models/demo.yaml": MODEL_TEXT,
            "policies/models/new.yaml": MODEL_TEXT.replace("name: demo", "name: new"),
            **small.promotion(V1, "none"),
            **small.promotion(V2, V1),
        },
    )


def versions(text: str) -> set[tuple[str, str]]:
    """Version and severity of every rule."""
    (group,) = yaml.safe_load(text)["groups"]
    return {(one["labels"]["version"], one["labels"]["severity"]) for one in group["rules"] if "alert" in one}


def test_rules_are_printed_for_the_active_version(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = told(capsys, "demo", "--target", "prometheus", "--repo", str(repo.path))
    assert (code, err) == (ExitCode.PASSED, "")
    assert f"# version  {V2}, by small/1.0.0, held against {V1}\n" in out
    assert {version for version, severity in versions(out) if severity == "critical"} == {V2}


def test_a_candidate_is_watched_beside_the_active_version(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    candidate = Version.parse(V3)
    admitted = Admitted(
        at=AT,
        model="demo",
        candidate=candidate,
        baseline=Version.parse(V2),
        digest=f"sha256:{'a' * 64}",
        policy=PolicyName.parse("small/1.0.0"),
        attempt=1,
    )
    started = StageStarted(at=AT, model="demo", candidate=candidate, stage="canary", share=0.05)
    append(Writer(repo.path), lambda _: Entry((admitted, started)), "canary", AT, hidden={})
    code, out, _ = told(capsys, "demo", "--target", "prometheus", "--repo", str(repo.path))
    assert code == ExitCode.PASSED
    assert f"# version  {V3}, by small/1.0.0, held against {V2}\n" in out
    assert {version for version, _ in versions(out)} >= {V2, V3}


@pytest.mark.parametrize(
    ("target", "names"),
    [("prometheus", ["demo.rules.test.yaml", "demo.rules.yaml"]), ("grafana", ["demo.dashboard.json"])],
    ids=["prometheus", "grafana"],
)
def test_files_are_written_into_a_folder_and_once_more_to_the_same_bytes(
    target: str, names: list[str], repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ("--target", target, "--repo", str(repo.path), "--out", str(out))
    code, said, err = told(capsys, *arguments)
    assert code == ExitCode.PASSED
    assert sorted(path.name for path in out.iterdir()) == names
    assert err == "ratchet: nothing of new is in traffic, so that there is nothing to watch\n"
    code, said, _ = told(capsys, *arguments)
    assert sorted(said.splitlines()) == sorted(f"unchanged {out / name}" for name in names)


def test_a_dashboard_is_json(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "demo", "--target", "grafana", "--repo", str(repo.path))
    assert (code, json.loads(out)["title"]) == (ExitCode.PASSED, "Model demo")


def test_a_policy_that_is_gone_is_a_finding_and_keeps_no_other_model(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.commit(
        {
            "policies/models/lost.yaml": MODEL_TEXT.replace("name: demo", "name: lost"),
            **small.promotion(V1, "none", model="lost", policy="gone/1.0.0"),
        }
    )
    out = tmp_path / "out"
    code, _, err = told(capsys, "--target", "grafana", "--repo", str(repo.path), "--out", str(out))
    assert code == ExitCode.INVALID
    assert "policies/gone/1.0.0.yaml" in err
    assert [path.name for path in out.iterdir()] == ["demo.dashboard.json"]


def test_two_heads_are_no_active_version(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit(small.promotion(V3, V1))
    code, out, err = told(capsys, "demo", "--target", "prometheus", "--repo", str(repo.path))
    assert (code, out) == (ExitCode.ERRORED, "")
    assert err.startswith("ratchet: demo: ")


def test_a_model_that_is_not_there_is_refused(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "dem", "--target", "prometheus", "--repo", str(repo.path))
    assert code == ExitCode.INVALID
    assert "did you mean `demo`?" in err


def test_several_models_need_a_folder(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit(small.promotion(V1, "none", model="new"))
    code, _, err = told(capsys, "--target", "prometheus", "--repo", str(repo.path))
    assert code == ExitCode.INVALID
    assert "2 models are in traffic: name one of them, or a folder with --out" in err
