"""Alertmanager: alerts by its API v2, which are over when they say so, or when nobody repeats them for long enough."""

from datetime import UTC, datetime, timedelta

from model_ratchet.core.alert import Alert
from model_ratchet.notify.http import Post
from model_ratchet.report.alert import facts, headline
from model_ratchet.report.escape import clean, shorten

ALERTNAME = "RatchetAlert"
_LONGEST = 2000


class AlertmanagerNotifier:
    """One Alertmanager."""

    repeats = True

    def __init__(self, name: str, post: Post, lasts: timedelta) -> None:
        self.name = name
        self._post = post
        self._lasts = lasts
        self.close = post.close

    def tell(self, alert: Alert, now: datetime, delivery: str) -> None:  # noqa: ARG002
        """Post one alert."""
        self._post.send([posted(alert, now, self._lasts)], path="/api/v2/alerts")


def posted(alert: Alert, now: datetime, lasts: timedelta) -> dict[str, object]:
    """The alert as Alertmanager takes it. Its labels tell it from others, so that they stay the same while it lasts."""
    over = alert.until if alert.until is not None else now + lasts
    version = str(alert.version) if alert.version is not None else ""
    told = {"summary": headline(alert), "version": version, **{_name(label): text for label, text in facts(alert)}}
    labels = {"alertname": ALERTNAME, "model": alert.model, "severity": str(alert.severity), "rule": alert.rule}
    found: dict[str, object] = {
        "labels": {name: _text(text) for name, text in labels.items()},
        "annotations": {name: _text(text) for name, text in told.items() if text},
        "startsAt": _instant(alert.since),
        "endsAt": _instant(over),
    }
    if alert.links:
        found["generatorURL"] = alert.links[0].url
    return found


def _name(label: str) -> str:
    return label.lower().replace(" ", "_")


def _text(said: str) -> str:
    return shorten(clean(said), _LONGEST)


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
