"""The workflows of the base branch: each defence that init writes is missed once it is gone."""

from dataclasses import replace

import pytest

from builders.settings import HIDDEN, asked, good, of_files, texts, written
from model_ratchet.actions.init import Tier
from model_ratchet.engine.doctor.rule import Said, State
from model_ratchet.engine.settings import Settings

CHECK, RECHECK = "promotion-check.yml", "promotion-recheck.yml"
Q, H = Tier.QUICKSTART, Tier.HARDENED
OF_FILES = ("triggers", "always-runs", "check-names", "pins", "permissions", "credentials", "checkouts")
TYPES = "types: [opened, synchronize, reopened, ready_for_review, converted_to_draft, edited, labeled, unlabeled]"
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
BASE = "github.event.pull_request.base.ref || github.event.merge_group.base_ref"
FOREIGN = "on: {events}\njobs:\n  build:\n    steps:\n      - uses: actions/checkout@v4\n        with: {given}\n"


def beside(text: str, tier: Tier = Q, name: str = "build.yml") -> Settings:
    return of_files(texts(tier) | {name: text}, tier)


@pytest.mark.parametrize("tier", list(Tier), ids=str)
@pytest.mark.parametrize("rule", OF_FILES)
def test_what_init_writes_lacks_nothing(rule: str, tier: Tier) -> None:
    assert asked(rule, good(tier)).state is State.SET


@pytest.mark.parametrize("files", [{}, {"ci.yml": "on: push\njobs: {}\n"}], ids=["none", "others"])
def test_where_no_workflow_is_ours_that_is_told_once(files: dict[str, str]) -> None:
    found = {rule: asked(rule, of_files(files)) for rule in OF_FILES}
    assert {rule for rule, said in found.items() if said.state is State.MISSING} == {"triggers"}
    assert found["triggers"].found == "no workflow calls Ratchet"
    assert {rule for rule, said in found.items() if said.state is State.SET} == {"check-names", "checkouts"}


@pytest.mark.parametrize("rule", OF_FILES)
def test_what_stands_in_a_file_that_can_not_be_read_is_not_verified(rule: str) -> None:
    said = asked(rule, of_files({CHECK: "on: [\n", RECHECK: texts(Q)[RECHECK]}))
    assert said.state is State.UNVERIFIED
    assert ".github/workflows/promotion-check.yml:2:1 can't be read: this is not YAML" in said.found


def test_a_file_of_others_that_can_not_be_read_matters_where_others_matter() -> None:
    found = {rule: asked(rule, beside("jobs: &all {}\n")).state for rule in OF_FILES}
    assert {rule for rule, state in found.items() if state is State.UNVERIFIED} == {"check-names", "checkouts"}


@pytest.mark.parametrize(
    ("name", "old", "new", "found"),
    [
        (CHECK, TYPES, "types: [opened]", "pull_request synchronize, pull_request reopened, pull_request ready_for"),
        (CHECK, TYPES, "paths-ignore: []", "pull_request ready_for_review, pull_request edited"),
        (CHECK, "[submitted, dismissed]", "[submitted]", "pull_request_review dismissed"),
        (CHECK, "  pull_request_review:\n    types: [submitted, dismissed]\n", "", "pull_request_review"),
        (RECHECK, "types: [created]", "types: [edited]", "issue_comment created"),
        (RECHECK, "branches: [main]", "branches: [dev]", "push"),
        (RECHECK, '  schedule:\n    - cron: "17 * * * *"\n', "", "schedule"),
    ],
    ids=["opened", "defaults", "dismissed", "no reviews", "comments", "push", "schedule"],
)
def test_each_event_that_moves_a_verdict_starts_a_workflow(name: str, old: str, new: str, found: str) -> None:
    said = asked("triggers", written(name, old, new))
    assert said.state is State.MISSING
    assert said.found.startswith(f"nothing is started by {found}")


def test_where_the_only_workflow_of_ours_can_not_be_read_nobody_says_that_there_is_none() -> None:
    said = asked("triggers", of_files({CHECK: "on: [\n"}))
    assert (said.state, CHECK in said.found) == (State.UNVERIFIED, True)
    assert asked("triggers", of_files({"build.yml": "on: [\n"})).found == "no workflow calls Ratchet"


def test_an_event_that_starts_nothing_is_missed_whatever_stands_in_an_unreadable_file_of_others() -> None:
    lacking = texts(Q) | {RECHECK: texts(Q)[RECHECK].replace("types: [created]", "types: [edited]")}
    said = asked("triggers", of_files(lacking | {"build.yml": "on: [\n"}))
    assert (said.state, said.found) == (State.MISSING, "nothing is started by issue_comment created")
    assert asked("triggers", of_files(lacking | {"promotion-more.yml": "on: [\n"})).state is State.UNVERIFIED


