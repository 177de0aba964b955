"""The examples do what their pages say."""

import subprocess
import sys
from pathlib import Path

import pytest

from model_ratchet.artifacts import Artifacts

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.mark.parametrize("name", [file.stem for file in EXAMPLES.glob("*.py")])
def test_an_example_runs_to_a_version_that_may_be_merged(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "made"
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "may be merged" in done.stdout
    (artefacts,) = folder.glob("promotions/*/*/artifacts")
    served = Artifacts.load(artefacts)
    assert 0.6 < served.calibrate(0.7, "north") < 0.68, "its forecasts are too sure of themselves"
    assert "exists with probability" in done.stdout
