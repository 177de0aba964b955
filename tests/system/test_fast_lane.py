"""The fast lane in real git repositories: what is on it, what takes a change off it, and that nothing heavy is needed."""

import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.fakes import Content, Link, MemoryRepository
from builders.repositories import Repo, a_repo
from builders.small import NOW, V1, V2, V3, V4, folder, promotion, request, rules
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.core.names import Version
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.events import Hold
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, append
from model_ratchet.report.check import Check
from model_ratchet.report.notes import RollbackNote

HEAVY = ("scipy", "pandas", "duckdb", "requests", "numpy", "sqlglot", "github")


@pytest.fixture
def chained(tmp_path: Path) -> Repo:
    """``main`` holds the rules, and V1, V2 and V3 in three commits; no source can be read."""
    made = a_repo(tmp_path / "repo", {**rules(tmp_path / "gone.csv"), **promotion(V1, "none"), "README.md": "models\n"})
    made.commit(promotion(V2, V1), "promote V2")
    made.commit(promotion(V3, V2), "promote V3")
    return made


def checked(repo: Repo, head: str = "HEAD", base: str = "main") -> Check:
    return check(CheckInput(repo=repo.path, base=base, head=head, now=NOW))


def on_the_lane(repo: Repo, head: str = "HEAD", base: str = "main") -> RollbackNote:
    found = checked(repo, head, base)
    assert found.rollback is not None, found
    assert found.outcome is Outcome.PASSED
    assert found.rollback.fast
    return found.rollback


def off_the_lane(repo: Repo) -> str:
    """What the only finding says."""
    (finding,) = checked(repo).findings
    return finding.message


def removed(repo: Repo, *versions: str) -> None:
    """A branch without these versions; nothing is committed yet."""
    repo.git("checkout", "--quiet", "-b", "rollback")
    repo.git("rm", "-r", "--quiet", *(folder(version) for version in versions))


# what lands there


def _revert_of_a_merge(repo: Repo) -> None:
    repo.branch("proposal", promotion(V4, V3))
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "proposal")
    repo.git("checkout", "--quiet", "-b", "rollback")
    repo.git("revert", "--no-edit", "-m", "1", "HEAD")


def _revert_of_a_squash(repo: Repo) -> None:
    repo.commit(promotion(V4, V3), "promote V4 (#4)")
    repo.git("checkout", "--quiet", "-b", "rollback")
    repo.git("revert", "--no-edit", "HEAD")


def _removal(repo: Repo) -> None:
    repo.commit(promotion(V4, V3))
    removed(repo, V4)
    repo.commit()


def _octopus(repo: Repo) -> None:
    """Main took three branches in one merge; its revert takes the promotion out and the other two with it."""
    repo.branch("proposal", promotion(V4, V3))
    repo.branch("docs", {"docs/a.md": "a\n"})
    repo.branch("more", {"docs/b.md": "b\n"})
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "proposal", "docs", "more")
    removed(repo, V4)
    repo.commit()


@pytest.mark.parametrize("how", [_revert_of_a_merge, _revert_of_a_squash, _removal, _octopus])
def test_every_way_of_taking_the_newest_version_back_is_on_the_fast_lane(
    chained: Repo, how: Callable[[Repo], None]
) -> None:
    how(chained)
    note = on_the_lane(chained)
    assert (note.removed, note.returns_to) == ((V4,), V3)
    assert note.digest is not None
    assert note.digest in request(V3, V2)


def test_empty_commits_and_detours_leave_no_trace(chained: Repo) -> None:
    removed(chained, V3)
    chained.commit({"README.md": "for a while\n", "x": "x\n"})
    (chained.path / "x").unlink()
    chained.commit({"README.md": "models\n"})
    chained.commit(message="nothing")
    assert on_the_lane(chained).removed == (V3,)


def test_a_rollback_that_took_main_in_is_on_the_fast_lane(chained: Repo) -> None:
    removed(chained, V3)
    chained.commit()
    chained.git("checkout", "--quiet", "main")
    chained.commit({"README.md": "moved on\n"})
    chained.git("checkout", "--quiet", "rollback")
    chained.git("merge", "--quiet", "--no-edit", "main")
    assert on_the_lane(chained).returns_to == V2


