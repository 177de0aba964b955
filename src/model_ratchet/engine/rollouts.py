"""Rollouts: what the ledger says of each stage of a candidate, as a forge shows deployments. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.events import Withdrawn
from model_ratchet.engine.story import Attempt, Story

TOLD_FOR = timedelta(days=7)
"""How long after its end an attempt is still looked at: a forge that could not be told is told by a later run."""


class Progress(StrEnum):
    """How far a stage is."""

    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One start of a stage, and what became of it."""

    model: str
    candidate: str
    pull: int
    attempt: int
    stage: str
    started_at: datetime
    progress: Progress
    why: str
    over: bool = False
    """The attempt has ended."""


def rollouts(story: Story, now: datetime) -> Iterator[Rollout]:
    """Every start that counts, of the attempts of pull requests that are open or ended less than 7 days ago."""
    for attempt in story.attempts:
        pull, ended = attempt.admitted.pull, attempt.ended
        if pull is None or (ended is not None and now - ended.at > TOLD_FOR):
            continue
        for start in attempt.starts:
            progress, why = _progress(attempt, start.stage)
            yield Rollout(
                model=story.model,
                candidate=attempt.candidate,
                pull=pull,
                attempt=attempt.number,
                stage=start.stage,
                started_at=start.at,
                progress=progress,
                why=why,
                over=ended is not None,
            )


def _progress(attempt: Attempt, stage: str) -> tuple[Progress, str]:
    closed, ended = attempt.closed.get(stage), attempt.ended
    if closed is not None and Outcome(closed.outcome) is not Outcome.PASSED:
        return Progress.FAILURE, f"{stage} ended {closed.outcome}"
    if isinstance(ended, Withdrawn):
        return Progress.INACTIVE, ended.because
    if closed is not None:
        return Progress.SUCCESS, f"{stage} has passed"
    return (Progress.INACTIVE, "promoted") if ended is not None else (Progress.IN_PROGRESS, f"{stage} has started")
