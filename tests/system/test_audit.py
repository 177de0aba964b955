"""The ledger of a real repository: verified, listed, shown and replayed from the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builders.ledgers import POLICY, a_judged_record, a_year, keep, version
from builders.repositories import Repo, a_repo
from model_ratchet.cli import run
from model_ratchet.engine.record import digest, to_bytes
from model_ratchet.ledger import BRANCH, record_path

STRICTER = POLICY.replace("version: 1.0.0", "version: 1.1.0").replace("by: 2pp", "by: 4pp")
ANEW = STRICTER.replace("1.1.0", "2.0.0").replace("lasts: 7d", "lasts: 14d")

Ask = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    files: dict[str, str | bytes] = {"policies/standard/1.0.0.yaml": POLICY, "policies/standard/1.1.0.yaml": STRICTER}
    made = a_repo(tmp_path_factory.mktemp("audit") / "origin", files)
    keep(made, a_year().events, a_year().records)
    made.write({"drafts/standard.yaml": ANEW, "drafts/wrong.yaml": ANEW.replace("by: 4pp", "by: 4")})
    return made


@pytest.fixture
def ask(repo: Repo, capsys: pytest.CaptureFixture[str]) -> Ask:
    """A command, its exit code and what it printed."""

    def asked(*arguments: str, at: Repo = repo) -> tuple[int, str]:
        code = run([*arguments, "--repo", str(at.path)])
        out, err = capsys.readouterr()
        return code, out + err

    return asked


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("verify.txt", ["audit", "verify"]),
        ("verify.json", ["audit", "verify", "--format", "json"]),
        ("log.txt", ["audit", "log"]),
        ("log.json", ["audit", "log", "flight-delay", "--version", str(version(1)), "--format", "json"]),
        ("log.csv", ["audit", "log", "--since", "2026-08-01T18:00:00Z", "--format", "csv"]),
        ("show.txt", ["audit", "show", str(version(1))]),
        ("show.md", ["audit", "show", str(version(2)), "--format", "markdown"]),
        ("show.json", ["audit", "show", digest(a_judged_record(1))[7:19], "--format", "json"]),
        ("replay.txt", ["replay", "--policy", "standard/1.1.0"]),
        ("replay.md", ["replay", "--policy", "standard/1.1.0", "--format", "markdown"]),
        ("replay.json", ["replay", "flight-delay", "--policy", "standard/1.1.0", "--format", "json"]),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_said_of_a_sound_ledger(
    ask: Ask, golden: Callable[[str, str], None], name: str, arguments: list[str]
) -> None:
    code, said = ask(*arguments)
    assert code == 0
    golden(f"audit/{name}", said.replace("\r\n", "\n"))


def test_a_draft_in_the_work_tree_is_replayed_and_what_was_not_recorded_counted_apart(repo: Repo, ask: Ask) -> None:
    code, said = ask("replay", "--policy", str(repo.path / "drafts" / "standard.yaml"))
    assert code == 0
    assert said.startswith(
        "standard/2.0.0 over 3 recorded decisions: 0 would change, 0 would not change, 3 not assessable\n"
    )
    assert said.count("    not recorded: canary for 14d\n") == 3
    code, said = ask("replay", "--policy", str(repo.path / "drafts" / "wrong.yaml"))
    assert code == 2
    assert "wrong.yaml:10:" in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["replay", "--policy", "standard/9.0.0"], 2, "there is no policies/standard/9.0.0.yaml on the base branch"),
        (["replay", "--policy", "standard"], 2, "or the path of a draft that ends with .yaml"),
        (["replay", "--policy", "nowhere.yaml"], 2, "nowhere.yaml can't be read"),
        (["replay", "fraud", "--policy", "standard/1.1.0"], 3, "holds no recorded decision of fraud"),
        (["audit", "show", "v9.9.9_20260101_000000"], 2, "holds no version and no record"),
        (["audit", "show", "00000000"], 2, "holds no version and no record"),
        (["audit", "verify", "--anchor", "soon"], 2, "is no anchor"),
    ],
    ids=["absent", "no-name", "no-file", "no-decision", "no-version", "no-digest", "no-anchor"],
)
def test_what_can_not_be_is_refused_in_a_sentence(ask: Ask, arguments: list[str], code: int, said: str) -> None:
    found, told = ask(*arguments)
    assert (found, said in told) == (code, True), told


def test_an_anchor_is_printed_holds_later_and_finds_a_cut_tail(repo: Repo, ask: Ask, tmp_path: Path) -> None:
    code, anchor = ask("audit", "anchor")
    assert code == 0
    assert ask("audit", "verify", "--anchor", anchor.strip())[1].startswith("verified: 10 lines, anchored at line 10\n")
    cut = a_repo(tmp_path / "cut")
    keep(cut, a_year().events[:8], a_year().records[:2])
    code, said = ask("audit", "verify", "--anchor", anchor.strip(), at=cut)
    assert code == 1
    assert "its end was cut off" in said
    gone = a_repo(tmp_path / "gone")
    assert ask("audit", "verify", "--anchor", anchor.strip(), at=gone)[0] == 1
    code, said = ask("audit", "verify", at=gone)
    assert (code, f"there is no branch {BRANCH} here" in said) == (3, True)


def test_a_commit_that_changes_a_record_is_found_and_neither_shown_nor_replayed(ask: Ask, tmp_path: Path) -> None:
    repo = a_repo(tmp_path / "repo", {"policies/standard/1.1.0.yaml": STRICTER})
    keep(repo, a_year().events, a_year().records)
    record = a_year().records[2]
    repo.git("checkout", "--quiet", BRANCH)
    changed = to_bytes(record).replace(b'"evidence_outcome":"failed"', b'"evidence_outcome":"passed"')
    repo.commit({record_path(digest(record)): changed, "notes.txt": "x"})
    repo.git("checkout", "--quiet", "main")
    code, said = ask("audit", "verify", at=repo)
    assert code == 1
    assert f"tampered: {record_path(digest(record))}: the file holds what has the digest" in said
    assert "tampered: notes.txt: nothing in the ledger names it" in said
    assert ask("audit", "show", str(version(2)), at=repo)[0] == 3
    assert ask("replay", "--policy", "standard/1.1.0", at=repo)[0] == 3


def test_the_ledger_of_the_remote_is_fetched_when_asked(repo: Repo, ask: Ask, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--single-branch", "--branch", "main", str(repo.path), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    assert ask("audit", "verify", at=clone)[0] == 3
    assert ask("audit", "verify", "--fetch", at=clone)[0] == 0
    target = tmp_path / "log.csv"
    assert ask("audit", "log", "--fetch", "--format", "csv", "--output", str(target), at=clone) == (0, "")
    assert target.read_text(encoding="utf-8").count("\n") == 11


def test_many_records_are_judged_by_several_processes_and_found_in_the_same_order(tmp_path: Path) -> None:
    from builders.ledgers import files_of, in_memory, promotion
    from model_ratchet.actions.audit import verify
    from model_ratchet.engine.lines import Head, link

    records = [a_judged_record(n) for n in range(41)]
    events = [event for n, record in enumerate(records) for event in promotion(n, record)]
    files = {"events/2026-08.jsonl": link(Head(), events)[0], **files_of(records)}
    name = record_path(digest(records[7]))
    files[name] = files[name].replace(b"SELECT", b"select")
    one, several = (verify(in_memory(files), workers=workers) for workers in (1, 2))
    assert [broken.place for broken in several.tampered] == [name]
    assert [record.digest for record in several.records] == [record.digest for record in one.records]
    assert len(several.records) == 40
