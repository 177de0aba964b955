"""plan: before anybody waits a week: can the model's present traffic decide the policy that a request names?"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from model_ratchet.actions.check import CheckInput, meaning_of, read_change
from model_ratchet.actions.proposal import Proposal, read_proposal
from model_ratchet.actions.reading import Faulty
from model_ratchet.core.errors import RepositoryError, UsageError
from model_ratchet.core.evidence import (
    HOUR,
    Arm,
    Categories,
    Clustering,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Interval,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    PairedMoments,
    QuantileCounts,
    Rows,
    Shape,
    Window,
)
from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.names import PolicyName
from model_ratchet.documents.model import DurationMetric, ModelFile, Proportion
from model_ratchet.engine.bind import bind
from model_ratchet.engine.forecast import Forecast, MetricTraffic, PairTraffic, Traffic, forecast, undecidable
from model_ratchet.engine.lifecycle import Proposed
from model_ratchet.engine.plan import Plan
from model_ratchet.git import Git
from model_ratchet.report.reasons import sentence

LOOK_BACK = timedelta(days=14)
"""The present: so long before now."""

LEAST_PAIRS = 100
"""Fewer pairs say nothing about how often two versions differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What ``plan`` found: a forecast of the plan at present traffic, or findings."""

    findings: tuple[Finding, ...] = ()
    plan: Plan | None = None
    traffic: Traffic | None = None
    window: Window | None = None
    forecasts: tuple[Forecast, ...] = ()


def plan_ahead(asked: CheckInput, *, policy: str | None = None) -> Planned:
    """The forecast for the version that ``head`` proposes, under its policy or another one.

    Raises:
        UsageError: the change proposes no single version, or the policy's name is none.
        RepositoryError: git could not answer.
    """
    proposal = _proposal(asked, policy)
    if isinstance(proposal, Faulty):
        return Planned(findings=proposal.findings)
    named = proposal.request.policy if policy is None else PolicyName.parse(policy)
    # before its stages: those that ran already are left out, so that the forecast is that of the day before
    request = proposal.request.model_copy(update={"history": (), "policy": named})
    documents = proposal.documents
    bound = bind(replace(documents, request=request), None, now=asked.now)
    if not isinstance(bound, Plan):
        return Planned(findings=tuple(sorted(proposal.finding(misfit) for misfit in bound)))
    window = _window(asked.now)
    traffic = _traffic(proposal, bound, window, asked)
    forecasts = forecast(bound, traffic)
    refused: tuple[Finding, ...] = ()
    if documents.policy.underpowered == "refuse":
        refused = tuple(_finding(bound, one) for one in undecidable(forecasts))
    return Planned(findings=refused, plan=bound, traffic=traffic, window=window, forecasts=forecasts)


def _proposal(asked: CheckInput, policy: str | None) -> Proposal | Faulty:
    if policy is not None:
        try:
            PolicyName.parse(policy)
        except ValueError as error:
            raise UsageError(str(error)) from None
    repository = Git(asked.repo)
    change = read_change(repository, asked)
    meant = meaning_of(repository, change)
    if not isinstance(meant, Proposed) or len(meant.folders) != 1:
        raise UsageError(f"{asked.head} proposes no version against {change.base[:12]}: plan reads one proposal")
    (folder,) = meant.folders
    return read_proposal(
        repository, folder, base=change.base, head=change.head, chain=change.chains[folder.model], policy=policy
    )


def _window(now: datetime) -> Window:
    """The two weeks before now, from whole hour to whole hour."""
    end = now.replace(minute=0, second=0, microsecond=0)
    return Window((Interval(end - LOOK_BACK, end),), end)


def _traffic(proposal: Proposal, plan: Plan, window: Window, asked: CheckInput) -> Traffic:
    model = proposal.model
    evidence = _ask(proposal, _needs(model, window), asked)
    rows = evidence.answer(_rows(window))
    if isinstance(rows, Missing):
        raise RepositoryError(f"present traffic can't be read from {model.rows.source}: {sentence(rows.reason)}")
    served = rows.baseline.served + rows.candidate.served if isinstance(rows, Rows) else 0
    return Traffic(
        per_day=served / (LOOK_BACK / timedelta(days=1)),
        metrics={
            name: found for name in plan.facts.metrics if (found := _metric(model, name, window, evidence)) is not None
        },
        segments={
            column: tuple(count / sum(dict(answer.counts).values()) for _, count in answer.counts)
            for column in model.segments
            if isinstance(answer := evidence.answer(_sizes(window, column)), Categories)
        },
    )


def _ask(proposal: Proposal, needs: Sequence[Need], asked: CheckInput) -> Evidence:
    from model_ratchet.sources.gather import gather
    from model_ratchet.sources.open import deadlines, open_sources, route

    sources = open_sources(
        proposal.sources,
        proposal.model,
        proposal.versions,
        root=Git(asked.repo).root,
        environ=asked.environ,
        now=asked.now,
    )
    return gather(
        needs,
        sources,
        lambda need: route(need, proposal.model, proposal.sources),
        deadlines=deadlines(proposal.sources),
    )


def _rows(window: Window) -> Need:
    return Need(shape=Shape.ROWS, window=window)


def _sizes(window: Window, column: str) -> Need:
    return Need(shape=Shape.CATEGORIES, window=window, arms=(Arm.BASELINE,), segment=column)


def _hourly(window: Window, metric: str) -> Need:
    return Need(shape=Shape.COUNTS, window=window, metric=metric, arms=(Arm.BASELINE,), grouping=Grouping.HOUR)


def _pairs(window: Window, metric: str) -> Need:
    return Need(shape=Shape.PAIRED_COUNTS, window=window, metric=metric)


def _clusters(window: Window, metric: str) -> Need:
    return Need(shape=Shape.MOMENTS, window=window, metric=metric, clustering=Clustering.COLUMN, paired=True)


def _durations(window: Window, metric: str) -> Need:
    return Need(shape=Shape.QUANTILE_COUNTS, window=window, metric=metric, arms=(Arm.BASELINE,), limit=0.0)


def _needs(model: ModelFile, window: Window) -> list[Need]:
    needs = [_rows(window), *(_sizes(window, column) for column in model.segments)]
    for name, metric in model.metrics.items():
        own = metric.source not in (None, model.rows.source)
        if isinstance(metric, Proportion):
            needs.append(_hourly(window, name))
            needs += [] if own else [_pairs(window, name)]
            needs += [_clusters(window, name)] if model.cluster is not None and not own else []
        elif isinstance(metric, DurationMetric):
            needs.append(_durations(window, name))
    return needs


def _metric(model: ModelFile, name: str, window: Window, evidence: Evidence) -> MetricTraffic | None:
    days = LOOK_BACK / timedelta(days=1)
    if not isinstance(model.metrics[name], Proportion):
        found = evidence.answer(_durations(window, name))
        return MetricTraffic(per_day=found.n / days) if isinstance(found, QuantileCounts) else None
    hours = evidence.answer(_hourly(window, name))
    if not isinstance(hours, Groups):
        return None
    by_day = _by_day(hours)
    n, successes = sum(one.n for one in by_day), sum(one.successes for one in by_day)
    if not n:
        return None
    clustered = model.cluster is not None
    found_pairs = _pair_traffic(evidence.answer(_pairs(window, name)), evidence.answer(_clusters(window, name)))
    return MetricTraffic(
        per_day=n / days,
        rate=successes / n,
        design_effect=_design_effect(by_day) if clustered else 1.0,
        pairs=found_pairs,
    )


def _pair_traffic(table: Measurement | Missing, moments: Measurement | Missing) -> PairTraffic | None:
    """What pairs show, where there are enough of them."""
    if not isinstance(table, PairedCounts) or table.n < LEAST_PAIRS:
        return None
    discordance = table.discordant / table.n
    if not isinstance(moments, PairedMoments) or moments.clusters < 2:
        return PairTraffic(discordance=discordance)
    mean = (moments.candidate - moments.baseline) / moments.n
    residuals = moments.dd - 2 * mean * moments.md + mean * mean * moments.mm
    spread = moments.n * max(1e-12, discordance - mean * mean)
    effect = residuals / spread * moments.clusters / (moments.clusters - 1)
    return PairTraffic(discordance=discordance, design_effect=max(1.0, effect))


def _by_day(hours: Groups) -> list[Counts]:
    days: dict[int, Counts] = defaultdict(lambda: Counts(successes=0, n=0))
    for hour, one in hours:
        if isinstance(one, Counts):
            days[int(hour) * HOUR // timedelta(days=1)] += one
    return list(days.values())


def _design_effect(days: Sequence[Counts]) -> float:
    """How many times the variance of the daily sums exceeds that of independent rows; at least 1."""
    n = sum(one.n for one in days)
    rate = sum(one.successes for one in days) / n
    if len(days) < 2 or rate in (0.0, 1.0):
        return 1.0
    residuals = sum((one.successes - rate * one.n) ** 2 for one in days)
    return max(1.0, residuals / (n * rate * (1 - rate)) * len(days) / (len(days) - 1))


def _finding(plan: Plan, one: Forecast) -> Finding:
    where = f" on {one.bound.stage}" if one.bound.stage else ""
    criterion = one.bound.criterion
    place = Location(plan.paths.get("policy", ""), plan.lines.get(criterion.id, 1))
    return Finding(
        place,
        f"{criterion.id}{where} needs {one.needed:,} rows and present traffic brings {one.expected:,}: "
        "lengthen its stage, raise its share, or mirror it",
    )
