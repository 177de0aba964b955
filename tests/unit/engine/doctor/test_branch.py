"""The base branch: rulesets and classic protection count together, and what is hidden is neither fine nor missing."""

from dataclasses import replace

import pytest

from builders.settings import GUARD, HIDDEN, asked, good, guarded
from model_ratchet.actions.init import Tier
from model_ratchet.engine.doctor.rule import State
from model_ratchet.engine.settings import Guard, RequiredCheck, Reviews, Settings, Unread

NOTHING = Guard(name="nothing")
HELD = (
    "required-check",
    "pull-requests",
    "code-owners",
    "last-push",
    "stale-approvals",
    "force-pushes",
    "deletion",
)


@pytest.mark.parametrize("rule", HELD)
def test_one_guard_that_asks_for_it_is_enough(rule: str) -> None:
    assert asked(rule, guarded(NOTHING, GUARD)).state is State.SET
    assert asked(rule, guarded(GUARD, hidden=True)).state is State.SET


@pytest.mark.parametrize("rule", HELD)
def test_what_no_known_guard_asks_for_is_missing_only_where_there_can_be_no_other(rule: str) -> None:
    assert asked(rule, guarded(NOTHING)).state is State.MISSING
    assert asked(rule, guarded()).state is State.MISSING
    assert asked(rule, guarded(NOTHING, hidden=True)).state is State.UNVERIFIED


def test_a_check_of_another_branch_is_not_the_required_one() -> None:
    other = replace(GUARD, checks=(RequiredCheck("promotion/trunk", 7), RequiredCheck("promotion", 7)))
    assert asked("required-check", guarded(other)).state is State.MISSING
    assert asked("required-check", good(base="trunk")).found == "promotion/trunk is not required"


def sources(*apps: int | None) -> tuple[Guard, ...]:
    return tuple(replace(GUARD, checks=(RequiredCheck("promotion/main", one),)) for one in apps)


BESIDE = replace(GUARD, checks=(RequiredCheck("promotion/main"), RequiredCheck("ci", 7)))


@pytest.mark.parametrize(
    ("settings", "state", "found"),
    [
        (guarded(*sources(7)), State.SET, ""),
        (guarded(*sources(None, 7)), State.SET, ""),
        (guarded(*sources(None)), State.MISSING, "promotion/main is taken from any source"),
        (guarded(BESIDE), State.MISSING, "any source"),
        (guarded(*sources(8)), State.MISSING, "promotion/main is taken from the App #8"),
        (guarded(*sources(8), hidden=True), State.UNVERIFIED, "GitHub does not tell it (403)"),
        (guarded(*sources(7), app=None), State.UNVERIFIED, "name yours with --app"),
        (guarded(*sources(None), app=None), State.MISSING, "any source"),
        (guarded(*sources(7), app=HIDDEN), State.UNVERIFIED, "(403)"),
        (guarded(*sources(None), app=HIDDEN), State.MISSING, "any source"),
        (guarded(NOTHING), State.IDLE, ""),
        (guarded(NOTHING, hidden=True), State.UNVERIFIED, "(403)"),
    ],
    ids=[
        "the app",
        "twice",
        "anybody",
        "beside another check",
        "another",
        "another hidden",
        "unnamed",
        "unnamed anybody",
        "unknown",
        "unknown anybody",
        "no check",
        "hidden",
    ],
)
def test_the_source_of_the_check_is_the_app_that_publishes(settings: Settings, state: State, found: str) -> None:
    said = asked("check-source", settings)
    assert said.state is state
    assert found in said.found


@pytest.mark.parametrize("name", ["Judge the promotion", "promotion/trunk"])
def test_no_other_check_of_ours_is_required_also_where_some_are_hidden(name: str) -> None:
    more = replace(GUARD, checks=(*GUARD.checks, RequiredCheck(name)))
    for hidden in (False, True):
        said = asked("no-other-check", guarded(more, hidden=hidden))
        assert (said.state, said.found) == (State.MISSING, f"{name} is required")


def test_several_are_told_together() -> None:
    more = replace(GUARD, checks=tuple(RequiredCheck(f"promotion/{name}") for name in "abcd"))
    assert (
        asked("no-other-check", guarded(more)).found == "promotion/a, promotion/b, promotion/c and 1 more are required"
    )


def test_the_checks_of_others_are_theirs() -> None:
    more = replace(GUARD, checks=(*GUARD.checks, RequiredCheck("ci")))
    assert asked("no-other-check", guarded(more)).state is State.SET
    assert asked("no-other-check", guarded(more, hidden=True)).state is State.UNVERIFIED


