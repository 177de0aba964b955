"""The comparison of two arms on one metric: what it asks for, the checks that come before it, and its estimate.

The test follows the design of the data: mirrored requests are pairs, other rows are independent arms, rows that share a
cluster are summed before they are squared, and stages are strata weighted by the candidate's rows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import (
    Arm,
    ArmMoments,
    Clustering,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Labels,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    PairedMoments,
    Rows,
    Shape,
    Window,
)
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.units import Change, Scale
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Facts, MetricFacts, Scope, StageFacts

SAMPLE_RATIO_ALPHA = 0.001
LEAST_PAIR_RATE = 0.99


@dataclass(frozen=True, slots=True)
class Piece:
    """A stage, and the part of its window that is compared; in one segment value, or in all rows."""

    stage: StageFacts
    window: Window
    segment: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The estimate of candidate − baseline, with the means to ask further of it."""

    estimate: Estimate
    rows: int
    """Rows of the smaller arm, or pairs."""
    identical: Reason | None
    """Why there is no difference to see: no discordant pair, all right or all wrong in both arms."""
    worse_p_value: Callable[[float], float]
    """The one-sided p-value against “not worse than minus that margin”, in the metric's good direction."""


def whole(scope: Scope) -> tuple[Piece, ...]:
    """Each stage of a scope with all of its window; stages that have not run are left out."""
    return tuple(Piece(stage, stage.window) for stage in scope.stages if stage.window is not None)


def span(scope: Scope, start: timedelta, end: timedelta) -> tuple[Piece, ...]:
    """The pieces of active time from one offset to another, the stages' windows joined end to end."""
    found = []
    passed = timedelta()
    for piece in whole(scope):
        part = piece.window.part(start - passed, end - passed) if end > passed else None
        if part is not None and part.intervals:
            found.append(Piece(piece.stage, part))
        passed += piece.window.length
    return tuple(found)


def guard_needs(scope: Scope, metric: MetricFacts) -> Iterator[Need]:
    """The facts that come before any comparison: rows by arm, and labels where the metric waits for them."""
    for stage in scope.stages:
        if stage.window is None:
            continue
        yield Need(shape=Shape.ROWS, window=stage.window, stage=stage.name)
        if metric.labelled:
            for arm in Arm:
                yield labels_need(stage, stage.window, metric.name, arm)


def labels_need(stage: StageFacts, window: Window, metric: str, arm: Arm) -> Need:
    """How many of an arm's rows have their label."""
    return Need(shape=Shape.LABELS, window=window, stage=stage.name, metric=metric, arms=(arm,))


def comparison_needs(facts: Facts, metric: MetricFacts, pieces: Sequence[Piece], segment: str = "") -> Iterator[Need]:
    """What a comparison over these pieces asks for, once for each value of a segment column where one is named."""
    for piece in pieces:
        yield from _count_needs(metric, piece, segment)
        for clustering in _clusterings(facts, metric):
            yield _moments_need(metric, piece, clustering, segment)


def guard(scope: Scope, evidence: Evidence, metric: MetricFacts) -> Judgement | None:
    """Errored, where the arms can't be compared at all: nothing there, wrong shares, labels or pairs missing."""
    for stage in scope.stages:
        if stage.window is None:
            continue
        rows = evidence.answer(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name))
        reason = _rows_trouble(scope.facts, stage, metric, rows)
        if reason is None and metric.labelled:
            reason = _labels_trouble(scope.facts, stage, evidence, metric)
        if reason is not None:
            return Judgement(outcome=Outcome.ERRORED, reason=reason)
    return None


def guard_warnings(scope: Scope, evidence: Evidence, metric: MetricFacts) -> Iterator[Reason]:
    """What the rows hold that is shown beside every comparison: other versions, duplicates, excluded labels."""
    others: dict[str, int] = {}
    duplicates = 0
    excluded = no_number = 0
    for stage in scope.stages:
        rows = evidence.answer(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name)) if stage.window else None
        if isinstance(rows, Rows):
            duplicates += rows.duplicates
            no_number += sum(rows.arm(arm).not_a_number for arm in Arm)
            for version, count in rows.others:
                others[version] = others.get(version, 0) + count
        if metric.labelled and stage.window is not None:
            labels = evidence.answer(labels_need(stage, stage.window, metric.name, Arm.CANDIDATE))
            excluded += labels.excluded if isinstance(labels, Labels) else 0
    if others:
        yield because(Why.OTHER_VERSIONS, rows=sum(others.values()), versions=", ".join(sorted(others)))
    if duplicates:
        yield because(Why.DUPLICATES_DROPPED, rows=duplicates)
    if excluded:
        yield because(Why.EXCLUDED_ROWS, rows=excluded, because="excluded label")
    if no_number:
        yield because(Why.EXCLUDED_ROWS, rows=no_number, because="no number")


