"""What Alertmanager sends, and a receiver of it over a repository in which V2 runs with two rollback triggers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from builders.live import SINCE, V2, repository
from builders.repositories import Repo
from model_ratchet.actions.listen import ListenInput, listening
from model_ratchet.actions.webhook import PATH, Address, Server
from model_ratchet.documents.events import Event
from model_ratchet.git_write import Writer
from model_ratchet.ledger import fetch_ledger

NOW = SINCE + timedelta(hours=48)
TOKEN = "of-alertmanager-only"  # noqa: S105
ERRORS, DROP = "errors rate above 6% over 1h", "accuracy drop above 5pp over 12h"


def an_alert(rule: str = ERRORS, *, status: str = "firing", since: datetime = NOW, **labels: str) -> dict[str, Any]:
    """An alert as our rules label it."""
    named = {
        "alertname": "RatchetRate",
        "severity": "critical",
        "action": "rollback",
        "model": "demo",
        "version": V2,
        "metric": "errors",
        "rule": rule,
    } | labels
    return {
        "status": status,
        "labels": named,
        "annotations": {"summary": "demo"},
        "startsAt": since.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "c1f2",
    }


def a_group(*alerts: Mapping[str, Any], **more: Any) -> bytes:
    """A notification of these alerts."""
    told = {
        "version": "4",
        "groupKey": "{}",
        "status": "firing",
        "receiver": "ratchet",
        "alerts": alerts or [an_alert()],
    }
    return json.dumps(told | more).encode()


def post(server: Server, body: bytes, *, token: str = TOKEN) -> int:
    """The status that the webhook is answered with."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return requests.post(f"http://{server.address}{PATH}", data=body, headers=headers, timeout=60).status_code


@dataclass
class Scene:
    """A receiver that runs, and what it says."""

    server: Server
    repo: Repo
    log: list[str]
    clock: list[datetime] = field(default_factory=lambda: [NOW])

    def told(self, *alerts: Mapping[str, Any], **more: Any) -> int:
        """The status of a notification of these alerts."""
        return post(self.server, a_group(*alerts, **more))

    def events(self) -> list[Event]:
        """What the ledger holds."""
        return list(fetch_ledger(Writer(self.repo.path)).events())

    def kinds(self) -> list[str]:
        """The kinds of its events."""
        return [one.kind for one in self.events()]


@contextmanager
def a_scene(folder: Path, environ: Mapping[str, str] | None = None, **files: str) -> Iterator[Scene]:
    """A receiver over a repository of its own, at 48 hours after V2 was promoted."""
    repo, log, clock = repository(folder / "r", folder / "log.csv", **files), list[str](), [NOW]
    asked = ListenInput(
        repo=repo.path,
        address=Address("127.0.0.1", 0),
        variable="SENDER",
        environ={"SENDER": TOKEN, **(environ or {})},
    )
    with listening(asked, log.append, lambda: clock[0]) as server:
        yield Scene(server, repo, log, clock)
