"""Story: what the events of the ledger make of a model: its attempts, what each stage saw, its merges, its rollbacks. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from model_ratchet.core.evidence import Interval
from model_ratchet.core.names import Version
from model_ratchet.documents.events import (
    Admitted,
    Began,
    Confirmed,
    Event,
    Extended,
    Hold,
    Paused,
    PolicyChanged,
    PromotedVersion,
    RefusedAdvance,
    Released,
    Resumed,
    RolledBackVersion,
    RootCause,
    Snoozed,
    StageClosed,
    StageStarted,
    Unverified,
    WaivedCriterion,
    Withdrawn,
)
from model_ratchet.engine.history import StageHistory, StageRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One candidate's way through the stages, from its admission to its end."""

    admitted: Admitted
    starts: tuple[StageStarted, ...] = ()
    """The start of each stage that counts: one that starts again takes the place of its earlier start."""
    runs: tuple[StageRun, ...] = ()
    closed: Mapping[str, StageClosed] = field(default_factory=dict)
    """Stage → its sealed evidence."""
    ended: Withdrawn | PromotedVersion | None = None

    @property
    def candidate(self) -> str:
        """The version."""
        return str(self.admitted.candidate)

    @property
    def baseline(self) -> str | None:
        """The version that it was admitted against, None for a first version."""
        return None if self.admitted.baseline is None else str(self.admitted.baseline)

    @property
    def number(self) -> int:
        """The how manieth attempt it is of its digest against its baseline."""
        return self.admitted.attempt

    @property
    def start(self) -> StageStarted | None:
        """The start of the stage that it is in."""
        return self.starts[-1] if self.starts else None

    @property
    def unconfirmed(self) -> bool:
        """Whether the router is still to be seen sending that stage's share."""
        return len(self.runs) < len(self.starts)

    @property
    def paused(self) -> bool:
        """Whether the stage that it is in is paused."""
        return not self.unconfirmed and bool(self.runs) and self.runs[-1].paused_since is not None

    @property
    def moved_at(self) -> datetime:
        """When it was admitted, or a stage of it was started or closed, whichever was last."""
        return max(one.at for one in (self.admitted, *self.starts, *self.closed.values()))

    @property
    def history(self) -> StageHistory:
        """The stages as a plan is bound to them."""
        return StageHistory(runs=self.runs, attempt=self.number)


@dataclass(frozen=True, slots=True)
class Setback:
    """A version that an incident took out of production, or out of its stages: ``rolled back`` or ``withdrawn``."""

    version: Version
    at: datetime
    digest: str | None
    how: str
    cause: RootCause | None = None
    """The issue on the incident, as far as one is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the ledger says of one model, the oldest first."""

    model: str
    attempts: tuple[Attempt, ...] = ()
    promoted: tuple[PromotedVersion, ...] = ()
    standing: Mapping[str, PromotedVersion] = field(default_factory=dict)
    """Version → its promotion, of those that no rollback has taken back since."""
    rolled_back: tuple[RolledBackVersion, ...] = ()
    waived: tuple[WaivedCriterion, ...] = ()
    unverified: tuple[Unverified, ...] = ()
    refused: tuple[RefusedAdvance, ...] = ()
    hold: Hold | None = None
    """The hold that is in force."""
    snoozed: Snoozed | None = None
    """Until when nobody is reminded of it."""
    incidents: tuple[Hold | Withdrawn, ...] = ()
    """What each incident began with: the hold of a promoted version, or the end of a candidate's attempt."""
    causes: Mapping[str, RootCause] = field(default_factory=dict)
    """Incident → what is known of the issue that asks for its root cause."""
    suspects: frozenset[str] = frozenset()
    """The versions that the incidents since the last release refuse."""

    def attempt(self, candidate: str) -> Attempt | None:
        """The open attempt of a candidate."""
        return next((one for one in self.open if one.candidate == candidate), None)

    def history(self, candidate: str) -> StageHistory | None:
        """The stages of a candidate's open attempt, None where it has none."""
        attempt = self.attempt(candidate)
        return attempt.history if attempt is not None else None

    @property
    def open(self) -> tuple[Attempt, ...]:
        """The attempts that have not ended."""
        return tuple(one for one in self.attempts if one.ended is None)

    @property
    def slot(self) -> Attempt | None:
        """The attempt that takes part in traffic: one candidate at a time may."""
        return next((one for one in self.open if one.start is not None and one.start.share > 0), None)

    def attempts_of(self, digest: str, baseline: str | None) -> int:
        """How many attempts of an artifact against a baseline there were."""
        return sum(one.admitted.digest == digest and one.baseline == baseline for one in self.attempts)

    def rollback_of(self, version: str, digest: str | None) -> Setback | None:
        """The last incident of a version, or of the artifact with its digest, after which it was not promoted again.

        What was only removed with a culprit is free to return.
        """
        for one in reversed(tuple(self._setbacks())):
            mine = str(one.version) == version or (digest is not None and one.digest == digest)
            if mine and not any(str(back.candidate) == version and back.at > one.at for back in self.promoted):
                return one
        return None

    def _setbacks(self) -> Iterator[Setback]:
        found = []
        for event in self.rolled_back:
            if event.cause == "culprit":
                known = [one for one in self.incidents if isinstance(one, Hold) and one.refuse == event.version]
                incident = next((one.incident for one in reversed(known) if one.at <= event.at), None)
                cause = self.causes.get(incident or "")
                found.append(Setback(event.version, event.at, event.digest, "rolled back", cause))
        for attempt in self.attempts:
            if isinstance(attempt.ended, Withdrawn) and attempt.ended.incident is not None:
                admitted, cause = attempt.admitted, self.causes.get(attempt.ended.incident)
                found.append(Setback(admitted.candidate, attempt.ended.at, admitted.digest, "withdrawn", cause))
        yield from sorted(found, key=lambda one: one.at)


