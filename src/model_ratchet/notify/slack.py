"""Slack: a message in Block Kit to an incoming webhook.

What comes from elsewhere stands in plain text objects, in which Slack reads neither markup nor mentions, and is escaped on
top. Slack takes 50 blocks, 150 characters in a header, 10 fields of 2,000 characters in a section and 10 elements in a context.
"""

from collections.abc import Iterator
from datetime import datetime

from model_ratchet.core.alert import Alert
from model_ratchet.notify.http import Post
from model_ratchet.report.alert import facts, headline
from model_ratchet.report.escape import slack

_HEADER = 150
_FIELDS = 10
_FIELD = 500
_LINKS = 5
_LINK = 100


class SlackNotifier:
    """One channel of Slack."""

    repeats = False

    def __init__(self, name: str, post: Post) -> None:
        self.name = name
        self._post = post
        self.close = post.close

    def tell(self, alert: Alert, now: datetime, delivery: str) -> None:  # noqa: ARG002
        """Post one message."""
        self._post.send(message(alert))


def message(alert: Alert) -> dict[str, object]:
    """The body of the request. ``text`` is what notifications and screen readers get."""
    return {"text": slack(headline(alert), _HEADER), "blocks": list(_blocks(alert))}


def _blocks(alert: Alert) -> Iterator[dict[str, object]]:
    yield {"type": "header", "text": _plain(headline(alert), _HEADER)}
    fields = [_plain(f"{label}: {text}", _FIELD) for label, text in facts(alert)]
    yield {"type": "section", "fields": fields[:_FIELDS]}
    links = [{"type": "mrkdwn", "text": f"<{slack(one.url)}|{slack(one.text, _LINK)}>"} for one in alert.links[:_LINKS]]
    if links:
        yield {"type": "context", "elements": links}


def _plain(text: str, most: int) -> dict[str, object]:
    return {"type": "plain_text", "text": slack(text, most), "emoji": False}
