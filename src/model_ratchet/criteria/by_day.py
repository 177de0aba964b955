"""Days: what criteria of forecasts and bets have in common, which read one or both arms by days of active time."""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeVar

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Arm, Evidence, Grouping, Groups, Missing, Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.scored import Bets, Scores
from model_ratchet.core.units import Change
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope, StageFacts
from model_ratchet.criteria.comparison import (
    beside_margin,
    candidate_labels_trouble,
    guard,
    guard_needs,
    labels_need,
    missing,
)

T = TypeVar("T", Scores, Bets)

SEED = 19500101
"""Of every drawing of days: the same evidence gives the same interval."""


def day_misfits(scope: Scope, metric: str, kind: Literal["probability", "bets"], least: int = 0) -> Iterator[str]:
    """Why a metric is of another kind, or the stages can't hold so many days."""
    facts = scope.facts.metrics[metric]
    if facts.kind != kind:
        article = "a probability" if kind == "probability" else kind
        yield f"{metric!r} is of the kind {facts.kind}: this criterion reads {article}"
    held = sum(stage.lasts.total_seconds() for stage in scope.stages) / 86400
    if held < least:
        yield f"its window holds {held:g} days and min_clusters (of days) is {least}: choose a longer stage, or no stage at all"


def candidate_needs(scope: Scope, kind: type[Scores] | type[Bets], metric: str) -> tuple[Need, ...]:
    """The candidate's days, and its labels."""
    days = [_need(stage, kind, metric, Arm.CANDIDATE) for stage in scope.ran]
    windows = [(stage, stage.window) for stage in scope.ran if stage.window is not None]
    return (*days, *(labels_need(stage, window, metric, Arm.CANDIDATE) for stage, window in windows))


def candidate_days(
    scope: Scope, evidence: Evidence, kind: type[T], metric: str, *, min_rows: int
) -> list[T] | Judgement:
    """The candidate's days in order; the judgement that stands in the way: too few labels, nothing there, too few rows."""
    facts = scope.facts.metrics[metric]
    troubles = (candidate_labels_trouble(scope, stage, evidence, facts) for stage in scope.ran)
    trouble = next((one for one in troubles if one is not None), None)
    days = trouble or _days_of(scope, evidence, kind, metric, Arm.CANDIDATE)
    if isinstance(days, Judgement):
        return days
    return _enough(list(days.values()), min_rows) or list(days.values())


def both_needs(scope: Scope, kind: type[Scores] | type[Bets], metric: str) -> tuple[Need, ...]:
    """The days of both arms, and the guards of a comparison."""
    days = [_need(stage, kind, metric, arm) for stage in scope.ran for arm in Arm]
    return (*guard_needs(scope, scope.facts.metrics[metric]), *days)


def both_days(
    criterion: Comparative, scope: Scope, evidence: Evidence, kind: type[T]
) -> tuple[list[T], list[T]] | Judgement:
    """The days of baseline and candidate, side by side; the judgement that stands in the way where they can't be compared.

    Days on which one arm holds no forecast are left out; a day on which one arm places no bet is one without profit.
    """
    trouble = guard(scope, evidence, scope.facts.metrics[criterion.metric])
    if trouble is not None:
        return trouble
    arms: list[dict[tuple[str, str], T]] = []
    for arm in Arm:
        days = _days_of(scope, evidence, kind, criterion.metric, arm)
        if isinstance(days, Judgement):
            return days
        arms.append(days)
    baseline, candidate = arms
    scored = kind.nothing().shape == "scores"
    shared = [day for day in baseline if day in candidate] if scored else list(baseline | candidate)
    if len(shared) < criterion.min_clusters:
        reason = because(Why.TOO_FEW_CLUSTERS, clusters=len(shared), least=criterion.min_clusters)
        return Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason)
    held = tuple([days.get(day, kind.nothing()) for day in shared] for days in arms)
    few = next((few for days in held if (few := _enough(days, criterion.min_rows)) is not None), None)
    return few or (held[0], held[1])


def not_worse(estimate: Estimate, margin: Change, alpha: float) -> tuple[Outcome, Reason]:
    """The outcome of a difference that is better when it is higher, from where its interval lies to a margin."""
    low, high = estimate.low, estimate.high
    assert low is not None  # noqa: S101  (a difference of days has both bounds)
    assert high is not None  # noqa: S101
    if low == high:
        return Outcome.INCONCLUSIVE, because(Why.IDENTICAL, rows=estimate.n)
    return beside_margin(estimate, (estimate.value, low, high), margin, alpha)


def _days_of(
    scope: Scope, evidence: Evidence, kind: type[T], metric: str, arm: Arm
) -> dict[tuple[str, str], T] | Judgement:
    """The days of an arm by stage and number, in order; the judgement that stands in the way where one can't be had."""
    found: dict[tuple[str, str], T] = {}
    for stage in scope.ran:
        answer = evidence.answer(_need(stage, kind, metric, arm))
        if isinstance(answer, Missing):
            return missing(answer)
        if not isinstance(answer, Groups):
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what=f"the days of {metric}"))
        found |= {(stage.name, day): one for day, one in answer if isinstance(one, kind) and one.n}
    if not found:
        return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=metric, arm=str(arm)))
    return found


def _enough(days: Sequence[T], least: int) -> Judgement | None:
    """Inconclusive, where the days hold too few rows."""
    rows = sum(day.n for day in days)
    if rows >= least:
        return None
    return Judgement(outcome=Outcome.INCONCLUSIVE, reason=because(Why.TOO_FEW_ROWS, rows=rows, least=least))


def _need(stage: StageFacts, kind: type[Scores] | type[Bets], metric: str, arm: Arm) -> Need:
    return Need(
        shape=Shape(kind.nothing().shape),
        window=stage.window,
        stage=stage.name,
        metric=metric,
        arms=(arm,),
        grouping=Grouping.DAY,
    )
