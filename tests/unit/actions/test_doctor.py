"""doctor: which repository it asks about, where its token may go, and which files it looks at."""

import os
from pathlib import Path

import pytest

from builders.doctoring import QUICK, a_clinic
from builders.hubs import a_scene
from builders.repositories import Repo, a_repo
from model_ratchet.actions.doctor import DoctorInput, access_of, doctor, read_files
from model_ratchet.actions.init import Tier
from model_ratchet.actions.surroundings import Place
from model_ratchet.core.errors import ForgeError, RepositoryError
from model_ratchet.documents.workflow import Unreadable
from model_ratchet.engine.doctor import decisive
from model_ratchet.engine.doctor.rule import State
from model_ratchet.engine.settings import CodeOwners
from model_ratchet.git import Git

HERE = Place("github.com", "acme", "models")
TOKEN = {"GITHUB_TOKEN": "t"}


@pytest.mark.parametrize(
    ("place", "environ", "repository", "api"),
    [
        (HERE, {}, "acme/models", "https://api.github.com"),
        (Place("acme.ghe.com", "ml", "models"), {}, "ml/models", "https://api.acme.ghe.com"),
        (HERE, {"GITHUB_REPOSITORY": "other/one"}, "other/one", "https://api.github.com"),
        (HERE, {"GITHUB_REPOSITORY": ""}, "acme/models", "https://api.github.com"),
        (
            Place("git.acme.example", "ml", "models"),
            {"GITHUB_API_URL": "https://git.acme.example/api/v3"},
            "ml/models",
            "https://git.acme.example/api/v3",
        ),
        (None, {"GITHUB_REPOSITORY": "acme/models"}, "acme/models", "https://api.github.com"),
    ],
    ids=["remote", "cloud", "named", "empty", "server", "no remote"],
)
def test_the_repository_is_that_of_the_remote_unless_it_is_named(
    place: Place | None, environ: dict[str, str], repository: str, api: str
) -> None:
    access = access_of(TOKEN | environ, place)
    assert (access.repository, access.api, access.token) == (repository, api, "t")


def test_a_token_is_sent_to_no_host_that_nobody_has_named() -> None:
    elsewhere = Place("evil.example", "acme", "models")
    with pytest.raises(ForgeError, match=r"the remote is on evil\.example: name its API in GITHUB_API_URL"):
        access_of(TOKEN | {"GITHUB_REPOSITORY": "acme/models"}, elsewhere)
    lookalike = Place("github.com.evil.example", "acme", "models")
    with pytest.raises(ForgeError, match="name its API"):
        access_of(TOKEN, lookalike)


def test_without_a_token_or_a_repository_it_says_which_is_not_there() -> None:
    with pytest.raises(ForgeError, match="GITHUB_TOKEN is not set"):
        access_of({}, HERE)
    with pytest.raises(ForgeError, match="GITHUB_REPOSITORY is not set"):
        access_of(TOKEN, None)


def test_files_are_read_from_the_commit_alone(tmp_path: Path) -> None:
    text = "on: push\njobs: {}\n"
    repo = a_repo(
        tmp_path,
        {
            ".github/workflows/a.yml": text,
            ".github/workflows/b.yaml": text,
            ".github/workflows/c.txt": text,
            ".github/workflows/below/d.yml": text,
            "docs/CODEOWNERS": "* @docs\n",
            "CODEOWNERS": "* @root\n",
            "policies/models/broken.yaml": "{",
        },
    )
    (tmp_path / ".github/workflows/link.yml").symlink_to("/etc/hostname")
    module = ".github/workflows/module.yml"
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{module}")
    (tmp_path / module).mkdir()
    repo.git("add", ".github/workflows/link.yml")
    repo.git("commit", "--quiet", "--message", "links")
    (tmp_path / "CODEOWNERS").unlink()
    found = read_files(Git(tmp_path), repo.git("rev-parse", "HEAD"))
    assert [one.path.rpartition("/")[2] for one in found.workflows] == ["a.yml", "b.yaml", "link.yml"]
    assert isinstance(found.workflows[2], Unreadable)
    assert found.codeowners == CodeOwners("CODEOWNERS", "* @root\n")
    assert found.teams == {}


def test_the_teams_of_a_model_are_read_once_each(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        clinic.edit(
            "policies/models/example.yaml",
            lambda text: text.replace('risk: ["@ada"]', 'risk: ["@acme/risk", "@bob"]').replace(
                'business: ["@ada"]', 'business: ["@acme/risk"]'
            ),
        )
        found = read_files(Git(scene.work.path), scene.work.git("rev-parse", "main"))
    assert found.teams == {"policies/models/example.yaml": ("@acme/risk",)}


def test_a_clone_that_is_behind_fetches_what_github_has(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        behind = tmp_path / "behind"
        Repo(tmp_path).git("clone", "--quiet", str(scene.repo.git.path), str(behind))
        clinic.edit(".github/workflows/promotion-check.yml", lambda text: text.replace("edited, ", ""))
        asked = DoctorInput(repo=behind, environ=clinic.environ(clinic.admin), pace=QUICK)
        found = doctor(asked, clock=lambda: scene.forge.clock.now)
    assert decisive(found.answers) is State.MISSING


def test_a_branch_is_named_that_is_not_the_default_one(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        scene.work.git("push", "--quiet", "origin", "main:refs/heads/trunk")
        asked = DoctorInput(repo=scene.work.path, base="trunk", environ=clinic.environ(clinic.admin), pace=QUICK)
        found = doctor(asked, clock=lambda: scene.forge.clock.now)
    assert found.settings.base == "trunk"
    assert {one.rule.id: one.said.found for one in found.answers}["required-check"] == "promotion/trunk is not required"


def test_a_folder_without_a_repository_is_refused_before_github_is_asked(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="is no git repository"):
        doctor(DoctorInput(repo=tmp_path, environ=dict(os.environ)), clock=lambda: pytest.fail("asked"))
