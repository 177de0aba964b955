"""Deployments: each start of a stage, with its status, where GitHub shows what runs where. Told, and never read as state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model_ratchet.core.errors import LostError
from model_ratchet.github.client import Hub, asking

if TYPE_CHECKING:
    from github.Deployment import Deployment

TASK = "ratchet"
"""What tells our deployments from those of others."""
_PUT_AWAY = "inactive"
_NEEDS = "`deployments: write`"
_LONGEST = 140
"""Characters of a description that GitHub takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What GitHub is to show in an environment; ``payload`` tells one deployment from another there.

    ``beside`` is kept in the payload of one that is made, and tells nothing apart.
    """

    environment: str
    payload: Mapping[str, str]
    state: str
    """``in_progress``, ``success``, ``failure`` or ``inactive``."""
    description: str
    url: str
    """Of the run that says so."""
    beside: Mapping[str, str] = field(default_factory=dict)


def deploy(hub: Hub, said: Deployed, commit: str | None) -> bool:
    """Make GitHub show it, unless it does already; whether it wrote. Where there is no such deployment, one of ``commit`` is
    made, and none where that is None.

    Raises:
        ForgeError: deployments can't be listed or written.
    """
    there = _find(hub, said) or (_create(hub, said, commit) if commit is not None else None)
    if there is None or _state(hub, there) == said.state:
        return False
    with asking("write the status of a deployment", needs=_NEEDS):
        there.create_status(said.state, target_url=said.url, description=said.description[:_LONGEST])
    return True


def _find(hub: Hub, said: Deployed) -> "Deployment | None":
    """The oldest with this payload."""
    listed = hub.read(
        "list deployments",
        lambda: list(hub.repository.get_deployments(task=TASK, environment=said.environment)),
        there=True,
    )
    same = (one for one in listed if _without(one.payload, said.beside) == said.payload)
    return min(same, key=lambda one: one.id, default=None)


def _without(payload: object, beside: Mapping[str, str]) -> object:
    return (
        {name: text for name, text in payload.items() if name not in beside} if isinstance(payload, dict) else payload
    )


def _create(hub: Hub, said: Deployed, commit: str) -> "Deployment":
    """A deployment that was not there; of two runs that make one at once the older one counts, and the other is put away."""
    made = _made(hub, said, commit)
    oldest = _find(hub, said) or made
    if oldest.id != made.id:
        with asking("write the status of a deployment", needs=_NEEDS):
            made.create_status(_PUT_AWAY)
    return oldest


def _made(hub: Hub, said: Deployed, commit: str) -> "Deployment":
    for last in (False, True):
        try:
            with asking("create a deployment", needs=_NEEDS):
                return hub.repository.create_deployment(
                    commit,
                    task=TASK,
                    auto_merge=False,
                    required_contexts=[],
                    payload={**said.payload, **said.beside},
                    environment=said.environment,
                    description=said.description[:_LONGEST],
                )
        except LostError:  # it may be there: look before it is created again
            there = _find(hub, said)
            if there is not None:
                return there
            if last:
                raise
    raise AssertionError("unreachable")


def _state(hub: Hub, there: "Deployment") -> str | None:
    """The state that was written last, None where none was."""
    told = hub.read("read the statuses of a deployment", lambda: list(there.get_statuses()), there=True)
    return max(told, key=lambda one: one.id).state if told else None
