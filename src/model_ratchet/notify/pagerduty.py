"""PagerDuty: events by its Events API v2; the fingerprint of an alert is the key by which its incident is found again."""

from collections.abc import Callable, Iterator
from datetime import datetime

from model_ratchet.core.alert import Alert, Severity, State
from model_ratchet.notify.http import Post
from model_ratchet.report.alert import facts, headline
from model_ratchet.report.escape import clean, shorten

_SUMMARY = 1024
_SHORT = 255
_DETAIL = 2000
_LINKS = 10
_SEVERITIES = {Severity.WARNING: "warning", Severity.CRITICAL: "error", Severity.PAGE: "critical"}


class PagerDutyNotifier:
    """One service of PagerDuty."""

    repeats = False

    def __init__(self, name: str, post: Post, routing_key: Callable[[], str]) -> None:
        self.name = name
        self._post = post
        self._routing_key = routing_key
        self.close = post.close

    def tell(self, alert: Alert, now: datetime, delivery: str) -> None:  # noqa: ARG002
        """Send what the alert's incident is to do: all of it may be sent again."""
        key = self._routing_key()
        for event in events(alert):
            self._post.send({"routing_key": key, **event})


def events(alert: Alert) -> Iterator[dict[str, object]]:
    """The events without the routing key: an incident that somebody is at is opened, and then acknowledged."""
    named = {"dedup_key": alert.fingerprint}
    if alert.state is State.RESOLVED:
        yield {"event_action": "resolve", **named}
        return
    yield {"event_action": "trigger", **named, "client": "Ratchet", "payload": _payload(alert), "links": _links(alert)}
    if alert.acknowledged:
        yield {"event_action": "acknowledge", **named}


def _payload(alert: Alert) -> dict[str, object]:
    return {
        "summary": _text(headline(alert), _SUMMARY),
        "source": alert.model,
        "severity": _SEVERITIES[alert.severity],
        "timestamp": alert.since.isoformat(),
        "component": str(alert.version) if alert.version is not None else alert.model,
        "class": _text(alert.rule, _SHORT),
        "custom_details": {label: _text(text, _DETAIL) for label, text in facts(alert)},
    }


def _links(alert: Alert) -> list[dict[str, str]]:
    return [{"href": one.url, "text": _text(one.text, _SHORT)} for one in alert.links[:_LINKS]]


def _text(said: str, most: int) -> str:
    return shorten(clean(said), most)
