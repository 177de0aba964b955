"""A bare git repository as GitHub sees it: objects read, refs moved, merges made, all by git itself."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

NONE: Mapping[str, str] = {}
TEMPLATE = f"--template={Path(__file__).with_name('git-template')}"
"""Makes a repository in which git neither waits for the disk nor tidies up: in a test both are lost time."""


@dataclass(frozen=True)
class Person:
    """Who a commit names, and when."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True)
class Commit:
    """A commit object."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True)
class ChangedFile:
    """One file of a comparison; ``status`` is GitHub's word."""

    path: str
    status: str
    sha: str
    before: str | None
    additions: int
    deletions: int


_IDS = re.compile(r"[0-9a-f]{40}(\.\.[0-9a-f]{40}|:.*|\^\{\w+\})?", re.DOTALL)
"""What names objects by whole ids, so that an answer about it never changes."""
STATUS = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied", "T": "changed"}


@dataclass
class Bare:
    """A bare repository in a folder."""

    path: Path
    _commits: dict[str, Commit] = field(default_factory=dict)
    _changes: dict[tuple[str, str], list[ChangedFile]] = field(default_factory=dict)
    _answers: "dict[tuple[str, ...], subprocess.CompletedProcess[bytes]]" = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> "Bare":
        """The repository in this folder; an empty one is made where there is none."""
        bare = cls(path)
        if not (path / "HEAD").exists():
            path.mkdir(parents=True, exist_ok=True)
            bare.run("init", "--quiet", "--bare", TEMPLATE, "--initial-branch=main")
        return bare

    def run(self, *arguments: str, given: bytes | None = None, environ: Mapping[str, str] = NONE) -> str:
        """What a git command prints; a failing command fails the test."""
        done = self.attempt(*arguments, given=given, environ=environ)
        assert done.returncode == 0, (arguments, done.stderr.decode())
        return done.stdout.decode(errors="replace").rstrip("\n")

    def attempt(
        self, *arguments: str, given: bytes | None = None, folder: Path | None = None, environ: Mapping[str, str] = NONE
    ) -> "subprocess.CompletedProcess[bytes]":
        """A git command that may fail."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        kept |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **environ}
        where = str(folder or self.path)
        return subprocess.run(
            ["git", "-C", where, *arguments], input=given or b"", capture_output=True, check=False, env=kept
        )

    def _ask(self, objects: str, *arguments: str, definite: int = 0) -> "subprocess.CompletedProcess[bytes]":
        """The same, asked once where all objects are named by ids and git ends with at most ``definite``: it found them."""
        if arguments in self._answers:
            return self._answers[arguments]
        done = self.attempt(*arguments)
        if done.returncode <= definite and all(map(_IDS.fullmatch, objects.split("\n"))):
            self._answers[arguments] = done
        return done

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Every ref of this name, or below it, and the object it names.

        They are read from git's files, loose ones first: each request asks for them, and a process would take longer than
        the rest of its answer.
        """
        if ".." in prefix:
            return {}
        loose = dict(_loose(self.path, prefix))
        below = f"{prefix.rstrip('/')}/"
        packed = {name: sha for name, sha in _packed(self.path) if f"{name}/".startswith(below)}
        return dict(sorted({**packed, **loose}.items()))

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, ref or id names; None where there is none."""
        branch = f"refs/heads/{revision}"
        tip = self.refs(branch).get(branch)
        if tip is not None:
            return tip
        done = self._ask(revision, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def exists(self, sha: str, kind: str) -> bool:
        """Whether an object of this kind is there."""
        done = self._ask(sha, "cat-file", "-t", sha)
        return done.returncode == 0 and done.stdout.decode().strip() == kind

    def move(self, ref: str, sha: str) -> None:
        """Make or move a ref, whatever it named before."""
        self.run("update-ref", ref, sha)

    def remove(self, ref: str) -> None:
        """Delete a ref."""
        self.run("update-ref", "-d", ref)

    def descends(self, later: str, earlier: str) -> bool:
        """Whether ``earlier`` is ``later`` or one of its ancestors."""
        asked = ("merge-base", "--is-ancestor", earlier, later)
        return self._ask(f"{earlier}\n{later}", *asked, definite=1).returncode == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """Where two histories part; None where they share nothing."""
        done = self._ask(f"{one}\n{other}", "merge-base", one, other, definite=1)
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def range(self, base: str, head: str) -> list[Commit]:
        """The commits of ``head`` that ``base`` has not, oldest first."""
        span = f"{base}..{head}"
        done = self._ask(span, "rev-list", "--reverse", "--topo-order", span)
        assert done.returncode == 0, done.stderr
        named = done.stdout.decode().split()
        self._read([sha for sha in named if sha not in self._commits])
        return [self.commit(sha) for sha in named]

    def commit(self, sha: str) -> Commit:
        """A commit object."""
        if sha not in self._commits:
            self._read([sha])
        return self._commits[sha]

    def _read(self, named: list[str]) -> None:
        """Read commits, all by one process."""
        if not named:
            return
        done = self.attempt("cat-file", "--batch", given="".join(f"{sha}\n" for sha in named).encode())
        assert done.returncode == 0, done.stderr
        rest = done.stdout
        for sha in named:
            about, _, rest = rest.partition(b"\n")
            assert about.startswith(f"{sha} commit ".encode()), about
            size = int(about.split()[2])
            self._commits[sha] = _commit(sha, rest[:size].decode(errors="replace"))
            rest = rest[size + 1 :]

    def changes(self, before: str, after: str) -> list[ChangedFile]:
        """The files in which two trees differ, with renames told as GitHub tells them."""
        if (before, after) not in self._changes:
            self._changes[before, after] = self._compared(before, after)
        return self._changes[before, after]

    def _compared(self, before: str, after: str) -> list[ChangedFile]:
        raw = self.run("diff-tree", "-r", "-M", "-z", "--raw", before, after).split("\0")
        counts = self._counts(before, after)
        found, at = [], 0
        while at < len(raw) - 1:
            _, _, _, blob, letter = raw[at].split(" ")
            renamed = letter[0] in "RC"
            old, path = (raw[at + 1], raw[at + 2]) if renamed else (None, raw[at + 1])
            old_blob = raw[at].split(" ")[2]
            sha = old_blob if letter[0] == "D" else blob
            found.append(ChangedFile(path, STATUS[letter[0]], sha, old, *counts.get(path, (0, 0))))
            at += 3 if renamed else 2
        return found

    def _counts(self, before: str, after: str) -> dict[str, tuple[int, int]]:
        rows = self.run("diff-tree", "-r", "-M", "-z", "--numstat", before, after).split("\0")
        counts, at = {}, 0
        while at < len(rows) - 1:
            added, removed, path = rows[at].split("\t")
            if not path:
                path, at = rows[at + 2], at + 2
            counts[path] = (int(added.replace("-", "0")), int(removed.replace("-", "0")))
            at += 1
        return counts

    def blob(self, sha: str) -> bytes:
        """The bytes of a blob."""
        done = self._ask(sha, "cat-file", "blob", sha)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def entries(self, tree: str, *paths: str, deep: bool = False) -> list[tuple[str, str, str, int | None, str]]:
        """(mode, type, id, size, path) of each entry of a tree; ``deep`` goes down into folders."""
        flags = ("-r", "-t") if deep else ()
        done = self._ask(tree, "ls-tree", "-z", "-l", "--full-tree", *flags, tree, *paths)
        assert done.returncode == 0, done.stderr
        found = []
        for row in filter(None, done.stdout.decode(errors="replace").split("\0")):
            about, _, path = row.partition("\t")
            mode, kind, sha, size = about.split()
            found.append((mode, kind, sha, None if size == "-" else int(size), path))
        return found

    def write_commit(self, tree: str, parents: tuple[str, ...], message: str, author: Person, committer: Person) -> str:
        """A new commit object."""
        flags = [word for parent in parents for word in ("-p", parent)]
        return self.run(
            "commit-tree", tree, *flags, "-F", "-", given=message.encode(), environ=_names(author, committer)
        )

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge; None where the two are in conflict."""
        done = self._ask(f"{base}\n{head}", "merge-tree", "--write-tree", base, head, definite=1)
        return done.stdout.decode().split()[0] if done.returncode == 0 else None

    def rebase(self, base: str, head: str, committer: Person) -> str:
        """The commits of ``head`` on top of ``base``; the last one's id."""
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder) / "tree"
            self.run("worktree", "add", "--quiet", "--detach", str(tree), head)
            try:
                done = self.attempt("rebase", "--quiet", base, folder=tree, environ=_names(committer, committer))
                assert done.returncode == 0, done.stderr
                return self.attempt("rev-parse", "HEAD", folder=tree).stdout.decode().strip()
            finally:
                self.run("worktree", "remove", "--force", str(tree))

    def fetch(self, source: Path, sha: str, into: str) -> None:
        """Bring a commit of another repository here, under a ref."""
        self.run("fetch", "--quiet", "--no-tags", "--force", str(source), f"{sha}:{into}")


