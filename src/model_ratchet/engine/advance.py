"""Advance: the next step of one attempt, or why there is none. Pure.

A stage that can be decided is closed, with its evidence sealed; the next one starts where it passed and where the roles that
``enter:`` names have approved after they could see that evidence. What failed, or did not decide after its last window, ends
the attempt. What could not be looked at changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Why
from model_ratchet.core.verdict import Leaf, Verdict
from model_ratchet.criteria.base import StageFacts
from model_ratchet.documents.policy import Policy, Stage
from model_ratchet.engine.history import StageRun
from model_ratchet.engine.lifecycle import Chain
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.sign_off import Entry
from model_ratchet.engine.story import Attempt, Story


class State(StrEnum):
    """Of the pull request that proposes the candidate."""

    OPEN = "open"
    DRAFT = "a draft"
    CLOSED = "closed"
    FORK = "from a fork, and a fork starts no stage"


class Cause(StrEnum):
    """Why it is looked at whether a candidate can go on."""

    ASKED = "asked"
    """Somebody who may asked for it."""
    REVIEWED = "reviewed"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that the next step depends on."""

    policy: Policy
    plan: Plan
    verdict: Verdict
    story: Story
    state: State = State.OPEN
    entries: Sequence[Entry] = ()

    @property
    def attempt(self) -> Attempt | None:
        """The candidate's open attempt."""
        return self.story.attempt(self.plan.facts.candidate)

    def stage(self, name: str) -> StageFacts:
        """A stage of the plan."""
        return next(stage for stage in self.plan.stages if stage.name == name)


@dataclass(frozen=True, slots=True)
class Close:
    """A stage's evidence is sealed with this outcome."""

    stage: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Extend:
    """A stage did not decide, and its policy lets it go on."""

    stage: str


