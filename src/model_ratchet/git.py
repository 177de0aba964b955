"""Git: a repository read as objects, never as working-tree files, through the git binary."""

import os
import posixpath
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from model_ratchet.core.errors import RepositoryError
from model_ratchet.core.names import COMMIT
from model_ratchet.ports import LARGEST_BLOB, Blob, Change, Repository

_MISSING = "the object {} is missing: fetch it, or check out with fetch-depth: 0"
_MOST_NAMED = 100
_DEEPEN_BY = (50, 200, 1000)
_WHOLE_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SETTINGS = (
    "core.quotePath=false",
    "core.warnAmbiguousRefs=true",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "diff.external=",
    "protocol.ext.allow=never",
    "gc.auto=0",
)


class Git:
    """The repository at (or above) a folder. Nothing it runs follows hooks, filters, prompts or the user's settings."""

    def __init__(self, root: Path, headers: Mapping[str, str] | None = None) -> None:
        """``headers``: the start of an address → the header to fetch from there with; only git's own process sees it."""
        self._root = root
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "LC_ALL": "C",
            **_as_settings(headers or {}),
        }
        if not root.is_dir():
            raise RepositoryError(f"{root} is no folder: name the repository with --repo")
        self._run("rev-parse", "--git-dir", trouble=f"{root} is no git repository: name one with --repo")

    @property
    def root(self) -> Path:
        """The folder that sources' relative paths start from: the work tree's top, or the bare repository itself."""
        found = self._try("rev-parse", "--show-toplevel")
        return Path(os.fsdecode(found.strip())) if found else self._root.resolve()

    def commit(self, revision: str) -> str:
        """The commit id that a revision names.

        Raises:
            RepositoryError: there is none, the revision looks like an option, or it names a branch and a tag that differ.
        """
        if revision.startswith("-") or not revision.strip():
            raise RepositoryError(f"{revision!r} is no revision")
        found = self._ask(("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"), b"", {})
        if found.returncode:
            raise RepositoryError(
                f"there is no commit {revision!r} in {self._root}: fetch it, or name another with --base or --head"
            )
        if found.stderr and COMMIT.fullmatch(revision) is None:  # git warns where a name is that of several refs
            self._refuse_ambiguous(revision)
        return found.stdout.decode().strip()

    def _fetched(self, what: str, *options: str) -> bool:
        """Whether origin gave it; a shallow clone stays one, because the merge base deepens it as far as it needs."""
        depth = ("--depth=1",) if self._shallow() else ()
        fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", *options, *depth)
        return self._try(*fetch, "origin", what) is not None

    def _there(self, commit: str) -> bool:
        """Whether the repository holds a commit."""
        return self._try("cat-file", "-e", f"{commit}^{{commit}}") is not None

    def find(self, ref: str) -> str | None:
        """The commit at a full ref name, None where there is none."""
        found = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        return found.decode().strip() if found is not None else None

    def fetch_branch(self, name: str) -> str:
        """The commit that a branch of ``origin`` has now, fetched.

        Raises:
            RepositoryError: it can't be fetched.
        """
        self._fetch(f"refs/heads/{name}", f"the branch {name!r}")
        return self.commit("FETCH_HEAD")

    def ensure(self, commit: str) -> str:
        """The same commit id; the commit is fetched from ``origin`` where it is missing.

        Raises:
            RepositoryError: it can't be fetched.
        """
        if not self._there(commit):
            self._fetch(commit, f"the commit {commit}")
        return self.commit(commit)

    def _fetch(self, what: str, named: str) -> None:
        if not self._fetched(what):
            raise RepositoryError(
                f"{named} can't be fetched from origin: it is gone, or the token may not read contents"
            )

    def default_base(self) -> str:
        """The remote's default branch, else ``main``, else ``master``.

        Raises:
            RepositoryError: there is none of them.
        """
        for name in ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/heads/main", "refs/heads/master"):
            if self._try("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") is not None:
                return name
        raise RepositoryError("the base branch can't be guessed: name it with --base")

    def default_branch(self) -> str:
        """The branch that changes are merged into: the remote's default, else ``main``, ``master`` or the current one.

        Raises:
            RepositoryError: there is none of them.
        """
        followed = self._try("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
        if followed is not None:
            return followed.decode().strip().removeprefix("refs/remotes/origin/")
        for name in ("origin/main", "origin/master", "main", "master"):
            place = f"refs/remotes/{name}" if "/" in name else f"refs/heads/{name}"
            if self._try("rev-parse", "--verify", "--quiet", place) is not None:
                return name.removeprefix("origin/")
        current = self._try("symbolic-ref", "--quiet", "HEAD")
        if current is None:
            raise RepositoryError(f"{self._root} is on no branch, and holds none called main: check one out")
        return current.decode().strip().removeprefix("refs/heads/")

    def remote_url(self) -> str | None:
        """The address of the remote ``origin``, else of the only one there is; it may hold credentials."""
        names = (self._try("remote") or b"").decode("utf-8", "surrogateescape").split()
        name = "origin" if "origin" in names else names[0] if len(names) == 1 else None
        found = self._try("config", "--get", f"remote.{name}.url") if name is not None else None
        return found.decode("utf-8", "surrogateescape").strip() if found else None

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor of two commits; a shallow clone is deepened until it shows one.

        Raises:
            RepositoryError: there is none, or the history that would show it can't be fetched.
        """
        for deepen in (None, *_DEEPEN_BY, 0):
            if deepen is not None:
                if not self._shallow():
                    break
                self._deepen(deepen, one, other)
            found = self._try("merge-base", one, other)
            if found is not None and found.strip() and not self._unsure(found.decode().strip(), one, other):
                return found.decode().split()[0]
        if self._shallow():
            raise RepositoryError("the history is cut short and can't be deepened: check out with fetch-depth: 0")
        raise RepositoryError(f"{one[:12]} and {other[:12]} have no common history")

    def changes(self, before: str, after: str) -> tuple[Change, ...]:
        """The paths that differ between two commits, without rename detection, sorted."""
        output = self._run(
            "diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--name-status", before, after
        )
        fields = output.split(b"\0")
        pairs = zip(fields[0::2], fields[1::2], strict=False)
        return tuple(sorted((Change(_path(path), status.decode()) for status, path in pairs), key=lambda one: one.path))

    def paths(self, commit: str, under: str = "") -> tuple[str, ...]:
        """All file paths of a commit below a folder, sorted; symlinks and submodules among them."""
        listed = self._run(
            "ls-tree", "-r", "-z", "--full-tree", "--name-only", commit, "--", *([under] if under else [])
        )
        return tuple(sorted(_path(path) for path in listed.split(b"\0") if path))

    def read(self, commit: str, paths: Sequence[str], largest: int = LARGEST_BLOB) -> Mapping[str, Blob]:
        """The blobs at these paths; absent ones are absent from the answer, those too large come without content.

        Raises:
            RepositoryError: an object is missing from the repository.
        """
        if not paths:
            return {}
        named = sorted(set(paths))
        # a command line holds only so many paths: the folder around them is listed instead
        around = [folder] if (folder := posixpath.commonpath(named)) else []
        listed = self._entries(commit, *(named if len(named) <= _MOST_NAMED else around))
        entries = {path: (mode, oid, size) for mode, oid, size, path in listed}
        wanted = [path for path in dict.fromkeys(paths) if path in entries and entries[path][0] != "160000"]
        sizes = {oid: _size(oid, size) for _, oid, size in (entries[path] for path in wanted)}
        contents = self._contents([oid for oid, size in sizes.items() if size <= largest])
        return {
            path: Blob(
                path=path,
                oid=entries[path][1],
                content=contents.get(entries[path][1], b""),
                symlink=entries[path][0] == "120000",
                size=sizes[entries[path][1]],
            )
            for path in wanted
        }

    def tree(self, commit: str, folder: str) -> str | None:
        """The tree id of a folder, None where it does not exist."""
        entry = self._run("ls-tree", "-z", "--full-tree", commit, "--", folder.rstrip("/")).partition(b"\t")[0].decode()
        _, kind, oid = entry.split(" ") if entry else ("", "", "")
        return oid if kind == "tree" else None

    def entries(self, commit: str, folder: str = "") -> Mapping[str, str]:
        """The direct entries of a folder, name → mode and object id; none where the folder does not exist."""
        under = [f"{folder.rstrip('/')}/"] if folder else []
        found = {}
        for line in self._run("ls-tree", "-z", "--full-tree", commit, "--", *under).split(b"\0"):
            if line:
                meta, _, path = line.partition(b"\t")
                mode, _, oid = meta.decode().split(" ")
                found[posixpath.basename(_path(path))] = f"{mode} {oid}"
        return found

    def first_parents(self, base: str, head: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
        """The commits after ``base`` up to ``head`` along first parents, oldest first; those that change one of the paths
        where any are named. A shallow clone is deepened.

        Raises:
            RepositoryError: following first parents from ``head`` does not lead to ``base``.
        """
        for deepen in (None, *_DEEPEN_BY, 0):
            if deepen is not None:
                if not self._shallow():
                    break
                self._deepen(deepen, base, head)
            walked = self._run("rev-list", "--first-parent", head, f"^{base}").decode().split()
            before = self._try("rev-parse", "--verify", "--quiet", f"{walked[-1]}^1") if walked else head.encode()
            if before is not None and before.decode().strip() == base:
                if paths:
                    walked = self._run("rev-list", "--first-parent", head, f"^{base}", "--", *paths).decode().split()
                return tuple(reversed(walked))
        raise RepositoryError(
            f"first parents do not lead from {head[:12]} to {base[:12]}: merge or squash, never rebase"
        )

    def beginning(self, head: str, path: str = "") -> str | None:
        """The oldest commit along first parents from ``head`` that changed a path: of all, where none is named.

        None where no commit did.

        Raises:
            RepositoryError: the history is cut short and can't be deepened.
        """
        if self._shallow():
            self._deepen(0, head)
        if self._shallow():
            raise RepositoryError("the history is cut short and can't be deepened: check out with fetch-depth: 0")
        walked = self._run("rev-list", "--first-parent", head, "--", *([path] if path else [])).decode().split()
        return walked[-1] if walked else None

    def recent(self, head: str, most: int) -> tuple[str, ...]:
        """Up to ``most`` commits along first parents from ``head``, the newest first. A shallow clone is deepened."""
        if self._shallow():
            self._deepen(most, head)
        return tuple(self._run("rev-list", "--first-parent", f"--max-count={most}", head).decode().split())

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit, in their order."""
        return tuple(self._told(commit, "%P").split())

    def subject(self, commit: str) -> str:
        """The first line of a commit's message."""
        return self._told(commit, "%B").partition("\n")[0]

    def committed_at(self, commit: str) -> datetime:
        """When the commit was made."""
        return datetime.fromtimestamp(int(self._told(commit, "%ct")), UTC)

    def reach(self, commit: str) -> bool:
        """Whether a commit, named by its whole id, is there; one that is not is fetched where the remote gives it."""
        if _WHOLE_ID.fullmatch(commit) is None:
            return False
        if not self._there(commit):
            self._fetched(commit)
        return self._there(commit)

    def as_of(self, tip: str, instant: datetime) -> str | None:
        """The commit that a branch was at, by its first parents and their commit times; None where it was not there yet.

        Raises:
            RepositoryError: the history is cut short before that and can't be deepened.
        """
        for deepen in (None, *_DEEPEN_BY, 0):
            if deepen is not None:
                if not self._shallow():
                    return None
                self._deepen(deepen, tip)
            no_later = f"--min-age={int(instant.timestamp())}"
            found = self._run("rev-list", "--first-parent", "--max-count=1", no_later, tip).decode().strip()
            if found:
                return found
        if self._shallow():
            raise RepositoryError("the history is cut short and can't be deepened: check out with fetch-depth: 0")
        return None

    def _told(self, commit: str, form: str) -> str:
        """What git tells of a commit, in a format of ``git log``."""
        output = self._run("log", "--max-count=1", f"--format={form}", "--end-of-options", commit)
        return output.decode("utf-8", "replace").strip()

    def _entries(self, commit: str, *under: str) -> Iterator[tuple[str, str, str, str]]:
        """(mode, object id, size as git says it, path) of every file of a commit at or below the paths."""
        for line in self._run("ls-tree", "-r", "-z", "--full-tree", "--long", commit, "--", *under).split(b"\0"):
            if line:
                meta, _, path = line.partition(b"\t")
                mode, _, oid, size = meta.decode().split()
                yield mode, oid, size, _path(path)

    def _contents(self, oids: Sequence[str]) -> dict[str, bytes]:
        unique = list(dict.fromkeys(oids))
        output = self._run("cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in unique).encode())
        contents: dict[str, bytes] = {}
        position = 0
        for oid in unique:
            end = output.index(b"\n", position)
            header = output[position:end].decode().split(" ")
            if header[0] != oid or header[1:2] == ["missing"]:
                raise RepositoryError(_MISSING.format(oid))
            size = int(header[2])
            contents[oid] = output[end + 1 : end + 1 + size]
            position = end + 1 + size + 1
        return contents

    def _refuse_ambiguous(self, revision: str) -> None:
        """Git takes a tag for the branch of the same name, and whoever may push a tag is not whoever may merge."""
        named = (self._try("show-ref", "--", revision) or b"").decode("utf-8", "surrogateescape").split()[1::2]
        tag = f"refs/tags/{revision}"
        for branch in (f"refs/heads/{revision}", f"refs/remotes/{revision}"):
            if tag in named and branch in named and self.commit(tag) != self.commit(branch):
                raise RepositoryError(f"{revision!r} is both a branch and a tag: name {branch}")

    def _shallow(self) -> bool:
        return (self._try("rev-parse", "--is-shallow-repository") or b"").strip() == b"true"

    def _unsure(self, base: str, one: str, other: str) -> bool:
        """Whether a shallow history may hide a better common ancestor: it may, while it is cut between base and tips."""
        if base in (one, other) or not self._shallow():
            return False
        folder = Path(os.fsdecode(self._run("rev-parse", "--git-common-dir").strip()))
        cut = (self._root / folder / "shallow").read_text(encoding="ascii").split()
        between = self._run("rev-list", one, other, f"^{base}").decode().split()
        return not set(cut).isdisjoint(between)

    def _deepen(self, by: int, *commits: str) -> None:
        """Fetch more history of the commits, which may be on no branch; of all branches where the remote won't."""
        depth = ("--unshallow",) if by == 0 else (f"--deepen={by}",)
        fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", *depth, "origin")
        if self._try(*fetch, *commits) is None:
            self._try(*fetch)

    def _run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        trouble: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> bytes:
        done = self._ask(arguments, stdin, environ or {})
        if done.returncode:
            raise RepositoryError(trouble or f"git {arguments[0]} ended with {done.returncode} in {self._root}")
        return done.stdout

    def _try(self, *arguments: str) -> bytes | None:
        done = self._ask(arguments, b"", {})
        return None if done.returncode else done.stdout

    def _ask(
        self, arguments: Sequence[str], stdin: bytes, environ: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[bytes]":
        settings = [part for setting in (*_SETTINGS, "safe.directory=*") for part in ("-c", setting)]
        try:
            return subprocess.run(  # noqa: S603
                ["git", *settings, "-C", str(self._root), *arguments],  # noqa: S607
                input=stdin,
                capture_output=True,
                env={**self._environ, **environ},
                check=False,
            )
        except FileNotFoundError:
            raise RepositoryError("there is no git on this machine: install it") from None
        except (OSError, ValueError) as error:
            raise RepositoryError(f"git {arguments[0]} can't be run: {error}") from None


def known_tip(repository: Repository, branch: str) -> str | None:
    """The commit of a branch as it is known without asking the remote: of the copy of origin's branch, else of its own."""
    refs = (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}")
    return next((commit for ref in refs if (commit := repository.find(ref)) is not None), None)


def user_setting(folder: Path, name: str, environ: Mapping[str, str]) -> str | None:
    """What the user's own settings say, such as ``user.name``: the one thing that is read with their environment."""
    kept = {key: value for key, value in environ.items() if not key.startswith("GIT_DIR")}
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), "config", "--get", name],  # noqa: S607
            capture_output=True,
            env={"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_NOSYSTEM": "1"} | kept,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None


def _as_settings(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as settings in the environment: a command line is for everybody to see, and a file stays behind.

    The empty one takes away what the checkout may have left for the same address, because GitHub refuses two.
    """
    pairs = [(f"http.{url}.extraheader", text) for url, header in headers.items() for text in ("", header)]
    named = {f"GIT_CONFIG_KEY_{i}": key for i, (key, _) in enumerate(pairs)}
    return (
        {"GIT_CONFIG_COUNT": str(len(pairs))}
        | named
        | {f"GIT_CONFIG_VALUE_{i}": text for i, (_, text) in enumerate(pairs)}
    )


def _size(oid: str, told: str) -> int:
    """In bytes; git tells of none where it has not the object."""
    if not told.isdecimal():
        raise RepositoryError(_MISSING.format(oid))
    return int(told)


def _path(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
