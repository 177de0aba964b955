"""Git, written: branches that grow by whole commits, made of objects and never in a work tree."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from model_ratchet.core.errors import RepositoryError
from model_ratchet.git import Git

_NONE = "0" * 40
_LOOKS = 3
_COMMITTER = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "ratchet"), ("EMAIL", "ratchet@localhost"))
}


class MovedError(RepositoryError):
    """Somebody else has moved the branch meanwhile: look again, and decide again."""


class Writer(Git):
    """A repository whose branches may be added to: those of ``origin``, or its own where there is no such remote."""

    def branch(self, name: str) -> str | None:
        """The commit that a branch has now, its objects fetched; None where there is no such branch.

        Raises:
            RepositoryError: the remote can't be asked.
        """
        ref = f"refs/heads/{name}"
        if not self._remote():
            return self.find(ref)
        for _ in range(_LOOKS):
            listed = self._try("ls-remote", "origin", ref)
            if listed is None:
                break
            if not listed.strip():
                return None
            tip = listed.decode().split()[0]
            if self._there(tip):
                return tip
            self._fetched(ref, "--no-write-fetch-head")
            if self._there(tip):
                return tip
        raise RepositoryError(f"origin can't be asked for the branch {name}: it is gone, or refuses the token")

    def add(self, name: str, parent: str | None, files: Mapping[str, bytes], message: str, at: datetime) -> str:
        """Commit files on top of ``parent``, all others as they are there, and move the branch to the commit.

        Raises:
            MovedError: the branch is no longer at ``parent``.
            RepositoryError: git refuses.
        """
        return self._move(name, parent, self._commit(parent, self._lines(files), message, at))

    def start(self, name: str, tip: str, files: Mapping[str, bytes], message: str, at: datetime) -> str:
        """Begin a branch with one commit of these files on top of ``tip``.

        Raises:
            MovedError: there is such a branch already.
            RepositoryError: git refuses.
        """
        return self._move(name, None, self._commit(tip, self._lines(files), message, at))

    def start_without(self, name: str, tip: str, folders: Sequence[str], message: str, at: datetime) -> str:
        """Begin a branch with one commit that is ``tip`` without these folders, and nothing else.

        Raises:
            MovedError: there is such a branch already.
            RepositoryError: git refuses.
        """
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", tip, "--", *(f"{one}/" for one in folders))
        gone = b"".join(b"0 %s\t%s\0" % (_NONE.encode(), one.partition(b"\t")[2]) for one in listed.split(b"\0") if one)
        return self._move(name, None, self._commit(tip, gone, message, at))

    def start_with(self, name: str, tip: str, folder: str, tree: str, message: str, at: datetime) -> str:
        """Begin a branch with one commit that is ``tip`` with a folder that holds a tree, byte for byte.

        Raises:
            MovedError: there is such a branch already.
            RepositoryError: git refuses, or does not hold the tree.
        """
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", tree)
        inside = f"\t{folder}/".encode()
        back = b"".join(one.replace(b"\t", inside, 1) + b"\0" for one in listed.split(b"\0") if one)
        return self._move(name, None, self._commit(tip, back, message, at))

    def replace(self, name: str, tip: str | None, files: Mapping[str, bytes], message: str, at: datetime) -> str:
        """One commit of these files, without a past, in the place of the branch, which is at ``tip``.

        Raises:
            MovedError: the branch is no longer there.
            RepositoryError: git refuses.
        """
        return self._move(name, tip, self._commit(None, self._lines(files), message, at))

    def _move(self, name: str, parent: str | None, commit: str) -> str:
        ref = f"refs/heads/{name}"
        if not self._remote():
            if self._try("update-ref", ref, commit, parent or _NONE) is None:
                raise MovedError(f"the branch {name} has moved meanwhile")
            return commit
        # with a lease two first commits of a branch know of each other, too
        lease = f"--force-with-lease={ref}:{parent or ''}"
        if self._try("push", "--quiet", "--no-verify", lease, "origin", f"{commit}:{ref}") is None:
            if self.branch(name) != parent:
                raise MovedError(f"the branch {name} has moved meanwhile")
            raise RepositoryError(
                f"origin refuses a push to {name}: the token may not write contents, or a rule forbids it"
            )
        return commit

    def _lines(self, files: Mapping[str, bytes]) -> bytes:
        """Files, written, as lines of an index."""
        with tempfile.TemporaryDirectory(prefix="ratchet-") as folder:
            oids = self._written(Path(folder), list(files.values()))
        return "".join(f"100644 {oid}\t{path}\0" for path, oid in zip(files, oids, strict=True)).encode()

    def _commit(self, parent: str | None, lines: bytes, message: str, at: datetime) -> str:
        """A commit that is its parent with some lines of the index other ones."""
        with tempfile.TemporaryDirectory(prefix="ratchet-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._run("read-tree", parent or "--empty", environ=index)
            self._run("update-index", "-z", "--index-info", stdin=lines, environ=index)
            tree = self._run("write-tree", environ=index).decode().strip()
        when = f"{int(at.astimezone(UTC).timestamp())} +0000"
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        parents = ("-p", parent) if parent is not None else ()
        made = self._run(
            "commit-tree", tree, *parents, "-F", "-", stdin=message.encode(), environ={**_COMMITTER, **dates}
        )
        return made.decode().strip()

    def _written(self, folder: Path, contents: Sequence[bytes]) -> list[str]:
        """The objects of these contents, made by one process however many they are."""
        names = [str((folder / str(number)).resolve()) for number, _ in enumerate(contents)]
        for name, content in zip(names, contents, strict=True):
            Path(name).write_bytes(content)
        listed = "".join(f"{name}\n" for name in names).encode()
        return self._run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listed).decode().split()

    def _remote(self) -> bool:
        return b"origin" in (self._try("remote") or b"").split()
