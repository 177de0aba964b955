"""What ``ratchet init`` says is to be clicked, and what ``ratchet doctor`` looks at, are one list."""

import re

import pytest

from model_ratchet.actions.init import Tier
from model_ratchet.engine.doctor import RULES
from model_ratchet.shipped import template

WORDS = re.compile(r"\*([^*]+)\*|`(promotion[^`]+|RATCHET_[^`]+)`")
ONCE_THERE = {"ledger-kept", "traffic-kept"}
OF_THE_APP = ("environment", "app-")


def words(text: str) -> set[str]:
    return {one or other for one, other in WORDS.findall(text)}


@pytest.mark.parametrize("tier", list(Tier), ids=str)
def test_all_that_is_to_be_clicked_is_looked_at(tier: Tier) -> None:
    looked_at = set().union(*(words(rule.how.replace("{base}", "main")) for rule in RULES))
    assert words(template(f"{tier}/settings.md", {"BASE": "main"})) - looked_at == set()


@pytest.mark.parametrize("tier", list(Tier), ids=str)
def test_all_that_is_looked_at_in_the_settings_is_to_be_clicked(tier: Tier) -> None:
    said = template(f"{tier}/settings.md", {"BASE": "main"})
    for rule in RULES:
        if not rule.place.startswith("settings/") and not rule.place.startswith("the App"):
            continue
        if rule.id in ONCE_THERE or (rule.id.startswith(OF_THE_APP) and tier is Tier.QUICKSTART):
            continue
        of_the_tier = words(rule.how.replace("{base}", "main"))
        if tier is Tier.HARDENED:
            of_the_tier -= {"GitHub Actions"}
        assert of_the_tier - words(said) == set(), rule.id