def compare(
    facts: Facts,
    evidence: Evidence,
    metric: MetricFacts,
    pieces: Sequence[Piece],
    *,
    level: float,
    min_clusters: int,
    min_rows: int,
) -> Compared | Judgement:
    """The difference over all pieces, or the judgement that stands in its way.

    ``level`` is the two-sided coverage of the estimate's interval. Pieces are strata weighted by the candidate's rows.
    """
    parts: list[tuple[float, Compared]] = []
    for piece in pieces:
        found = _compare_piece(facts, evidence, metric, piece, level=level, min_clusters=min_clusters)
        if isinstance(found, Judgement):
            return found
        parts.append((float(found.estimate.n), found))
    if not parts:
        return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=metric.name, arm="either"))
    compared = parts[0][1] if len(parts) == 1 else _combined(parts, metric, level)
    if compared.rows < min_rows:
        return Judgement(
            outcome=Outcome.INCONCLUSIVE,
            reason=because(Why.TOO_FEW_ROWS, rows=compared.rows, least=min_rows),
            estimate=compared.estimate,
        )
    return compared


def gain(metric: MetricFacts, estimate: Estimate) -> tuple[float, float, float]:
    """Value, low and high of a difference in the metric's good direction (an unbounded side is infinite)."""
    low = estimate.low if estimate.low is not None else float("-inf")
    high = estimate.high if estimate.high is not None else float("inf")
    if metric.better == "lower":
        return -estimate.value, -high, -low
    return estimate.value, low, high


def on_scale(estimate: Estimate, change: Change) -> Estimate | None:
    """The estimate on the scale of a change: as it stands for percentage points, relative to the baseline for per cent.

    The relative difference has the delta-method variance, in which the baseline is estimated too: treating it as known
    makes the interval too narrow. None where the baseline is zero, of which nothing is a share.
    """
    if change.scale is Scale.ABSOLUTE:
        return estimate
    return _relative(estimate) if estimate.baseline else None


def nothing_to_relate(compared: Compared, change: Change) -> Judgement:
    """Inconclusive: a relative change of a baseline at which nothing was right has no value."""
    reason = compared.identical or because(Why.INTERVAL_ACROSS, limit=change.text, more_rows=0)
    return Judgement(outcome=Outcome.INCONCLUSIVE, reason=reason, estimate=compared.estimate)


def relative_misfit(metric: MetricFacts, change: Change) -> Iterator[str]:
    """Why a change can't be read on a metric."""
    if metric.kind not in ("proportion", "mean"):
        yield f"{metric.name!r} is a {metric.kind}: this criterion compares proportions and means"
    elif change.scale is Scale.RELATIVE and metric.kind != "proportion":
        yield f"{change.text!r} is relative, and {metric.name!r} is a {metric.kind}: write an absolute change, such as 1pp"


def clusters_misfit(scope: Scope, least: int) -> Iterator[str]:
    """Why a stage can't hold enough clusters, even of the finer ones, which are hours."""
    for stage in scope.stages:
        hours = stage.lasts.total_seconds() / 3600
        if scope.facts.finer_cluster and hours < least:
            yield f"the stage {stage.name!r} holds {hours:g} hourly clusters and min_clusters is {least}"


def beside_margin(
    estimate: Estimate, gained: tuple[float, float, float], margin: Change, alpha: float
) -> tuple[Outcome, Reason]:
    """Not worse, worse, or not to be told, from where the interval of a gain (value, low, high) lies to −margin."""
    value, low, high = gained
    if low >= -margin.value:
        return Outcome.PASSED, because(Why.NOT_WORSE, margin=margin.text)
    if high < -margin.value:
        return Outcome.FAILED, because(Why.MARGIN_BROKEN, margin=margin.text)
    more = rows_to_decide(estimate, value, -margin.value, alpha)
    return Outcome.INCONCLUSIVE, because(Why.INTERVAL_ACROSS, limit=f"-{margin.text}", more_rows=more)


def rows_to_decide(estimate: Estimate, gained: float, margin: float, alpha: float) -> int:
    """How many further rows would bring the bound past the margin at the present estimate; 0 when more will not help."""
    from model_ratchet.stats.power import rows_to_clear

    if gained <= margin:
        return 0
    upright = estimate if estimate.value == gained else _mirrored(estimate)
    rows: int = rows_to_clear(upright, margin=margin, alpha=alpha)
    return rows