@dataclass(frozen=True, slots=True)
class Start:
    """The stage starts; ``admits`` that a new attempt begins with it."""

    stage: str
    share: float
    mirror: float
    admits: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """The attempt is over."""

    because: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done now, and why; ``until`` where that is known, ``refused`` where somebody must do something first."""

    because: str
    until: datetime | None = None
    refused: bool = False


Step: TypeAlias = Close | Extend | Start | End | Wait


def may_move(cause: Cause, policy: Policy, attempt: Attempt | None) -> bool:
    """Whether a cause moves a candidate: what nobody asked for does under ``advance: automatic``. A review also lets a
    candidate go on whose last stage is closed, because an approval is all that the next one can wait for."""
    if cause is Cause.ASKED or policy.advance == "automatic":
        return True
    waiting = attempt is not None and attempt.start is not None and attempt.start.stage in attempt.closed
    return cause is Cause.REVIEWED and waiting


def overtaken(attempt: Attempt | None, known: Chain) -> End | None:
    """The end of an attempt whose baseline is no longer the active version; None where it is, or nobody can tell."""
    if attempt is None or known.trouble is not None:
        return None
    active = str(known.active.candidate) if known.active is not None else None
    return _moved(attempt, active)


def next_steps(now: Situation) -> tuple[Step, ...]:
    """What is to be done for the candidate, in order."""
    attempt, facts = now.attempt, now.plan.facts
    if now.state is State.CLOSED:
        return (End("the pull request is closed") if attempt is not None else _refuse("the pull request is closed"),)
    if now.state is not State.OPEN:
        return (_refuse(f"the pull request is {now.state}"),)
    moved = _moved(attempt, facts.baseline) if attempt is not None else None
    if moved is not None:
        return (moved,)
    again = next((reason for reason in now.plan.reasons if reason.why is Why.STARTS_AGAIN), None)
    if attempt is not None and again is not None:
        return (End(f"{again.parameters['what']}: fresh windows are needed"),)
    if now.story.hold is not None:
        return (_refuse(f"{now.story.model} is held: {now.story.hold.because}"),)
    if attempt is None or attempt.start is None:
        return (_enter(now, now.policy.stages[0], None, admits=attempt is None),)
    if attempt.unconfirmed:
        return (Wait(f"the router has not confirmed yet that {attempt.start.stage} has started"),)
    name = attempt.start.stage
    if name in attempt.closed:
        return (_after(now, name, attempt.closed[name].at),)
    return _of_running(now, attempt.runs[-1])


def _moved(attempt: Attempt, baseline: str | None) -> End | None:
    before = attempt.baseline
    if before == baseline:
        return None
    return End(f"the baseline moved from {before or 'none'} to {baseline or 'none'}: fresh windows are needed")


def _of_running(now: Situation, run: StageRun) -> tuple[Step, ...]:
    """What becomes of a stage whose evidence is not sealed yet."""
    name, facts = run.stage, now.stage(run.stage)
    harm = [leaf for leaf in _blocking(now) if leaf.outcome is Outcome.FAILED and leaf.stage in (name, None)]
    if harm:
        return Close(name, Outcome.FAILED), End(f"{name} failed: {_named(harm)}")
    if run.paused_since is not None:
        return (_refuse(f"{name} is paused since {_instant(run.paused_since)}"),)
    if not facts.decidable:
        when = f"at {_instant(facts.decidable_at)}" if facts.decidable_at is not None else "at a time not known yet"
        return (Wait(f"{name} can be decided {when}", facts.decidable_at),)
    outcome, leaves = _outcome(now, name)
    match outcome:
        case Outcome.PASSED:
            return Close(name, outcome), _after(now, name, facts.decidable_at)
        case Outcome.INCONCLUSIVE if run.extensions < now.policy.extend.at_most:
            return (Extend(name),)
        case Outcome.INCONCLUSIVE | Outcome.FAILED:
            return Close(name, outcome), End(f"{name} ended {outcome}: {_named(leaves)}")
        case Outcome.ERRORED:
            return (Wait(f"{name} could not be looked at ({_named(leaves)}), so that nothing is sealed: try again"),)
        case _:
            return (Wait(f"{name} waits for {_named(leaves)}"),)


def _after(now: Situation, name: str, since: datetime | None) -> Step:
    """What follows a stage that has passed."""
    names = [stage.name for stage in now.policy.stages]
    later = now.policy.stages[names.index(name) + 1 :]
    if later:
        return _enter(now, later[0], since)
    if now.plan.expired:
        return _enter(now, now.policy.stages[-1], since)
    return Wait("every stage has passed: what follows is the merge", now.plan.valid_until)


def _enter(now: Situation, stage: Stage, since: datetime | None, *, admits: bool = False) -> Start | Wait:
    """The start of a stage, where whoever must has approved since the evidence before it was there, and its slot is free."""
    share = stage.traffic.value if stage.traffic is not None else 0.0
    mirror = stage.mirror.value if stage.mirror is not None else 0.0
    failed = [
        leaf for leaf in _blocking(now) if leaf.outcome in (Outcome.FAILED, Outcome.ERRORED) and leaf.stage is None
    ]
    if share:
        failed += [leaf for leaf in _counted(now, on_entry=True) if leaf.outcome is not Outcome.PASSED]
    if failed:
        return _refuse(f"{stage.name} does not start: {_named(failed)}")
    absent = [
        role
        for role in stage.enter
        if not any(one.role == role and (since is None or one.at >= since) for one in now.entries)
    ]
    if absent:
        late = f", given after {_instant(since)}" if since is not None else ""
        return _refuse(f"{stage.name} needs the approval of {' and '.join(absent)}{late}")
    other = now.story.slot
    if share and other is not None and other.candidate != now.plan.facts.candidate:
        pull = f" (#{other.admitted.pull})" if other.admitted.pull is not None else ""
        return _refuse(f"the slot in traffic is held by {other.candidate}{pull}")
    return Start(stage.name, share, mirror, admits)


def _blocking(now: Situation) -> Iterable[Leaf]:
    """The leaves that count for stages: no sign-off, nothing that is only needed for the merge, or for a stage to start."""
    return _counted(now, on_entry=False)


def _counted(now: Situation, *, on_entry: bool) -> Iterable[Leaf]:
    """The leaves of gates that are not only for the merge: those that a stage waits for to start, or all others."""
    later = {gate.name for gate in now.policy.gates if gate.before == "merge"}
    criteria = [bound.criterion for bound in now.plan.bound()]
    chosen = {one.id for one in criteria if not one.sign_off and one.on_entry is on_entry}
    for branch in now.verdict.gates:
        if branch.name not in later:
            yield from (leaf for leaf in branch.leaves if leaf.counted and leaf.id in chosen)


def _outcome(now: Situation, stage: str) -> tuple[Outcome, Sequence[Leaf]]:
    """The worst of what is judged on a stage, with the leaves that make it so; passed where nothing is."""
    own = [leaf for leaf in _blocking(now) if leaf.stage == stage or (leaf.stage is None and _decided(leaf))]
    outcome = worst([leaf.outcome for leaf in own]) if own else Outcome.PASSED
    return outcome, [leaf for leaf in own if leaf.outcome is outcome]


def _decided(leaf: Leaf) -> bool:
    """Whether a criterion of several stages, or of none, stands in the way already."""
    return leaf.outcome in (Outcome.FAILED, Outcome.ERRORED)


def _named(leaves: Iterable[Leaf]) -> str:
    return ", ".join(dict.fromkeys(leaf.id for leaf in leaves))


def _refuse(because: str) -> Wait:
    return Wait(because, refused=True)


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="minutes").replace("+00:00", "Z")
