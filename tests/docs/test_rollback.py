"""The runbook is run: each of its commands, as it stands, on a model whose newest version was merged, with nothing else up."""

import re
from pathlib import Path

import pytest

from builders import consoles
from builders.repositories import Repo, a_repo
from builders.rollbacks import documents
from builders.small import V1, V2, V3, folder, promotion
from model_ratchet.documents.events import Event
from model_ratchet.git_write import Writer
from model_ratchet.ledger import fetch_ledger

PAGE = Path(__file__).parents[2] / "docs/rollback.md"
SECTIONS = ("By itself", "By hand", "Break glass", "Undo")


def commands(section: str) -> list[str]:
    """The commands of a section, in their order."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A clone whose ``main`` ends with the merge of V3, recorded; its remote is a folder."""
    made = a_repo(tmp_path / "repo", {**documents(), **promotion(V1, "none"), **promotion(V2, V1)})
    origin = Repo(tmp_path / "origin.git")
    made.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin.path))
    made.git("remote", "add", "origin", str(origin.path))
    made.branch("proposal", promotion(V3, V2))
    made.git("checkout", "--quiet", "main")
    made.git("merge", "--quiet", "--no-ff", "--no-edit", "proposal")
    made.git("push", "--quiet", "origin", "main")
    carried_out(made, "ratchet record --since HEAD")
    return made


def carried_out(repo: Repo, *lines: str) -> str:
    """What the commands print, one after the other."""
    return consoles.carried_out(repo.path, *lines)


def events(repo: Repo) -> tuple[Event, ...]:
    return fetch_ledger(Writer(repo.path)).events()


def kinds(repo: Repo) -> list[str]:
    return [one.kind for one in events(repo)]


def published(repo: Repo) -> str:
    repo.git("fetch", "--quiet", "origin", "ratchet/traffic")
    return repo.git("show", "FETCH_HEAD:demo.conf")


def test_by_hand_traffic_is_back_and_a_branch_waits_to_be_merged(repo: Repo) -> None:
    dry, wet = commands("By hand")
    assert f"{V2} serves instead of {V3}" in carried_out(repo, dry)
    assert kinds(repo) == ["began"]
    said = carried_out(repo, wet)
    branch = f"ratchet/rollback/demo/{V3}-1"
    assert f"to do: open a pull request from {branch} to main" in said
    assert f"# active     {V2}" in published(repo)
    carried_out(
        repo, f"git fetch -q origin {branch}", "git merge -q FETCH_HEAD", "git push -q origin main", "ratchet record"
    )
    assert kinds(repo) == ["began", "hold", "rolled-back", "released"]


def test_a_hold_is_snoozed_and_stays(repo: Repo) -> None:
    carried_out(repo, *commands("By hand"), *commands("By itself"))
    story = fetch_ledger(Writer(repo.path)).story("demo")
    assert story.hold is not None
    assert story.snoozed is not None
    assert (story.snoozed.until - story.snoozed.at).total_seconds() == 4 * 3600


def test_break_glass_takes_git_alone_and_is_understood_afterwards(repo: Repo) -> None:
    lines = commands("Break glass")
    repo.git("remote", "rename", "origin", "away")
    carried_out(repo, *lines[:2])
    assert f"# active     {V2}" in (repo.path / "routers/demo.conf").read_text(encoding="utf-8")
    repo.git("remote", "rename", "away", "origin")
    carried_out(repo, *lines[2:])
    assert f"# active     {V2}" in published(repo)
    *_, back = events(repo)
    assert back.model_dump(include={"kind", "version", "cause", "break_glass"}, mode="json") == {
        "kind": "rolled-back",
        "version": V3,
        "cause": "culprit",
        "break_glass": True,
    }


def test_before_the_merge_an_undo_releases_the_hold(repo: Repo) -> None:
    carried_out(repo, *commands("By hand"))
    said = carried_out(repo, *commands("Undo"))
    assert f"to do: close the pull request from ratchet/rollback/demo/{V3}-1" in said
    assert f"# active     {V3}" in published(repo)
    assert kinds(repo) == ["began", "hold", "released"]


def test_after_the_merge_an_undo_puts_the_folder_back(repo: Repo) -> None:
    tree = repo.git("rev-parse", f"main:{folder(V3)}")
    carried_out(repo, "git revert --no-edit -m 1 HEAD", "git push -q origin HEAD:main", "ratchet record")
    branch = re.findall(r"to do: open a pull request from (\S+) to main", carried_out(repo, *commands("Undo")))[0]
    repo.git("fetch", "--quiet", "origin", branch)
    assert repo.git("rev-parse", f"FETCH_HEAD:{folder(V3)}") == tree


def test_every_command_of_the_page_is_in_one_of_these_sections() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert sorted(line for one in SECTIONS for line in commands(one)) == sorted(
        re.findall(r"^\$ (.*)$", text, re.MULTILINE)
    )
