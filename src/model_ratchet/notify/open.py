"""Open: the channels of ``policies/alerts.yaml``. Nothing is connected to, and no secret is read, before something is told."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import assert_never

from model_ratchet.documents.channels import (
    AlertChannels,
    Alertmanager,
    Apprise,
    Channel,
    GithubIssue,
    PagerDuty,
    Slack,
    Webhook,
)
from model_ratchet.documents.sources import Endpoint
from model_ratchet.github.client import Hub
from model_ratchet.notify.alertmanager import AlertmanagerNotifier
from model_ratchet.notify.anything import AppriseNotifier
from model_ratchet.notify.deliver import Channels
from model_ratchet.notify.due import Routes
from model_ratchet.notify.http import Post, secret
from model_ratchet.notify.issue import IssueNotifier
from model_ratchet.notify.pagerduty import PagerDutyNotifier
from model_ratchet.notify.slack import SlackNotifier
from model_ratchet.notify.webhook import WebhookNotifier
from model_ratchet.ports import Notifier
from model_ratchet.sources.reach import Reach


def open_channels(
    document: AlertChannels,
    environ: Mapping[str, str],
    root: Path,
    hub: Hub | None,
    *,
    notify: Mapping[str, Collection[str]] | None = None,
) -> Channels:
    """Every channel of the file; without a ``hub`` those on GitHub say that they can't be told.

    ``notify`` names by model the channels that are told of its alerts beside those of their severity.
    """
    urls = [one.url for one in document.endpoints().values()]
    reach = Reach.listed(document.origins, urls, document.networks)

    def post(name: str, endpoint: Endpoint) -> Post:
        return Post(name, endpoint, reach, environ, root)

    def read(name: str, variable: str) -> Callable[[], str]:
        return partial(secret, name, variable, environ)

    def notifier(name: str, channel: Channel) -> Notifier:
        match channel:
            case GithubIssue():
                return IssueNotifier(name, hub, channel.label)
            case Slack():
                return SlackNotifier(name, post(name, channel))
            case PagerDuty():
                return PagerDutyNotifier(name, post(name, channel), read(name, channel.routing_key))
            case Alertmanager():
                return AlertmanagerNotifier(name, post(name, channel), channel.lasts.delta)
            case Webhook():
                signing = read(name, channel.secret) if channel.secret is not None else None
                return WebhookNotifier(name, post(name, channel), signing)
            case Apprise():
                return AppriseNotifier(name, read(name, channel.url))
            case _:
                assert_never(channel)

    own = notify or {}
    notifiers = {name: notifier(name, channel) for name, channel in document.channels.items()}
    routes = Routes(
        channels=lambda alert: {*document.send.of(alert.severity), *own.get(alert.model, ())} & notifiers.keys(),
        known=frozenset(notifiers),
        repeating=frozenset(name for name, one in notifiers.items() if one.repeats),
        again_after=document.again_after.delta,
    )
    return Channels(notifiers=notifiers, routes=routes, deadlines=_deadlines(document))


def _deadlines(document: AlertChannels) -> dict[str, float]:
    timed = {name: one for name, one in document.channels.items() if not isinstance(one, GithubIssue)}
    return {name: one.deadline.value for name, one in timed.items() if one.deadline is not None}
