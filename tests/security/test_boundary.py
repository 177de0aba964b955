"""Attacks on the trust boundary, by their numbers: what a pull request brings is data, and never a rule or a program."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from builders.small import HISTORY, MODEL, NOW, POLICY, START, V1, V2, folder, promotion, request, rules, write_log
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.ports import LARGEST_BLOB
from model_ratchet.report import render
from model_ratchet.report.check import Check

REQUEST = f"{folder(V2)}/promotion.yaml"


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "requests.csv")


@pytest.fixture
def repo(tmp_path: Path, log: Path) -> Repo:
    return a_repo(tmp_path / "repo", {**rules(log), **promotion(V1, "none")})


def checked(repo: Repo, head: str = "proposal") -> Check:
    return check(CheckInput(repo=repo.path, base="main", head=head, now=NOW))


def findings(found: Check) -> str:
    assert found.outcome is None, found
    return "\n".join(map(str, found.findings))


def test_t01_rules_that_are_weakened_in_the_same_pull_request_are_not_in_force(repo: Repo) -> None:
    strict = MODEL.format(name="demo", more="").replace("column: error", "column: late")  # all of them are
    repo.commit({"policies/models/demo.yaml": strict})
    weak = strict.replace("column: late", "column: error").replace("90%", "1%")
    repo.branch("proposal", {**promotion(V2, V1), "policies/models/demo.yaml": weak})
    found = checked(repo)
    assert found.outcome is Outcome.FAILED
    assert "none of it is in force: this promotion is judged by the base branch" in render(found, "markdown")
    repo.git("checkout", "--quiet", "main")
    repo.commit({"policies/models/demo.yaml": weak})
    assert checked(repo).outcome is Outcome.PASSED


def test_t01_a_policy_of_the_pull_request_is_none(repo: Repo) -> None:
    lax = POLICY.replace("name: small", "name: lax").replace("5%", "99%")
    model = MODEL.format(name="demo", more="").replace("[small/1.0.0]", "[lax/1.0.0]")
    files = {"policies/lax/1.0.0.yaml": lax, "policies/models/demo.yaml": model}
    repo.branch("proposal", {**files, **promotion(V2, V1, policy="lax/1.0.0")})
    assert "the base branch holds no policy lax/1.0.0" in findings(checked(repo))


def test_t04_nothing_of_a_pull_request_is_run_where_it_is_checked_out(tmp_path: Path, repo: Repo) -> None:
    canary = tmp_path / "run"
    program = f"open({str(canary)!r}, 'a').write(__file__ + chr(10))\n"
    names = ("conftest", "sitecustomize", "usercustomize", "setup", "yaml", "duckdb", "model_ratchet/__init__")
    poison: dict[str, str | bytes] = {f"{name}.py": program for name in names}
    poison |= {
        "pyproject.toml": "[tool.ratchet]\nplugins = ['conftest']\n",
        "evil.pth": f"import os; open({str(canary)!r}, 'a')\n",
        ".gitattributes": "* filter=evil diff=evil merge=evil textconv=evil\n",
        ".gitmodules": '[submodule "x"]\n path = x\n url = ext::sh -c "touch /nowhere"\n',
        ".env": "RATCHET_APP=evil\n",
    }
    repo.branch("proposal", {**promotion(V2, V1), **poison})
    repo.git("config", "filter.evil.smudge", f"touch {canary}")
    repo.git("config", "diff.evil.textconv", f"touch {canary}")
    repo.git("config", "diff.evil.command", f"touch {canary}")
    command = [str(Path(sys.executable).with_name("ratchet")), "check", "--base", "main", "--now", NOW.isoformat()]
    environ = {"PATH": os.defpath, "HOME": str(tmp_path)}
    ran = subprocess.run(command, cwd=repo.path, env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not canary.exists(), canary.read_text()


def in_the_tree(repo: Repo) -> None:
    sources = "apiVersion: ratchet/v1\nkind: Sources\nsources:\n  requests: {kind: table, path: data/requests.csv}\n"
    repo.commit({"policies/sources.yaml": sources})
    perfect = write_log(repo.path.parent / "perfect.csv").read_bytes()
    repo.branch("proposal", {**promotion(V2, V1), "data/requests.csv": perfect})
    repo.git("checkout", "--quiet", "main")


def checked_out(repo: Repo) -> None:
    in_the_tree(repo)
    repo.git("checkout", "--quiet", "proposal")


def by_hand(repo: Repo) -> None:
    text = POLICY.replace("retrospective: allowed", "retrospective: refused").replace("1.0.0", "1.0.1")
    model = MODEL.format(name="demo", more="").replace("[small/1.0.0]", "[small/1.0.1]")
    repo.commit({"policies/small/1.0.1.yaml": text, "policies/models/demo.yaml": model})
    repo.branch("proposal", promotion(V2, V1, policy="small/1.0.1"))


def as_claimed(repo: Repo) -> None:
    claims = "literals:\n  proportions:\n    errors:\n      canary: {candidate: {n: 1000, successes: 0}}\n"
    repo.branch("proposal", promotion(V2, V1, more=HISTORY + claims))


@pytest.mark.parametrize(
    "how", [in_the_tree, checked_out, by_hand, as_claimed], ids=["file", "tree", "history", "claims"]
)
def test_t07_what_the_author_brings_is_no_evidence(repo: Repo, how: Callable[[Repo], None]) -> None:
    how(repo)
    found = checked(repo)
    assert found.outcome in (None, Outcome.ERRORED), render(found, "text")
    if found.records:
        reasons = {leaf.judgement.reason.why for gate in found.records[0].verdict.gates for leaf in gate.leaves}
        assert reasons == {Why.SOURCE_ABSENT if how is in_the_tree else Why.FILE_OF_CHANGE}


@pytest.mark.parametrize(
    "claim",
    ["window: {from: 2025-02-01T00:00:00Z, to: 2025-02-02T00:00:00Z}\n", "stages: [{name: canary, lasts: 1h}]\n"],
    ids=["window", "stages"],
)
def test_t08_no_window_is_chosen_by_who_proposes(repo: Repo, claim: str) -> None:
    repo.branch("proposal", promotion(V2, V1, more=HISTORY + claim))
    assert f"`{claim.partition(':')[0]}`" in findings(checked(repo))


def test_t08_stage_starts_of_the_author_are_refused_where_the_ledger_tells_them(repo: Repo) -> None:
    by_hand(repo)
    assert "takes no stage history from a request" in findings(checked(repo))


@pytest.mark.parametrize("days", [1, 365 * 70], ids=["tomorrow", "in a lifetime"])
def test_t09_a_stage_that_starts_in_the_future_is_waited_for(repo: Repo, days: int) -> None:
    shift = NOW - START + timedelta(days=days)
    starts = (START + shift, START + shift + timedelta(hours=24))
    history = "history:\n" + "".join(
        f"  - {{stage: {name}, started: {start.isoformat()}}}\n"
        for name, start in zip(("shadow", "canary"), starts, strict=True)
    )
    repo.branch("proposal", promotion(V2, V1, more=history))
    assert checked(repo).outcome in (Outcome.PENDING, None)


def test_t09_the_time_of_a_commit_decides_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builders.repositories.WHEN", datetime.fromisoformat("2099-01-01T00:00:00+00:00"))
    repo.branch("proposal", promotion(V2, V1))
    (record,) = checked(repo).records
    assert record.decided_at is not None
    assert record.decided_at < NOW
    early = check(CheckInput(repo=repo.path, base="main", head="proposal", now=START + timedelta(hours=30)))
    assert early.outcome is Outcome.PENDING


def too_large(repo: Repo) -> str:
    repo.branch("proposal", {REQUEST: request(V2, V1) + "#" * LARGEST_BLOB + "\n"})
    return "bytes, more than a document may"


def elsewhere(repo: Repo) -> str:
    pointer = f"version https://git-lfs.example/spec/v1\noid sha256:{'ab' * 32}\nsize 5000000000\n"
    repo.branch("proposal", {REQUEST: pointer})
    return f"{REQUEST}:1:1 "


@pytest.mark.parametrize("how", [too_large, elsewhere], ids=["large", "pointer"])
def test_t11_a_file_beyond_measure_is_a_finding(repo: Repo, how: Callable[[Repo], str]) -> None:
    said = how(repo)
    assert said in findings(checked(repo))


def linked(repo: Repo) -> str:
    repo.branch("proposal", promotion(V2, V1))
    (repo.path / folder(V2) / "risk.md").unlink()
    (repo.path / folder(V2) / "risk.md").symlink_to("/etc/passwd")
    repo.commit()
    return f"{folder(V2)}/risk.md:1:1 a symbolic link is not followed"


def linked_request(repo: Repo) -> str:
    repo.branch("proposal", {f"{folder(V2)}/other.yaml": request(V2, V1)})
    (repo.path / REQUEST).symlink_to("other.yaml")
    repo.commit()
    return "a symbolic link is not followed"


def linked_folder(repo: Repo) -> str:
    repo.branch("proposal", {"elsewhere/promotion.yaml": request(V2, V1)})
    (repo.path / folder(V2)).symlink_to("../../elsewhere")
    repo.commit()
    return folder(V2)


def submodule(repo: Repo) -> str:
    repo.branch("proposal", promotion(V2, V1))
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'ab' * 20},{folder(V2)}/more")
    repo.git("commit", "--quiet", "--message", "x")
    return "a submodule is not read: commit the files themselves"


def climbing(repo: Repo) -> str:
    repo.branch("proposal", promotion(V2, V1, more=HISTORY + "documents: {risk: ../../../etc/passwd}\n"))
    return f"{REQUEST}:"


def another_case(repo: Repo) -> str:
    repo.branch(
        "proposal", {one.replace("promotions/", "Promotions/"): text for one, text in promotion(V2, V1).items()}
    )
    return "Promotions/"


@pytest.mark.parametrize(
    "how",
    [linked, linked_request, linked_folder, submodule, climbing, another_case],
    ids=["document", "request", "folder", "submodule", "dots", "case"],
)
def test_t12_no_path_leads_out_of_the_tree(repo: Repo, how: Callable[[Repo], str]) -> None:
    said = how(repo)
    found = checked(repo)
    assert said in findings(found)
    assert "root:x:0:0" not in "".join(render(found, form, width=110) for form in ("text", "markdown", "json"))
