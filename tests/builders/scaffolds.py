"""Repositories as ``ratchet init`` leaves them."""

from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from model_ratchet.actions.init import InitInput, Tier, init

ROOT = Path(__file__).parents[2]
TIERS = pytest.mark.parametrize("tier", list(Tier), ids=str)
REMOTE = "git@github.com:acme/models.git"


def initialised(path: Path, tier: Tier, remote: str | None = REMOTE) -> Repo:
    """A repository with nothing but what ``init`` wrote into it."""
    repo = a_repo(path)
    if remote is not None:
        repo.git("remote", "add", "origin", remote)
    init(InitInput(repo=path, tier=tier))
    return repo


def workflows(path: Path) -> list[Path]:
    """The workflows of a repository."""
    return sorted((path / ".github" / "workflows").glob("*.yml"))
