"""What reached the base branch of real git repositories, recorded in the ledger: once, whole, and made up for at any time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from builders.small import NOW, POLICY, V1, V2, V3, folder, promotion, rules, write_log
from model_ratchet.actions.audit import verify
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.record import WORKFLOW, Files, Recorded, RecordInput, record
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.errors import RepositoryError
from model_ratchet.engine.lines import read_lines
from model_ratchet.engine.record import Record, digest, to_bytes
from model_ratchet.git_write import Writer
from model_ratchet.ledger import baseline_path, fetch_ledger, report_path

LATER = datetime(2025, 10, 1, tzinfo=UTC)
SQUASHED = pytest.mark.parametrize("squash", [False, True], ids=["merge", "squash"])


@dataclass
class Kept:
    """A repository with V1, V2 proposed on ``demo-2``, and the verdicts that were sealed."""

    repo: Repo
    records: list[Record]

    def seal(self, branch: str) -> Record:
        (made,) = check(CheckInput(repo=self.repo.path, base="main", head=branch, now=NOW)).records
        self.records.append(made)
        return made

    def merge(self, branch: str, *, squash: bool = False) -> str:
        self.repo.git("checkout", "--quiet", "main")
        if squash:
            self.repo.git("merge", "--quiet", "--squash", branch)
            return self.repo.commit(message=f"{branch} (#1)")
        self.repo.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
        return self.repo.git("rev-parse", "HEAD")

    def remove(self, *versions: str, model: str = "demo") -> str:
        self.repo.git("checkout", "--quiet", "main")
        self.repo.git("rm", "-r", "--quiet", *(folder(version, model) for version in versions))
        return self.repo.commit()

    def record(self, since: str | None = None) -> Recorded:
        writer = Writer(self.repo.path)
        tip = writer.commit("main")
        return record(RecordInput(tip=tip, now=LATER, since=since), writer, Files(writer, self.records))

    def file(self, path: str) -> bytes:
        ledger = fetch_ledger(Writer(self.repo.path))
        return ledger.repository.read(ledger.commit or "", (path,))[path].content


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "requests.csv")


@pytest.fixture
def kept(tmp_path: Path, log: Path) -> Iterator[Kept]:
    files = {**rules(log), **rules(log, model="other"), **promotion(V1, "none"), **promotion(V1, "none", model="other")}
    repo = a_repo(tmp_path / "repo", files)
    repo.branch("demo-2", promotion(V2, V1))
    repo.branch("other-2", promotion(V2, V1, model="other"))
    repo.git("checkout", "--quiet", "main")
    kept = Kept(repo, [])
    yield kept
    ledger = fetch_ledger(Writer(repo.path))
    read = read_lines(ledger.lines())
    assert read.broken == ()
    assert read.events == ledger.events()
    if ledger.commit is not None:
        audit = verify(ledger, ledger.head(), workers=1)
        assert (audit.tampered, audit.unread) == ((), ())


def kinds(done: Recorded) -> list[str]:
    return [event.kind for event in done.events]


@SQUASHED
def test_a_merge_is_recorded_with_its_verdict_its_report_and_the_new_baseline(kept: Kept, squash: bool) -> None:
    sealed = kept.seal("demo-2")
    start = kept.repo.git("rev-parse", "main")
    commit = kept.merge("demo-2", squash=squash)
    done = kept.record()
    assert kinds(done) == ["began", "promoted"]
    value = [event.model_dump(mode="json", exclude_none=True) for event in done.events]
    tree = kept.repo.git("rev-parse", f"main:{folder(V2)}")
    assert value[0] == {"kind": "began", "at": "2025-09-01T12:00:00Z", "commit": start}
    facts = sealed.plan.facts
    assert value[1] == {
        "kind": "promoted",
        "at": "2025-09-01T12:00:00Z",
        "model": "demo",
        "candidate": V2,
        "baseline": V1,
        "digest": facts.candidate_digest,
        "policy": "small/1.0.0",
        "commit": commit,
        "tree": tree,
        "record": digest(sealed),
    }
    assert done.ledger.records([digest(sealed)])[digest(sealed)] == sealed
    assert V2 in kept.file(report_path(digest(sealed))).decode()
    held = json.loads(kept.file(baseline_path("demo")))
    assert (held["active"]["candidate"], held["active"]["record"], held["previous"]) == (V2, digest(sealed), None)
    better = next(one for one in held["active"]["metrics"] if one["criterion"] == "better")
    assert (better["metric"], better["baseline"], better["candidate"]) == ("accuracy", 0.7, 0.9)


def test_recording_again_changes_nothing(kept: Kept) -> None:
    kept.seal("demo-2")
    kept.merge("demo-2")
    first = kept.record()
    again = kept.record()
    assert (again.events, again.ledger.commit) == ((), first.ledger.commit)


def test_ten_merges_that_nobody_recorded_are_made_up_for_in_their_order(kept: Kept) -> None:
    kept.seal("demo-2")
    kept.seal("other-2")
    merged = [kept.merge("demo-2"), kept.merge("other-2", squash=True), kept.remove(V2)]
    for number in range(1, 4):
        branch = f"policy-{number}"
        kept.repo.branch(branch, {f"policies/small/1.0.{number}.yaml": POLICY.replace("1.0.0", f"1.0.{number}")})
        merged.append(kept.merge(branch))
        kept.repo.branch(f"docs-{number}", {"README.md": f"{number}\n", f"promotions/demo/outcomes/{number}.md": "x\n"})
        kept.merge(f"docs-{number}")
    kept.repo.branch("demo-3", promotion(V3, V1))
    merged.append(kept.merge("demo-3"))
    done = kept.record()
    assert kinds(done) == [
        "began",
        "promoted",
        "promoted",
        "rolled-back",
        *["policy-changed"] * 3,
        "promoted",
        "unverified",
    ]
    assert [getattr(event, "commit", None) for event in done.events[1:-1]] == merged
    assert kept.record().events == ()


def test_what_is_recorded_in_two_runs_is_what_one_would_have_recorded(kept: Kept, tmp_path: Path) -> None:
    kept.seal("demo-2")
    start = kept.repo.git("rev-parse", "main")
    kept.merge("demo-2")
    first = kept.record(start)
    kept.remove(V2)
    second = kept.record(start)
    kept.repo.git("update-ref", "-d", "refs/heads/ratchet/ledger")
    assert kept.record(start).events == (*first.events, *second.events)


def test_a_push_that_only_removes_is_a_break_glass_rollback_and_no_incident(kept: Kept) -> None:
    kept.seal("demo-2")
    kept.merge("demo-2")
    kept.repo.branch("demo-3", promotion(V3, V2))
    kept.merge("demo-3")
    kept.record()
    trees = {version: kept.repo.git("rev-parse", f"main:{folder(version)}") for version in (V2, V3)}
    commit = kept.remove(V2, V3)
    done = kept.record()
    assert [event.model_dump(mode="json", exclude_none=True, exclude={"at", "digest"}) for event in done.events] == [
        {
            "kind": "rolled-back",
            "model": "demo",
            "version": version,
            "returns_to": V1,
            "commit": commit,
            "cause": cause,
            "tree": tree,
            "break_glass": True,
        }
        for version, cause, tree in ((V3, "culprit", trees[V3]), (V2, "collateral", trees[V2]))
    ]
    assert all(getattr(event, "digest", None) for event in done.events)
    held = json.loads(kept.file(baseline_path("demo")))
    assert (held["active"], held["previous"]) == ({"candidate": V1}, None)
    assert done.unverified == ()


def test_a_rollback_gives_the_baseline_of_the_version_before_back(kept: Kept) -> None:
    sealed = kept.seal("demo-2")
    kept.merge("demo-2")
    kept.repo.branch("demo-3", promotion(V3, V2))
    kept.merge("demo-3")
    kept.record()
    held = json.loads(kept.file(baseline_path("demo")))
    assert (held["active"]["candidate"], held["active"]["metrics"], held["previous"]["record"]) == (
        V3,
        [],
        digest(sealed),
    )
    kept.remove(V3)
    kept.record()
    assert json.loads(kept.file(baseline_path("demo")))["active"] == held["previous"]


def test_a_rollback_to_something_else_than_was_recorded_is_unverified(kept: Kept) -> None:
    kept.seal("demo-2")
    kept.merge("demo-2")
    kept.repo.branch("demo-3", promotion(V3, V2))
    kept.merge("demo-3")
    kept.record()
    kept.repo.git("rm", "-r", "--quiet", folder(V3))
    kept.repo.commit({f"{folder(V2)}/risk.md": "another\n"})
    done = kept.record()
    assert [(event.kind, getattr(event, "version", None) and str(event.version)) for event in done.unverified] == [
        ("unverified", V2),
        ("unverified", V3),
    ]
    assert kinds(done) == ["promoted", "unverified", "unverified"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {f"{folder(V2)}/risk.md": "changed after it was judged\n"},
            f"{folder(V2)}/risk.md is not what the verdict was made of",
        ),
        ({f"{folder(V2)}/late.md": "added\n"}, f"{folder(V2)}/late.md is not what the verdict was made of"),
    ],
    ids=["changed", "added"],
)
def test_a_merge_of_other_files_than_were_judged_is_unverified(kept: Kept, files: dict[str, str], said: str) -> None:
    sealed = kept.seal("demo-2")
    kept.repo.git("checkout", "--quiet", "demo-2")
    kept.repo.commit(dict(files))
    kept.merge("demo-2")
    done = kept.record()
    assert kinds(done) == ["began", "promoted", "unverified"]
    (found,) = done.unverified
    assert said in found.because
    assert found.record == digest(sealed)
    assert getattr(done.events[1], "record", "") is None


def test_a_request_that_can_not_be_read_is_unverified_under_the_name_of_its_folder(kept: Kept) -> None:
    kept.repo.git("checkout", "--quiet", "main")
    kept.repo.commit({"promotions/Fräud!/v1/promotion.yaml": "[" * 500, f"promotions/new/{V1}/promotion.yaml": "a: &b"})
    done = kept.record()
    assert [(event.model, event.version and str(event.version)) for event in done.unverified] == [
        ("Fräud!", None),
        ("new", V1),
    ]
    assert kinds(done) == ["began", "unverified", "unverified"]


def test_the_ledger_begins_with_the_commit_that_brought_its_workflow(kept: Kept) -> None:
    kept.merge("other-2")
    kept.repo.branch("workflow", {WORKFLOW: "on: push\n"})
    begins = kept.merge("workflow")
    kept.merge("demo-2")
    done = kept.record()
    assert kinds(done) == ["began", "promoted", "unverified"]
    assert getattr(done.events[0], "commit", "") == begins
    assert "no sealed verdict" in done.unverified[0].because


def test_a_history_that_was_written_anew_is_followed_from_what_is_recorded_of_it(kept: Kept) -> None:
    kept.seal("demo-2")
    kept.seal("other-2")
    start = kept.repo.git("rev-parse", "main")
    kept.merge("demo-2")
    kept.record()
    kept.repo.git("reset", "--quiet", "--hard", start)
    kept.repo.commit({"README.md": "between\n"})
    kept.merge("demo-2", squash=True)
    kept.merge("other-2")
    done = kept.record()
    assert [(event.kind, getattr(event, "model", "")) for event in done.events] == [("promoted", "other")]


def test_a_branch_that_holds_nothing_of_what_is_recorded_is_an_error(kept: Kept) -> None:
    kept.record()
    kept.repo.git("checkout", "--quiet", "--orphan", "anew")
    kept.repo.commit({"README.md": "anew\n"})
    kept.repo.git("branch", "--force", "main", "anew")
    with pytest.raises(RepositoryError, match="written anew"):
        kept.record()


def test_the_command_says_what_it_recorded_and_ends_with_what_came_of_it(
    kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed = kept.seal("demo-2")
    (tmp_path / "record.json").write_bytes(to_bytes(sealed))
    start = kept.repo.git("rev-parse", "main")
    kept.merge("demo-2")
    command = ["record", "--repo", str(kept.repo.path), "--base", "main", "--now", LATER.isoformat()]
    assert (
        run([*command, "--since", start, "--record", str(tmp_path / "record.json"), "--outcome", "-"])
        == ExitCode.PASSED
    )
    said = capsys.readouterr().out
    assert f"demo {V2} was promoted, commit" in said
    assert "## Lessons learned and recommendations" in said
    kept.merge("other-2")
    assert run([*command, "--outcome", str(tmp_path / "outcome.md")]) == ExitCode.FAILED
    assert f"unverified: other {V2}" in capsys.readouterr().out
    assert "No verdict vouches" in (tmp_path / "outcome.md").read_text(encoding="utf-8")
    assert run(command) == ExitCode.PASSED
    assert capsys.readouterr().out == "nothing is new: the ledger holds all of it\n"
    assert run([*command, "--publish", "--since", start]) == ExitCode.INVALID


def test_what_was_rolled_back_is_proposed_again_only_with_its_root_cause(kept: Kept) -> None:
    kept.seal("demo-2")
    kept.merge("demo-2")
    kept.remove(V2)
    kept.record()
    kept.repo.branch("again", promotion(V2, V1))
    asked = CheckInput(repo=kept.repo.path, base="main", head="again", now=LATER)
    messages = [one.message for one in check(asked).findings]
    assert messages[0].startswith("this version was rolled back on 2025-09-01: name its closed root cause")
    assert [one.partition(" started before the rollback")[0] for one in messages[1:]] == ["shadow", "canary"]


def test_a_secret_that_somebody_pushes_is_withheld_and_keeps_nothing_from_being_recorded(kept: Kept) -> None:
    token = "ghp_" + "a1B2" * 9
    kept.repo.git("checkout", "--quiet", "main")
    kept.repo.commit({f"policies/{token}.yaml": "x", **{path: str(text) for path, text in promotion(V2, V1).items()}})
    kept.repo.commit({f"{folder(V2)}/{token}.md": "x"})
    done = kept.record()
    assert kinds(done) == ["began", "promoted", "unverified", "policy-changed", "promoted", "unverified"]
    lines = b"".join(fetch_ledger(Writer(kept.repo.path)).lines().values())
    assert token.encode() not in lines
    assert lines.count(b"withheld, for it holds a token of GitHub") >= 1