def test_a_version_that_the_ledger_speaks_against_does_not_return(chained: Repo) -> None:
    hold = Hold(
        at=NOW - timedelta(days=1),
        model="demo",
        because="it is wrong at night",
        refuse=Version.parse(V2),
        serve=Version.parse(V1),
        incident=f"{V2}-1",
    )
    append(Writer(chained.path), lambda _: Entry((hold,)), "hold", NOW, hidden={})
    removed(chained, V3)
    chained.commit()
    assert off_the_lane(chained) == (
        f"{V2} would serve again, and an incident refuses it: remove it as well, back to one that may"
    )
    chained.git("rm", "-r", "--quiet", folder(V2))
    chained.commit()
    assert on_the_lane(chained).returns_to == V1


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_a_shallow_clone_of_any_depth_says_the_same(chained: Repo, tmp_path: Path, depth: int) -> None:
    removed(chained, V2, V3)
    chained.commit()
    whole = on_the_lane(chained)
    shallow = Repo(tmp_path / "shallow")
    chained.git(
        "clone", "--quiet", f"--depth={depth}", "--no-single-branch", f"file://{chained.path}", str(shallow.path)
    )
    assert on_the_lane(shallow, "origin/rollback", "origin/main") == whole


def test_the_version_that_returns_needs_no_policy_any_more(chained: Repo) -> None:
    chained.git("rm", "-r", "--quiet", "policies")
    chained.commit()
    removed(chained, V3)
    chained.commit()
    assert on_the_lane(chained).returns_to == V2


def test_a_version_that_returns_and_can_not_be_read_is_trouble(chained: Repo) -> None:
    chained.commit({f"{folder(V2)}/promotion.yaml": "[", f"{folder(V3)}/promotion.yaml": request(V3, V2)})
    removed(chained, V3)
    chained.commit()
    found = checked(chained)
    assert found.outcome is Outcome.ERRORED
    assert "can't be read" in (found.trouble or "")


# what takes a change off it


def _edit(repo: Repo) -> None:
    repo.write({"README.md": "another\n"})


def _mode(repo: Repo) -> None:
    (repo.path / "README.md").chmod(0o755)


def _link(repo: Repo) -> None:
    (repo.path / "link").symlink_to("README.md")


def _crlf(repo: Repo) -> None:
    repo.write({"README.md": "models\r\n"})


def _submodule(repo: Repo) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},vendored")


def _case(repo: Repo) -> None:
    repo.git("mv", "README.md", "readme.md")


def _copy(repo: Repo) -> None:
    """The removed folder goes elsewhere: a rename to whoever looks for one."""
    repo.git("checkout", "--quiet", "HEAD", "--", folder(V3))
    repo.git("mv", folder(V3), "archive")


@pytest.mark.parametrize(
    ("more", "path"),
    [
        (_edit, "README.md"),
        (_mode, "README.md"),
        (_link, "link"),
        (_crlf, "README.md"),
        (_submodule, "vendored"),
        (_case, "README.md, readme.md"),
        (_copy, "archive/promotion.yaml, archive/risk.md"),
    ],
)
def test_anything_more_takes_it_off_and_is_named(chained: Repo, more: Callable[[Repo], None], path: str) -> None:
    removed(chained, V3)
    more(chained)
    if more is not _submodule:
        chained.git("add", "--all")
    chained.git("commit", "--quiet", "--message", "rollback and more")
    said = off_the_lane(chained)
    assert said == (
        f"a rollback stands alone: {path} takes it off the fast lane, and nothing is judged; "
        "move that to a pull request of its own"
    )


def test_many_paths_are_named_by_their_first(chained: Repo) -> None:
    removed(chained, V3)
    chained.commit({f"docs/{number}.md": "x\n" for number in range(9)})
    assert "docs/4.md and 4 more takes it off" in off_the_lane(chained)


