"""Days: what forecasts and bets are compared by, each day of active time with both arms in it."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from model_ratchet.core.evidence import Arm, Evidence, Grouping, Groups, Missing, Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import Bets, Scores
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Scope, StageFacts
from model_ratchet.criteria.comparison import missing

T = TypeVar("T", Scores, Bets)

SEED = 19500101
"""Of every drawing of days: the same evidence gives the same interval."""


def day_needs(scope: Scope, shape: Shape, metric: str, arms: Sequence[Arm] = tuple(Arm)) -> Iterator[Need]:
    """The scores or bets of these arms by day, in each stage that has run."""
    return (_need(stage, shape, metric, arm) for stage in scope.ran for arm in arms)


def days_of(
    scope: Scope, evidence: Evidence, kind: type[T], metric: str, arm: Arm
) -> dict[tuple[str, str], T] | Judgement:
    """The days of an arm by stage and number, in order; the judgement that stands in the way where one can't be had."""
    shape = Shape(kind.nothing().shape)
    found: dict[tuple[str, str], T] = {}
    for stage in scope.ran:
        answer = evidence.answer(_need(stage, shape, metric, arm))
        if isinstance(answer, Missing):
            return missing(answer)
        if not isinstance(answer, Groups):
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what=f"the days of {metric}"))
        found |= {(stage.name, day): one for day, one in answer if isinstance(one, kind) and one.n}
    if not found:
        return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=metric, arm=str(arm)))
    return found


def shared_days(
    scope: Scope, evidence: Evidence, kind: type[T], metric: str, *, min_days: int, min_rows: int
) -> tuple[list[T], list[T]] | Judgement:
    """The days of baseline and candidate, side by side; inconclusive where they are too few.

    Days on which one arm holds no forecast are left out; a day on which one arm places no bet is one without profit.
    """
    arms: list[dict[tuple[str, str], T]] = []
    for arm in Arm:
        days = days_of(scope, evidence, kind, metric, arm)
        if isinstance(days, Judgement):
            return days
        arms.append(days)
    baseline, candidate = arms
    scored = kind.nothing().shape == "scores"
    shared = [day for day in baseline if day in candidate] if scored else list(baseline | candidate)
    if len(shared) < min_days:
        reason = because(Why.TOO_FEW_CLUSTERS, clusters=len(shared), least=min_days)
        return Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason)
    held = tuple([days.get(day, kind.nothing()) for day in shared] for days in arms)
    rows = min(sum(one.n for one in days) for days in held)
    if rows < min_rows:
        reason = because(Why.TOO_FEW_ROWS, rows=rows, least=min_rows)
        return Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason)
    return held[0], held[1]


def bets_misfit(scope: Scope, metric: str) -> Iterator[str]:
    """Why a metric is no bets."""
    facts = scope.facts.metrics[metric]
    if facts.kind != "bets":
        yield f"{metric!r} is of the kind {facts.kind}: this criterion reads bets"


def _need(stage: StageFacts, shape: Shape, metric: str, arm: Arm) -> Need:
    return Need(shape=shape, window=stage.window, stage=stage.name, metric=metric, arms=(arm,), grouping=Grouping.DAY)
