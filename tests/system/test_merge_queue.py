"""Merge groups in real git repositories, judged by the sealed verdicts of their pull requests; no source is asked."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from builders.small import MODEL, NOW, POLICY, V1, V2, V3, folder, promotion, rules, write_log
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.queue import check_group
from model_ratchet.core.errors import RepositoryError
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.engine.queue import QueueVerdict
from model_ratchet.engine.record import Record, to_bytes
from model_ratchet.git import Git

LATER = datetime(2025, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "requests.csv")


@pytest.fixture
def repo(tmp_path: Path, log: Path) -> Repo:
    """Two models with one version each; ``demo`` has V2 proposed on a branch."""
    files = {**rules(log), **rules(log, model="other"), **promotion(V1, "none"), **promotion(V1, "none", model="other")}
    made = a_repo(tmp_path / "repo", {**files, "README.md": "models\n"})
    made.branch("demo-2", promotion(V2, V1))
    made.branch("other-2", promotion(V2, V1, model="other"))
    made.git("checkout", "--quiet", "main")
    return made


def sealed(repo: Repo, head: str) -> Record:
    """The verdict that the pull request was given."""
    (record,) = check(CheckInput(repo=repo.path, base="main", head=head, now=NOW)).records
    return record


def queue(repo: Repo, *branches: str, squash: bool = False) -> str:
    """The branch of a group, with these branches merged one after the other; checked out."""
    repo.git("checkout", "--quiet", "-B", "gh-readonly-queue", "main")
    for branch in branches:
        if squash:
            repo.git("merge", "--quiet", "--squash", branch)
            repo.commit(message=f"{branch} (#1)")
        else:
            repo.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
    return repo.git("rev-parse", "HEAD")


def judged(
    repo: Repo, records: list[Record], *, base: str = "main", tip: str = "main", now: datetime = LATER
) -> QueueVerdict:
    return check_group(Git(repo.path), tip=tip, base=base, head="HEAD", sealed=lambda _: records, now=now)


def whys(found: QueueVerdict) -> list[list[Why]]:
    return [[reason.why for reason in one.reasons] for one in found.commits]


@pytest.mark.parametrize("squash", [False, True])
def test_several_pull_requests_pass_by_their_sealed_verdicts(repo: Repo, squash: bool) -> None:
    records = [sealed(repo, "demo-2"), sealed(repo, "other-2")]
    repo.branch("docs", {"README.md": "words\n"})
    queue(repo, "demo-2", "docs", "other-2", squash=squash)
    found = judged(repo, records)
    assert found.outcome is Outcome.PASSED
    assert [one.what for one in found.commits] == [
        f"promotion of demo {V2}",
        "no promotion",
        f"promotion of other {V2}",
    ]


def test_a_promotion_without_a_verdict_fails(repo: Repo) -> None:
    records = [sealed(repo, "demo-2")]
    queue(repo, "demo-2", "other-2")
    found = judged(repo, records)
    assert found.outcome is Outcome.FAILED
    assert whys(found) == [[], [Why.NOT_SEALED]]


def test_what_is_pending_fails_in_a_queue(repo: Repo) -> None:
    repo.branch("demo-3", promotion(V3, V1, more=""))
    record = sealed(repo, "demo-3")
    queue(repo, "demo-3")
    found = judged(repo, [record])
    assert found.outcome is Outcome.FAILED
    assert [str(reason.parameters["outcome"]) for reason in found.commits[0].reasons] == ["pending"]


def test_of_two_promotions_of_one_model_the_second_fails(repo: Repo) -> None:
    repo.branch("demo-3", promotion(V3, V1))
    records = [sealed(repo, "demo-2"), _as(sealed(repo, "demo-2"), sealed(repo, "demo-3"))]
    queue(repo, "demo-2", "demo-3")
    found = judged(repo, records)
    assert [one.outcome for one in found.commits] == [Outcome.PASSED, Outcome.FAILED]
    (moved,) = [reason for reason in found.commits[1].reasons if reason.why is Why.BASELINE_MOVED]
    assert dict(moved.parameters) == {"baseline": V1, "active": V2}


def _as(passed: Record, other: Record) -> Record:
    """The other record with a verdict that has passed: its log was never written."""
    from dataclasses import replace

    return replace(other, verdict=passed.verdict)


def test_a_verdict_on_other_files_is_no_verdict(repo: Repo) -> None:
    record = sealed(repo, "demo-2")
    repo.git("checkout", "--quiet", "demo-2")
    repo.commit({f"{folder(V2)}/risk.md": "# Risk\nnone at all\n"})
    queue(repo, "demo-2")
    found = judged(repo, [record])
    assert whys(found) == [[Why.SEALED_OTHERWISE]]
    assert found.commits[0].reasons[0].parameters["path"] == f"{folder(V2)}/risk.md"


def test_a_file_more_or_less_is_another_folder(repo: Repo) -> None:
    record = sealed(repo, "demo-2")
    repo.git("checkout", "--quiet", "demo-2")
    repo.commit({f"{folder(V2)}/late.md": "late\n"})
    queue(repo, "demo-2")
    assert whys(judged(repo, [record])) == [[Why.SEALED_OTHERWISE]]


def _model_on_main(repo: Repo) -> None:
    changed = MODEL.format(name="demo", more="").replace("90%", "95%")
    repo.git("checkout", "--quiet", "main")
    repo.commit({"policies/models/demo.yaml": changed}, "tighten")


def test_rules_that_changed_on_the_protected_branch_fail_the_group(repo: Repo) -> None:
    record = sealed(repo, "demo-2")
    base = repo.git("rev-parse", "main")
    queue(repo, "demo-2")
    _model_on_main(repo)
    repo.git("checkout", "--quiet", "gh-readonly-queue")
    found = judged(repo, [record], base=base)
    assert whys(found) == [[Why.RULES_CHANGED]]
    assert found.commits[0].reasons[0].parameters["where"] == "on the protected branch"
    assert judged(repo, [record], base=base, tip=base).outcome is Outcome.PASSED


def test_rules_that_changed_at_the_base_of_the_group_fail_it(repo: Repo) -> None:
    record = sealed(repo, "demo-2")
    tip = repo.git("rev-parse", "main")
    _model_on_main(repo)
    queue(repo, "demo-2")
    found = judged(repo, [record], tip=tip)
    assert [reason.parameters["where"] for reason in found.commits[0].reasons] == ["at the base of the group"]


def test_rules_that_a_change_queued_before_brings_fail_it(repo: Repo) -> None:
    record = sealed(repo, "demo-2")
    tightened = {"policies/models/demo.yaml": MODEL.format(name="demo", more="").replace("90%", "95%")}
    repo.branch("rules", tightened)
    queue(repo, "rules", "demo-2")
    found = judged(repo, [record])
    assert [one.outcome for one in found.commits] == [Outcome.PASSED, Outcome.FAILED]
    assert found.commits[1].reasons[0].parameters["where"] == "after the changes queued before it"


def test_a_revocation_queued_before_fails_it(repo: Repo) -> None:
    record = sealed(repo, "demo-2")
    digest = hashlib.sha256(POLICY.encode()).hexdigest()
    text = (
        "apiVersion: ratchet/v1\nkind: Revocations\nrevocations:\n"
        f'  - {{policy: small/1.0.0, digest: "sha256:{digest}", from: 2025-03-01T00:00:00Z, reason: mistyped}}\n'
    )
    repo.branch("revoke", {"policies/revocations.yaml": text})
    queue(repo, "revoke", "demo-2")
    assert whys(judged(repo, [record])) == [[], [Why.POLICY_REVOKED]]


def _rollback(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "rollback", "main")
    repo.git("rm", "-r", "--quiet", folder(V2))
    repo.commit()


def test_a_rollback_passes_without_a_verdict_and_moves_the_baseline_of_what_follows(repo: Repo) -> None:
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "demo-2")
    repo.branch("demo-3", promotion(V3, V2, more=""))
    _rollback(repo)
    record = sealed(repo, "demo-3")
    queue(repo, "rollback", "demo-3")
    found = judged(repo, [record])
    assert found.commits[0].what == f"rollback of demo to {V1}"
    assert [one.outcome for one in found.commits] == [Outcome.PASSED, Outcome.FAILED]
    assert Why.BASELINE_MOVED in whys(found)[1]


def _edit(repo: Repo) -> None:
    repo.branch("edit", {f"{folder(V1)}/risk.md": "none\n"})


def _bad_policy(repo: Repo) -> None:
    repo.branch("edit", {"policies/small/1.0.1.yaml": "[\n"})


@pytest.mark.parametrize("edit", [_edit, _bad_policy])
def test_what_is_refused_fails_the_group_with_its_findings(repo: Repo, edit: Callable[[Repo], None]) -> None:
    edit(repo)
    queue(repo, "edit")
    found = judged(repo, [])
    assert found.outcome is Outcome.FAILED
    assert found.commits[0].findings


def test_a_group_of_nothing_has_not_passed(repo: Repo) -> None:
    assert judged(repo, []).commits == ()
    assert judged(repo, []).outcome is Outcome.FAILED


def test_a_group_that_is_no_line_from_its_base_is_trouble(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "demo-2")
    with pytest.raises(RepositoryError, match="first parents do not lead"):
        check_group(Git(repo.path), tip="main", base="other-2", head="HEAD", sealed=lambda _: [], now=LATER)


def test_a_shallow_clone_is_deepened_to_the_base(repo: Repo, tmp_path: Path) -> None:
    records = [sealed(repo, "demo-2"), sealed(repo, "other-2")]
    queue(repo, "demo-2", "other-2")
    shallow = Repo(tmp_path / "shallow")
    repo.git("clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{repo.path}", str(shallow.path))
    found = check_group(
        Git(shallow.path),
        tip="origin/main",
        base="origin/main",
        head="origin/gh-readonly-queue",
        sealed=lambda _: records,
        now=LATER,
    )
    assert found.outcome is Outcome.PASSED
    assert len(found.commits) == 2


def test_no_source_is_asked_and_nothing_heavy_is_imported(repo: Repo, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    record.write_bytes(to_bytes(sealed(repo, "demo-2")))
    queue(repo, "demo-2")
    program = f"""
import sys
from datetime import datetime, UTC
from pathlib import Path
from model_ratchet.actions.queue import check_group
from model_ratchet.engine.record import read
from model_ratchet.git import Git
found = check_group(Git(Path({str(repo.path)!r})), tip="main", base="main", head="HEAD",
                    sealed=lambda _: [read(Path({str(record)!r}).read_bytes())], now=datetime(2025, 3, 2, tzinfo=UTC))
print(found.outcome, [name for name in ("scipy", "pandas", "duckdb", "requests", "numpy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "passed []"
