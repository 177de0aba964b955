"""Rollback: which version serves again, which folders go, and when nobody but a person may decide. Pure.

A plan is made of the chain and the ledger alone, so that a run that was cut off finds the incident that it began and goes on
with it: what the hold of an incident says is never decided a second time. What it leaves out, and reviewers have to know, is
looked at again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from model_ratchet.core.names import Version
from model_ratchet.documents.events import Actor, Event, Hold, Withdrawn
from model_ratchet.documents.promoted import Promoted
from model_ratchet.engine.lifecycle import Chain
from model_ratchet.engine.story import Attempt, Story

_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What asks for a rollback: ``version`` is the culprit (None: the active version), ``serve`` what is to return."""

    model: str
    because: str
    """In a sentence of at most 2,000 characters; it is written into the ledger."""
    version: str | None = None
    serve: str | None = None
    evidence: tuple[str, ...] = ()
    """What showed it, in sentences, for whoever reads the pull request and the issue."""
    by: Actor | None = None
    by_hand: bool = False
    """A person asks: how often it happened today is theirs to judge."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the world says of a version besides the ledger: why it can't serve, and what nobody could look at."""

    against: str | None = None
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """A promoted version is taken back."""

    incident: str
    refuse: Version
    """The culprit, which is quarantined."""
    serve: Version
    removed: tuple[Version, ...]
    """The folders that go, the newest first; none where the base branch is rid of them already."""
    unsure: tuple[str, ...] = ()
    """What could not be verified of the version that returns."""
    passed_over: tuple[str, ...] = ()
    """Nearer versions that can't serve, each with the reason."""
    begun: bool = False
    """The ledger holds it already."""

    @property
    def collateral(self) -> tuple[Version, ...]:
        """The removed versions that nothing is held against."""
        return tuple(one for one in self.removed if one != self.refuse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """A candidate leaves its stages: its attempt is over."""

    incident: str
    candidate: Version
    pull: int | None = None
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Nothing is changed: a person has to decide."""

    why: str


Plan: TypeAlias = Restore | Withdraw | Page


def plan_rollback(
    asked: Trigger,
    known: Chain,
    story: Story,
    look: Callable[[Version], Looked],
    *,
    now: datetime,
    at_most: int,
) -> Plan:
    """What is to be done, given the promoted versions and the ledger; ``look`` is asked only of versions that could serve.

    After ``at_most`` incidents of the model within 24 hours only a person may begin another one.
    """
    begun = _begun(asked, known, story, look)
    if begun is not None:
        return begun
    if known.trouble is not None:
        return Page(known.trouble)
    refused = asked.version or (str(known.active.candidate) if known.active is not None else None)
    if refused is None:
        return Page(f"nothing of {asked.model} is promoted")
    attempt = story.attempt(refused)
    names = [str(one.candidate) for one in known.versions]
    if refused not in names and attempt is None:
        return Page(f"{refused} of {asked.model} is neither promoted nor in a stage")
    lately = sum(now - one.at < _DAY for one in story.incidents)
    if not asked.by_hand and lately >= at_most:
        return Page(
            f"{asked.model} was rolled back {lately} times within 24 hours: "
            "what flaps is not mended by another rollback"
        )
    incident = f"{refused}-{1 + sum(str(_refused(one)) == refused for one in story.incidents)}"
    if refused not in names:
        return _withdraw(attempt, incident)
    return _restore(asked, known.versions, names.index(refused), story, look, incident)


def against(one: Promoted, story: Story) -> str | None:
    """Why the ledger does not let a promoted version return. What was there before the ledger began is taken as it is."""
    version, standing = str(one.candidate), story.standing.get(str(one.candidate))
    if version in story.suspects:
        return "an incident refuses it"
    if story.rollback_of(version, one.digest) is not None:
        return "it was rolled back itself"
    if standing is not None and standing.record is None and one.baseline is not None:
        return "no verdict vouches for it"
    return None


def events_of(plan: Restore | Withdraw, asked: Trigger, *, now: datetime) -> tuple[Event, ...]:
    """What the ledger is to hold of a plan before anything else is done; nothing where it does."""
    if plan.begun:
        return ()
    if isinstance(plan, Withdraw):
        return (
            Withdrawn(
                at=now,
                by=asked.by,
                model=asked.model,
                candidate=plan.candidate,
                pull=plan.pull,
                because=asked.because,
                incident=plan.incident,
            ),
        )
    return (
        Hold(
            at=now,
            by=asked.by,
            model=asked.model,
            because=asked.because,
            refuse=plan.refuse,
            serve=plan.serve,
            incident=plan.incident,
        ),
    )


def _begun(asked: Trigger, known: Chain, story: Story, look: Callable[[Version], Looked]) -> Plan | None:
    """The incident that is under way, or the last one of a version that was taken out since; None where there is none."""
    hold = story.hold
    if hold is not None and hold.serve is not None and asked.version in (None, str(hold.refuse)):
        if asked.serve not in (None, str(hold.serve)):
            return Page(f"{asked.model} is held on {hold.serve} by the incident {hold.incident}: release it first")
        return _resumed(asked, hold, known, story, look)
    there = {str(one.candidate) for one in known.versions}
    if asked.version is None or asked.version in there or story.attempt(asked.version) is not None:
        return None
    last = next((one for one in reversed(story.incidents) if str(_refused(one)) == asked.version), None)
    if isinstance(last, Withdrawn):
        return Withdraw(incident=last.incident or "", candidate=last.candidate, pull=last.pull, begun=True)
    return _resumed(asked, last, known, story, look) if last is not None else None


def _resumed(asked: Trigger, hold: Hold, known: Chain, story: Story, look: Callable[[Version], Looked]) -> Plan:
    """The plan that a hold began, with what whoever reviews it has to know, which no event holds."""
    if known.trouble is not None:
        return Page(known.trouble)
    if hold.refuse is None or hold.serve is None or hold.incident is None:
        raise ValueError("the hold is of no incident")
    names = [one.candidate for one in known.versions]
    if hold.serve not in names:
        return Page(f"{hold.serve}, which serves by the incident {hold.incident}, is no longer promoted")
    if hold.refuse not in names:
        return Restore(incident=hold.incident, refuse=hold.refuse, serve=hold.serve, removed=(), begun=True)
    culprit, serving = names.index(hold.refuse), names.index(hold.serve)
    looked = look(hold.serve)
    return Restore(
        incident=hold.incident,
        refuse=hold.refuse,
        serve=hold.serve,
        removed=tuple(names[:serving]),
        unsure=looked.unsure if looked.against is None else (looked.against, *looked.unsure),
        passed_over=() if asked.serve is not None else _passed_over(known.versions[culprit + 1 : serving], story, look),
        begun=True,
    )


def _passed_over(versions: Iterable[Promoted], story: Story, look: Callable[[Version], Looked]) -> tuple[str, ...]:
    """The versions that can't serve, each with the reason."""
    speaks = ((one.candidate, against(one, story) or look(one.candidate).against) for one in versions)
    return tuple(f"{version}: {why}" for version, why in speaks if why is not None)


def _refused(one: Hold | Withdrawn) -> Version | None:
    return one.candidate if isinstance(one, Withdrawn) else one.refuse


def _withdraw(attempt: Attempt | None, incident: str) -> Withdraw:
    if attempt is None:
        raise ValueError("no attempt is open")
    return Withdraw(incident=incident, candidate=attempt.admitted.candidate, pull=attempt.admitted.pull)


def _restore(
    asked: Trigger,
    versions: tuple[Promoted, ...],
    culprit: int,
    story: Story,
    look: Callable[[Version], Looked],
    incident: str,
) -> Plan:
    """Back to the version that is named, else to the nearest behind the culprit that nothing speaks against."""
    older = versions[culprit + 1 :]
    if asked.serve is not None:
        older = tuple(one for one in older if str(one.candidate) == asked.serve)
        if not older:
            return Page(
                f"{asked.serve} is not among the versions of {asked.model} before {versions[culprit].candidate}"
            )
    passed_over: list[str] = []
    for one in older:
        looked = look(one.candidate)
        speaks = against(one, story) or looked.against
        if speaks is None:
            return Restore(
                incident=incident,
                refuse=versions[culprit].candidate,
                serve=one.candidate,
                removed=tuple(gone.candidate for gone in versions[: versions.index(one)]),
                unsure=looked.unsure,
                passed_over=tuple(passed_over),
            )
        passed_over.append(f"{one.candidate}: {speaks}")
    if passed_over:
        return Page(f"no version of {asked.model} can take over: {'; '.join(passed_over)}")
    return Page(f"{versions[culprit].candidate} is the first version of {asked.model}: there is nothing to go back to")
