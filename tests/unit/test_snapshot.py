"""A snapshot says what the repository says, and asks it once for what it holds."""

from collections.abc import Mapping, Sequence

import pytest

from builders.repositories import a_repo
from model_ratchet.git import Git
from model_ratchet.ports import LARGEST_BLOB, Blob
from model_ratchet.snapshot import Snapshot

FILES = {"a/one.yaml": "1", "a/b/two.yaml": "2", "a-b/three.yaml": "3", "a0/four.yaml": "4", "five.md": "5"}


class Counted(Git):
    """Counts how often it is read."""

    reads = 0

    def read(self, commit: str, paths: Sequence[str], largest: int = LARGEST_BLOB) -> Mapping[str, Blob]:
        self.reads += 1
        return super().read(commit, paths, largest)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    return Counted(a_repo(tmp_path_factory.mktemp("r") / "r", dict(FILES)).path)


@pytest.mark.parametrize("under", ["", "a", "a/", "a/b", "a-b", "absent"])
def test_it_lists_what_the_repository_lists(repository: Counted, under: str) -> None:
    commit = repository.commit("main")
    held = Snapshot(repository, commit, lambda _: True)
    assert held.paths(commit, under) == repository.paths(commit, under)


def test_what_it_holds_is_read_once_and_all_else_as_before(repository: Counted) -> None:
    commit = repository.commit("main")
    held = Snapshot(repository, commit, lambda path: path.endswith(".yaml"))
    before = repository.reads
    assert held.read(commit, ["a/one.yaml", "a/b/two.yaml"]) == Git.read(
        repository, commit, ["a/one.yaml", "a/b/two.yaml"]
    )
    assert repository.reads == before
    for path in ("five.md", "absent.yaml"):
        assert held.read(commit, [path]) == Git.read(repository, commit, [path])
    assert held.read("main", ["a/one.yaml"]) == Git.read(repository, "main", ["a/one.yaml"])
    assert held.read(commit, ["a/one.yaml"], 0) == Git.read(repository, commit, ["a/one.yaml"], 0)
    assert repository.reads == before + 4
