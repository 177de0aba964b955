"""A repository on a fake GitHub with people and a pull request, and the client that the product uses."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from github import Auth, Github

from builders.repositories import Repo, a_repo
from forge.hub import FULL, Forge
from forge.server import serving
from forge.state import Pull, Repository, Token, User


@dataclass(frozen=True)
class Scene:
    """``acme/models``: ada and bob may write, cleo only reads; ``work`` is a clone whose ``origin`` is the bare repository."""

    forge: Forge
    repo: Repository
    work: Repo
    ada: User
    bob: User
    cleo: User
    at_end: ExitStack = field(default_factory=ExitStack)
    """What is closed with the scene."""

    def propose(self, branch: str = "feature", files: dict[str, str] | None = None, title: str = "Promote") -> Pull:
        """A pull request by ada whose branch changes these files."""
        self.work.branch(branch, files or {f"{branch}.txt": "new\n"})
        self.work.git("push", "--quiet", "origin", branch)
        return self.forge.open(self.repo, branch, by=self.ada, title=title)

    def push(self, branch: str, files: dict[str, str], *, by: User) -> str:
        """One more commit on a branch, pushed by somebody; its id."""
        self.work.git("checkout", "--quiet", branch)
        sha = self.work.commit(files)
        self.forge.push(self.repo, branch, sha, by=by, source=self.work.path)
        return sha


@contextmanager
def a_scene(folder: Path, files: dict[str, str] | None = None, *, prefix: str = "") -> Iterator[Scene]:
    """A scene whose ``main`` holds these files."""
    with serving(prefix=prefix) as forge:
        ada, bob, cleo = (forge.user(name) for name in ("ada", "bob", "cleo"))
        repo = forge.repository("acme/models", folder / "models.git")
        forge.grant(repo, "write", ada, bob)
        work = a_repo(folder / "work", files or {"README.md": "models\n"})
        work.git("remote", "add", "origin", str(repo.git.path))
        work.git("push", "--quiet", "origin", "main")
        scene = Scene(forge, repo, work, ada, bob, cleo)
        with scene.at_end:
            yield scene


@contextmanager
def client(forge: Forge, token: Token | None = None) -> Iterator[Github]:
    """PyGithub without waits and without retries; by default with a workflow's token that may do all such a token can."""
    value = (token or forge.workflow_token(FULL)).value
    with Github(
        auth=Auth.Token(value),
        base_url=forge.api,
        per_page=100,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    ) as made:
        yield made
