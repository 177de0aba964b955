"""The Alertmanager channel beside a real Alertmanager: it shows the alert, passes it on, and forgets it when it is over."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from builders.alerts import HOSTILE, an_alert, opened, resolved
from builders.http import Running, Told, answering
from components.alertmanager import serving
from model_ratchet.core.alert import Alert
from model_ratchet.notify.deliver import Channels, deliver
from model_ratchet.notify.state import DeliveryState

MINUTE = timedelta(minutes=1)


@dataclass
class Scene:
    """A server that runs, and what it has passed on."""

    url: str
    hook: Running
    channels: Channels

    def tell(self, *alerts: Alert, state: DeliveryState | None = None) -> DeliveryState:
        now = datetime.now(UTC)
        found, troubles = deliver(alerts, self.channels, state or DeliveryState(), now=now)
        assert troubles == ()
        return found

    def shown(self, rule: str) -> list[dict[str, Any]]:
        """What its API shows of a rule."""
        found = requests.get(f"{self.url}/api/v2/alerts", timeout=10).json()
        return [one for one in found if one["labels"]["rule"] == rule]

    def passed_on(self, rule: str) -> list[str]:
        """The states of a rule of which the webhook was told, in order."""
        told = [alert for asked in self.hook.asked for alert in json.loads(asked.body)["alerts"]]
        return [one["status"] for one in told if one["labels"]["rule"] == rule]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with answering(lambda _: Told()) as hook, serving(tmp_path_factory.mktemp("alertmanager"), hook.url) as url:
        yield Scene(url, hook, opened(f"am: {{kind: alertmanager, url: '{url}', lasts: 2h}}"))


def until(found: Callable[[], object], wanted: object) -> None:
    for _ in range(300):
        if found() == wanted:
            return
        time.sleep(0.1)
    assert found() == wanted


def states(shown: Sequence[dict[str, Any]]) -> list[str]:
    return [one["status"]["state"] for one in shown]


def test_an_alert_is_shown_as_it_was_told_and_its_end_takes_it_away(scene: Scene) -> None:
    began = datetime.now(UTC) - 5 * MINUTE
    alert = an_alert(since=began)
    state = scene.tell(alert)
    until(lambda: states(scene.shown(alert.rule)), ["active"])
    (shown,) = scene.shown(alert.rule)
    assert shown["labels"] == {
        "alertname": "RatchetAlert",
        "model": "fraud",
        "severity": "warning",
        "rule": alert.rule,
    }
    assert shown["annotations"]["measured"] == "812 ms"
    assert shown["annotations"]["version"] == "v2.1.0_20250818_142000"
    assert shown["generatorURL"] == alert.links[0].url
    assert abs(datetime.fromisoformat(shown["startsAt"]) - began) < timedelta(milliseconds=1)
    until(lambda: scene.passed_on(alert.rule), ["firing"])
    assert scene.tell(resolved(since=began, until=datetime.now(UTC)), state=state) == DeliveryState()
    until(lambda: states(scene.shown(alert.rule)), [])
    until(lambda: scene.passed_on(alert.rule), ["firing", "resolved"])


def test_what_still_fires_is_repeated_by_every_run_and_stays_one_alert(scene: Scene) -> None:
    alert = an_alert(rule="errors rate above 1% over 1h", since=datetime.now(UTC) - MINUTE)
    state = scene.tell(alert)
    until(lambda: states(scene.shown(alert.rule)), ["active"])
    ends = scene.shown(alert.rule)[0]["endsAt"]
    scene.tell(alert, state=state)
    until(lambda: len(scene.shown(alert.rule)) == 1 and scene.shown(alert.rule)[0]["endsAt"] > ends, True)


def test_a_hostile_text_is_a_label_like_any_other(scene: Scene) -> None:
    alert = an_alert(rule=HOSTILE.replace("\u202e", ""), value='{{ range . }} "x" \\', since=datetime.now(UTC))
    scene.tell(alert)
    until(lambda: states(scene.shown(alert.rule)), ["active"])
    assert scene.shown(alert.rule)[0]["annotations"]["measured"] == '{{ range . }} "x" \\'