@pytest.mark.parametrize("place", ["", "promotions", "promotions/demo", "promotions/demo/outcomes"])
def test_an_empty_tree_that_no_file_shows_takes_it_off(chained: Repo, place: str) -> None:
    """Git's own tools write no empty folder; whoever writes trees by hand can, and no list of changed files shows it."""
    removed(chained, V3)
    chained.commit()
    empty = _tree(chained, "")
    if place == "promotions/demo/outcomes":
        changed = _with(chained, ["promotions", "demo"], f"040000 tree {empty}\toutcomes")
        found = checked(chained, changed)
        assert found.rollback is not None
        assert (found.rollback.fast, found.rollback.beside) == (False, (place,))
        return
    changed = _with(chained, place.split("/") if place else [], f"040000 tree {empty}\thidden")
    (finding,) = checked(chained, changed).findings
    assert f"{place}/hidden".lstrip("/") in finding.message


def _tree(repo: Repo, listing: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repo.path), "mktree"], input=listing, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _with(repo: Repo, below: list[str], entry: str) -> str:
    """A commit on top of the head with one more tree entry in a folder."""
    listings = [
        repo.git("ls-tree", "/".join(["HEAD:", *below[:depth]]).replace(":/", ":")) for depth in range(len(below) + 1)
    ]
    tree = _tree(repo, f"{listings[-1]}\n{entry}\n")
    for depth in reversed(range(len(below))):
        lines = [line for line in listings[depth].splitlines() if not line.endswith(f"\t{below[depth]}")]
        tree = _tree(repo, "\n".join([*lines, f"040000 tree {tree}\t{below[depth]}"]) + "\n")
    return repo.git("commit-tree", tree, "-p", "HEAD", "-m", "more than files")


# laws, over the fake repository

BASE: dict[str, Content | None] = {
    **rules(Path("gone.csv")),
    **promotion(V1, "none"),
    **promotion(V2, V1),
    **promotion(V3, V2),
    "README.md": "models\n",
}
WITHOUT: dict[str, Content | None] = dict.fromkeys(promotion(V3, V2))
PARTS = st.sampled_from(
    ["a", "policies", "promotions", "demo", "outcomes", V1, V2, V4, "other", "x.yaml", "promotion.yaml"]
)
CONTENTS: st.SearchStrategy[Content] = st.one_of(st.text(max_size=5), st.binary(max_size=5), st.just(Link("README.md")))


def meaning_of(*changes: dict[str, Content | None]) -> Check:
    repository = MemoryRepository(Path())
    base = at = repository.add(BASE)
    for change in changes:
        at = repository.add(change, at)
    return check(CheckInput(repo=Path(), base=base, head=at, now=NOW), repository=repository)


def test_the_removal_alone_is_on_the_lane() -> None:
    found = meaning_of(WITHOUT).rollback
    assert found is not None
    assert found.fast


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(path=st.lists(PARTS, min_size=1, max_size=4).map("/".join), content=CONTENTS)
def test_adding_any_file_takes_a_change_off_the_lane(path: str, content: Content) -> None:
    if any(other == path or other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in BASE):
        return
    found = meaning_of({**WITHOUT, path: content})
    assert found.findings or (found.rollback is not None and found.rollback.beside == (path,))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(
    edits=st.lists(
        st.dictionaries(
            st.sampled_from([*(f"{folder(V2)}/{name}" for name in ("promotion.yaml", "risk.md", "late.md", "a/b"))]),
            st.none() | CONTENTS,
            min_size=1,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_sequence_of_edits_of_a_promoted_folder_is_untouched(edits: list[dict[str, Content | None]]) -> None:
    repository = MemoryRepository(Path())
    base = at = repository.add(BASE)
    for edit in edits:
        at = repository.add(edit, at)
    found = check(CheckInput(repo=Path(), base=base, head=at, now=NOW), repository=repository)
    assert found.untouched is (repository.changes(base, at) == ())
    assert found.untouched or found.outcome is None


# what it costs


def test_a_rollback_is_judged_in_well_under_a_second_and_imports_nothing_heavy(chained: Repo) -> None:
    removed(chained, V3)
    chained.commit()
    program = (
        "import sys\n"
        "from model_ratchet.cli import run\n"
        f"code = run(['check', '--repo', {str(chained.path)!r}, '--base', 'main'])\n"
        f"print('@@', *[name for name in {HEAVY!r} if name in sys.modules])\n"
        "sys.exit(code)\n"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert done.returncode == 0, done.stderr
    assert f"{V2} becomes active" in done.stdout
    assert done.stdout.rpartition("@@")[2].split() == []
    assert seconds < 1.5, "of processor time, with everything that git takes"
