"""What doctor says, whole, and nothing of GitHub's that a terminal would obey."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from builders.settings import GUARD, HIDDEN, good, guarded
from model_ratchet.actions.init import Tier
from model_ratchet.engine.doctor import RULES, examine
from model_ratchet.engine.settings import Files, Protection, Settings
from model_ratchet.report.diagnosis import as_json, as_table

NASTY = "m\x1b[2J\u202e[bold]\n::error::x"
CASES: dict[str, Callable[[], Settings]] = {
    "set": lambda: good(Tier.QUICKSTART),
    "hardened": lambda: good(others={"ratchet/ledger": Protection((GUARD,))}),
    "missing": lambda: replace(
        guarded(replace(GUARD, checks=(), bypass=(NASTY,)), tier=Tier.QUICKSTART),
        default_permissions="write",
        skew=timedelta(minutes=5),
    ),
    "hidden": lambda: good(
        protection=Protection((), (HIDDEN,)), default_permissions=HIDDEN, may_approve=HIDDEN, environments=HIDDEN
    ),
    "nothing": lambda: good(
        Tier.QUICKSTART, protection=Protection(), merge_methods=frozenset({"rebase"}), files=Files(), others={}
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_is_the_golden_text(name: str, golden: Callable[[str, str], None]) -> None:
    settings = CASES[name]()
    golden(f"doctor/{name}.txt", as_table(settings, examine(settings), width=110, colour=False))


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_is_the_golden_json(name: str, golden: Callable[[str, str], None]) -> None:
    settings = CASES[name]()
    golden(f"doctor/{name}.json", as_json(settings, examine(settings)) + "\n")


def test_json_tells_every_rule_with_its_state() -> None:
    settings = CASES["missing"]()
    told = json.loads(as_json(settings, examine(settings)))
    assert [one["id"] for one in told["answers"]] == [rule.id for rule in RULES]
    assert (told["schema"], told["tier"], told["clock_skew_seconds"]) == ("ratchet/doctor/v1", "quickstart", 300.0)


def test_nothing_of_github_is_obeyed_by_a_terminal() -> None:
    settings = CASES["missing"]()
    shown = as_table(settings, examine(settings), width=200, colour=False)
    assert not {"\x1b", "\u202e"} & set(shown)
    assert "[bold]" in shown
    assert "::" not in shown


def test_colours_are_there_only_where_they_are_asked_for() -> None:
    settings = CASES["missing"]()
    assert "\x1b[" in as_table(settings, examine(settings), width=110, colour=True)
