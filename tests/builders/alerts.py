"""Alerts, the file that names their channels, and what hostile texts are made of."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from model_ratchet.core.alert import Alert, Link, Severity, State
from model_ratchet.documents.channels import AlertChannels
from model_ratchet.documents.read import read
from model_ratchet.github.client import Hub
from model_ratchet.notify.deliver import Channels
from model_ratchet.notify.open import open_channels

NOW = datetime(2025, 8, 18, 14, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULE = "latency p95 above 750ms over 1h"
HOSTILE = "<!channel> @everyone [x](http://evil.example) *b* `c` <script> #1 &amp; \u202eabc ::set-output::"


def an_alert(**given: Any) -> Alert:
    usual: dict[str, Any] = {
        "model": "fraud",
        "version": "v2.1.0_20250818_142000",
        "rule": RULE,
        "severity": Severity.WARNING,
        "state": State.FIRING,
        "since": NOW - HOUR,
        "value": "812 ms",
        "reference": "401 ms",
        "limit": "750 ms",
        "links": (Link(text="Runbook", url="https://runbooks.example.com/fraud?a=1&b=2"),),
    }
    return Alert(**usual | given)


def resolved(**given: Any) -> Alert:
    return an_alert(**{"state": State.RESOLVED, "until": NOW} | given)


def a_document(channels: str, *, origins: str = "", more: str = "") -> AlertChannels:
    """A file with these channels, in the form ``name: {kind: …}``, each of which is told of everything."""
    names = ", ".join(line.split(":")[0].strip() for line in channels.strip().splitlines())
    indented = "\n".join(f"  {line.strip()}" for line in channels.strip().splitlines())
    listed = f"origins: [{origins}]\n" if origins else ""
    text = (
        f"apiVersion: ratchet/v1\nkind: Alerts\nchannels:\n{indented}\n"
        f"send: {{warning: [{names}], critical: [{names}], page: [{names}]}}\n{listed}{more}"
    )
    found = read(AlertChannels, "policies/alerts.yaml", text.encode())
    assert isinstance(found, AlertChannels), [str(one) for one in found]
    return found


def opened(
    channels: str,
    environ: Mapping[str, str] | None = None,
    *,
    origins: str = "",
    more: str = "",
    hub: Hub | None = None,
) -> Channels:
    return open_channels(a_document(channels, origins=origins, more=more), environ or {}, Path(), hub)