def test_dismissing_stale_approvals_is_explained() -> None:
    said = asked("stale-approvals", good())
    assert said.state is State.SET
    assert "can only ask for more" in said.note


def methods(*names: str) -> Guard:
    return replace(GUARD, reviews=Reviews(methods=frozenset(names)))


FREE = replace(GUARD, reviews=Reviews(methods=None))
NO_REBASE = frozenset({"merge", "squash"})
ALL = NO_REBASE | {"rebase"}


@pytest.mark.parametrize(
    ("guards", "offered", "state"),
    [
        ((methods("squash"),), ALL, State.SET),
        ((methods("squash"), FREE), ALL, State.SET),
        ((FREE,), NO_REBASE, State.SET),
        ((FREE,), ALL, State.MISSING),
        ((methods("squash", "rebase"),), ALL, State.MISSING),
        ((methods("squash", "rebase"),), NO_REBASE, State.SET),
        ((FREE,), HIDDEN, State.UNVERIFIED),
        ((methods("squash"),), HIDDEN, State.SET),
        ((methods("squash"), replace(NOTHING, queue="rebase")), NO_REBASE, State.MISSING),
        ((replace(methods("squash"), queue="squash"),), NO_REBASE, State.SET),
    ],
    ids=[
        "ruleset",
        "one of two",
        "repository",
        "free",
        "allowed",
        "allowed here",
        "hidden",
        "hidden but restricted",
        "queue",
        "squashing queue",
    ],
)
def test_nothing_may_be_merged_by_a_rebase(
    guards: tuple[Guard, ...], offered: frozenset[str] | Unread, state: State
) -> None:
    assert asked("merge-methods", guarded(*guards, merge_methods=offered)).state is state


def test_a_way_around_counts_only_where_no_other_guard_closes_it() -> None:
    loose = replace(GUARD, name="the ruleset of all", bypass=("administrators", "the App #9"))
    said = asked("bypass", guarded(loose))
    assert said.state is State.MISSING
    assert said.found == (
        "the required check may be bypassed by administrators in the ruleset of all, the App #9 in the ruleset of all"
    )
    assert asked("bypass", guarded(loose, GUARD)).state is State.SET
    only_history = Guard(name="history", keeps_history=True)
    assert asked("bypass", guarded(loose, only_history)).state is State.MISSING
    assert asked("bypass", guarded(replace(GUARD, bypass=HIDDEN))).state is State.UNVERIFIED
    assert asked("bypass", guarded(replace(GUARD, bypass=HIDDEN), GUARD)).state is State.SET
    assert asked("bypass", guarded(replace(GUARD, bypass=HIDDEN), loose)).state is State.UNVERIFIED


@pytest.mark.parametrize(
    ("loose", "firm"),
    [
        (replace(NOTHING, checks=GUARD.checks), replace(GUARD, checks=())),
        (replace(NOTHING, reviews=GUARD.reviews), replace(GUARD, reviews=None)),
        (replace(NOTHING, keeps_history=True), replace(GUARD, keeps_history=False)),
        (replace(NOTHING, keeps_branch=True), replace(GUARD, keeps_branch=False)),
    ],
    ids=["check", "pull request", "history", "branch"],
)
def test_a_way_around_any_of_the_rules_is_one(loose: Guard, firm: Guard) -> None:
    around = replace(loose, bypass=("administrators",))
    assert asked("bypass", guarded(around, firm)).state is State.MISSING


def test_only_what_is_found_missing_is_worse_than_a_bypass_that_is_hidden() -> None:
    hidden = replace(GUARD, checks=(), bypass=HIDDEN)
    loose = replace(NOTHING, checks=GUARD.checks, bypass=("administrators",))
    assert asked("bypass", guarded(hidden, loose)).state is State.MISSING


def test_a_merge_queue_needs_the_event_of_its_groups() -> None:
    assert asked("merge-queue", good()).state is State.IDLE
    queued = guarded(GUARD, replace(NOTHING, queue="merge"))
    assert asked("merge-queue", queued).state is State.SET
    without = tuple(one for one in queued.files.workflows if not one.path.endswith("relay.yml"))
    said = asked("merge-queue", replace(queued, files=replace(queued.files, workflows=without)))
    assert (said.state, said.found) == (State.MISSING, "no workflow is started by merge_group")
    quick = good(Tier.QUICKSTART, protection=queued.protection)
    assert asked("merge-queue", quick).state is State.SET
