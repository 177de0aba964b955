"""Anchors: the head of the ledger as GitHub keeps it, in check runs and deployments, where a push to the ledger can't reach.

A check run can't be deleted, and only the app that made it may change it. Only what our own app has written is believed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from model_ratchet.engine.lines import Head
from model_ratchet.github.checks import other_app
from model_ratchet.github.client import Hub, asking
from model_ratchet.github.deployments import TASK

NAME = "ratchet ledger"
ENTRY = "ledger"
"""Under which a deployment's payload holds the head of the ledger."""
_ID = re.compile(r"ratchet:v1:ledger:(?P<n>\d{1,12}):(?P<digest>sha256:[0-9a-f]{64})", re.ASCII)
_NEEDS = "`checks: write`"


@dataclass(frozen=True, slots=True)
class Anchors:
    """The heads that were found, and the apps and accounts whose anchors are not believed."""

    heads: frozenset[Head] = frozenset()
    strangers: frozenset[str] = frozenset()

    def __or__(self, other: "Anchors") -> "Anchors":
        return Anchors(self.heads | other.heads, self.strangers | other.strangers)


def anchors_on(hub: Hub, commit: str) -> Anchors:
    """The heads that check runs on a commit hold.

    Raises:
        ForgeError: they can't be listed.
    """
    there = hub.repository.get_commit(commit)
    runs = hub.read("list check runs", lambda: list(there.get_check_runs(check_name=NAME, filter="all")), there=True)
    ours = [_ID.fullmatch(run.external_id or "") for run in runs if run.app.slug == hub.app]
    return Anchors(
        frozenset(Head(int(found["n"]), found["digest"]) for found in ours if found is not None),
        frozenset(run.app.slug for run in runs) - {hub.app},
    )


def anchors_in_deployments(hub: Hub) -> Anchors:
    """The heads that the deployments of stages hold.

    Raises:
        ForgeError: they can't be listed.
    """
    listed = hub.read("list deployments", lambda: list(hub.repository.get_deployments(task=TASK)), there=True)
    held = [(one.creator.login, head) for one in listed for head in _held(one.payload)]
    us = f"{hub.app}[bot]"
    return Anchors(
        frozenset(head for login, head in held if login == us),
        frozenset(login for login, _ in held) - {us},
    )


def anchor(hub: Hub, commit: str, head: Head, url: str) -> None:
    """Keep a head in a check run on a commit; ``url`` is that of the run that does.

    Raises:
        ForgeError: it can't be published.
    """
    with asking("publish the anchor of the ledger", needs=_NEEDS):
        made = hub.repository.create_check_run(
            NAME,
            commit,
            details_url=url,
            external_id=f"ratchet:v1:ledger:{head.n}:{head.digest}",
            status="completed",
            conclusion="success",
            output={
                "title": f"{head.n} lines",
                "summary": f"The head of the ledger was\n\n    {head}\n\n"
                "`ratchet audit verify --anchor github` compares the ledger with it.\n",
            },
        )
    if made.app.slug != hub.app:
        raise other_app(hub, made.app.slug)


def _held(payload: object) -> Iterator[Head]:
    text = payload.get(ENTRY) if isinstance(payload, dict) else None
    if isinstance(text, str):
        try:
            yield Head.parse(text)
        except ValueError:
            return