def missing(answer: Missing) -> Judgement:
    """The judgement of a missing answer: we could not look."""
    return Judgement(outcome=Outcome.ERRORED, reason=answer.reason)


def _clusterings(facts: Facts, metric: MetricFacts) -> tuple[Clustering, ...]:
    if facts.cluster is not None:
        return (Clustering.COLUMN, Clustering.WITHIN_WINDOW) if facts.finer_cluster else (Clustering.COLUMN,)
    return () if metric.kind == "proportion" else (Clustering.ROWS,)


def _paired(metric: MetricFacts, piece: Piece) -> bool:
    return piece.stage.paired and not metric.own_source


def _count_needs(metric: MetricFacts, piece: Piece, segment: str) -> Iterator[Need]:
    if metric.kind != "proportion":
        return
    grouping = Grouping.SEGMENT if segment else Grouping.TOTAL
    if _paired(metric, piece):
        yield Need(
            shape=Shape.PAIRED_COUNTS,
            window=piece.window,
            stage=piece.stage.name,
            metric=metric.name,
            paired=True,
            grouping=grouping,
            segment=segment,
        )
        return
    for arm in Arm:
        yield Need(
            shape=Shape.COUNTS,
            window=piece.window,
            stage=piece.stage.name,
            metric=metric.name,
            arms=(arm,),
            grouping=grouping,
            segment=segment,
        )


def _moments_need(metric: MetricFacts, piece: Piece, clustering: Clustering, segment: str) -> Need:
    return Need(
        shape=Shape.MOMENTS,
        window=piece.window,
        stage=piece.stage.name,
        metric=metric.name,
        paired=_paired(metric, piece),
        clustering=clustering,
        grouping=Grouping.SEGMENT if segment else Grouping.TOTAL,
        segment=segment,
    )


def _rows_trouble(facts: Facts, stage: StageFacts, metric: MetricFacts, rows: Measurement | Missing) -> Reason | None:
    if isinstance(rows, Missing):
        return rows.reason
    if not isinstance(rows, Rows):
        return because(Why.CRASHED, what="the rows of the log")
    for arm in Arm:
        if rows.arm(arm).rows == 0:
            return because(Why.NO_ROWS, metric=metric.name, arm=str(arm))
    if stage.traffic is not None and facts.assignment:
        reason = sample_ratio_trouble(stage, rows, SAMPLE_RATIO_ALPHA)
        if reason is not None:
            return reason
    if stage.paired and not metric.own_source:
        return pair_rate_trouble(stage, rows, LEAST_PAIR_RATE)
    return None


def sample_ratio_trouble(stage: StageFacts, rows: Rows, alpha: float) -> Reason | None:
    """Why the assignment units of a stage are not in its shares, None when they are."""
    from model_ratchet.stats.ratio import sample_ratio

    share = stage.traffic or 0.0
    observed = (rows.baseline.units, rows.candidate.units)
    if sum(observed) == 0:
        return because(Why.NO_ROWS, metric="served rows", arm="either")
    p_value = sample_ratio(observed, (1 - share, share))
    if p_value >= alpha:
        return None
    return because(Why.SAMPLE_RATIO, p_value=p_value, expected=share, observed=rows.candidate.units / sum(observed))


def pair_rate_trouble(stage: StageFacts, rows: Rows, least: float) -> Reason | None:
    """Why too few of the mirrored requests were scored by both versions, None when enough were."""
    expected = (stage.mirror or 0.0) * rows.requests
    if expected == 0:
        return because(Why.NO_ROWS, metric="requests", arm="either")
    rate = min(1.0, rows.paired / expected)
    return because(Why.LOW_PAIR_RATE, rate=rate, least=least) if rate < least else None


def _labels_trouble(facts: Facts, stage: StageFacts, evidence: Evidence, metric: MetricFacts) -> Reason | None:
    found: dict[Arm, Labels] = {}
    for arm in Arm:
        assert stage.window is not None  # noqa: S101  (the caller has looked)
        labels = evidence.answer(labels_need(stage, stage.window, metric.name, arm))
        if isinstance(labels, Missing):
            return labels.reason
        if not isinstance(labels, Labels):
            return because(Why.CRASHED, what="the labels")
        found[arm] = labels
    return coverage_trouble(facts, found, paired=stage.paired and not metric.own_source)


