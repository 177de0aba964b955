"""Webhook: the alert as JSON, by a published schema, signed where a secret is named."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

from model_ratchet.core.alert import Alert, Message
from model_ratchet.notify.http import Post

SIGNATURE = "X-Ratchet-Signature"
DELIVERY = "X-Ratchet-Delivery"
"""The same for a message that is sent again, by this run or a later one, so that a receiver can leave out what it has."""


class WebhookNotifier:
    """One service of one's own."""

    repeats = False

    def __init__(self, name: str, post: Post, secret: Callable[[], str] | None) -> None:
        self.name = name
        self._post = post
        self._secret = secret
        self.close = post.close

    def tell(self, alert: Alert, now: datetime, delivery: str) -> None:  # noqa: ARG002
        """Post one message."""
        sent = body(alert)
        headers = {DELIVERY: delivery}
        if self._secret is not None:
            headers[SIGNATURE] = signature(self._secret(), sent)
        self._post.send(sent, headers=headers)


def body(alert: Alert) -> bytes:
    """The bytes that are sent."""
    return Message(fingerprint=alert.fingerprint, alert=alert).model_dump_json(by_alias=True).encode()


def signature(secret: str, sent: bytes) -> str:
    """``sha256=`` and the HMAC-SHA256 of the body in hexadecimal digits."""
    return f"sha256={hmac.new(secret.encode(), sent, hashlib.sha256).hexdigest()}"
