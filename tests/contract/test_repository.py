"""What every repository promises: the real git and the fake in memory answer alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from builders import nfl
from builders.fakes import Content, Link, MemoryRepository
from builders.repositories import WHEN as REPOSITORY_TIME
from builders.repositories import Repo, a_repo
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.core.errors import RepositoryError
from model_ratchet.engine.record import to_bytes
from model_ratchet.git import Git
from model_ratchet.ports import LARGEST_BLOB, Change, Repository


class Story(Protocol):
    """Somewhere to commit to, and the repository that reads it."""

    @property
    def repository(self) -> Repository: ...

    def add(self, changes: Mapping[str, Content | None], *parents: str) -> str:
        """A commit: the files of the first parent, with these changes; None removes a file."""

    def name(self, branch: str, commit: str) -> None:
        """Move a branch."""


@dataclass
class GitStory:
    """A real repository."""

    repo: Repo
    repository: Git
    made: list[str] = field(default_factory=list)

    def add(self, changes: Mapping[str, Content | None], *parents: str) -> str:
        self.repo.git("read-tree", "--reset", "-u", parents[0]) if parents else self.repo.git("read-tree", "--empty")
        for path, content in changes.items():
            file = self.repo.path / path
            if isinstance(content, Link) or content is None:
                file.unlink(missing_ok=True)
            if isinstance(content, Link):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.symlink_to(content.target)
            elif content is not None:
                file.unlink(missing_ok=True)
                self.repo.write({path: content})
        self.repo.git("add", "--all")
        of = [part for parent in parents for part in ("-p", parent)]
        self.made.append(self.repo.git("commit-tree", self.repo.git("write-tree"), *of, "-m", str(len(self.made))))
        return self.made[-1]

    def name(self, branch: str, commit: str) -> None:
        self.repo.git("update-ref", f"refs/heads/{branch}", commit)


@dataclass
class MemoryStory:
    """The fake."""

    repository: MemoryRepository

    def add(self, changes: Mapping[str, Content | None], *parents: str) -> str:
        return self.repository.add(changes, *parents)

    def name(self, branch: str, commit: str) -> None:
        self.repository.name(branch, commit)


def a_git_story(path: Path) -> GitStory:
    path.mkdir(parents=True)
    repo = Repo(path)
    repo.git("init", "--quiet", "--initial-branch=nowhere")
    return GitStory(repo, Git(path))


@pytest.fixture(params=["git", "memory"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Story:
    return a_git_story(tmp_path / "repo") if request.param == "git" else MemoryStory(MemoryRepository(tmp_path))


FILES: dict[str, Content | None] = {
    "README.md": "read me\n",
    "promotions/demo/v1/promotion.yaml": "a: 1\n",
    "promotions/demo/v1/risk.md": "risk\n",
    "promotions/demo2/v1/promotion.yaml": "a: 1\n",
}


def test_a_revision_names_a_commit(story: Story) -> None:
    one = story.add(FILES)
    two = story.add({}, one)
    story.name("main", one)
    story.name("topic/one", two)
    assert [story.repository.commit(name) for name in ("main", "topic/one", one, two)] == [one, two, one, two]


@pytest.mark.parametrize("revision", ["nowhere", "", " ", "-h", "--all", "0" * 40, "main:README.md", "a\0b"])
def test_what_names_no_commit_raises(story: Story, revision: str) -> None:
    story.name("main", story.add(FILES))
    with pytest.raises(RepositoryError):
        story.repository.commit(revision)


def test_the_base_is_main_else_master_else_unknown(story: Story) -> None:
    commit = story.add(FILES)
    story.name("topic", commit)
    with pytest.raises(RepositoryError, match="name it with --base"):
        story.repository.default_base()
    story.name("master", commit)
    assert story.repository.default_base().endswith("master")
    story.name("main", commit)
    assert story.repository.default_base().endswith("main")
    assert story.repository.commit(story.repository.default_base()) == commit


def test_the_merge_base_is_where_two_histories_part(story: Story) -> None:
    root = story.add(FILES)
    fork = story.add({"a": "1"}, root)
    ours = story.add({"a": "2"}, story.add({}, fork))
    theirs = story.add({"b": "1"}, fork)
    repository = story.repository
    assert repository.merge_base(ours, theirs) == repository.merge_base(theirs, ours) == fork
    assert repository.merge_base(ours, fork) == repository.merge_base(fork, ours) == fork
    assert repository.merge_base(ours, ours) == ours


def test_a_merge_moves_the_merge_base(story: Story) -> None:
    root = story.add(FILES)
    main = story.add({"a": "1"}, root)
    topic = story.add({"b": "1"}, root)
    merged = story.add({"a": "1"}, topic, main)
    later = story.add({"a": "2"}, main)
    assert story.repository.merge_base(later, merged) == main


def test_histories_that_never_met_have_no_merge_base(story: Story) -> None:
    one, other = story.add(FILES), story.add({"other": "1"})
    with pytest.raises(RepositoryError, match="no common history"):
        story.repository.merge_base(one, other)


def test_changes_are_told_by_path_in_order(story: Story) -> None:
    before = story.add({**FILES, "link": Link("README.md"), "same": "same"})
    after = story.add(
        {
            "README.md": "read me!\n",
            "link": "now a file",
            "promotions/demo/v1/risk.md": None,
            "promotions/demo/v2/promotion.yaml": "a: 1\n",
        },
        before,
    )
    assert story.repository.changes(before, after) == (
        Change("README.md", "M"),
        Change("link", "T"),
        Change("promotions/demo/v1/risk.md", "D"),
        Change("promotions/demo/v2/promotion.yaml", "A"),
    )
    assert [change.status for change in story.repository.changes(after, before)] == ["M", "T", "A", "D"]
    assert story.repository.changes(after, after) == ()


def test_a_rename_is_a_deletion_and_an_addition(story: Story) -> None:
    text = "the same text\n" * 50
    before = story.add({"old": text})
    after = story.add({"old": None, "new": text}, before)
    assert story.repository.changes(before, after) == (Change("new", "A"), Change("old", "D"))


def test_the_paths_of_a_folder_are_its_own(story: Story) -> None:
    commit = story.add(FILES)
    assert story.repository.paths(commit) == tuple(sorted(FILES))
    assert story.repository.paths(commit, "promotions/demo") == (
        "promotions/demo/v1/promotion.yaml",
        "promotions/demo/v1/risk.md",
    )
    assert story.repository.paths(commit, "README.md") == ("README.md",)
    assert story.repository.paths(commit, "promotions/dem") == ()
    assert story.repository.paths(commit, "nowhere") == ()


@pytest.mark.parametrize("content", [b"", b"\0\n\xff", b"blob 3\0abc\n", "ümlaut\r\n".encode(), b"x" * 100_000])
def test_content_comes_back_byte_for_byte(story: Story, content: bytes) -> None:
    commit = story.add({"a file": content, "another": b"after"})
    blobs = story.repository.read(commit, ["another", "a file"])
    assert list(blobs) == ["another", "a file"]
    blob = blobs["a file"]
    assert (blob.path, blob.content, blob.size, blob.symlink) == ("a file", content, len(content), False)
    assert blobs["another"].content == b"after"


def test_equal_content_has_one_id(story: Story) -> None:
    commit = story.add({"one": "same", "two": "same", "three": "other"})
    blobs = story.repository.read(commit, ["one", "two", "three", "one"])
    assert blobs["one"].oid == blobs["two"].oid != blobs["three"].oid


def test_absent_paths_and_folders_are_absent(story: Story) -> None:
    commit = story.add(FILES)
    assert list(story.repository.read(commit, ["nowhere", "promotions/demo", "README.md"])) == ["README.md"]
    assert story.repository.read(commit, []) == {}


def test_a_link_is_told_and_not_followed(story: Story) -> None:
    commit = story.add({**FILES, "link": Link("README.md")})
    blob = story.repository.read(commit, ["link"])["link"]
    assert (blob.symlink, blob.content, blob.size) == (True, b"README.md", 9)


def test_what_is_too_large_comes_without_its_content(story: Story) -> None:
    commit = story.add({"edge": b"x" * LARGEST_BLOB, "large": b"x" * (LARGEST_BLOB + 1)})
    blobs = story.repository.read(commit, ["edge", "large"])
    assert len(blobs["edge"].content) == blobs["edge"].size == LARGEST_BLOB
    assert (blobs["large"].content, blobs["large"].size) == (b"", LARGEST_BLOB + 1)
    (whole,) = story.repository.read(commit, ["large"], LARGEST_BLOB + 1).values()
    assert len(whole.content) == LARGEST_BLOB + 1


@pytest.mark.parametrize("count", [100, 101, 3000])
def test_any_number_of_files_is_read_at_once(story: Story, count: int) -> None:
    names = [f"folder/{'x' * 50}/{number:04}" for number in range(count)]
    commit = story.add({**dict.fromkeys(names, "x"), "beside": "y"})
    assert list(story.repository.read(commit, names)) == names
    assert len(story.repository.read(commit, [*names, "beside"])) == count + 1


def test_strange_names_are_read_by_their_own_letters(story: Story) -> None:
    names = ["*", "a", "b c", ":(glob)**", "[a]", 'quo"te', "new\nline", "ümlaut", "-h"]
    commit = story.add({name: name for name in names})
    blobs = story.repository.read(commit, names)
    assert {path: blob.content.decode() for path, blob in blobs.items()} == {name: name for name in names}
    assert story.repository.read(commit, ["?"]) == {}
    assert story.repository.paths(commit, "*") == ("*",)


def test_a_folder_has_the_id_of_what_is_in_it(story: Story) -> None:
    one = story.add(FILES)
    same = story.add({"README.md": "other\n"}, one)
    other = story.add({"promotions/demo/v1/risk.md": "other\n"}, one)
    tree = story.repository.tree
    assert tree(one, "promotions/demo/v1") == tree(same, "promotions/demo/v1") is not None
    assert tree(other, "promotions/demo/v1") != tree(one, "promotions/demo/v1")
    assert tree(one, "nowhere") is None
    assert tree(one, "README.md") is None


def test_the_entries_of_a_folder_are_its_own_and_name_what_they_hold(story: Story) -> None:
    one = story.add({**FILES, "link": Link("README.md")})
    entries = story.repository.entries
    assert entries(one).keys() == {"README.md", "link", "promotions"}
    assert {name: entry.partition(" ")[0] for name, entry in entries(one).items()} == {
        "README.md": "100644",
        "link": "120000",
        "promotions": "040000",
    }
    assert entries(one, "promotions").keys() == {"demo", "demo2"}
    assert entries(one, "promotions")["demo"] == f"040000 {story.repository.tree(one, 'promotions/demo')}"
    assert entries(one, "nowhere") == entries(one, "promotions/dem") == {}
    other = story.add({"promotions/demo/v1/risk.md": "other\n"}, one)
    assert {name for name, entry in entries(one).items() if entries(other)[name] != entry} == {"promotions"}


def test_first_parents_lead_from_a_base_to_a_head(story: Story) -> None:
    root = story.add(FILES)
    topic = story.add({"b": "1"}, story.add({"b": "0"}, root))
    merged = story.add({"b": "1"}, root, topic)
    head = story.add({"c": "1"}, merged)
    walk = story.repository.first_parents
    assert walk(root, head) == (merged, head)
    assert walk(merged, head) == (head,)
    assert walk(head, head) == ()


def test_what_first_parents_do_not_lead_to_raises(story: Story) -> None:
    root = story.add(FILES)
    topic = story.add({"b": "1"}, root)
    main = story.add({"a": "1"}, root)
    head = story.add({"b": "1"}, main, topic)
    for base, at in ((topic, head), (head, main), (story.add({"other": "1"}), head)):
        with pytest.raises(RepositoryError, match="first parents do not lead"):
            story.repository.first_parents(base, at)


def test_of_first_parents_only_those_are_named_that_change_a_path(story: Story) -> None:
    first = story.add({"README.md": "x\n", "other/a.md": "x\n"})
    second = story.add({"promotions/a/b.yaml": "1\n"}, first)
    side = story.add({"promotions/a/c.yaml": "2\n"}, second)
    third = story.add({"promotionsx/a.md": "3\n", "README.md": "y\n"}, second)
    merge = story.add({"promotions/a/c.yaml": "2\n"}, third, side)
    last = story.add({"promotions/a/c.yaml": None}, merge)
    walk = story.repository.first_parents
    assert walk(first, last, ["promotions"]) == (second, merge, last)
    assert walk(second, merge, ["README.md", "policies"]) == (third,)
    assert walk(last, last, ["promotions"]) == ()
    beginning = story.repository.beginning
    assert (beginning(last), beginning(last, "promotions"), beginning(last, "nowhere")) == (first, second, None)
    assert beginning(last, "promotions/a/c.yaml") == merge


def test_a_ref_is_found_by_its_full_name(story: Story) -> None:
    first = story.add({"README.md": "x\n"})
    story.name("main", first)
    assert story.repository.find("refs/heads/main") == first
    assert story.repository.find("refs/heads/other") is None


def test_a_commit_knows_its_instant(story: Story) -> None:
    at = story.repository.committed_at(story.add(FILES))
    assert at == datetime(2025, 9, 1, 12, tzinfo=UTC)
    assert at.utcoffset() is not None


def test_a_commit_knows_its_parents_in_their_order_and_what_it_is_called(story: Story) -> None:
    one = story.add(FILES)
    two = story.add({"a": "1"}, one)
    merge = story.add({"b": "1"}, two, one)
    assert [story.repository.parents(commit) for commit in (one, two, merge)] == [(), (one,), (two, one)]
    assert [story.repository.subject(commit) for commit in (one, two, merge)] == ["0", "1", "2"]


def test_an_unknown_commit_is_trouble_and_never_empty(story: Story) -> None:
    known, unknown = story.add(FILES), "1" * 40
    repository = story.repository
    for ask in (
        lambda: repository.paths(unknown),
        lambda: repository.read(unknown, ["README.md"]),
        lambda: repository.changes(unknown, known),
        lambda: repository.changes(known, unknown),
        lambda: repository.merge_base(known, unknown),
        lambda: repository.committed_at(unknown),
        lambda: repository.parents(unknown),
        lambda: repository.subject(unknown),
        lambda: repository.tree(unknown, "promotions"),
        lambda: repository.entries(unknown),
        lambda: repository.first_parents(unknown, known),
        lambda: repository.first_parents(known, unknown),
    ):
        with pytest.raises(RepositoryError):
            ask()


def test_a_commit_is_reached_by_its_whole_id_or_not_at_all(story: Story) -> None:
    one = story.add(FILES)
    assert story.repository.reach(one)
    assert not story.repository.reach("1" * 40)
    assert not story.repository.reach("")


def test_a_branch_was_where_its_first_parents_say(story: Story) -> None:
    one = story.add(FILES)
    side = story.add({"side": "1"}, one)
    tip = story.add({"a": "1"}, one, side)
    at = story.repository.committed_at
    assert story.repository.as_of(tip, at(tip)) == tip
    assert story.repository.as_of(tip, at(one) - timedelta(seconds=1)) is None
    assert story.repository.as_of(one, at(one) + timedelta(days=9)) == one


def test_the_root_is_a_folder(story: Story) -> None:
    assert story.repository.root.is_dir()


@pytest.mark.skipif(not nfl.LOG.exists(), reason=f"{nfl.LOG} is not there")
def test_a_check_over_the_fake_gives_the_record_of_the_real_one(tmp_path: Path) -> None:
    records = []
    for story in (a_git_story(tmp_path / "repo"), MemoryStory(MemoryRepository(tmp_path))):
        base = story.add(nfl.base_files())
        story.name("main", base)
        story.name("proposal", story.add(nfl.proposal(), base))
        asked = CheckInput(repo=tmp_path, base="main", head="proposal", now=datetime(2026, 1, 1, tzinfo=UTC))
        (record,) = check(asked, repository=story.repository).records
        records.append(to_bytes(record))
    assert records[0] == records[1]


def test_a_branch_as_of_an_instant_is_found_in_a_clone_that_is_cut_short(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "whole")
    repo.path.mkdir()
    repo.git("init", "--quiet", "--initial-branch=main")
    commits: list[str] = []
    for day in range(1, 5):
        repo.write({"a": str(day)})
        repo.git("add", "--all")
        tree = repo.git("write-tree")
        of = ["-p", commits[-1]] if commits else []
        made = repo.git("-c", "user.name=x", "commit-tree", tree, *of, "-m", f"{day}")
        raw = repo.git("cat-file", "commit", made).replace(
            f"{int(REPOSITORY_TIME.timestamp())} +0000", f"{day * 86400} +0000"
        )
        (tmp_path / "commit").write_text(raw + "\n", encoding="utf-8")
        commits.append(repo.git("hash-object", "-t", "commit", "-w", str(tmp_path / "commit")))
    repo.git("update-ref", "refs/heads/main", commits[-1])
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.path}", str(clone.path))
    found = Git(clone.path).as_of(commits[-1], datetime.fromtimestamp(2 * 86400 + 5, UTC))
    assert found == commits[1]
    assert Git(clone.path).as_of(commits[-1], datetime.fromtimestamp(5, UTC)) is None


def test_what_can_not_be_deepened_is_trouble_and_no_guess(tmp_path: Path) -> None:
    repo = a_repo(tmp_path / "whole", {"a": "1"})
    tip = repo.commit({"a": "2"})
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.path}", str(clone.path))
    clone.git("remote", "set-url", "origin", str(tmp_path / "gone"))
    with pytest.raises(RepositoryError, match="fetch-depth: 0"):
        Git(clone.path).as_of(tip, datetime(2000, 1, 1, tzinfo=UTC))


def test_a_commit_on_no_branch_is_fetched_by_its_id_without_cutting_the_clone_short(tmp_path: Path) -> None:
    repo = a_repo(tmp_path / "whole", {"a": "1"})
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    loose = repo.branch("loose", {"b": "1"})
    repo.git("checkout", "--quiet", "main")
    repo.git("branch", "--quiet", "-D", "loose")
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "--quiet", f"file://{repo.path}", str(clone.path))
    assert Git(clone.path).reach(loose)
    assert clone.git("rev-parse", "--is-shallow-repository") == "false"
