"""The repository: owners, tokens, branches that are kept, and the clock."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders.settings import GUARD, HIDDEN, OWNERS, asked, good, written
from model_ratchet.actions.init import Tier
from model_ratchet.engine.doctor import RULES, Answer, decisive, examine, of_state
from model_ratchet.engine.doctor.rule import IDLE, SET, Said, State, and_more
from model_ratchet.engine.settings import CodeOwners, Guard, OwnerError, Protection, Settings

TEAMS = {"policies/models/late.yaml": ("@acme/risk", "@acme/leads")}


def owned(text: str, path: str = "CODEOWNERS") -> Settings:
    settings = good(Tier.QUICKSTART)
    return replace(settings, files=replace(settings.files, codeowners=CodeOwners(path, text)))


def test_where_nothing_is_missing_no_rule_says_so() -> None:
    for tier in Tier:
        assert {one.said.state for one in examine(good(tier))} <= {State.SET, State.IDLE, State.LATER}


def test_rules_have_names_of_their_own_and_every_text() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.what and rule.why and rule.how for rule in RULES)


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ((State.SET, State.IDLE, State.LATER), State.SET),
        ((State.SET, State.UNVERIFIED), State.UNVERIFIED),
        ((State.UNVERIFIED, State.MISSING, State.SET), State.MISSING),
        ((), State.SET),
    ],
    ids=["set", "unverified", "missing", "none"],
)
def test_what_is_missing_weighs_more_than_what_is_hidden(states: tuple[State, ...], whole: State) -> None:
    assert decisive([Answer(RULES[0], Said(state)) for state in states]) is whole


def test_answers_are_found_by_how_they_stand() -> None:
    answers = [Answer(RULES[place], Said(state)) for place, state in enumerate((State.SET, State.MISSING, State.SET))]
    assert of_state(answers, State.SET) == (answers[0], answers[2])
    assert of_state(answers, State.MISSING) == (answers[1],)
    assert of_state(answers, State.UNVERIFIED) == ()


def test_a_list_is_cut_where_it_is_longer_than_three() -> None:
    assert [and_more(list("abcde")[:count]) for count in (0, 1, 3, 5)] == ["", "a", "a, b, c", "a, b, c and 2 more"]
    assert [and_more(list("abc")[:count], most=2) for count in (2, 3)] == ["a, b", "a, b and 1 more"]


def test_without_owners_nothing_is_covered_and_nothing_invalid() -> None:
    settings = good()
    bare = replace(settings, files=replace(settings.files, codeowners=None))
    assert asked("owners-cover", bare) == Said(State.MISSING, "there is no CODEOWNERS on the base branch")
    assert asked("owners-valid", bare) == IDLE


@pytest.mark.parametrize(
    ("changed", "rule", "state"),
    [
        ({"default_permissions": "write"}, "default-token", State.MISSING),
        ({"default_permissions": HIDDEN}, "default-token", State.UNVERIFIED),
        ({"may_approve": True}, "actions-approve", State.MISSING),
        ({"may_approve": HIDDEN}, "actions-approve", State.UNVERIFIED),
        ({"owner_errors": HIDDEN}, "owners-valid", State.UNVERIFIED),
        ({"others": {"ratchet/ledger": HIDDEN}}, "ledger-kept", State.UNVERIFIED),
        ({"others": {"ratchet/ledger": None}}, "ledger-kept", State.LATER),
        ({"others": {"ratchet/traffic": HIDDEN}}, "traffic-kept", State.UNVERIFIED),
    ],
    ids=["write", "hidden", "approve", "approve hidden", "owners", "ledger", "no ledger", "traffic"],
)
def test_what_is_so_and_what_is_hidden(changed: dict[str, Any], rule: str, state: State) -> None:
    assert asked(rule, good(**changed)).state is state


@pytest.mark.parametrize("line", OWNERS.splitlines())
def test_each_line_of_the_owners_is_needed(line: str) -> None:
    assert asked("owners-cover", owned(OWNERS)) == SET
    said = asked("owners-cover", owned(OWNERS.replace(f"{line}\n", "")))
    assert said.state is State.MISSING
    assert line.split(maxsplit=1)[0].strip("/") in said.found


def test_the_owners_of_the_file_itself_are_looked_for_where_it_stands() -> None:
    assert asked("owners-cover", owned(OWNERS.replace("CODEOWNERS", "/CODEOWNERS"), "docs/CODEOWNERS")).found == (
        "nobody owns docs/CODEOWNERS"
    )


def test_owners_that_github_can_not_follow_are_told_with_their_line() -> None:
    errors = tuple(OwnerError(line, "Unknown owner", f"/policies/ @x{line}") for line in (3, 4, 5))
    assert asked("owners-valid", good(owner_errors=errors)).found == (
        "line 3, Unknown owner: /policies/ @x3, line 4, Unknown owner: /policies/ @x4 and 1 more"
    )
    without = good(owner_errors=errors)
    assert asked("owners-valid", replace(without, files=replace(without.files, codeowners=None))) == IDLE


@pytest.mark.parametrize("tier", list(Tier), ids=str)
def test_a_team_has_to_be_looked_up(tier: Tier) -> None:
    settings = good(tier)
    assert asked("teams", settings) == IDLE
    named = replace(settings, files=replace(settings.files, teams=TEAMS))
    said = asked("teams", named)
    assert said.state is (State.MISSING if tier is Tier.QUICKSTART else State.SET)
    assert ("@acme/risk in policies/models/late.yaml" in said.found) is (tier is Tier.QUICKSTART)


def test_a_team_is_looked_up_only_by_a_token_that_asks_for_it() -> None:
    settings = written("promotion-check.yml", "permission-members:", "permission-issues:", Tier.HARDENED)
    said = asked("teams", replace(settings, files=replace(settings.files, teams=TEAMS)))
    assert said.found.startswith("the App's token is not asked to look up @acme/risk")


@pytest.mark.parametrize(
    ("guards", "hidden", "state", "found"),
    [
        ((GUARD,), False, State.SET, ""),
        ((Guard(name="a", keeps_branch=True), Guard(name="b", keeps_history=True)), True, State.SET, ""),
        ((Guard(name="a", keeps_branch=True),), False, State.MISSING, "force pushes are allowed"),
        ((Guard(name="a", keeps_history=True),), False, State.MISSING, "deletion is allowed"),
        ((), False, State.MISSING, "force pushes and deletion are allowed"),
        ((), True, State.UNVERIFIED, "GitHub does not tell it (403): it takes administration: read"),
    ],
    ids=["kept", "by two", "pushes", "deletion", "both", "hidden"],
)
@pytest.mark.parametrize("branch", ["ledger", "traffic"])
def test_a_branch_of_ours_that_is_there_is_kept(
    branch: str, guards: tuple[Guard, ...], hidden: bool, state: State, found: str
) -> None:
    there = Protection(guards, (HIDDEN,) if hidden else ())
    said = asked(f"{branch}-kept", good(others={f"ratchet/{branch}": there}))
    assert (said.state, said.found) == (state, found)


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        (0, ""),
        (120, ""),
        (-120, ""),
        (121, "our clock is 121 s behind GitHub's"),
        (-3600, "our clock is 3600 s ahead of GitHub's"),
    ],
    ids=["same", "late", "early", "behind", "ahead"],
)
def test_our_clock_may_be_two_minutes_off(seconds: int, found: str) -> None:
    said = asked("clock", good(skew=timedelta(seconds=seconds)))
    assert (said.state, said.found) == (State.MISSING if found else State.SET, found)
