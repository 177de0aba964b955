"""What a change is read as before anything is judged: its commits, its paths, and whether any of them is ours."""

from pathlib import Path

import pytest

from builders import small
from builders.repositories import a_repo
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.revisions import read_revisions
from model_ratchet.git import Git


@pytest.mark.parametrize(
    "path",
    ["README.md", "docs/promotions/late/note.md", "promotions.md", "src/policies/standard/1.0.0.yaml"],
    ids=["words", "inside-docs", "beside", "inside-source"],
)
def test_what_stands_elsewhere_is_apart_and_a_whole_check_says_no_more(tmp_path: Path, path: str) -> None:
    repo = a_repo(tmp_path, small.rules(tmp_path / "log.csv"))
    repo.branch("change", {path: "words\n"})
    assert read_revisions(Git(tmp_path), base="main", head="change").apart
    found = check(CheckInput(repo=tmp_path, base="main", head="change", now=small.NOW))
    assert (found.untouched, found.policies) == (True, None)


@pytest.mark.parametrize(
    "path",
    ["promotions/late/note.md", "policies/note.md", "Promotions/late/note.md", "POLICIES", "policies"],
    ids=["promotions", "policies", "capital", "shouted", "a-file"],
)
def test_what_stands_in_our_folders_is_not_apart_however_they_are_spelled(tmp_path: Path, path: str) -> None:
    repo = a_repo(tmp_path, {"README.md": "words\n"})
    repo.branch("change", {path: "words\n"})
    assert not read_revisions(Git(tmp_path), base="main", head="change").apart


def test_the_paths_are_those_since_the_merge_base(tmp_path: Path) -> None:
    repo = a_repo(tmp_path, {"README.md": "words\n"})
    start = repo.git("rev-parse", "main").strip()
    repo.branch("change", {"README.md": "other words\n", "new.md": ""})
    repo.git("checkout", "--quiet", "main")
    base = repo.commit({"meanwhile.md": ""})
    found = read_revisions(Git(tmp_path), base="main", head="change")
    assert (found.merge_base, found.base) == (start, base)
    assert found.paths == {"README.md": "M", "new.md": "A"}
