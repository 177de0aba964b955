"""Alerts: what tells them apart, what makes them worth telling again, and what can't be one."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from builders.alerts import NOW, an_alert, resolved
from model_ratchet.core.alert import Alert, Link, Severity, State


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(
            {"value": "900 ms", "version": None, "state": State.ERRORED, "since": NOW}, True, id="another-look"
        ),
        pytest.param({"model": "late"}, False, id="another-model"),
        pytest.param({"rule": "errors rate above 1% over 1h"}, False, id="another-rule"),
        pytest.param({"severity": Severity.CRITICAL}, False, id="another-severity"),
    ],
)
def test_a_fingerprint_is_of_a_rule_of_a_model_at_a_severity(other: dict[str, Any], same: bool) -> None:
    assert (an_alert(**other).fingerprint == an_alert().fingerprint) is same


def test_a_fingerprint_is_the_same_in_every_release() -> None:
    assert an_alert().fingerprint == "ab3f756dc3581d8c4a2e2ce5d3e71acb"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param({"value": "900 ms", "reference": "1 ms", "since": NOW, "links": ()}, True, id="another-look"),
        pytest.param({"version": "v2.2.0_20250918_142000"}, False, id="another-version"),
        pytest.param({"state": State.ERRORED}, False, id="another-state"),
        pytest.param({"limit": "800 ms"}, False, id="another-limit"),
        pytest.param({"acknowledged": True}, False, id="somebody-is-at-it"),
    ],
)
def test_content_is_what_is_worth_telling_again(other: dict[str, Any], same: bool) -> None:
    assert (an_alert(**other).content == an_alert().content) is same


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"until": NOW}, id="fires-and-is-over"),
        pytest.param({"state": State.RESOLVED}, id="over-and-nobody-knows-when"),
        pytest.param({"state": State.RESOLVED, "until": NOW - timedelta(days=9)}, id="over-before-it-began"),
        pytest.param({"rule": " \n "}, id="no-rule"),
        pytest.param({"model": "a b"}, id="no-slug"),
        pytest.param({"since": NOW.replace(tzinfo=None)}, id="no-zone"),
    ],
)
def test_what_makes_no_sense_can_not_be_built(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        an_alert(**given)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://u:p@host/", "https://host/a b", "https://host/|x>", "//host"], ids=range(5)
)
def test_a_link_is_a_plain_address(url: str) -> None:
    with pytest.raises(ValidationError):
        Link(text="x", url=url)


def test_a_text_from_anywhere_becomes_one_valid_line() -> None:
    assert an_alert(value="a\r\n b\ud800\tc").value == "a b? c"


@pytest.mark.parametrize("alert", [an_alert(), resolved(), an_alert(version=None, acknowledged=True)], ids=range(3))
def test_an_alert_survives_being_written_down(alert: Alert) -> None:
    assert Alert.model_validate_json(alert.model_dump_json()) == alert
