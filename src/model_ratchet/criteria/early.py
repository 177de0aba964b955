"""Early harm: an always-valid bound on the fixed hourly grid of each stage may fail a criterion before its window ends.

Failing early only lowers the chance to pass, so passing spends nothing. The level is shared by all criteria that may fail
early. Rows that are summed in clusters are left to the end of the window: their hours are not independent looks.
"""

from collections.abc import Iterator, Mapping

from model_ratchet.core.evidence import (
    Arm,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Missing,
    Need,
    PairedCounts,
    Shape,
    Simple,
)
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import MetricFacts, Scope, StageFacts

_FIRST_LOOK_ROWS = 100


def early_needs(scope: Scope, metric: MetricFacts) -> Iterator[Need]:
    """The hourly counts of each open stage."""
    if not _applies(scope, metric):
        return
    for stage in scope.stages:
        if stage.window is not None:
            yield from _hourly(stage, metric)


def early_harm(scope: Scope, evidence: Evidence, metric: MetricFacts, *, margin: float) -> Judgement | None:
    """Failed, when a stage shows the candidate worse by more than the margin on some hour of its grid; None otherwise."""
    from model_ratchet.stats.sequential import harm_independent, harm_paired

    if not _applies(scope, metric):
        return None
    level = scope.facts.early_level / max(1, scope.facts.early_sharers) / len(scope.stages)
    for stage in scope.stages:
        if stage.window is None:
            continue
        answers = [evidence.answer(need) for need in _hourly(stage, metric)]
        if any(isinstance(answer, Missing) for answer in answers):
            continue
        by_hour = [dict(answer.groups) for answer in answers if isinstance(answer, Groups)]
        hours = sorted({int(hour) for groups in by_hour for hour in groups})
        if len(by_hour) == 1:
            tables = [table for hour in hours if isinstance(table := by_hour[0][str(hour)], PairedCounts)]
            planned = _planned(sum(table.n for table in tables), stage)
            crossed = harm_paired(
                [_oriented(table, metric) for table in tables], margin=margin, level=level, planned_n=planned
            )
        elif len(by_hour) == len(Arm):
            pairs = [(_arm(by_hour[0], hour, metric), _arm(by_hour[1], hour, metric)) for hour in hours]
            planned = _planned(sum(min(one.n, other.n) for one, other in pairs), stage)
            crossed = harm_independent(pairs, margin=margin, level=level, planned_n=planned)
        else:
            continue
        if crossed is not None:
            return Judgement(
                outcome=Outcome.FAILED,
                reason=because(Why.EARLY_HARM, level=level, hour=hours[crossed], stage=stage.name),
            )
    return None


def _applies(scope: Scope, metric: MetricFacts) -> bool:
    return metric.kind == "proportion" and scope.facts.cluster is None


def _hourly(stage: StageFacts, metric: MetricFacts) -> Iterator[Need]:
    if stage.paired and not metric.own_source:
        yield Need(
            shape=Shape.PAIRED_COUNTS,
            window=stage.window,
            stage=stage.name,
            metric=metric.name,
            paired=True,
            grouping=Grouping.HOUR,
        )
        return
    for arm in Arm:
        yield Need(
            shape=Shape.COUNTS,
            window=stage.window,
            stage=stage.name,
            metric=metric.name,
            arms=(arm,),
            grouping=Grouping.HOUR,
        )


def _planned(rows: int, stage: StageFacts) -> int:
    """Rows expected by the stage's end at its present rate: it tunes the bound, and never its validity."""
    window = stage.window
    if window is None or not window.length:
        return _FIRST_LOOK_ROWS
    return max(_FIRST_LOOK_ROWS, round(rows * (stage.lasts / window.length)))


def _oriented(table: PairedCounts, metric: MetricFacts) -> PairedCounts:
    return table if metric.better == "higher" else table.turned()


def _arm(groups: Mapping[str, Simple], hour: int, metric: MetricFacts) -> Counts:
    counts = groups.get(str(hour))
    if not isinstance(counts, Counts):
        return Counts(successes=0, n=0)
    return counts if metric.better == "higher" else counts.turned()
