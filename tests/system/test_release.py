"""A release: the same bytes from the same commit, a list of what it brings, and a workflow that has no token to lose."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from builders.archives import built, checkout
from builders.repositories import a_repo
from builders.scaffolds import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))


def pins() -> set[tuple[str, str]]:
    text = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def test_the_same_commit_gives_the_same_bytes_at_another_time_and_place(tmp_path: Path) -> None:
    first = checkout(tmp_path / "first")
    a_repo(first)
    second = tmp_path / "elsewhere" / "second"
    shutil.copytree(first, second)
    for path in second.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    archives = []
    for source, name in ((first, "a"), (second, "b")):
        built(source, tmp_path / name)
        made = sorted((tmp_path / name).glob("model_ratchet-*"))
        archives.append({one.name: one.read_bytes() for one in made})
    assert len(archives[0]) == 2
    assert archives[0] == archives[1]


def test_the_list_of_what_a_release_brings_is_what_is_pinned(tmp_path: Path) -> None:
    command = re.search(r"\$\(BIN\)/(cyclonedx-py (?:.|\\\n)+?)\n\n", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert command is not None
    words = command[1].replace("\\\n", " ").replace("dist/sbom.cdx.json", str(tmp_path / "sbom.json")).split()
    subprocess.run([Path(sys.executable).with_name(words[0]), *words[1:]], cwd=ROOT, check=True, capture_output=True)
    listed = json.loads((tmp_path / "sbom.json").read_text(encoding="utf-8"))
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["metadata"]["component"]["name"] == "model-ratchet"
    assert {(one["name"], one["version"]) for one in listed["components"]} == pins()


def test_only_the_job_that_publishes_may_publish_and_it_runs_no_code_of_the_repository() -> None:
    assert WORKFLOW["permissions"] == {}
    jobs = WORKFLOW["jobs"]
    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["publish"]["environment"] == "release"
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    for name in ("attest", "publish"):
        used = [step.get("uses", "").split("@")[0] for step in jobs[name]["steps"]]
        assert "actions/checkout" not in used
        assert "actions/setup-python" not in used
    assert [jobs[name].get("needs") for name in ("build", "attest", "publish")] == [None, "build", "attest"]
