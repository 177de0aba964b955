"""Rule: one thing that must be set up, why, and where; and what is said of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from model_ratchet.engine.settings import Guard, Protection, Settings, Unread

LEDGER = "ratchet/ledger"
"""The branch of the ledger."""


class State(StrEnum):
    """How a thing stands, the worst first."""

    MISSING = "missing"
    UNVERIFIED = "cannot verify"
    LATER = "not there yet"
    IDLE = "does not apply"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule found. ``found`` says what is so, for whoever has to change it; ``note`` explains what is right."""

    state: State
    found: str = ""
    note: str = ""


class Place(StrEnum):
    """Where something is set: a page of the repository's settings, or what else stands there."""

    RULES = "settings/rules"
    ACTIONS = "settings/actions"
    ENVIRONMENTS = "settings/environments"
    SECRETS = "settings/secrets/actions"
    APPS = "the App's settings"
    WORKFLOWS = ".github/workflows"
    CODEOWNERS = "CODEOWNERS"
    MODELS = "policies/models"
    MACHINE = "this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing to look at. In its texts ``{base}`` stands for the protected branch."""

    id: str
    what: str
    """What is to be so, as a clause."""
    why: str
    place: Place
    how: str
    """What to set there, in the words that stand there."""
    ask: Callable[[Settings], Said]


SET = Said(State.SET)
IDLE = Said(State.IDLE)


def missing(found: str) -> Said:
    """It is not as it has to be."""
    return Said(State.MISSING, found)


def unverified(unread: Unread) -> Said:
    """GitHub did not tell."""
    return Said(State.UNVERIFIED, f"GitHub does not tell {unread.what} ({unread.status}): it takes {unread.takes}")


def held(protection: Protection, test: Callable[[Guard], bool], otherwise: str) -> Said:
    """Set where one guard is as tested; where none is, missing only if there can be no other."""
    if any(test(guard) for guard in protection.guards):
        return SET
    return unverified(protection.unread[0]) if protection.unread else missing(otherwise)


def and_more(names: list[str], most: int = 3) -> str:
    """A list as people write it, cut where it is long."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
