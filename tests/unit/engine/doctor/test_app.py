"""The App and its environment: what the hardened tier rests on, and what does not concern the quickstart tier."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from builders.settings import HIDDEN, THE_APP, asked, good, texts, written
from model_ratchet.actions.init import Tier
from model_ratchet.documents.workflow import read_workflow
from model_ratchet.engine.doctor.app import ENVIRONMENT, KEY, environment_name
from model_ratchet.engine.doctor.rule import State
from model_ratchet.engine.settings import Settings, Unread

CHECK = "promotion-check.yml"
RULES = (
    "environment",
    "environment-admins",
    "environment-waits",
    "environment-jobs",
    "app-key",
    "app-client",
    "app-permissions",
)
OF_THE_ENVIRONMENT = ("environment-admins", "environment-waits", "app-key", "app-client")


def environment(**changed: Any) -> Settings:
    settings = good()
    assert isinstance(settings.environments, Mapping)
    return replace(settings, environments={ENVIRONMENT: replace(settings.environments[ENVIRONMENT], **changed)})


@pytest.mark.parametrize("rule", RULES)
def test_all_of_it_is_set_in_one_tier_and_none_of_it_applies_to_the_other(rule: str) -> None:
    assert asked(rule, good()).state is State.SET
    assert asked(rule, good(Tier.QUICKSTART, environments=HIDDEN, secrets=HIDDEN, app=HIDDEN)).state is State.IDLE


def test_an_environment_that_is_not_there_is_told_once() -> None:
    said = asked("environment", good(environments={}))
    assert (said.state, said.found) == (State.MISSING, "there is no environment promotion-verdict")
    assert {asked(rule, good(environments={})).state for rule in OF_THE_ENVIRONMENT} == {State.IDLE}


@pytest.mark.parametrize("rule", ["environment", *OF_THE_ENVIRONMENT])
def test_environments_that_are_hidden_are_not_verified(rule: str) -> None:
    assert asked(rule, good(environments=HIDDEN)).state is State.UNVERIFIED


@pytest.mark.parametrize(
    ("branches", "state", "found"),
    [
        (("main",), State.SET, ""),
        (None, State.MISSING, "promotion-verdict is reached by every branch"),
        ((), State.MISSING, "promotion-verdict is reached by no branch"),
        (("main", "m*"), State.MISSING, "promotion-verdict is reached by main, m*"),
        (("dev",), State.MISSING, "promotion-verdict is reached by dev"),
        (HIDDEN, State.UNVERIFIED, "GitHub does not tell it (403): it takes administration: read"),
    ],
    ids=["base", "all", "none", "more", "other", "hidden"],
)
def test_only_the_base_branch_reaches_the_key(branches: object, state: State, found: str) -> None:
    said = asked("environment", environment(branches=branches))
    assert (said.state, said.found) == (state, found)


def test_the_environment_is_that_of_the_jobs_that_sign_in() -> None:
    renamed = written(CHECK, "environment: promotion-verdict", "environment: {name: verdicts}", Tier.HARDENED)
    assert environment_name(renamed.files) == "verdicts"
    assert asked("environment", renamed).found == "there is no environment verdicts"


@pytest.mark.parametrize(
    ("bypass", "state"), [(True, State.MISSING), (HIDDEN, State.UNVERIFIED)], ids=["may", "hidden"]
)
def test_administrators_do_not_go_around_its_branches(bypass: object, state: State) -> None:
    assert asked("environment-admins", environment(admins_bypass=bypass)).state is state


def test_no_verdict_waits_for_anybody() -> None:
    said = asked("environment-waits", environment(waits_for=("reviewers", "a timer")))
    assert (said.state, said.found) == (State.MISSING, "each verdict waits for reviewers, a timer")


def test_each_job_that_judges_signs_in_and_in_the_environment() -> None:
    outside = written(CHECK, "    environment: promotion-verdict\n", "", Tier.HARDENED)
    assert asked("environment-jobs", outside).found == (
        "the job check of promotion-check.yml signs in outside of promotion-verdict"
    )
    without = written(CHECK, "actions/create-github-app-token@", "actions/other@", Tier.HARDENED)
    assert asked("environment-jobs", without).found == "the job check of promotion-check.yml does not sign in"


@pytest.mark.parametrize(
    ("inside", "everywhere", "state"),
    [
        (frozenset({KEY}), frozenset(), State.SET),
        (frozenset(), frozenset(), State.MISSING),
        (frozenset({KEY}), frozenset({KEY}), State.MISSING),
        (frozenset({"OTHER"}), frozenset({"OTHER"}), State.MISSING),
        (HIDDEN, frozenset({KEY}), State.MISSING),
        (frozenset(), HIDDEN, State.MISSING),
        (frozenset({KEY}), HIDDEN, State.UNVERIFIED),
        (HIDDEN, frozenset(), State.UNVERIFIED),
    ],
    ids=["inside", "nowhere", "both", "another", "everywhere", "not inside", "who knows", "hidden"],
)
def test_the_key_is_in_the_environment_and_nowhere_else(
    inside: object, everywhere: frozenset[str] | Unread, state: State
) -> None:
    assert asked("app-key", replace(environment(secrets=inside), secrets=everywhere)).state is state


def test_the_key_is_the_secret_that_the_workflow_hands_over() -> None:
    files = {name: text.replace(KEY, "OUR_KEY") for name, text in texts(Tier.HARDENED).items()}
    workflows = tuple(read_workflow(f".github/workflows/{name}", text.encode()) for name, text in files.items())
    settings = good()
    renamed = replace(settings, files=replace(settings.files, workflows=workflows))
    assert asked("app-key", renamed).found == "promotion-verdict has no secret OUR_KEY"


@pytest.mark.parametrize(
    ("variables", "state"),
    [
        ({"RATCHET_APP_CLIENT_ID": "Iv7"}, State.SET),
        ({"RATCHET_APP_CLIENT_ID": "7"}, State.SET),
        ({"RATCHET_APP_CLIENT_ID": "Iv8"}, State.MISSING),
        ({"OTHER": "Iv7"}, State.MISSING),
        (HIDDEN, State.UNVERIFIED),
    ],
    ids=["client", "number", "another", "no name", "hidden"],
)
def test_the_environment_names_the_app(variables: object, state: State) -> None:
    assert asked("app-client", environment(variables=variables)).state is state


@pytest.mark.parametrize("name", ["checks", "pull_requests", "contents", "issues", "statuses", "members"])
def test_the_app_has_what_its_token_is_asked_for(name: str) -> None:
    less = replace(THE_APP, permissions={key: level for key, level in THE_APP.permissions.items() if key != name})
    level = "read" if name in ("statuses", "members") else "write"
    assert asked("app-permissions", good(app=less)).found == f"acme-ratchet lacks {name}: {level}"
    more = replace(THE_APP, permissions=dict.fromkeys(THE_APP.permissions, "write"))
    assert asked("app-permissions", good(app=more)).state is State.SET


def test_an_app_that_is_not_known_is_not_verified() -> None:
    assert asked("app-permissions", good(app=HIDDEN)).state is State.UNVERIFIED
    assert asked("app-permissions", good(app=None)).state is State.UNVERIFIED


def test_a_repository_of_a_person_has_no_members_to_read() -> None:
    less = replace(THE_APP, permissions={key: level for key, level in THE_APP.permissions.items() if key != "members"})
    line = "          permission-members: read # looks up teams; remove the line where a person owns the repository\n"
    files = {name: text.replace(line, "") for name, text in texts(Tier.HARDENED).items()}
    workflows = tuple(read_workflow(f".github/workflows/{name}", text.encode()) for name, text in files.items())
    settings = good(app=less)
    assert (
        asked("app-permissions", replace(settings, files=replace(settings.files, workflows=workflows))).state
        is State.SET
    )
