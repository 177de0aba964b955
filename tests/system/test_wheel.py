"""What is built and what the action installs: templates, policies and the commit are in it, and it runs by itself."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from builders.archives import built, checkout
from builders.repositories import Repo, a_repo
from builders.scaffolds import ROOT
from model_ratchet.actions.init import ACTION, NO_COMMIT
from model_ratchet.shipped import source_commit

SCAFFOLD = ROOT / "src" / "model_ratchet" / "scaffold"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of a wheel that was built by way of an sdist from a checkout."""
    path = tmp_path_factory.mktemp("wheel")
    source = checkout(path / "source")
    a_repo(source)
    wheel = built(source, path / "dist")
    with zipfile.ZipFile(wheel) as held:
        held.extractall(path / "unpacked")
    (path / "unpacked" / "expected").write_text(Repo(source).git("rev-parse", "HEAD"))
    return path / "unpacked"


def ratchet(unpacked: Path, *arguments: str) -> str:
    """What a command of the unpacked wheel prints."""
    program = "import sys, model_ratchet.cli as cli; print(cli.__file__); sys.exit(cli.run(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(unpacked))
    return done.stdout


def test_the_wheel_holds_every_template_and_policy(unpacked: Path) -> None:
    package = unpacked / "model_ratchet"
    for folder, inside in ((SCAFFOLD, package / "scaffold"), (ROOT / "policies", package / "policies")):
        files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
        assert len(files) > 5
        assert [file for file in files if (inside / file.relative_to(folder)).read_bytes() != file.read_bytes()] == []


def test_init_of_an_installed_copy_pins_the_commit_that_it_was_built_from(unpacked: Path, tmp_path: Path) -> None:
    a_repo(tmp_path)
    ratchet(unpacked, "init", "--repo", str(tmp_path), "--tier", "hardened")
    expected = (unpacked / "expected").read_text()
    assert expected != source_commit()
    check = (tmp_path / ".github" / "workflows" / "promotion-check.yml").read_text(encoding="utf-8")
    assert f"uses: {ACTION}@{expected} # v" in check
    assert "6 documents valid" in ratchet(unpacked, "validate", "--repo", str(tmp_path))


def test_a_copy_that_knows_no_commit_marks_the_places(unpacked: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(unpacked, copy)
    (copy / "model_ratchet" / "commit").unlink()
    a_repo(tmp_path / "repo")
    said = ratchet(copy, "init", "--repo", str(tmp_path / "repo"))
    check = (tmp_path / "repo" / ".github" / "workflows" / "promotion-check.yml").read_text(encoding="utf-8")
    assert f"@{NO_COMMIT} # TODO: the commit of v" in check
    assert "  .github/workflows/promotion-check.yml: line " in said


@pytest.mark.slow
def test_the_action_installs_the_code_that_comes_with_it_by_hashes_alone(tmp_path: Path) -> None:
    """The action's own line, in a folder as the runner unpacks it: without git, away from the workspace."""
    product = checkout(tmp_path / "product")
    action = product / ".github" / "actions" / "ratchet"
    written = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
    (install,) = [step["run"] for step in written["runs"]["steps"] if "install" in step.get("run", "")]
    (tmp_path / "install.sh").write_text(install, encoding="utf-8")
    workspace, scratch = tmp_path / "workspace", tmp_path / "scratch"
    for folder in (workspace, scratch):
        folder.mkdir()
    (workspace / "pip.py").write_text("raise SystemExit('the workspace was imported')\n")
    environ = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "GITHUB_", "GIT_"))}
    environ["PIP_NO_COMPILE"] = "0"  # (so that no bytecode is made: it takes long, and nothing is said of it)
    subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(tmp_path / "install.sh")],
        cwd=workspace,
        env={**environ, "GITHUB_ACTION_PATH": str(action), "RUNNER_TEMP": str(scratch)},
        check=True,
        capture_output=True,
    )
    done = subprocess.run(
        [scratch / "ratchet" / "bin" / "ratchet", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("ratchet 0.")
