"""Surroundings: what can be found out about a repository without asking anybody: its branch, its place, its owners."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model_ratchet.core.errors import UsageError
from model_ratchet.documents.codeowners import PLACES, owners_of
from model_ratchet.git import Git, user_setting

_URL = re.compile(r"(?:https?|ssh|git)://(?:[^@/]*@)?(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>\d+))?/(?P<path>.+)")
_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/].*)")
_PATH = re.compile(r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]*)/(?P<name>[A-Za-z0-9._-]+?)(?:\.git)?/?")
_NO_REPLY = re.compile(r"(?:\d+\+)?(?P<login>[A-Za-z0-9][A-Za-z0-9-]*)@users\.noreply\.[a-z0-9.-]+")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")

GITHUB = "github.com"
CLOUD = ".ghe.com"
"""How the names of hosts end that GitHub runs for one company each."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repository is: the host, which is an Enterprise server's where it is not GitHub's, the owner and the name."""

    host: str
    owner: str
    name: str

    @property
    def url(self) -> str:
        """Its address in a browser."""
        return f"https://{self.host}/{self.owner}/{self.name}"

    @property
    def is_github(self) -> bool:
        """Whether GitHub itself runs that host, so that a token for it may be sent there."""
        return self.host == GITHUB or self.host.endswith(CLOUD)

    @classmethod
    def of(cls, url: str) -> "Place | None":
        """The place that the address of a remote names, without its credentials; None for a folder and the like."""
        address = _URL.fullmatch(url) or (None if "://" in url else _SCP.fullmatch(url))
        inside = _PATH.fullmatch(address["path"]) if address is not None else None
        if address is None or inside is None:
            return None
        web = url.startswith("http") and address.groupdict().get("port")
        return cls(address["host"] + (f":{address['port']}" if web else ""), inside["owner"], inside["name"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known about a repository; ``owners`` of its policies are empty where nothing says who they are."""

    root: Path
    base: str
    place: Place | None
    codeowners: str | None
    """Where its CODEOWNERS stands."""
    owners: tuple[str, ...]


def surroundings(folder: Path, environ: Mapping[str, str]) -> Surroundings:
    """What can be found out about the repository at or above a folder.

    Raises:
        RepositoryError: there is no repository, or it is on no branch.
        UsageError: it has no work tree, or its default branch has a name that no workflow can hold as it is.
    """
    git = Git(folder)
    root = git.root
    if not (root / ".git").exists():
        raise UsageError(f"{folder} is a bare repository: name a work tree with --repo")
    base = git.default_branch()
    if _BRANCH.fullmatch(base) is None:
        raise UsageError(f"the default branch is called {base!r}: only letters, digits and `._/-` are taken")
    url = git.remote_url()
    codeowners = next((path for path in PLACES if _is_file(root / path)), None)
    text = (root / codeowners).read_text("utf-8", "replace") if codeowners is not None else ""
    login = user_login(root, environ)
    return Surroundings(
        root=root,
        base=base,
        place=Place.of(url) if url is not None else None,
        codeowners=codeowners,
        owners=owners_of(text, "policies/sources.yaml") or ((f"@{login}",) if login is not None else ()),
    )


def user_login(folder: Path, environ: Mapping[str, str]) -> str | None:
    """The user's name on GitHub, where their git settings tell it: ``github.user``, or the no-reply address of it."""
    login = user_setting(folder, "github.user", environ)
    if login is not None and _LOGIN.fullmatch(login):
        return login
    email = _NO_REPLY.fullmatch(user_setting(folder, "user.email", environ) or "")
    return email["login"] if email is not None else None


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
