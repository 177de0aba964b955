"""State: what each channel was told and is still owed, as JSON that one run leaves to the next."""

import hashlib
from typing import Literal

from model_ratchet.core.alert import Alert
from model_ratchet.core.fields import Instant, Model, Slug


class Entry(Model):
    """One alert on one channel."""

    channel: Slug
    alert: Alert
    """As it was last told, or is owed."""
    told: Instant | None = None
    """When the channel last took a message of it."""
    content: str = ""
    """Of what it took then."""
    owed_since: Instant | None = None
    """Since when a message waits for the channel."""

    @property
    def key(self) -> tuple[str, str]:
        """By what it is told from others."""
        return self.channel, self.alert.fingerprint

    @property
    def delivery(self) -> str:
        """The id of the message that comes next: the same until what the channel took is kept, so that a run that is cut off
        after it has told, and before it could keep that, is followed by the same message. 32 hexadecimal digits."""
        alert = self.alert
        parts = (self.channel, alert.fingerprint, alert.content, str(alert.since), str(self.told))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


class DeliveryState(Model):
    """All alerts that some channel was told of and that are not over, or that it is owed.

    ``model_dump_json`` writes it and ``model_validate_json`` reads it.
    """

    version: Literal[1] = 1
    entries: tuple[Entry, ...] = ()

    @property
    def owed(self) -> tuple[Entry, ...]:
        """What waits to be told."""
        return tuple(one for one in self.entries if one.owed_since is not None)
