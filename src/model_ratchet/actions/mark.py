"""mark: what people and routers say of a candidate between its starts, as an event of the ledger. Effects in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import assert_never

from model_ratchet.actions.reading import hidden_at
from model_ratchet.core.errors import UsageError
from model_ratchet.core.names import Version
from model_ratchet.documents.events import Actor, Confirmed, Event, Hold, Paused, Released, Resumed, Snoozed, Withdrawn
from model_ratchet.documents.words import suggestion
from model_ratchet.engine.story import Attempt, Story
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, GitLedger, append


class Said(StrEnum):
    """What can be said."""

    CONFIRM = "confirm"
    """The router sends what the stage asks for."""
    PAUSE = "pause"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    HOLD = "hold"
    """Of the model: nothing moves, and its active version serves alone."""
    SNOOZE = "snooze"
    """Nobody is reminded of the hold for a while; it stays."""
    RELEASE = "release"


OF_MODEL = frozenset({Said.HOLD, Said.SNOOZE, Said.RELEASE})
"""What is said of the model, and not of a candidate."""
_WITH_REASON = frozenset({Said.PAUSE, Said.WITHDRAW}) | OF_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing that is said, by whom, and why."""

    kind: Said
    model: str
    candidate: str | None = None
    because: str = ""
    by: Actor | None = None
    lasting: timedelta | None = None
    """How long a hold is snoozed."""


def mark(
    said: Mark, repository: Writer, *, now: datetime, environ: Mapping[str, str], base: str | None = None
) -> Event:
    """The event that was appended. ``base`` is the protected branch, whose sources file names the variables of ``environ``
    whose values may not stand in it; by default the remote's default branch.

    Raises:
        UsageError: it fits nothing that the ledger holds, names a model to hold that is not there, or lacks a reason.
        RecordError: what is said holds a secret.
        RepositoryError: the ledger can't be written, or the base branch can't be guessed.
    """
    if said.kind in _WITH_REASON and not said.because.strip():
        raise UsageError(f"say why: `--because` is written down with every {said.kind}")

    def decide(ledger: GitLedger) -> Entry:
        return Entry((_event(said, ledger.story(said.model), now),))

    tip = repository.commit(base if base is not None else repository.default_base())
    if said.kind is Said.HOLD:
        _refuse_unknown(repository, tip, said.model)
    hidden = hidden_at(repository, tip, environ)
    entry, _ = append(repository, decide, f"{said.model}: {said.kind}", now, hidden=hidden)
    return entry.events[0]


def _refuse_unknown(repository: Writer, tip: str, model: str) -> None:
    """A hold of a misspelt model would hold nothing, and look as if it did."""
    there = {PurePosixPath(name).stem for name in repository.entries(tip, "policies/models")}
    there |= repository.entries(tip, "promotions").keys()
    if model not in there:
        raise UsageError(f"the base branch holds no model {model}{suggestion(model, there)}")


def _event(said: Mark, story: Story, now: datetime) -> Event:
    if said.kind is Said.HOLD:
        return Hold(at=now, by=said.by, model=said.model, because=said.because)
    if said.kind in OF_MODEL:
        if story.hold is None:
            raise UsageError(f"{said.model} is not held")
        if said.kind is Said.RELEASE:
            return Released(at=now, by=said.by, model=said.model, because=said.because)
        if said.lasting is None:
            raise UsageError("for how long? Say `--for 4h`")
        return Snoozed(at=now, by=said.by, model=said.model, because=said.because, until=now + said.lasting)
    if said.candidate is None:
        raise UsageError(f"{said.kind} of which version? Name it behind the model")
    attempt = story.attempt(said.candidate)
    if attempt is None:
        raise UsageError(f"{said.candidate} of {said.model} has no open attempt")
    return _of_attempt(said, attempt, now)


def _of_attempt(said: Mark, attempt: Attempt, now: datetime) -> Event:
    candidate, pull = Version.parse(attempt.candidate), attempt.admitted.pull
    if said.kind is Said.WITHDRAW:
        return Withdrawn(at=now, by=said.by, model=said.model, candidate=candidate, pull=pull, because=said.because)
    if attempt.start is None:
        raise UsageError(f"no stage of {attempt.candidate} has started")
    stage = attempt.start.stage
    if said.kind is Said.CONFIRM:
        if not attempt.unconfirmed:
            raise UsageError(f"{stage} is confirmed already")
        return Confirmed(at=now, by=said.by, model=said.model, candidate=candidate, pull=pull, stage=stage)
    if attempt.unconfirmed:
        raise UsageError(f"{stage} does not run yet: the router has not confirmed it")
    paused = attempt.runs[-1].paused_since is not None
    match said.kind:
        case Said.PAUSE:
            if paused:
                raise UsageError(f"{stage} is paused already")
            return Paused(
                at=now, by=said.by, model=said.model, candidate=candidate, pull=pull, stage=stage, because=said.because
            )
        case Said.RESUME:
            if not paused:
                raise UsageError(f"{stage} is not paused")
            return Resumed(at=now, by=said.by, model=said.model, candidate=candidate, pull=pull, stage=stage)
        case Said.HOLD | Said.SNOOZE | Said.RELEASE:  # pragma: no cover
            raise AssertionError(said.kind)
        case _:
            assert_never(said.kind)