def coverage_trouble(facts: Facts, labels: dict[Arm, Labels], *, paired: bool) -> Reason | None:
    """Why the labels are too few, or come unequally to the arms; None when they serve."""
    from model_ratchet.stats.ratio import coverage_differs

    for arm, seen in labels.items():
        share = seen.labelled / seen.rows if seen.rows else 0.0
        if seen.rows == 0 or share < (facts.min_label_coverage or 0.0) or seen.labelled == 0:
            return because(Why.LOW_COVERAGE, arm=str(arm), coverage=share, least=facts.min_label_coverage or 0.0)
    if paired or len(labels) < len(Arm):
        return None
    counts = {arm: Counts(successes=seen.labelled, n=seen.rows) for arm, seen in labels.items()}
    p_value = coverage_differs(counts[Arm.BASELINE], counts[Arm.CANDIDATE])
    if p_value >= SAMPLE_RATIO_ALPHA:
        return None
    shares = {str(arm): count.successes / count.n for arm, count in counts.items()}
    return because(Why.COVERAGE_DIFFERS, p_value=p_value, **shares)


def candidate_labels_trouble(
    scope: Scope, stage: StageFacts, evidence: Evidence, metric: MetricFacts
) -> Judgement | None:
    """Errored, where the metric waits for labels and too few of the candidate's have come."""
    if not metric.labelled or stage.window is None:
        return None
    labels = evidence.answer(labels_need(stage, stage.window, metric.name, Arm.CANDIDATE))
    if isinstance(labels, Missing):
        return missing(labels)
    if not isinstance(labels, Labels):
        return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what="the labels"))
    reason = coverage_trouble(scope.facts, {Arm.CANDIDATE: labels}, paired=False)
    return Judgement(outcome=Outcome.ERRORED, reason=reason) if reason is not None else None


def _compare_piece(
    facts: Facts, evidence: Evidence, metric: MetricFacts, piece: Piece, *, level: float, min_clusters: int
) -> Compared | Judgement:
    counts = [_pick(evidence.answer(need), piece) for need in _count_needs(metric, piece, piece.segment)]
    for answer in counts:
        if isinstance(answer, Missing):
            return missing(answer)
    plain = _plain(metric, counts, level)
    if metric.kind == "proportion" and plain is None:
        arm = "either" if _paired(metric, piece) else "one"
        return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=metric.name, arm=arm))
    clusterings = _clusterings(facts, metric)
    if not clusterings and plain is not None:
        return plain
    return _clustered(evidence, metric, piece, clusterings, plain, level=level, min_clusters=min_clusters)


def _pick(answer: Measurement | Missing, piece: Piece) -> Measurement | Missing:
    if isinstance(answer, Groups):
        return dict(answer.groups).get(
            piece.value, Missing(reason=because(Why.NO_ROWS, metric=piece.value, arm="either"), lasting=False)
        )
    return answer


def _plain(metric: MetricFacts, counts: Sequence[Measurement | Missing], level: float) -> Compared | None:
    """The comparison of rows that are taken as independent; None where an arm has no row."""
    from model_ratchet.stats.paired import difference as paired_difference
    from model_ratchet.stats.paired import worse_p_value as paired_worse
    from model_ratchet.stats.proportions import difference, worse_p_value

    sign = -1.0 if metric.better == "lower" else 1.0
    match counts:
        case [PairedCounts() as table] if table.n:
            flipped = table if sign > 0 else _flipped(table)
            return Compared(
                estimate=paired_difference(table, level=level),
                rows=table.n,
                identical=None if table.discordant else because(Why.NO_DISCORDANT_PAIR, pairs=table.n),
                worse_p_value=partial(paired_worse, flipped),
            )
        case [Counts() as baseline, Counts() as candidate] if baseline.n and candidate.n:
            total = baseline + candidate
            first, second = (baseline, candidate) if sign > 0 else (_complement(baseline), _complement(candidate))
            return Compared(
                estimate=difference(baseline, candidate, level=level),
                rows=min(baseline.n, candidate.n),
                identical=because(Why.IDENTICAL, rows=total.n) if total.successes in (0, total.n) else None,
                worse_p_value=partial(worse_p_value, first, second),
            )
        case _:
            return None


def _flipped(table: PairedCounts) -> PairedCounts:
    return PairedCounts(
        both=table.neither,
        only_baseline=table.only_candidate,
        only_candidate=table.only_baseline,
        neither=table.both,
    )


def _complement(counts: Counts) -> Counts:
    return Counts(successes=counts.n - counts.successes, n=counts.n)


