"""Sandbox: a temporary git repository that begins with a repository's own documents, in which anything may be proposed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from subprocess import CompletedProcess, run
from tempfile import TemporaryDirectory

from model_ratchet.core.errors import RepositoryError
from model_ratchet.documents.codeowners import PLACES
from model_ratchet.git_write import Writer
from model_ratchet.ports import Repository

_COPIED = ("policies/", "promotions/", ".github/")
_READING = frozenset({"cat-file", "diff-tree", "ls-tree", "log", "merge-base", "rev-list", "rev-parse", "show"})


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class Submodule:
    """A commit of another repository."""

    commit: str


Content = bytes | Link | Submodule | None
"""What a path holds; None takes it away."""


class Sandbox(Writer):
    """A repository in which commits are made on top of others, and no branch is moved: what git said once stays true."""

    def __init__(self, root: Path) -> None:
        """Raises RepositoryError where there is no repository."""
        self._said: dict[tuple[Sequence[str], bytes], CompletedProcess[bytes]] = {}
        super().__init__(root)

    def _ask(self, arguments: Sequence[str], stdin: bytes, environ: Mapping[str, str]) -> CompletedProcess[bytes]:
        """Commands that only read are run once."""
        if arguments[0] not in _READING or environ:
            return super()._ask(arguments, stdin, environ)
        key = (arguments, stdin)
        if key not in self._said or self._said[key].returncode:
            self._said[key] = super()._ask(arguments, stdin, environ)
        return self._said[key]

    def made(self, parent: str | None, files: Mapping[str, Content], at: datetime) -> str:
        """The commit that is ``parent`` with other contents of some paths.

        Raises:
            RepositoryError: git refuses.
        """
        plain = {path: one for path, one in files.items() if isinstance(one, bytes)}
        links = {path: one.target.encode() for path, one in files.items() if isinstance(one, Link)}
        lines = self._lines(plain) + self._lines(links).replace(b"100644 ", b"120000 ")
        for path, one in files.items():
            if isinstance(one, Submodule):
                lines += f"160000 {one.commit}\t{path}\0".encode()
            elif one is None:
                lines += f"0 {'0' * 40}\t{path}\0".encode()
        return self._commit(parent, lines, "selftest", at)

    def forget(self, branch: str) -> None:
        """Take a branch away.

        Raises:
            RepositoryError: git refuses.
        """
        self._run("update-ref", "-d", f"refs/heads/{branch}")


@contextmanager
def a_sandbox(repository: Repository, base: str, at: datetime) -> Iterator[tuple[Sandbox, str]]:
    """A sandbox and its first commit, made at an instant of what the base holds; it is gone afterwards.

    Raises:
        RepositoryError: git could not answer.
    """
    paths = [path for path in repository.paths(base) if path.startswith(_COPIED) or path in PLACES]
    blobs = repository.read(base, paths).values()
    files = {one.path: one.content for one in blobs if not one.symlink and one.size == len(one.content)}
    with TemporaryDirectory(prefix="ratchet-selftest-", ignore_cleanup_errors=True) as folder:
        root = Path(folder) / "repository"
        new_repository(root)
        sandbox = Sandbox(root)
        yield sandbox, sandbox.replace("main", None, files, "selftest", at)


def new_repository(folder: Path) -> None:
    """An empty repository in a folder, whatever the user's settings and templates say.

    Raises:
        RepositoryError: git refuses.
    """
    environ = {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "init", "--quiet", "--template=", "--initial-branch=main", str(folder)]
    done = run(command, capture_output=True, env=environ, check=False)  # noqa: S603
    if done.returncode:
        raise RepositoryError(f"git init ended with {done.returncode} in {folder}")