@pytest.mark.parametrize("tier", list(Tier), ids=str)
def test_the_rollback_is_as_it_was_written_and_an_alert_needs_a_token_only_where_no_app_signs_in(tier: Tier) -> None:
    settings = good(tier)
    found = {
        how: asked("rollback", replace(settings, files=replace(settings.files, rollback=how)))
        for how in ("shipped", "absent", "other")
    }
    needs = "whatever starts it for an alert (`ratchet watch --listen`) needs a token with actions: write"
    assert found == {
        "shipped": Said(State.SET, note=needs if tier is Q else ""),
        "absent": Said(State.MISSING, "there is no promotion-rollback.yml"),
        "other": Said(State.MISSING, "promotion-rollback.yml is not the one that this release writes"),
    }
    assert asked("rollback", of_files({})).state is State.IDLE


def test_two_workflows_may_share_an_event() -> None:
    narrow = "on: {pull_request: {types: [opened], branches: [dev]}, push: {branches: [dev]}}\njobs: {}\n"
    assert asked("triggers", beside(narrow, name="promotion-more.yml")).state is State.SET
    narrow = "on: {pull_request: {types: [opened]}}\njobs: {}\n"
    assert asked("triggers", beside(narrow, name="promotion-more.yml")).state is State.SET


def test_a_relayed_review_is_followed_in_the_hardened_tier() -> None:
    gone = written(RECHECK, "  workflow_run:", "  workflow_call:", H)
    assert asked("triggers", gone).found == "nothing is started by workflow_run"
    assert asked("triggers", written(CHECK, "branches: [main]", "branches: ['m*']", H)).state is State.SET


@pytest.mark.parametrize("key", ["paths", "paths-ignore", "branches-ignore"])
def test_nothing_holds_the_check_back(key: str) -> None:
    said = asked("always-runs", written(CHECK, TYPES, f"{key}: [docs]"))
    assert (said.state, said.found) == (State.MISSING, f"promotion-check.yml is held back by `{key}`")


def test_a_condition_at_the_job_that_judges_holds_it_back_and_one_elsewhere_does_not() -> None:
    said = asked("always-runs", written(CHECK, "    name: Judge", "    if: true\n    name: Judge"))
    assert said.found == "the job check of promotion-check.yml has an `if:`"
    other = "jobs:\n  greet:\n    if: true\n    permissions: {}\n    steps: []\n"
    assert asked("always-runs", written(CHECK, "jobs:\n", other)).state is State.SET
    assert asked("always-runs", beside("on: pull_request\njobs: {a: {if: true, steps: []}}\n")).state is State.SET


def test_a_workflow_of_another_name_that_calls_ratchet_is_one_of_ours() -> None:
    named = {f"models-{name.removeprefix('promotion-')}": text for name, text in texts(Q).items()}
    assert [asked(rule, of_files(named)).state for rule in OF_FILES] == [State.SET] * len(OF_FILES)
    by_command = "on: pull_request\njobs: {a: {if: true, steps: [{run: 'ratchet check --publish'}]}}\n"
    assert asked("always-runs", beside(by_command)).found == "the job a of build.yml has an `if:`"


@pytest.mark.parametrize(
    "text",
    [
        "on: push\njobs: {promotion/main: {steps: []}}\n",
        "on: pull_request\njobs: {a: {name: promotion/main, if: false, steps: []}}\n",
    ],
    ids=["key", "name"],
)
def test_no_job_of_anybody_is_called_as_the_check(text: str) -> None:
    said = asked("check-names", beside(text))
    assert said.state is State.MISSING
    assert said.found.endswith("of build.yml is called promotion/main")


@pytest.mark.parametrize(
    ("uses", "state"),
    [
        ("a/b@v1", State.MISSING),
        ("a/b@3d3c42e", State.MISSING),
        ("a/b", State.MISSING),
        (f"a/b@{'0' * 40}", State.MISSING),
        (f"a/b@{'1' * 41}", State.MISSING),
        ("docker://a/b:1", State.MISSING),
        (f"a/b/c@{'1' * 40}", State.SET),
        (f"docker://a/b@sha256:{'1' * 64}", State.SET),
        ("./.github/actions/a", State.SET),
    ],
    ids=["tag", "short", "none", "blank", "long", "image", "commit", "digest", "local"],
)
def test_an_action_is_pinned_by_the_whole_commit(uses: str, state: State) -> None:
    assert asked("pins", written(CHECK, CHECKOUT, uses)).state is state


