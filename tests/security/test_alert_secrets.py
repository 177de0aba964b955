"""No channel tells its secret: a canary stands in every place that can hold one, and every way to fail is taken."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders.alerts import NOW, an_alert, opened
from builders.http import Asked, Told, answering
from builders.tls import self_signed
from components.ports import free_port
from model_ratchet.notify.deliver import Channels, Pace, deliver
from model_ratchet.notify.state import DeliveryState

CANARY = "hunter2canary"
FAILURES: dict[str, Callable[[Asked], Told]] = {
    "unauthorised": lambda asked: Told(401, _echo(asked)),
    "bad-request": lambda asked: Told(400, _echo(asked)),
    "limited": lambda asked: Told(429, _echo(asked), {"Retry-After": "1"}),
    "server-error": lambda asked: Told(500, _echo(asked)),
    "redirect": lambda asked: Told(302, headers={"Location": f"http://127.0.0.1:9/{CANARY}"}),
    "cut-off": lambda asked: Told(503, _echo(asked), cut=7),
}
APPRISE = pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)  # its own import, on old Pythons


def _echo(asked: Asked) -> bytes:
    return f"{asked.path} {asked.headers} {asked.body} {CANARY}".encode()


def channels(url: str) -> Channels:
    """Each channel with its secret in the place that is its own."""
    listed = "\n".join(
        (
            "team: {kind: slack, url: '${SLACK}'}",
            f"duty: {{kind: pagerduty, url: '{url}/v2/enqueue', routing_key: '${{KEY}}'}}",
            f"am: {{kind: alertmanager, url: '{url}', auth: {{bearer: '${{KEY}}'}}}}",
            f"am2: {{kind: alertmanager, url: '{url}', auth: {{username: someone, password: '${{KEY}}'}}}}",
            f"hook: {{kind: webhook, url: '{url}', secret: '${{KEY}}'}}",
            "hook2: {kind: webhook, url: '${QUERY}'}",
            "mail: {kind: apprise, url: '${APPRISE}'}",
        )
    )
    environ = {
        "SLACK": f"{url}/services/{CANARY}",
        "KEY": CANARY,
        "QUERY": f"{url}/run?sig={CANARY}",
        "APPRISE": f"{url.replace('http', 'json', 1)}/{CANARY}?+X-Token={CANARY}",
    }
    return opened(listed, environ, origins=f"'{url}'")


@pytest.fixture(autouse=True)
def every_word(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield


def assert_silent(
    found: Channels, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], owed: set[str]
) -> None:
    pace = Pace(sleep=lambda _: None)
    state, troubles = deliver([an_alert()], found, DeliveryState(), now=NOW, pace=pace)
    said = [
        *map(str, troubles),
        *map(repr, troubles),
        state.model_dump_json(),
        repr(state),
        *capfd.readouterr(),
        caplog.text,
    ]
    assert {one.channel for one in troubles} == owed == {one.channel for one in state.owed}
    assert CANARY not in "\n".join(said)


@APPRISE
@pytest.mark.parametrize("name", FAILURES)
def test_no_failure_of_a_service_tells_a_secret(
    name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with answering(FAILURES[name]) as server:
        assert_silent(channels(server.url), caplog, capfd, {"team", "duty", "am", "am2", "hook", "hook2", "mail"})
    assert sum(CANARY in f"{asked.path}{asked.headers}{asked.body}" for asked in server.asked) >= 5


@APPRISE
def test_no_success_tells_a_secret(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with answering(lambda asked: Told(200, _echo(asked))) as server:
        assert_silent(channels(server.url), caplog, capfd, set())
    assert len(server.asked) == 7


@APPRISE
def test_no_service_that_is_away_tells_a_secret(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    found = channels(f"http://127.0.0.1:{free_port()}")
    assert_silent(found, caplog, capfd, set(found.notifiers))


def test_no_certificate_makes_a_secret_be_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    context, _ = self_signed(tmp_path)
    with answering(lambda _: Told(), tls=context) as server:
        found = opened(
            "team: {kind: slack, url: '${SLACK}'}", {"SLACK": f"{server.url}/{CANARY}"}, origins=f"'{server.url}'"
        )
        assert_silent(found, caplog, capfd, {"team"})


@pytest.mark.parametrize(
    "value",
    [
        f"http://someone:{CANARY}@127.0.0.1:1",
        f"http://{CANARY}.invalid/",
        CANARY,
        f"ftp://h/{CANARY}",
        f"http://[{CANARY}",
    ],
    ids=["userinfo", "host", "no-url", "scheme", "brackets"],
)
def test_no_address_of_the_environment_tells_a_secret(
    value: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    found = opened("team: {kind: slack, url: '${SLACK}'}", {"SLACK": value}, origins="'https://hooks.slack.com'")
    assert_silent(found, caplog, capfd, {"team"})


@pytest.mark.parametrize("secret", [f"{CANARY}\r\nX-Injected: 1", f"{CANARY}é\u2028"], ids=["line-break", "not-ascii"])
def test_no_secret_that_is_no_header_is_told(
    secret: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with answering(lambda _: Told()) as server:
        found = opened(
            f"am: {{kind: alertmanager, url: '{server.url}', auth: {{bearer: '${{KEY}}'}}}}", {"KEY": secret}
        )
        assert_silent(found, caplog, capfd, {"am"})
    assert server.asked == []


def test_a_crash_shows_nothing_of_what_a_channel_holds() -> None:
    found = channels("http://127.0.0.1:1")
    assert CANARY not in repr(found)
    assert all(CANARY not in repr(one) for one in found.notifiers.values())
