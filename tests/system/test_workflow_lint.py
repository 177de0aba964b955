"""Workflows and the action, shipped and written, by three linters; each of them is seen to bite."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.scaffolds import ROOT, TIERS, initialised, workflows
from components.linters import TOO_NEW, actionlint, schema_faults, zizmor
from model_ratchet.actions.init import Tier

ACTION = ROOT / ".github" / "actions" / "ratchet" / "action.yml"
FORM = ".github/ISSUE_TEMPLATE/root-cause.yml"


@TIERS
def test_zizmor_finds_nothing_in_what_init_writes(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    assert zizmor(tmp_path) == []


def test_zizmor_finds_nothing_in_the_action_and_in_our_own_workflows() -> None:
    assert zizmor(ROOT / ".github") == []


@TIERS
def test_the_schemas_of_github_take_what_init_writes(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    assert schema_faults("workflows", workflows(tmp_path)) == ""
    assert schema_faults("issue-forms", [tmp_path / FORM]) == ""


def test_the_schemas_of_github_take_the_action_and_our_own_workflows() -> None:
    assert schema_faults("actions", [ACTION]) == ""
    assert schema_faults("workflows", workflows(ROOT)) == ""


@TIERS
def test_actionlint_finds_nothing_in_what_init_writes(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    assert actionlint([*workflows(tmp_path), *workflows(ROOT)]) == []


def broken(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, old
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "audit"),
    [
        ("promotion-check.yml", "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "unpinned-uses"),
        ("promotion-check.yml", "          persist-credentials: false\n", "", "artipacked"),
        ("promotion-check.yml", "permissions: {}\n", "permissions: write-all\n", "excessive-permissions"),
        ("promotion-check.yml", " # zizmor: ignore[dangerous-triggers]", " #", "dangerous-triggers"),
        ("promotion-record.yml", " # zizmor: ignore[dangerous-triggers]", " #", "dangerous-triggers"),
        ("promotion-relay.yml", '"promotion recheck', '"${{ github.event.pull_request.title }}', "template-injection"),
    ],
)  # fmt: skip
def test_zizmor_finds_a_broken_workflow(tmp_path: Path, name: str, old: str, new: str, audit: str) -> None:
    initialised(tmp_path, Tier.HARDENED)
    broken(tmp_path / ".github" / "workflows" / name, old, new)
    assert f"{audit} {name}" in zizmor(tmp_path)


def test_zizmor_finds_a_grant_without_a_reason_and_triggers_that_nobody_thought_about(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.QUICKSTART)
    advance, check, recheck, *_ = workflows(tmp_path)
    broken(check, "checks: write # publishes the check promotion/main\n", "checks: write\n")
    broken(recheck, " # zizmor: ignore[dangerous-triggers]", " #")
    broken(advance, "deployments: write # shows each stage as a deployment\n", "deployments: write\n")
    assert zizmor(tmp_path) == [
        "undocumented-permissions promotion-advance.yml",
        "undocumented-permissions promotion-check.yml",
        "dangerous-triggers promotion-recheck.yml",
    ]


@TIERS
def test_what_zizmor_is_told_to_ignore_are_triggers_with_a_reason(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    ignored = [
        line.strip().partition("]")
        for file in [*workflows(tmp_path), *workflows(ROOT), ACTION]
        for line in file.read_text(encoding="utf-8").splitlines()
        if "zizmor:" in line
    ]
    triggers = {
        Tier.QUICKSTART: ["issue_comment", "issue_comment", "pull_request_target"],
        Tier.HARDENED: [
            *("issue_comment", "workflow_run"),
            "pull_request_target",
            *("issue_comment", "workflow_run"),
            "pull_request_target",
        ],
    }
    assert [start for start, _, _ in ignored] == [
        f"{one}: # zizmor: ignore[dangerous-triggers" for one in triggers[tier]
    ]
    assert all(len(reason.split()) > 5 for _, _, reason in ignored)


@pytest.mark.parametrize(
    ("old", "new", "audit"),
    [
        ('check "--$MODE"', 'check "--${{ inputs.mode }}"', "template-injection"),
        ("@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "@v7", "unpinned-uses"),
    ],
)
def test_zizmor_finds_a_broken_action(tmp_path: Path, old: str, new: str, audit: str) -> None:
    file = tmp_path / "action.yml"
    shutil.copy(ACTION, file)
    broken(file, old, new)
    assert f"{audit} action.yml" in zizmor(file)


@pytest.mark.parametrize(
    ("kind", "find", "old", "new"),
    [
        ("workflows", lambda path: workflows(path)[0], "runs-on:", "run-on:"),
        ("issue-forms", lambda path: path / FORM, "type: textarea", "type: novel"),
    ],
)
def test_the_schemas_refuse_what_is_broken(
    tmp_path: Path, kind: str, find: Callable[[Path], Path], old: str, new: str
) -> None:
    initialised(tmp_path, Tier.QUICKSTART)
    broken(find(tmp_path), old, new)
    assert "validation errors" in schema_faults(kind, [find(tmp_path)])


def test_the_schema_of_actions_refuses_what_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "action.yml"
    shutil.copy(ACTION, file)
    broken(file, "using: composite", "using: composition")
    assert "validation errors" in schema_faults("actions", [file])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("github.event_name", "github.evnt_name", 'property "evnt_name" is not defined'),
        ("types: [created]", "types: [invented]", 'invalid activity type "invented"'),
        ('cron: "17 * * * *"', 'cron: "17 * *"', "invalid CRON format"),
    ],
)
def test_actionlint_finds_a_broken_workflow(tmp_path: Path, old: str, new: str, said: str) -> None:
    initialised(tmp_path, Tier.QUICKSTART)
    file = tmp_path / ".github" / "workflows" / "promotion-recheck.yml"
    broken(file, old, new)
    assert any(said in found for found in actionlint([file]))


def test_what_actionlint_is_too_old_for_is_all_that_is_let_through(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.HARDENED)
    assert len(TOO_NEW) == 3
    text = "".join(file.read_text(encoding="utf-8") for file in workflows(tmp_path))
    assert "runs-on: ubuntu-24.04\n" in text
    assert "vars.RATCHET_APP_CLIENT_ID" in text
    assert "attestations: write" in text