def test_a_workflow_that_a_job_calls_is_pinned_too() -> None:
    job = "jobs:\n  more:\n    permissions: {}\n    uses: a/b/.github/workflows/c.yml@main\n"
    assert asked("pins", written(CHECK, "jobs:\n", job)).found == (
        "a/b/.github/workflows/c.yml@main in promotion-check.yml is not pinned"
    )


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("permissions: {}\n", "", "promotion-check.yml grants at its top"),
        ("permissions: {}\n", "permissions: {contents: read}\n", "promotion-check.yml grants at its top"),
        ("    permissions:\n", "    env:\n", "the job check of promotion-check.yml does not list what it may"),
        ("pull-requests: write", "pull-requests: read", "lacks pull-requests: write"),
    ],
    ids=["default", "granted", "no list", "too little"],
)
def test_permissions_start_with_none_and_are_listed_by_job(old: str, new: str, found: str) -> None:
    said = asked("permissions", written(CHECK, old, new))
    assert said.state is State.MISSING
    assert found in said.found


def test_in_the_hardened_tier_the_job_itself_publishes_nothing() -> None:
    assert asked("permissions", good(H)).state is State.SET


@pytest.mark.parametrize("given", ["true", "maybe", "null"])
def test_the_token_is_left_nowhere(given: str) -> None:
    said = asked("credentials", written(CHECK, "persist-credentials: false", f"persist-credentials: {given}"))
    assert (said.state, said.found) == (
        State.MISSING,
        "the job check of promotion-check.yml leaves the token behind",
    )


@pytest.mark.parametrize(
    ("ref", "state"),
    [
        ("${{ github.event.pull_request.base.ref || github.event.merge_group.base_ref }}", State.SET),
        ("${{github.base_ref}}", State.SET),
        ("${{ github.event.pull_request.base.sha }}", State.SET),
        ("main", State.SET),
        ("refs/heads/main", State.SET),
        ("dev", State.MISSING),
        ("${{ github.head_ref }}", State.MISSING),
        ("${{ github.sha }}", State.MISSING),
        ("${{ github.base_ref || github.head_ref }}", State.MISSING),
        ("${{ github.base_ref }}${{ github.head_ref }}", State.MISSING),
        ("refs/pull/${{ github.event.number }}/merge", State.MISSING),
    ],
    ids=["base", "short", "sha", "branch", "whole", "other", "head", "merge", "or head", "joined", "pull"],
)
def test_ours_check_out_the_base_and_nothing_else(ref: str, state: State) -> None:
    assert asked("checkouts", written(CHECK, "${{ " + BASE + " }}", ref)).state is state


def test_a_checkout_without_a_ref_is_that_of_the_event() -> None:
    assert asked("checkouts", written(CHECK, "          ref: ${{ " + BASE + " }}\n", "")).found == (
        "the job check of promotion-check.yml checks out the merge of the pull request"
    )
    assert asked("checkouts", written(RECHECK, "          ref: main\n", "")).state is State.SET


def test_ours_check_out_no_fork_whatever_the_ref_is() -> None:
    given = "repository: ${{ github.event.pull_request.head.repo.full_name }}\n          persist-credentials: false"
    assert asked("checkouts", written(CHECK, "persist-credentials: false", given)).state is State.MISSING
    given = "repository: acme/tools\n          persist-credentials: false"
    assert asked("checkouts", written(CHECK, "persist-credentials: false", given)).state is State.SET


def test_no_workflow_of_others_checks_the_head_out_where_a_stranger_starts_it_with_secrets() -> None:
    for given in ("{ref: '${{ github.event.pull_request.head.sha }}'}", "{repository: '${{ github.event.head }}'}"):
        said = asked("checkouts", beside(FOREIGN.format(events="pull_request_target", given=given)))
        assert said.state is State.MISSING
        assert said.found.startswith("build.yml checks out")
    assert (
        asked("checkouts", beside(FOREIGN.format(events="pull_request_target", given="{ref: v1}"))).state is State.SET
    )


def test_others_may_check_the_head_out_where_there_are_none() -> None:
    head = FOREIGN.format(events="[pull_request, push, workflow_run]", given="{ref: '${{ github.head_ref }}'}")
    assert asked("checkouts", beside(head)).state is State.SET


@pytest.mark.parametrize(
    ("enabled", "workflows", "state"),
    [
        (True, {}, State.SET),
        (True, {f".github/workflows/{CHECK}": "active"}, State.SET),
        (True, {f".github/workflows/{CHECK}": "disabled_manually"}, State.MISSING),
        (True, {".github/workflows/build.yml": "disabled_manually"}, State.SET),
        (False, HIDDEN, State.MISSING),
        (HIDDEN, {f".github/workflows/{CHECK}": "disabled_manually"}, State.MISSING),
        (HIDDEN, {}, State.UNVERIFIED),
        (True, HIDDEN, State.UNVERIFIED),
    ],
    ids=["unknown yet", "on", "off", "another", "all off", "off for sure", "hidden", "states hidden"],
)
def test_a_workflow_that_is_off_is_missing_and_one_that_is_hidden_not_verified(
    enabled: object, workflows: object, state: State
) -> None:
    assert asked("active", good(Q, actions_enabled=enabled, workflow_states=workflows)).state is state
