"""Fakes of the ports, for tests that need no world; each passes the contract suite of its port."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model_ratchet.core.errors import RepositoryError
from model_ratchet.ports import LARGEST_BLOB, Blob, Change

EPOCH = datetime(2025, 9, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


Content = str | bytes | Link


@dataclass(frozen=True)
class Commit:
    """Files, parents and an instant."""

    files: Mapping[str, Content]
    parents: tuple[str, ...]
    at: datetime


@dataclass
class MemoryRepository:
    """A repository in memory. Not shallow: all that was committed is there."""

    root: Path
    commits: dict[str, Commit] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, changes: Mapping[str, Content | None], *parents: str) -> str:
        """A commit: the files of the first parent, with these changes; None removes a file."""
        before = self.commits[parents[0]].files if parents else {}
        files = {path: content for path, content in (dict(before) | dict(changes)).items() if content is not None}
        oid = hashlib.sha1(repr((len(self.commits), parents)).encode(), usedforsecurity=False).hexdigest()
        self.commits[oid] = Commit(files, parents, EPOCH + timedelta(minutes=len(self.commits)))
        return oid

    def name(self, branch: str, commit: str) -> None:
        """Move a branch."""
        self.names[branch] = commit

    def default_base(self) -> str:
        for name in ("main", "master"):
            if name in self.names:
                return name
        raise RepositoryError("the base branch can't be guessed: name it with --base")

    def commit(self, revision: str) -> str:
        oid = self.names.get(revision, revision)
        if oid not in self.commits:
            raise RepositoryError(f"there is no commit {revision!r}")
        return oid

    def merge_base(self, one: str, other: str) -> str:
        common = self._ancestors(one) & self._ancestors(other)
        best = [oid for oid in common if not any(oid in self._ancestors(later) - {later} for later in common)]
        if not best:
            raise RepositoryError(f"{one[:12]} and {other[:12]} have no common history")
        return min(best)

    def changes(self, before: str, after: str) -> tuple[Change, ...]:
        old, new = self._files(before), self._files(after)
        found = (Change(path, _status(old.get(path), new.get(path))) for path in sorted(old.keys() | new.keys()))
        return tuple(change for change in found if change.status)

    def paths(self, commit: str, under: str = "") -> tuple[str, ...]:
        return tuple(sorted(self._below(commit, under)))

    def read(self, commit: str, paths: Sequence[str], largest: int = LARGEST_BLOB) -> Mapping[str, Blob]:
        files = self._files(commit)
        return {path: _blob(path, files[path], largest) for path in dict.fromkeys(paths) if path in files}

    def tree(self, commit: str, folder: str) -> str | None:
        below = {path: content for path, content in self._below(commit, folder).items() if path != folder}
        listed = sorted((path.removeprefix(folder), _blob(path, content).oid) for path, content in below.items())
        return hashlib.sha1(repr(listed).encode(), usedforsecurity=False).hexdigest() if listed else None

    def entries(self, commit: str, folder: str = "") -> Mapping[str, str]:
        inside = f"{folder}/" if folder else ""
        names = {path.removeprefix(inside).partition("/")[0] for path in self._files(commit) if path.startswith(inside)}
        return {name: self._entry(commit, f"{inside}{name}") for name in names}

    def _entry(self, commit: str, path: str) -> str:
        content = self._files(commit).get(path)
        if content is None:
            return f"040000 {self.tree(commit, path)}"
        return f"{'120000' if isinstance(content, Link) else '100644'} {_blob(path, content).oid}"

    def find(self, ref: str) -> str | None:
        return self.names.get(ref.removeprefix("refs/heads/"))

    def first_parents(self, base: str, head: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
        walked: list[str] = []
        self._known(base)
        at = head
        while at != base:
            walked.append(at)
            parents = self._known(at).parents
            if not parents:
                raise RepositoryError(f"first parents do not lead from {head[:12]} to {base[:12]}")
            at = parents[0]
        return tuple(oid for oid in reversed(walked) if not paths or self._touches(oid, paths))

    def beginning(self, head: str, path: str = "") -> str | None:
        oldest, at = None, head
        while True:
            oldest = at if not path or self._touches(at, (path,)) else oldest
            if not self._known(at).parents:
                return oldest
            at = self._known(at).parents[0]

    def _touches(self, commit: str, paths: Sequence[str]) -> bool:
        parents = self._known(commit).parents
        before = self._files(parents[0]) if parents else {}
        after = self._files(commit)
        changed = {path for path in before.keys() | after.keys() if _status(before.get(path), after.get(path))}
        return any(one == path or one.startswith(f"{path}/") for one in changed for path in paths)

    def parents(self, commit: str) -> tuple[str, ...]:
        return self._known(commit).parents

    def subject(self, commit: str) -> str:
        return str(self._number(commit))

    def _number(self, commit: str) -> int:
        self._known(commit)
        return list(self.commits).index(commit)

    def committed_at(self, commit: str) -> datetime:
        return self._known(commit).at

    def reach(self, commit: str) -> bool:
        return commit in self.commits

    def as_of(self, tip: str, instant: datetime) -> str | None:
        commit: str | None = tip
        while commit is not None and self._known(commit).at > instant:
            commit = next(iter(self._known(commit).parents), None)
        return commit

    def _known(self, commit: str) -> Commit:
        if commit not in self.commits:
            raise RepositoryError(f"there is no commit {commit!r}")
        return self.commits[commit]

    def _files(self, commit: str) -> Mapping[str, Content]:
        return self._known(commit).files

    def _below(self, commit: str, under: str) -> dict[str, Content]:
        files = self._files(commit)
        return {path: files[path] for path in files if not under or path == under or path.startswith(f"{under}/")}

    def _ancestors(self, commit: str) -> frozenset[str]:
        return frozenset(self._walk(commit))

    def _walk(self, commit: str) -> Iterator[str]:
        waiting, seen = [commit], set[str]()
        while waiting:
            oid = waiting.pop()
            if oid not in seen:
                seen.add(oid)
                waiting += self._known(oid).parents
        yield from seen


def _bytes(content: Content) -> bytes:
    match content:
        case Link(target):
            return target.encode()
        case str():
            return content.encode()
        case _:
            return content


def _blob(path: str, content: Content, largest: int = LARGEST_BLOB) -> Blob:
    whole = _bytes(content)
    oid = hashlib.sha1(b"blob %d\0" % len(whole) + whole, usedforsecurity=False).hexdigest()
    kept = whole if len(whole) <= largest else b""
    return Blob(path=path, oid=oid, content=kept, symlink=isinstance(content, Link), size=len(whole))


def _status(old: Content | None, new: Content | None) -> str:
    if old is None or new is None:
        return "" if old is new else ("A" if old is None else "D")
    if isinstance(old, Link) is not isinstance(new, Link):
        return "T"
    return "" if _bytes(old) == _bytes(new) else "M"
