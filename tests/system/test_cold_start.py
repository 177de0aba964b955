"""What a command does not need, it does not import: this runs on every push of every pull request."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from builders import production, small
from builders.repositories import a_repo

HEAVY = ("scipy", "pandas", "duckdb", "sqlglot", "github", "numpy", "sklearn")
PACKAGES = (*HEAVY, "pydantic", "yaml", "rich", "jinja2", "requests")


def imported(*arguments: str, among: Sequence[str] = HEAVY) -> set[str]:
    """The heavy packages that a command imports, by ``sys.modules`` at its end; it must end with 0."""
    program = (
        "import sys\n"
        "from model_ratchet.cli import run\n"
        f"code = run({list(arguments)!r})\n"
        f"print('@@', *[name for name in {among!r} if name in sys.modules])\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return set(done.stdout.rpartition("@@")[2].split())


def test_a_check_of_a_change_that_touches_nothing_of_ours_imports_no_package_at_all(tmp_path: Path) -> None:
    repo = a_repo(tmp_path, production.base_files())
    repo.branch("proposal", {"README.md": "words\n"})
    arguments = ("check", "--repo", str(tmp_path), "--base", "main", "--head", "proposal")
    assert imported(*arguments, among=(*PACKAGES, "shutil")) == set()


def test_a_check_of_policies_alone_imports_nothing_heavy(tmp_path: Path) -> None:
    repo = a_repo(tmp_path, production.base_files())
    files = production.base_files()
    (path,) = (name for name in files if name.startswith("policies/models/"))
    repo.branch("policy", {path: _text(files[path]) + "# nothing new\n"})
    assert imported("check", "--repo", str(tmp_path), "--base", "main", "--head", "policy") == set()


def _text(content: str | bytes) -> str:
    return content.decode() if isinstance(content, bytes) else content


def test_the_validation_of_documents_imports_nothing_heavy(tmp_path: Path) -> None:
    a_repo(tmp_path, production.base_files())
    assert imported("validate", "--repo", str(tmp_path)) == set()


def test_rendering_traffic_imports_nothing_heavy(tmp_path: Path) -> None:
    text = small.MODEL.format(name="late", more='traffic: {target: haproxy, listen: 80, backend: "a-{{ slug }}:80"}\n')
    a_repo(tmp_path, {"policies/models/late.yaml": text, **small.promotion(small.V1, "none", model="late")})
    assert imported("render", "traffic", "--repo", str(tmp_path), "--base", "main") == set()


def test_init_imports_nothing_heavy(tmp_path: Path) -> None:
    a_repo(tmp_path)
    assert imported("init", "--repo", str(tmp_path)) == set()


@pytest.mark.parametrize("arguments", [("--help",), ("schema", "policy"), ("explain", "superiority")])
def test_help_schemas_and_explanations_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert imported(*arguments) == set()


def test_a_check_that_judges_does_import_them(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    production.write_logs(logs, production.Truth(per_day=200))
    repo = a_repo(tmp_path / "repository", production.base_files())
    repo.branch("proposal", production.proposal())
    program = (
        "import os, sys\n"
        f"os.environ['LOGS'] = {str(logs)!r}\n"
        "from model_ratchet.cli import run\n"
        f"run(['check', '--repo', {str(repo.path)!r}, '--base', 'main', '--head', 'proposal'])\n"
        f"print('@@', *[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"scipy", "duckdb"} <= set(done.stdout.rpartition("@@")[2].split())


def test_no_plugin_of_pydantic_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "meddler.py").write_text("print('meddled')\nplugin = object()\n", encoding="utf-8")
    offered = tmp_path / "meddler-1.dist-info"
    offered.mkdir()
    (offered / "METADATA").write_text("Metadata-Version: 2.1\nName: meddler\nVersion: 1\n", encoding="utf-8")
    (offered / "entry_points.txt").write_text("[pydantic]\nmeddler = meddler:plugin\n", encoding="utf-8")
    command = [sys.executable, "-m", "model_ratchet", "schema", "policy"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    assert done.stdout.startswith("{")


def test_no_threads_are_started_for_matrices() -> None:
    program = (
        "import os, sys\n"
        "from model_ratchet.__main__ import main\n"
        "sys.argv = ['ratchet', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    import numpy\n"
        "print('@@', len(os.listdir('/proc/self/task')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.rpartition("@@")[2].strip() == "1"
