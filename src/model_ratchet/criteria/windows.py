"""Judging a period by the whole of it and by its worst part: days, rolling windows."""

from collections.abc import Sequence

from model_ratchet.core.evidence import Evidence
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import Change
from model_ratchet.core.verdict import Judgement, Part
from model_ratchet.criteria.base import Comparative, Scope
from model_ratchet.criteria.comparison import Compared, Piece, compare, gain, guard_warnings, rows_to_decide


def judge_windows(
    criterion: Comparative,
    scope: Scope,
    evidence: Evidence,
    *,
    overall: Sequence[Piece],
    windows: Sequence[tuple[str, Sequence[Piece]]],
    margin: Change,
    word: str,
    prove_each: bool = False,
) -> Judgement:
    """The period is non-inferior by the margin, and no window is significantly worse than it (Holm, 1979).

    With ``prove_each`` every window alone must be non-inferior too. A window that does not decide (too few rows or clusters)
    leaves the period inconclusive, and hides no harm that the others show.
    """
    from model_ratchet.stats.multiplicity import holm

    facts = scope.facts
    metric = facts.metrics[criterion.metric]
    alpha = criterion.alpha / facts.alpha_divisor
    found: list[tuple[str, Compared]] = []
    undecided: dict[str, Judgement] = {}
    if not windows:
        reason = because(Why.DAYS_INCOMPLETE, days=0, complete=0)
        return Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason)
    for name, pieces in [("all", overall), *windows]:
        if not pieces and found:
            reason = because(Why.DAYS_INCOMPLETE, days=len(windows), complete=sum(bool(part) for _, part in windows))
            undecided[name] = Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason)
            continue
        compared = compare(
            facts,
            evidence,
            metric,
            pieces,
            level=1 - 2 * alpha,
            min_clusters=criterion.min_clusters,
            min_rows=criterion.min_rows,
        )
        if isinstance(compared, Compared):
            found.append((name, compared))
        elif not found or compared.outcome is Outcome.ERRORED:
            return compared
        else:
            undecided[name] = compared
    (_, whole), *parts = found
    adjusted = holm([compared.worse_p_value(margin.value) for _, compared in parts])
    value, low, high = gain(metric, whole.estimate)
    judged = {
        name: Part(
            name=name,
            outcome=_part(p_value, alpha, margin, prove_each, metric_low=gain(metric, compared.estimate)[1]),
            estimate=compared.estimate,
        )
        for (name, compared), p_value in zip(parts, adjusted, strict=True)
    } | {
        name: Part(name=name, outcome=one.outcome, estimate=one.estimate, reason=one.reason)
        for name, one in undecided.items()
    }
    named = tuple(judged[name] for name, _ in windows)
    warnings = tuple(guard_warnings(scope, evidence, metric))
    worst = min(zip(adjusted, (name for name, _ in parts), strict=True), default=(1.0, ""))
    if worst[0] < alpha:
        why = Why.DAY_WORSE if word == "day" else Why.WINDOW_WORSE
        reason = because(why, **{word: worst[1], "margin": margin.text})
        outcome = Outcome.FAILED
    elif high < -margin.value:
        outcome, reason = Outcome.FAILED, because(Why.MARGIN_BROKEN, margin=margin.text)
    elif undecided:
        outcome, reason = Outcome.INCONCLUSIVE, next(iter(undecided.values())).reason
    elif low < -margin.value or any(part.outcome is Outcome.INCONCLUSIVE for part in named):
        more = rows_to_decide(whole.estimate, value, -margin.value, alpha)
        outcome, reason = (
            Outcome.INCONCLUSIVE,
            because(Why.INTERVAL_ACROSS, limit=f"-{margin.text}", more_rows=more),
        )
    else:
        outcome, reason = Outcome.PASSED, because(Why.NOT_WORSE, margin=margin.text)
    return Judgement(outcome=outcome, reason=reason, estimate=whole.estimate, parts=named, warnings=warnings)


def _part(p_value: float, alpha: float, margin: Change, prove_each: bool, *, metric_low: float) -> Outcome:
    if p_value < alpha:
        return Outcome.FAILED
    if prove_each and metric_low < -margin.value:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED
