"""The alerts file: the channels by which people are told, and which severity goes where. Trusted: base branch only."""

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from model_ratchet.core.alert import Severity
from model_ratchet.core.fields import DurationField, Model, Slug
from model_ratchet.core.units import Dimension, Duration
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.origin import Secret, Url, unlisted
from model_ratchet.documents.sources import Endpoint, Reaching
from model_ratchet.documents.words import suggestion

_DAY = Duration(86400.0, Dimension.TIME, "24h")
PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"


class GithubIssue(Model):
    """An issue in this repository for each model and alert: updated in place, closed when the alert is over."""

    kind: Literal["github_issue"]
    label: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.:/-]{0,49}$")] = "ratchet-alert"
    """The label of the issues."""


class Slack(Endpoint):
    """An incoming webhook of Slack. Its address is what lets us in, so it stands in the environment."""

    kind: Literal["slack"]
    url: Secret
    """The address of the webhook, from the environment."""
    auth: None = None
    """Not taken: the secret above, or the key, is what lets us in."""


class PagerDuty(Endpoint):
    """A service of PagerDuty, by its Events API v2: one incident for each alert, resolved when it is over."""

    kind: Literal["pagerduty"]
    url: Url = PAGERDUTY
    """The address of the Events API."""
    auth: None = None
    """Not taken: the secret above, or the key, is what lets us in."""
    routing_key: Secret
    """The integration key."""


class Alertmanager(Endpoint):
    """An Alertmanager, by its API v2. It is told of what still fires by every run, and routes, groups and silences."""

    kind: Literal["alertmanager"]
    lasts: DurationField = _DAY
    """An alert that nobody repeats is over after that long."""


class Webhook(Endpoint):
    """Any other service: the alert as JSON, by the schema that ``ratchet schema alert`` prints."""

    kind: Literal["webhook"]
    secret: Secret | None = None
    """Signs the body: ``X-Ratchet-Signature: sha256=…``, an HMAC."""


class Apprise(Model):
    """Whatever Apprise can tell (the extra ``apprise``), by a URL of its own. ``origins`` can't bind it."""

    kind: Literal["apprise"]
    url: Secret
    """The URL of the service, from the environment."""
    deadline: DurationField | None = None
    """How long all of its answers may take."""


Channel: TypeAlias = Annotated[
    GithubIssue | Slack | PagerDuty | Alertmanager | Webhook | Apprise, Field(discriminator="kind")
]
Named: TypeAlias = Annotated[tuple[Slug, ...], Field(min_length=1)]


class Send(Model):
    """The channels of each severity: none goes nowhere."""

    warning: Named
    """Channels that are told of warnings."""
    critical: Named
    """Channels that are told of critical alerts."""
    page: Named
    """Channels that are told of what must wake somebody."""

    def of(self, severity: Severity) -> tuple[str, ...]:
        """The channels of a severity."""
        match severity:
            case Severity.WARNING:
                return self.warning
            case Severity.CRITICAL:
                return self.critical
            case Severity.PAGE:
                return self.page


class AlertChannels(Reaching):
    """Who is told of what, and by which way. Lives at ``policies/alerts.yaml``."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Alerts"]
    channels: dict[Slug, Channel] = Field(min_length=1)
    """Channel → what it is and where."""
    send: Send
    """Who is told of what."""
    again_after: DurationField = _DAY
    """What still fires is told again after that long."""

    def endpoints(self) -> dict[str, Endpoint]:
        """The channels that are reached by HTTP through ``origins``, by name."""
        return {name: one for name, one in self.channels.items() if isinstance(one, Endpoint)}

    def _faults(self) -> Iterator[Fault]:
        for severity in Severity:
            named = self.send.of(severity)
            for index, name in enumerate(named):
                path = ("send", str(severity), index)
                if name not in self.channels:
                    yield Fault(path, f"`channels` holds no `{name}`{suggestion(name, self.channels)}")
                if name in named[:index]:
                    yield Fault(path, f"`{name}` is named twice: keep one")
        urls = [(("channels", name, "url"), one.url) for name, one in self.endpoints().items()]
        yield from unlisted(urls, self.origins)