def stories(events: Iterable[Event]) -> dict[str, Story]:
    """Model → its story."""
    told: dict[str, Story] = {}
    for event in events:
        if not isinstance(event, Began | PolicyChanged):
            told[event.model] = _then(told.get(event.model, Story(model=event.model)), event)
    return told


def _then(story: Story, event: Event) -> Story:
    match event:
        case Admitted():
            return replace(story, attempts=(*story.attempts, Attempt(admitted=event)))
        case StageStarted() | Confirmed() | Paused() | Resumed() | Extended() | StageClosed() | Withdrawn():
            begun = (event,) if isinstance(event, Withdrawn) and event.incident is not None else ()
            return replace(_of_attempt(story, event), incidents=(*story.incidents, *begun))
        case PromotedVersion():
            standing = {**story.standing, str(event.candidate): event}
            return replace(_of_attempt(story, event), promoted=(*story.promoted, event), standing=standing)
        case RolledBackVersion():
            standing = {version: one for version, one in story.standing.items() if version != str(event.version)}
            return replace(story, rolled_back=(*story.rolled_back, event), standing=standing)
        case WaivedCriterion():
            return replace(story, waived=(*story.waived, event))
        case Unverified():
            return replace(story, unverified=(*story.unverified, event))
        case RefusedAdvance():
            return replace(story, refused=(*story.refused, event))
        case Hold() | Snoozed() | Released():
            return _held(story, event)
        case RootCause(incident=incident):
            return replace(story, causes={**story.causes, incident: event})
        case Began() | PolicyChanged():
            return story


def _held(story: Story, event: Hold | Snoozed | Released) -> Story:
    match event:
        case Hold(refuse=None):
            return replace(story, hold=event, snoozed=None)
        case Hold():
            incidents, suspects = (*story.incidents, event), story.suspects | {str(event.refuse)}
            return replace(story, hold=event, snoozed=None, incidents=incidents, suspects=suspects)
        case Snoozed():
            return replace(story, snoozed=event)
        case Released():
            return replace(story, hold=None, snoozed=None, suspects=frozenset())


_Step = StageStarted | Confirmed | Paused | Resumed | Extended | StageClosed | Withdrawn | PromotedVersion


def _of_attempt(story: Story, event: _Step) -> Story:
    """The story after a step of the candidate's open attempt; a step of none that is open changes nothing."""
    attempt = story.attempt(str(event.candidate))
    if attempt is None:
        return story
    stepped = _step(attempt, event)
    return replace(story, attempts=tuple(stepped if one is attempt else one for one in story.attempts))


def _step(attempt: Attempt, event: _Step) -> Attempt:
    match event:
        case StageStarted(stage=stage):
            earlier = next((i for i, one in enumerate(attempt.starts) if one.stage == stage), len(attempt.starts))
            return replace(
                attempt,
                runs=attempt.runs[:earlier],
                starts=(*attempt.starts[:earlier], event),
                closed={name: one for name, one in attempt.closed.items() if name != stage},
            )
        case Confirmed(stage=stage):
            if not attempt.unconfirmed or attempt.starts[-1].stage != stage:
                return attempt
            return replace(attempt, runs=(*attempt.runs, StageRun(stage=stage, started_at=event.at)))
        case Paused(stage=stage):
            return _rerun(attempt, stage, lambda run: run if run.paused_since else replace(run, paused_since=event.at))
        case Resumed(stage=stage):
            return _rerun(attempt, stage, lambda run: _resumed(run, event.at))
        case Extended(stage=stage):
            return _rerun(attempt, stage, lambda run: replace(run, extensions=run.extensions + 1))
        case StageClosed(stage=stage):
            return replace(attempt, closed={**attempt.closed, stage: event})
        case Withdrawn() | PromotedVersion():
            return replace(attempt, ended=event)


def _resumed(run: StageRun, at: datetime) -> StageRun:
    if run.paused_since is None:
        return run
    return replace(run, pauses=(*run.pauses, Interval(run.paused_since, at)), paused_since=None)


def _rerun(attempt: Attempt, stage: str, changed: Callable[[StageRun], StageRun]) -> Attempt:
    return replace(attempt, runs=tuple(changed(run) if run.stage == stage else run for run in attempt.runs))
