"""The page on alerts: its examples are read, and its tables are whole."""

import json
import re
from pathlib import Path
from typing import get_args

import jsonschema
import pytest

from model_ratchet.core.alert import Message, Severity, State
from model_ratchet.documents.channels import AlertChannels, Channel
from model_ratchet.documents.read import read
from model_ratchet.documents.schemas import schemas
from model_ratchet.render.alerts.prometheus import NO_VALUE
from model_ratchet.render.alerts.rules import ALERTS

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")


def first_column(heading: str) -> set[str]:
    """The words in the first column of the table with that heading."""
    (table,) = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


def test_the_example_is_a_document() -> None:
    example, _ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert isinstance(read(AlertChannels, "policies/alerts.yaml", example.encode()), AlertChannels)


def test_the_message_is_one() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    jsonschema.Draft202012Validator(schemas()["alert"]).validate(json.loads(example))
    alert = Message.model_validate_json(example, by_alias=True, by_name=True).alert
    assert json.loads(example)["fingerprint"] == alert.fingerprint


@pytest.mark.parametrize(("heading", "words"), [("severity", Severity), ("state", State)], ids=["severity", "state"])
def test_each_word_of_an_alert_is_told(heading: str, words: type[Severity] | type[State]) -> None:
    assert first_column(heading) == {str(one) for one in words}


def test_each_kind_of_channel_is_told() -> None:
    kinds = {get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(Channel)[0])}
    assert first_column("kind") == kinds


def test_each_alert_of_prometheus_is_told() -> None:
    (table,) = re.findall(r"^\| rule of the policy \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert set(re.findall(r"\| `(Ratchet\w+)` \|", table)) == {*ALERTS.values(), NO_VALUE}
