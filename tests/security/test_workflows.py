"""The attacks on the workflows, by their numbers: what init writes and what the action does hold against each."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders.scaffolds import ROOT, TIERS, initialised, workflows
from model_ratchet.actions.init import ACTION, Tier

Step = Mapping[str, Any]

RELEASED = {
    "actions/attest": ("1e69f48acb82d1966a394da916b4c1698aa569d6", "v4.2.2"),
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/create-github-app-token": ("1b10c78c7865c340bc4f6099eb2f838309f1e8c3", "v3.1.1"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "pypa/gh-action-pypi-publish": ("ed0c53931b1dc9bd32cbe73a98c7f6766f8a527e", "v1.13.0"),
}
"""The commits that the tags of these releases name."""
OURS = ROOT / ".github" / "actions" / "ratchet" / "action.yml"


def read(file: Path) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded


def events(file: Path) -> Mapping[str, Any]:
    """What starts a workflow: YAML 1.1 reads the key ``on`` as true."""
    started: Mapping[str, Any] = read(file)[True]
    return started


def jobs(path: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for file in workflows(path):
        for name, job in read(file)["jobs"].items():
            yield file.name, name, job


def steps(path: Path) -> Iterator[Step]:
    for _, _, job in jobs(path):
        yield from job["steps"]
    yield from read(OURS)["runs"]["steps"]


def test_t02_the_check_runs_again_when_a_pull_request_is_retargeted(tmp_path: Path) -> None:
    for tier, event in ((Tier.QUICKSTART, "pull_request"), (Tier.HARDENED, "pull_request_target")):
        initialised(tmp_path / tier, tier)
        check = events(tmp_path / tier / ".github/workflows/promotion-check.yml")[event]
        assert "edited" in check["types"]
        assert check["branches"] == ["main"]
        assert "paths" not in check


def test_t03_no_workflow_of_a_pull_request_reaches_the_key_in_the_hardened_tier(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.HARDENED)
    at_the_head = {"pull_request", "pull_request_review", "merge_group"}
    for file in workflows(tmp_path):
        text = file.read_text(encoding="utf-8")
        if at_the_head & set(events(file)):
            assert "secrets." not in text
            assert "vars." not in text
            assert "environment:" not in text
            assert "uses:" not in text
            assert all(job["permissions"] == {} for job in read(file)["jobs"].values())
        else:
            assert all(job["environment"] == "promotion-verdict" for job in read(file)["jobs"].values())


def test_t03_what_publishes_knows_the_app_whose_token_it_has(tmp_path: Path) -> None:
    """Check runs and comments of another app than this one count for nothing."""
    for tier, expected in (
        (Tier.QUICKSTART, (None, None)),
        (Tier.HARDENED, ("${{ steps.app.outputs.token }}", "${{ steps.app.outputs.app-slug }}")),
    ):
        initialised(tmp_path / tier, tier)
        calls = [
            step.get("with", {})
            for _, _, job in jobs(tmp_path / tier)
            for step in job["steps"]
            if step.get("uses", "").startswith(f"{ACTION}@") and step.get("with", {}).get("mode") != "watch"
        ]  # the watch publishes no verdict: the token of its run opens issues, and may read
        assert calls
        assert {(call.get("token"), call.get("app")) for call in calls} == {expected}
    action = read(OURS)
    (judge,) = [step for step in action["runs"]["steps"] if step.get("id") == "ratchet"]
    assert judge["env"]["RATCHET_APP"] == "${{ inputs.app }}"
    assert action["inputs"]["app"]["default"] == "github-actions"


@TIERS
def test_t04_the_pull_request_is_never_checked_out(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    taken = {
        str(step["with"]["ref"]) for step in steps(tmp_path) if step.get("uses", "").startswith("actions/checkout@")
    }
    assert taken <= {
        "main",
        "ratchet/ledger",
        "${{ github.event.pull_request.base.ref }}",
        "${{ github.event.pull_request.base.ref || github.event.merge_group.base_ref }}",
    }
    text = "".join(file.read_text(encoding="utf-8") for file in [*workflows(tmp_path), OURS])
    assert "allow-unsafe-pr-checkout" not in text
    assert "cache" not in text.lower().replace("no-cache", "")


@TIERS
def test_t18_no_credentials_stay_behind_and_only_named_files_are_kept(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    for step in steps(tmp_path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        if step.get("uses", "").startswith("actions/upload-artifact@"):
            kept = step["with"]["path"].split("\n")
            assert kept in (
                ["${{ steps.ratchet.outputs.record }}", "${{ steps.ratchet.outputs.report }}", ""],
                ["${{ runner.temp }}/ratchet-watch"],
            )


@TIERS
def test_t21_no_expression_stands_in_a_line_that_is_run(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    scripts = [step["run"] for step in steps(tmp_path) if "run" in step]
    assert len(scripts) >= 2
    assert [script for script in scripts if "${{" in script] == []


@TIERS
def test_t31_every_action_is_pinned_to_the_commit_of_a_release(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    lines = [
        line.strip()
        for file in [*workflows(tmp_path), *workflows(ROOT), OURS]
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*(- )?uses:", line)
    ]
    assert len(lines) > 5
    for line in lines:
        found = re.fullmatch(r"(?:- )?uses: ([\w./-]+)@([0-9a-f]{40}) # (.+)", line)
        assert found is not None, line
        if found[1] != ACTION:
            assert (found[2], found[3]) == RELEASED[found[1]], line


def test_t31_the_action_installs_nothing_without_a_hash() -> None:
    (install,) = [step["run"] for step in read(OURS)["runs"]["steps"] if "install" in step.get("run", "")]
    *_, third_party, _, signing, product = install.strip().splitlines()
    assert "--require-hashes --only-binary :all:" in third_party
    assert "--require-hashes --only-binary :all:" in signing
    assert "--no-index --no-deps --no-build-isolation" in product


@TIERS
def test_nothing_is_granted_that_no_job_asks_for(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    for file in workflows(tmp_path):
        assert read(file)["permissions"] == {}
    for workflow, name, job in jobs(tmp_path):
        assert "permissions" in job, (workflow, name)
        assert 0 < job["timeout-minutes"] <= 30
        assert "concurrency" in job or "concurrency" in read(tmp_path / ".github" / "workflows" / workflow)


@TIERS
def test_the_job_that_publishes_the_required_check_always_runs(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    file = tmp_path / ".github" / "workflows" / "promotion-check.yml"
    (job,) = read(file)["jobs"].values()
    assert "if" not in job
    assert not [event for event in events(file).values() if event and {"paths", "paths-ignore"} & set(event)]
    assert read(file)["concurrency"]["cancel-in-progress"] is True


@TIERS
def test_records_are_made_one_after_the_other_from_the_protected_branch(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    file = tmp_path / ".github" / "workflows" / "promotion-record.yml"
    started = events(file)
    assert started["push"] == {"branches": ["main"], "paths": ["policies/**", "promotions/**"]}
    assert started["pull_request_target"] == {"branches": ["main"], "types": ["closed"]}
    assert {"schedule", "workflow_dispatch"} <= set(started)
    assert "pull_request" not in started
    assert read(file)["concurrency"] == {"group": "promotion-record", "cancel-in-progress": False}


@TIERS
def test_t30_sealed_records_are_attested_only_where_the_repository_asks_for_it(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    file = tmp_path / ".github" / "workflows" / "promotion-record.yml"
    record, attest = read(file)["jobs"].values()
    assert "vars.RATCHET_ATTEST == 'true'" in attest["if"]
    assert attest["permissions"] == {"attestations": "write", "contents": "read", "id-token": "write"}
    assert not {"attestations", "id-token"} & set(record["permissions"])
    assert record["outputs"] == {"records": "${{ steps.record.outputs.records }}"}
    assert attest["steps"][-1]["with"] == {"subject-path": "${{ needs.record.outputs.records }}"}
    assert attest["steps"][0]["with"] == {"ref": "ratchet/ledger", "persist-credentials": False}
    tokens = [(name, "id-token") for _, name, job in jobs(tmp_path) if "id-token" in job["permissions"]]
    assert tokens == [("attest", "id-token")]


@TIERS
def test_only_the_jobs_that_record_advance_roll_back_and_keep_may_write_contents(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    writing = set()
    for file, name, job in jobs(tmp_path):
        given = [step.get("with", {}).get("permission-contents") for step in job["steps"]]
        if job["permissions"].get("contents") == "write" or "write" in given:
            writing.add((file, name))
    assert writing == {
        ("promotion-record.yml", "record"),
        ("promotion-rollback.yml", "rollback"),
        ("promotion-watch.yml", "keep"),
        ("promotion-watch.yml", "rollback"),
        ("promotion-advance.yml", "advance"),
        ("promotion-advance.yml", "advance-all"),
    }


@TIERS
def test_what_anybody_may_write_keeps_neither_a_record_nor_the_hour_from_being_run(tmp_path: Path, tier: Tier) -> None:
    """GitHub drops a run that waits in a group for one that comes later."""
    initialised(tmp_path, tier)
    advance = read(tmp_path / ".github" / "workflows" / "promotion-advance.yml")
    assert "concurrency" not in advance
    groups = {name: job["concurrency"]["group"] for name, job in advance["jobs"].items()}
    assert groups["advance"].startswith("promotion-advance-${{ github.event.issue.number || ")
    assert groups["advance-all"] == "promotion-advance"
    assert "promotion-record" not in groups.values()
    assert not any(job["concurrency"]["cancel-in-progress"] for job in advance["jobs"].values())


@TIERS
def test_a_comment_can_not_stop_the_check_of_a_push(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    recheck = read(tmp_path / ".github" / "workflows" / "promotion-recheck.yml")
    assert "concurrency" not in recheck
    groups = [job["concurrency"] for job in recheck["jobs"].values()]
    assert [one["cancel-in-progress"] for one in groups] == [False, False]
    check = read(tmp_path / ".github" / "workflows" / "promotion-check.yml")["concurrency"]["group"]
    assert not any(one["group"].startswith(check.partition("$")[0]) for one in groups)


def test_what_the_relay_hands_on_is_answered_from_the_protected_branch(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.HARDENED)
    folder = tmp_path / ".github" / "workflows"
    assert set(events(folder / "promotion-relay.yml")) == {"pull_request_review", "merge_group"}
    for name, job in (("promotion-recheck.yml", "recheck"), ("promotion-advance.yml", "advance")):
        relayed = events(folder / name)["workflow_run"]
        assert relayed == {"workflows": [read(folder / "promotion-relay.yml")["name"]], "types": ["completed"]}
        assert "github.event_name == 'workflow_run'" in read(folder / name)["jobs"][job]["if"]


def test_the_product_is_told_whose_token_it_publishes_with(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.HARDENED)
    calls = [
        step
        for step in steps(tmp_path)
        if step.get("uses", "").startswith(f"{ACTION}@")
        and step.get("with", {}).get("mode") != "watch"  # it only reads
    ]
    assert len(calls) == 9
    assert {step["with"]["app"] for step in calls} == {"${{ steps.app.outputs.app-slug }}"}


@pytest.mark.parametrize(("tier", "asked"), [(Tier.QUICKSTART, "--publish"), (Tier.HARDENED, "--publish")])
def test_each_job_is_one_call_of_the_action(tmp_path: Path, tier: Tier, asked: str) -> None:
    initialised(tmp_path, tier)
    calls = {
        (file, name): step.get("with", {}).get("mode", "publish")
        for file, name, job in jobs(tmp_path)
        for step in job["steps"]
        if step.get("uses", "").startswith(f"{ACTION}@")
    }
    assert calls == {
        ("promotion-check.yml", "check"): "publish",
        ("promotion-recheck.yml", "recheck"): "publish",
        ("promotion-recheck.yml", "refresh"): "refresh",
        ("promotion-record.yml", "record"): "record",
        ("promotion-rollback.yml", "rollback"): "rollback",
        ("promotion-watch.yml", "keep"): "keep",
        ("promotion-watch.yml", "rollback"): "rollback",
        ("promotion-watch.yml", "watch"): "watch",
        ("promotion-advance.yml", "advance"): "advance",
        ("promotion-advance.yml", "advance-all"): "advance",
    }
    ours = read(OURS)
    assert ours["inputs"]["mode"]["default"] == asked.removeprefix("--")
    (judge,) = [step["run"] for step in ours["runs"]["steps"] if step.get("id") == "ratchet"]
    assert judge.strip().splitlines() == [
        'ratchet="$RUNNER_TEMP/ratchet/bin/ratchet"',
        "case $MODE in",
        '  record | advance) "$ratchet" "$MODE" --publish ;;',
        "  rollback)",
        (
            '    "$ratchet" rollback --publish --reason="$REASON" ${TO:+"--to=$TO"} '
            '${CULPRIT:+--automatic "--culprit=$CULPRIT"} -- "$MODEL"'
        ),
        "    ;;",
        "  watch)",
        "    code=0",
        '    "$ratchet" watch --state "$RUNNER_TEMP/ratchet-watch" || code=$?',
        "    # what fires was told, and is no failure of this run",
        '    [[ $code == 1 ]] || exit "$code"',
        "    ;;",
        '  site) "$ratchet" site --output "$RUNNER_TEMP/ratchet-site" ;;',
        '  keep) "$ratchet" watch --keep --state "$RUNNER_TEMP/ratchet-watch" ;;',
        '  *) "$ratchet" check "--$MODE" ;;',
        "esac",
    ]
    assert set(ours["outputs"]) == {"outcome", "record", "records", "report", "leaving", "advanced", "because"}
