"""Attacks on what is published, by their numbers: whose comment, which check, whose turn, and what stands in the files."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders import records
from builders.hubs import Scene, a_scene
from builders.publishing import a_job, comments, latest_check, published
from forge.rules import required_checks
from forge.web import Refused
from model_ratchet.report.check import judged
from model_ratchet.report.marker import Marker, read_marker

PASSED = judged([records.a_passed_record()])
FAILED = judged([records.a_failed_record()])


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path / "scene") as made:
        yield made


def test_t02_a_green_check_for_a_lax_branch_is_none_for_main(tmp_path: Path, scene: Scene) -> None:
    scene.forge.ruleset(scene.repo, required_checks("promotion/main"))
    scene.work.git("push", "--quiet", "origin", "main:refs/heads/lax")
    pull = scene.propose()
    twin = scene.forge.open(scene.repo, "feature", by=scene.ada, base="lax")
    assert twin.head_sha == pull.head_sha
    published(scene, twin, PASSED, tmp_path / "twin")
    with pytest.raises(Refused):
        scene.forge.merge(pull, by=scene.bob)
    published(scene, pull, PASSED, tmp_path / "pull")
    scene.forge.merge(pull, by=scene.bob)


def test_t22_a_comment_of_somebody_else_is_left_alone_and_told(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    marker = Marker(head=pull.head_sha, base="main", run=10**9)
    forged = scene.forge.comment(scene.repo, pull.number, f"{marker}\n### ✅ Passed: everything\n", by=scene.cleo)
    done = published(scene, pull, FAILED, tmp_path)
    theirs, ours = comments(scene)
    assert theirs.body == forged.body
    assert theirs.user.login == "cleo"
    assert ours.user.login == "github-actions[bot]"
    assert "Failed: flight-delay" in ours.body
    assert done.warnings == ("cleo wrote a comment that begins as ours does: it was left alone and counts for nothing",)
    assert not done.troubles


@pytest.mark.parametrize("head", ["as it was", "made up", "of another commit"])
def test_t23_an_edited_comment_is_restored_whatever_run_it_claims(tmp_path: Path, scene: Scene, head: str) -> None:
    pull = scene.propose()
    published(scene, pull, FAILED, tmp_path / "a")
    (comment,) = comments(scene)
    written = read_marker(comment.body)
    assert written is not None
    claimed = {
        "as it was": written.head,
        "made up": "ab" * 20,
        "of another commit": scene.work.git("rev-parse", "main"),
    }
    raised = replace(written, run=10**18, head=claimed[head])
    comment.body = comment.body.replace(str(written), str(raised)).replace("Failed", "Passed")
    done = published(scene, pull, FAILED, tmp_path / "b", run=101)
    (comment,) = comments(scene)
    assert "Failed: flight-delay" in comment.body
    assert "run=101 " in comment.body
    assert not done.troubles


def test_t23_nothing_is_read_back_from_a_comment(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    published(scene, pull, FAILED, tmp_path / "a")
    (comment,) = comments(scene)
    comment.body = comment.body.partition("\n")[0] + "\n### ✅ Passed"
    published(scene, pull, FAILED, tmp_path / "b", run=101)
    assert latest_check(scene, pull.head_sha).conclusion == "failure"
    assert "Failed: flight-delay" in comments(scene)[0].body


@pytest.mark.parametrize("value", ["a\nx=y", "a\nEOF\nx=y", "x<<E\ny\nE"], ids=["line", "heredoc", "block"])
def test_t20_no_output_of_the_step_sets_another(tmp_path: Path, value: str) -> None:
    job = a_job(tmp_path)
    job.say(outcome=value)
    job.say(outcome=value)
    assert job.output is not None
    lines = job.output.read_text(encoding="utf-8").splitlines()
    ends = []
    for _ in range(2):
        opened = re.fullmatch(r"outcome<<(end-[0-9a-f]{32})", lines[0])
        assert opened is not None
        at = lines.index(opened[1], 1)
        assert lines[1:at] == value.splitlines()
        ends.append(opened[1])
        lines = lines[at + 1 :]
    assert lines == []
    assert ends[0] != ends[1]


def test_t33_the_names_of_files_hold_nothing_of_a_document(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    hostile = [
        replace(record, plan=replace(record.plan, facts=replace(record.plan.facts, model=model)))
        for record, model in zip(PASSED.records * 2, ("../../x", "a/b\nc"), strict=True)
    ]
    published(scene, pull, judged(hostile), tmp_path / "run")
    written = sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if "scene" not in one.parts)
    names = [one.removeprefix("run/ratchet/") for one in written if one.startswith("run/ratchet/")]
    assert all(
        re.fullmatch(r"report\.(md|json|sarif|xml)|record-[0-9a-f]{8}\.json|report-[0-9a-f]{8}\.html", one)
        for one in names
    )
    assert len(names) == 8
    assert sorted(set(written) - {f"run/ratchet/{one}" for one in names}) == [
        "run",
        "run/output.txt",
        "run/ratchet",
        "run/summary.md",
    ]
    assert "../../x" in json.loads((tmp_path / "run/ratchet/report.json").read_text())["promotions"][0]["model"]