def _clustered(
    evidence: Evidence,
    metric: MetricFacts,
    piece: Piece,
    clusterings: Sequence[Clustering],
    plain: Compared | None,
    *,
    level: float,
    min_clusters: int,
) -> Compared | Judgement:
    from model_ratchet.stats.clusters import arm_difference, paired_difference, worse_p_value

    held = 0
    for clustering in clusterings:
        moments = _pick(evidence.answer(_moments_need(metric, piece, clustering, piece.segment)), piece)
        if isinstance(moments, Missing):
            return missing(moments)
        if not isinstance(moments, PairedMoments | ArmMoments):
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what="the moments of the rows"))
        rows = moments.n if isinstance(moments, PairedMoments) else min(moments.n0, moments.n1)
        if rows == 0:
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric=metric.name, arm="one"))
        held = max(held, _clusters(moments))
        if _clusters(moments) < min_clusters:
            continue
        estimate = (
            paired_difference(moments, level=level)
            if isinstance(moments, PairedMoments)
            else arm_difference(moments, level=level)
        )
        if estimate.low == estimate.high:
            # a variance of zero is no certainty: the interval of the rows stands in
            return plain if plain is not None else _identical(rows)
        oriented = moments if metric.better == "higher" else _negated(moments)
        return Compared(
            estimate=estimate,
            rows=rows,
            identical=plain.identical if plain is not None else None,
            worse_p_value=partial(worse_p_value, oriented),
        )
    return Judgement(
        outcome=Outcome.INCONCLUSIVE,
        reason=because(Why.TOO_FEW_CLUSTERS, clusters=held, least=min_clusters),
        estimate=plain.estimate if plain is not None else None,
    )


def _clusters(moments: PairedMoments | ArmMoments) -> int:
    if isinstance(moments, PairedMoments):
        return moments.clusters
    return min(moments.clusters0, moments.clusters1)


def _identical(rows: int) -> Judgement:
    return Judgement(outcome=Outcome.INCONCLUSIVE, reason=because(Why.IDENTICAL, rows=rows))


def _negated(moments: PairedMoments | ArmMoments) -> PairedMoments | ArmMoments:
    if isinstance(moments, PairedMoments):
        return replace(moments, baseline=-moments.baseline, candidate=-moments.candidate, md=-moments.md)
    return replace(
        moments,
        s0=-moments.s0,
        s1=-moments.s1,
        m0s0=-moments.m0s0,
        m1s1=-moments.m1s1,
        m0s1=-moments.m0s1,
        s0m1=-moments.s0m1,
    )


def _combined(parts: Sequence[tuple[float, Compared]], metric: MetricFacts, level: float) -> Compared:
    from scipy.special import ndtr, ndtri

    from model_ratchet.stats.strata import combine

    estimate = combine([(weight, part.estimate) for weight, part in parts], level=level)
    value, _, high = gain(metric, estimate)
    deviation = (high - value) / float(ndtri((1 + level) / 2))
    identical = [part.identical for _, part in parts]
    return Compared(
        estimate=estimate,
        rows=sum(part.rows for _, part in parts),
        identical=identical[0] if all(identical) else None,
        worse_p_value=lambda margin: float(ndtr((value + margin) / deviation)) if deviation > 0 else 1.0,
    )


def _mirrored(estimate: Estimate) -> Estimate:
    return replace(
        estimate,
        value=-estimate.value,
        low=-estimate.high if estimate.high is not None else None,
        high=-estimate.low if estimate.low is not None else None,
        lower_bound=-estimate.upper_bound if estimate.upper_bound is not None else None,
        upper_bound=-estimate.lower_bound if estimate.lower_bound is not None else None,
    )


def _relative(estimate: Estimate) -> Estimate:
    from math import sqrt

    from scipy.special import ndtri

    baseline, candidate = estimate.baseline or 0.0, estimate.candidate or 0.0
    if baseline <= 0 or estimate.low is None or estimate.high is None:
        raise ValueError("a relative difference needs a baseline above zero, and both bounds")
    z = float(ndtri((1 + estimate.level) / 2))
    var_d = ((estimate.high - estimate.low) / (2 * z)) ** 2
    var_0, var_1 = (p * (1 - p) / estimate.n for p in (baseline, candidate))
    covariance = min((var_1 + var_0 - var_d) / 2, sqrt(var_0 * var_1)) - var_0
    value = estimate.value / baseline
    variance = var_d + value**2 * var_0 - 2 * value * covariance
    half = z * sqrt(max(variance, 0.0)) / baseline
    one_sided = half / z * float(ndtri(0.95))
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        level=estimate.level,
        n=estimate.n,
        method=f"{estimate.method}, delta method",
        scale=Scale.RELATIVE,
        p_value=estimate.p_value,
        lower_bound=value - one_sided,
        upper_bound=value + one_sided,
        baseline=baseline,
        candidate=candidate,
        clusters=estimate.clusters,
        sided=estimate.sided,
    )
