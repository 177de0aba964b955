"""doctor: whether a repository on GitHub is set up so that a verdict holds. It reads, and changes nothing."""

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from model_ratchet.actions.init import Tier
from model_ratchet.actions.on_event import git_headers
from model_ratchet.actions.surroundings import Place
from model_ratchet.core.errors import ForgeError
from model_ratchet.documents.codeowners import PLACES
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.workflow import FOLDER, read_workflow
from model_ratchet.engine.doctor import Answer, examine
from model_ratchet.engine.doctor.app import GITHUB_ACTIONS, environment_name
from model_ratchet.engine.doctor.repository import WRITTEN
from model_ratchet.engine.settings import CodeOwners, Files, Settings
from model_ratchet.git import Git
from model_ratchet.github.client import Access, Pace, connect
from model_ratchet.github.settings import read_settings, tip
from model_ratchet.ports import Blob, Repository
from model_ratchet.shipped import template

MODELS = "policies/models"
YAML = (".yml", ".yaml")
_ROLLBACK = "promotion-rollback.yml"
_WORD = re.compile("__[A-Z]+__")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorInput:
    """Which repository to look at, and as whom."""

    repo: Path
    base: str | None = None
    """The protected branch; None for the remote's default."""
    app: str | None = None
    """The slug of the App that publishes in the hardened tier."""
    environ: Mapping[str, str] = field(default_factory=dict)
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """How a repository is set up, and what is to be said of it."""

    settings: Settings
    answers: tuple[Answer, ...]


def doctor(asked: DoctorInput, *, clock: Callable[[], datetime]) -> Examined:
    """Read the settings at GitHub and the files of the base branch as git objects, and examine them.

    Raises:
        RepositoryError: there is no repository, or GitHub's tip of the base branch can't be fetched.
        ForgeError: there is no token, or GitHub tells nothing of the repository.
    """
    git = Git(asked.repo)
    base = asked.base or git.default_branch()
    url = git.remote_url()
    place = Place.of(url) if url is not None else None
    access = access_of(asked.environ, place)
    with closing(connect(access, asked.pace)) as github:
        there = Git(asked.repo, headers_of(access, asked.environ, place))
        commit = there.ensure(tip(github, access.repository, base))
        files = read_files(there, commit)
        app = asked.app or asked.environ.get("RATCHET_APP")
        settings = read_settings(
            github,
            access.repository,
            base,
            files,
            app=app if files.hardened else GITHUB_ACTIONS,
            environment=environment_name(files) if files.hardened else None,
            others=WRITTEN,
            now=clock,
        )
    return Examined(settings, examine(settings))


def access_of(environ: Mapping[str, str], place: Place | None) -> Access:
    """As a run of GitHub Actions has it, else by the remote and GITHUB_TOKEN. A token is sent to no host but GitHub's own,
    unless GITHUB_API_URL names it.

    Raises:
        ForgeError: the token is not there, or nothing says which repository it is, or where its API is.
    """
    known = {name: value for name, value in environ.items() if value}
    if place is None:
        return Access.of(known)
    if not place.is_github and "GITHUB_API_URL" not in known:
        raise ForgeError(
            f"the remote is on {place.host}: name its API in GITHUB_API_URL, such as https://{place.host}/api/v3"
        )
    return Access.of(
        {"GITHUB_REPOSITORY": f"{place.owner}/{place.name}", "GITHUB_API_URL": f"https://api.{place.host}"} | known
    )


def read_files(git: Repository, commit: str) -> Files:
    """What a commit holds of it, read as data."""
    listed = git.paths(commit, FOLDER)
    workflows = [path for path in listed if PurePosixPath(path).parent == PurePosixPath(FOLDER) and path.endswith(YAML)]
    models = [path for path in git.paths(commit, MODELS) if path.endswith(".yaml")]
    blobs = git.read(commit, [*workflows, *models, *PLACES])
    owners = next((blobs[path] for path in PLACES if path in blobs), None)
    teams = {path: _teams(path, blobs[path].content) for path in models if path in blobs}
    return Files(
        workflows=tuple(read_workflow(path, blobs[path].content) for path in workflows if path in blobs),
        codeowners=CodeOwners(owners.path, owners.content.decode("utf-8", "replace")) if owners is not None else None,
        teams={path: named for path, named in teams.items() if named},
        rollback=_rollback(blobs.get(f"{FOLDER}/{_ROLLBACK}")),
    )


def _rollback(blob: Blob | None) -> Literal["absent", "other", "shipped"]:
    """How the workflow compares with that of either tier, whatever stands for the words that ``init`` fills in."""
    if blob is None:
        return "absent"
    text = blob.content.decode("utf-8", "replace")
    return "shipped" if any(_fits(template(f"{tier}/{_ROLLBACK}", {}), text) for tier in Tier) else "other"


def _fits(form: str, text: str) -> bool:
    """Whether each line of a text is that of a form, with anything in the place of its words."""
    lines = form.split("\n"), text.split("\n")
    return len(lines[0]) == len(lines[1]) and all(map(_line_fits, *lines))


def _line_fits(form: str, line: str) -> bool:
    first, *others = _WORD.split(form)
    if not line.startswith(first):
        return False
    at = len(first)
    for number, piece in enumerate(others, start=1):
        found = len(line) - len(piece) if number == len(others) else line.find(piece, at + 1)
        if found <= at or not line.startswith(piece, found):
            return False
        at = found + len(piece)
    return at == len(line)


def _teams(path: str, content: bytes) -> tuple[str, ...]:
    """The teams that a model file's roles name; what is wrong with the file itself, ``validate`` says."""
    model = read(ModelFile, path, content)
    people = () if isinstance(model, tuple) else (one for role in model.roles.values() for one in role)
    return tuple(dict.fromkeys(one for one in people if "/" in one))


def headers_of(access: Access, environ: Mapping[str, str], place: Place | None) -> Mapping[str, str]:
    """What git fetches with; nothing where no server is known to be GitHub's."""
    server = environ.get("GITHUB_SERVER_URL") or (f"https://{place.host}" if place and place.is_github else None)
    return git_headers(access, server) if server else {}
