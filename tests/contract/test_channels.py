"""The channels beside servers that refuse what the real services refuse: what is sent, what is escaped, what goes wrong."""

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from threading import Event

import jsonschema
import pytest

from builders.alerts import HOSTILE, HOUR, NOW, RULE, an_alert, opened, resolved
from builders.http import Asked, Running, Told, answering
from builders.services import KEY, once, pagerduty, slack
from builders.tls import self_signed
from components.ports import free_port
from model_ratchet.core.alert import Alert, Link, Severity, State
from model_ratchet.documents.schemas import schemas
from model_ratchet.notify.deliver import Channels, Pace, Trouble, deliver
from model_ratchet.notify.state import DeliveryState, Entry

QUICK = Pace(sleep=lambda _: None)
OK = Told(200, b"ok")
LONG = 50 * HOSTILE
WORST = an_alert(
    rule=LONG,
    value=LONG,
    reference=LONG,
    limit=LONG,
    links=tuple(Link(text=LONG, url="https://a.example.com/" + 1900 * "x") for _ in range(60)),
)
ALERTS = {
    "firing": an_alert(),
    "critical": an_alert(severity=Severity.CRITICAL, links=()),
    "page": an_alert(severity=Severity.PAGE, version=None),
    "errored": an_alert(state=State.ERRORED, value="the source logs could not be reached", reference="", limit=""),
    "acknowledged": an_alert(acknowledged=True),
    "resolved": resolved(),
    "hostile": an_alert(rule=HOSTILE, value=HOSTILE, links=(Link(text=HOSTILE, url="https://a.example.com/?a&b"),)),
    "longest": WORST,
}


def to_slack(server: Running) -> Channels:
    return opened("team: {kind: slack, url: '${HOOK}'}", {"HOOK": f"{server.url}/T0/B0/x"}, origins=f"'{server.url}'")


def to_pagerduty(server: Running, key: str = KEY) -> Channels:
    return opened(f"duty: {{kind: pagerduty, url: '{server.url}/v2/enqueue', routing_key: '${{KEY}}'}}", {"KEY": key})


def to_webhook(url: str, more: str = "", **environ: str) -> Channels:
    return opened(f"hook: {{kind: webhook, url: '{url}'{more}}}", environ)


def told(channels: Channels, *alerts: Alert, state: DeliveryState | None = None) -> tuple[Trouble, ...]:
    return deliver(alerts, channels, state or DeliveryState(), now=NOW, pace=QUICK)[1]


def known(alert: Alert, channel: str) -> DeliveryState:
    """The state of a channel that was told of the alert's beginning, long ago."""
    return DeliveryState(entries=(Entry(channel=channel, alert=alert, told=NOW - 48 * HOUR, content="otherwise"),))


@pytest.mark.parametrize("name", ALERTS)
def test_slack_takes_every_alert(name: str) -> None:
    with answering(slack) as server:
        assert told(to_slack(server), ALERTS[name], state=known(ALERTS[name], "team")) == ()
    (asked,) = server.asked
    assert asked.path == "/T0/B0/x"