def _loose(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """The refs that are files of their own; one that goes away meanwhile is none."""
    place = folder / prefix
    inside = [Path(at) / name for at, _, names in os.walk(place) for name in names]
    for file in inside or [place]:
        with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
            if file.suffix != ".lock":
                yield file.relative_to(folder).as_posix(), file.read_text(encoding="ascii").strip()


def _packed(folder: Path) -> Iterator[tuple[str, str]]:
    with suppress(FileNotFoundError):
        for line in (folder / "packed-refs").read_text(encoding="utf-8").splitlines():
            if line[0] not in "#^":
                sha, name = line.split(" ", 1)
                yield name, sha


def _commit(sha: str, text: str) -> Commit:
    head, _, message = text.partition("\n\n")
    lines = [line.split(" ", 1) for line in head.splitlines() if line and not line.startswith(" ")]
    named = {key: value for key, value in lines if key != "parent"}
    return Commit(
        sha=sha,
        tree=named["tree"],
        parents=tuple(value for key, value in lines if key == "parent"),
        author=_person(named["author"]),
        committer=_person(named["committer"]),
        message=message.rstrip("\n"),
    )


def _person(line: str) -> Person:
    name, _, rest = line.partition(" <")
    email, _, when = rest.partition("> ")
    return Person(name, email, datetime.fromtimestamp(int(when.split(" ")[0]), UTC))


def _names(author: Person, committer: Person) -> dict[str, str]:
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_AUTHOR_DATE": author.at.isoformat(),
        "GIT_COMMITTER_NAME": committer.name,
        "GIT_COMMITTER_EMAIL": committer.email,
        "GIT_COMMITTER_DATE": committer.at.isoformat(),
    }