def test_a_message_in_slack_reads_as_it_should(golden: Callable[[str, str], None]) -> None:
    with answering(slack) as server:
        told(to_slack(server), an_alert())
    golden("alerts/slack.json", json.dumps(json.loads(server.asked[0].body), indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("name", ALERTS)
def test_pagerduty_takes_every_alert(name: str) -> None:
    with answering(pagerduty) as server:
        assert told(to_pagerduty(server), ALERTS[name], state=known(ALERTS[name], "duty")) == ()
    assert {asked.path for asked in server.asked} == {"/v2/enqueue"}
    assert {json.loads(asked.body)["dedup_key"] for asked in server.asked} == {ALERTS[name].fingerprint}


def test_an_incident_is_opened_acknowledged_and_resolved_under_one_key() -> None:
    state = DeliveryState()
    with answering(pagerduty) as server:
        channels = to_pagerduty(server)
        for alert in (an_alert(), an_alert(value="1 s"), an_alert(acknowledged=True), resolved()):
            state, troubles = deliver([alert], channels, state, now=NOW, pace=QUICK)
            assert troubles == ()
    actions = [json.loads(asked.body)["event_action"] for asked in server.asked]
    assert actions == ["trigger", "trigger", "acknowledge", "resolve"]


def test_a_key_that_pagerduty_refuses_is_a_trouble() -> None:
    with answering(pagerduty) as server:
        assert told(to_pagerduty(server, "short"), an_alert()) == (Trouble("duty", 1, "HTTP 400"),)


@pytest.mark.parametrize("name", ALERTS)
def test_a_webhook_gets_what_the_published_schema_says_and_a_signature_of_it(name: str) -> None:
    with answering(lambda _: OK) as server:
        channels = to_webhook(f"{server.url}/alerts", ", secret: '${SIGNING}'", SIGNING="s3cret")
        assert told(channels, ALERTS[name], state=known(ALERTS[name], "hook")) == ()
    (asked,) = server.asked
    message = json.loads(asked.body)
    jsonschema.Draft202012Validator(schemas()["alert"]).validate(message)
    assert (message["apiVersion"], message["kind"]) == ("ratchet/v1", "Alert")
    assert message["fingerprint"] == ALERTS[name].fingerprint
    assert Alert.model_validate_json(json.dumps(message["alert"])) == ALERTS[name]
    expected = hmac.new(b"s3cret", asked.body.encode(), hashlib.sha256).hexdigest()
    assert asked.headers["X-Ratchet-Signature"] == f"sha256={expected}"


def test_a_webhook_without_a_secret_is_not_signed_and_knows_what_it_gets_twice() -> None:
    with answering(once(Told(503), lambda _: OK)) as server:
        assert told(to_webhook(server.url), an_alert()) == ()
    first, again = server.asked
    assert "X-Ratchet-Signature" not in first.headers
    assert first.headers["X-Ratchet-Delivery"] == again.headers["X-Ratchet-Delivery"]


def test_a_webhook_is_told_its_password_and_its_query() -> None:
    with answering(lambda _: OK) as server:
        more = ", auth: {bearer: '${TOKEN}'}}\nother: {kind: webhook, url: '${URL}'"
        channels = opened(
            f"hook: {{kind: webhook, url: '{server.url}'{more}}}",
            {"TOKEN": "t0ken", "URL": f"{server.url}/run?sig=abc&v=1"},
            origins=f"'{server.url}'",
        )
        assert told(channels, an_alert()) == ()
    by_path = {asked.path: asked for asked in server.asked}
    assert set(by_path) == {"/", "/run?sig=abc&v=1"}
    assert by_path["/"].headers["Authorization"] == "Bearer t0ken"


FAILURES = {
    "not-found": (Told(404), "HTTP 404", 1),
    "unauthorised": (Told(401), "it does not let us in, HTTP 401: check its secret", 1),
    "refused": (Told(400), "HTTP 400", 1),
    "limited": (Told(429), "HTTP 429", 3),
    "limited-for-long": (Told(429, headers={"Retry-After": "3600"}), "HTTP 429", 1),
    "server-error": (Told(500), "HTTP 500", 3),
    "away": (Told(503, headers={"Retry-After": "0"}), "HTTP 503", 3),
    "redirect": (Told(302, headers={"Location": "http://127.0.0.1:9/"}), "a redirect, which is not followed", 1),
    "moved-for-good": (Told(308, headers={"Location": "/"}), "a redirect, which is not followed", 1),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_a_server_refuses_is_a_trouble_tried_as_often_as_it_makes_sense(name: str) -> None:
    answer, why, tries = FAILURES[name]
    with answering(lambda _: answer) as server:
        assert told(to_webhook(server.url), an_alert()) == (Trouble("hook", 1, why),)
    assert len(server.asked) == tries


@pytest.mark.parametrize("status", [429, 500, 503], ids=str)
def test_what_passes_is_told_in_the_same_run(status: int) -> None:
    with answering(once(Told(status), slack)) as server:
        assert told(to_slack(server), an_alert()) == ()
    assert len(server.asked) == 2


def test_a_channel_where_nothing_listens_is_a_trouble() -> None:
    assert told(to_webhook(f"http://127.0.0.1:{free_port()}"), an_alert()) == (Trouble("hook", 1, "no connection"),)


def test_a_channel_whose_name_nobody_knows_is_a_trouble() -> None:
    assert told(to_webhook("https://hooks.invalid"), an_alert()) == (Trouble("hook", 1, "unknown host"),)


def test_a_channel_that_is_slow_is_left_behind() -> None:
    released = Event()

    def slow(asked: Asked) -> Told:
        released.wait(60)
        return OK

    with answering(slow) as server:
        try:
            found = told(to_webhook(server.url, ", deadline: 0.5s"), an_alert())
        finally:
            released.set()
    assert found == (Trouble("hook", 1, "no answer within 0.5 s"),)


def test_an_answer_is_not_read_however_long_it_is() -> None:
    with answering(lambda _: Told(200, b"x", length=10**12)) as server:
        assert told(to_webhook(server.url), an_alert()) == ()


def test_a_certificate_that_nobody_trusts_is_a_trouble_and_one_that_the_file_trusts_is_not(tmp_path: Path) -> None:
    context, trusted = self_signed(tmp_path)
    with answering(lambda _: OK, tls=context) as server:
        waits: list[float] = []
        pace = Pace(sleep=waits.append)
        _, untrusted = deliver([an_alert()], to_webhook(server.url), DeliveryState(), now=NOW, pace=pace)
        assert untrusted == (Trouble("hook", 1, "its certificate is not trusted"),)
        assert (server.asked, waits) == ([], [])
        assert told(to_webhook(server.url, f", ca: '{trusted}'"), an_alert()) == ()
    assert len(server.asked) == 1


def test_a_secret_that_is_not_set_is_a_trouble_that_names_it() -> None:
    channels = opened(
        "team: {kind: slack, url: '${HOOK}'}\nduty: {kind: pagerduty, routing_key: '${KEY}'}",
        origins="'https://hooks.slack.com', 'https://events.pagerduty.com'",
    )
    assert told(channels, an_alert()) == (
        Trouble("duty", 1, "KEY is not set in the environment"),
        Trouble("team", 1, "HOOK is not set in the environment"),
    )


def test_an_address_that_the_file_does_not_allow_is_not_connected_to() -> None:
    with answering(slack) as server:
        channels = opened(
            "team: {kind: slack, url: '${HOOK}'}", {"HOOK": server.url}, origins="'https://hooks.slack.com'"
        )
        (trouble,) = told(channels, an_alert())
    assert trouble.why == "it leads to what ${HOOK} holds, which policies/alerts.yaml does not allow"
    assert server.asked == []


def test_an_address_outside_of_the_networks_is_not_connected_to() -> None:
    with answering(slack) as server:
        more = "networks: ['10.0.0.0/8']\n"
        channels = opened(f"hook: {{kind: webhook, url: '{server.url}'}}", more=more)
        (trouble,) = told(channels, an_alert())
    assert trouble.why == "it leads to an address of 127.0.0.1, which policies/alerts.yaml does not allow"
    assert server.asked == []


def test_github_that_nobody_named_is_a_trouble() -> None:
    (trouble,) = told(opened("tracker: {kind: github_issue}"), an_alert())
    assert trouble.why == "GITHUB_REPOSITORY and GITHUB_TOKEN are not set in the environment"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise's own import, on old Pythons
def test_apprise_tells_what_it_can_reach_without_a_mention() -> None:
    with answering(lambda _: OK) as server:
        url = server.url.replace("http://", "json://")
        assert told(opened("mail: {kind: apprise, url: '${URL}'}", {"URL": url}), ALERTS["hostile"]) == ()
    (asked,) = server.asked
    message = json.loads(asked.body)
    assert message["title"].startswith("Warning: fraud v2.1.0")
    assert "@everyone" not in asked.body.encode().decode("unicode_escape")
    assert "<!channel>" not in message["message"]
    assert "Measured: " in message["message"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        pytest.param("nowhere", "its secret is no URL that Apprise knows", id="no-url"),
        pytest.param("", "URL is not set in the environment", id="not-set"),
        pytest.param(f"json://127.0.0.1:{free_port()}", "Apprise could not send it", id="down"),
    ],
)
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_that_can_not_tell_is_a_trouble(url: str, why: str) -> None:
    (trouble,) = told(opened("mail: {kind: apprise, url: '${URL}'}", {"URL": url}), an_alert())
    assert trouble.why == why


def test_an_alert_that_goes_on_is_told_once_a_day_and_its_rule_is_in_every_message() -> None:
    state = DeliveryState()
    with answering(slack) as server:
        for hours in range(49):
            state, troubles = deliver([an_alert()], to_slack(server), state, now=NOW + hours * HOUR, pace=QUICK)
            assert troubles == ()
    assert [RULE in asked.body for asked in server.asked] == [True, True, True]
