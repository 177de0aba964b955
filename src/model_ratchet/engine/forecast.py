"""Forecast: what each criterion of a plan needs before it can decide, and what the model's present traffic will give it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import TypeAlias

from model_ratchet.core.units import Change, Scale
from model_ratchet.criteria.base import Comparative, Criterion, Facts, StageFacts
from model_ratchet.criteria.distribution import Distribution
from model_ratchet.criteria.drift import Drift
from model_ratchet.criteria.load import Load
from model_ratchet.criteria.maximum import Maximum
from model_ratchet.criteria.non_inferiority import NonInferiority
from model_ratchet.criteria.quantile_limit import QuantileLimit
from model_ratchet.criteria.rate_limit import RateLimit
from model_ratchet.criteria.segments import Segments
from model_ratchet.criteria.stability import Stability
from model_ratchet.criteria.superiority import Superiority
from model_ratchet.criteria.sustained import Sustained
from model_ratchet.engine.plan import BoundCriterion, Plan
from model_ratchet.stats.power import Rule, power_independent, power_paired

POWER = 0.8
"""The power at twice the margin from which on a criterion counts as one that can decide."""

_Compared: TypeAlias = Superiority | NonInferiority | Drift | Sustained | Stability
_DAY = timedelta(days=1)
_MOST = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTraffic:
    """What pairs of a metric show: the share in which two versions differ, and the design effect of their differences."""

    discordance: float
    design_effect: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTraffic:
    """What the log holds of one metric of the serving version.

    ``per_day`` rows with a known value; ``rate`` the share of true ones (proportions). ``design_effect`` is how many times the
    variance of a daily sum exceeds that of independent rows; ``pairs`` is what earlier pairs showed, None without any.
    """

    per_day: float
    rate: float | None = None
    design_effect: float = 1.0
    pairs: PairTraffic | None = None

    @property
    def expected_pairs(self) -> PairTraffic:
        """What pairs will show: as measured, else half of the discordance that two independent versions would have.

        Both arms of a pair share their day, so that without a measurement the differences are taken as independent.
        """
        if self.pairs is not None:
            return self.pairs
        rate = self.rate if self.rate is not None else 0.5
        return PairTraffic(discordance=rate * (1 - rate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The present traffic of a model: requests a day, each metric, and the shares of the segments' values."""

    per_day: float
    metrics: Mapping[str, MetricTraffic] = field(default_factory=dict)
    segments: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """How likely a criterion is to pass when the candidate is truly better by ``difference`` (a fraction)."""

    difference: float
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One criterion on one stage (None: pooled): rows of the candidate (or pairs) needed, and expected.

    ``days`` is how long the needed rows take at present traffic and the stage's share. ``at_margin`` and ``at_twice`` exist
    for comparisons of proportions: for superiority the true difference is the margin and twice of it; for non-inferiority and
    its kin it lies one margin and two margins above the limit, so that the candidate is as good, and better by one margin;
    for drift the baseline is taken for the golden one.
    """

    bound: BoundCriterion
    needed: int
    expected: int
    days: float
    at_margin: Power | None = None
    at_twice: Power | None = None

    @property
    def decidable(self) -> bool:
        """Whether present traffic brings the rows that are needed."""
        return self.expected >= self.needed


def forecast(plan: Plan, traffic: Traffic) -> tuple[Forecast, ...]:
    """A forecast for every applicable criterion that rests on rows, in the order of the policy."""
    return tuple(
        found
        for bound in plan.bound()
        if bound.not_applicable is None and (found := _forecast(plan, bound, traffic)) is not None
    )


def _forecast(plan: Plan, bound: BoundCriterion, traffic: Traffic) -> Forecast | None:
    criterion = bound.criterion
    stages = plan.scope(bound).stages
    if isinstance(criterion, _Compared):
        metric = traffic.metrics.get(criterion.metric)
        if metric is not None and metric.rate is not None:
            return _comparison(plan.facts, bound, stages, metric, metric.rate)
    least = _least_rows(criterion, plan.facts, traffic)
    if least is None:
        return None
    expected, days = _brought(criterion, stages, _rows_per_day(criterion, traffic))
    return Forecast(
        bound=bound,
        needed=least,
        expected=int(expected),
        days=least * days / expected if expected else float(_MOST),
    )


def _least_rows(criterion: Criterion, facts: Facts, traffic: Traffic) -> int | None:
    """The fewest candidate rows with which a criterion could pass at all; None where it does not rest on rows."""
    from model_ratchet.stats.proportions import least_rows_for_rate
    from model_ratchet.stats.quantiles import least_rows

    match criterion:
        case RateLimit():
            return least_rows_for_rate(criterion.below.value, 0, 1 - criterion.alpha / facts.alpha_divisor)
        case QuantileLimit():
            return least_rows(criterion.quantile, 1 - criterion.alpha / facts.alpha_divisor)
        case Load():
            return ceil(criterion.min_rows / criterion.busiest.value)
        case Segments():
            return _rows_for_segments(criterion, traffic)
        case Maximum() | Distribution() | Comparative():
            return criterion.min_rows
        case _:
            return None


def _rows_for_segments(criterion: Segments, traffic: Traffic) -> int:
    """Rows with which enough of the traffic lies in values of at least ``min_rows`` rows each."""
    needed = criterion.min_rows
    for shares in traffic.segments.values():
        held = 0.0
        for share in sorted(shares, reverse=True):
            held += share
            if held >= criterion.min_assessable.value - 1e-12:
                needed = max(needed, ceil(criterion.min_rows / share) if share else _MOST)
                break
    return needed


def _comparison(
    facts: Facts, bound: BoundCriterion, stages: tuple[StageFacts, ...], metric: MetricTraffic, rate: float
) -> Forecast:
    """Rows and power of a comparison of proportions, from the precision that its stages give together.

    A relative margin is taken of the present ``rate``.
    """
    criterion = bound.criterion
    assert isinstance(criterion, _Compared)  # noqa: S101  (the caller has looked)
    rule, change = _rule(criterion)
    margin = change.value * rate if change.scale is Scale.RELATIVE else change.value
    known = facts.metrics[criterion.metric]
    # of what should fall, the opposite should rise
    rising = rate if known.better == "higher" else 1 - rate
    alpha = criterion.alpha / facts.alpha_divisor
    expected, days = _brought(criterion, stages, metric.per_day)
    paired = all(stage.paired for stage in stages) and not known.own_source
    first, second = (margin, 2 * margin) if rule != "non_inferiority" else (0.0, margin)
    ratio = _baseline_ratio(stages, own=known.own_source)

    def power(rows: float, difference: float) -> float:
        if rows < 1:
            return 0.0
        if paired:
            pairs = metric.expected_pairs
            return power_paired(
                int(rows),
                max(pairs.discordance, abs(difference)),
                difference,
                margin=margin,
                alpha=alpha,
                rule=rule,
                design_effect=pairs.design_effect,
            )
        return power_independent(
            int(rows),
            rising,
            difference,
            margin=margin,
            alpha=alpha,
            rule=rule,
            ratio=ratio,
            design_effect=metric.design_effect,
        )

    needed = _least(lambda rows: power(rows, second) >= POWER, start=criterion.min_rows)
    return Forecast(
        bound=bound,
        needed=needed,
        expected=int(expected),
        days=needed * days / expected if expected else float(_MOST),
        at_margin=Power(difference=first, power=power(expected, first)),
        at_twice=Power(difference=second, power=power(expected, second)),
    )


def _rule(criterion: _Compared) -> tuple[Rule, Change]:
    match criterion:
        case Superiority():
            return criterion.rule, criterion.by
        case NonInferiority():
            return "non_inferiority", criterion.margin
        case Sustained():
            return "non_inferiority", criterion.max_daily_drop
        case Stability() | Drift():
            return "non_inferiority", criterion.max_drop


def _brought(criterion: Criterion, stages: tuple[StageFacts, ...], per_day: float) -> tuple[float, float]:
    """The candidate's rows in all stages, and the days that these last."""
    expected = sum(_candidate_per_day(stage, per_day, criterion) * (stage.lasts / _DAY) for stage in stages)
    return expected, sum((stage.lasts for stage in stages), timedelta()) / _DAY


def _candidate_per_day(stage: StageFacts, per_day: float, criterion: Criterion) -> float:
    """The candidate's rows a day in a stage: all requests where it is mirrored, its share where it only serves."""
    if stage.paired and not isinstance(criterion, Load):
        return per_day * (stage.mirror or 0.0)
    return per_day * (stage.traffic or 0.0)


def _baseline_ratio(stages: tuple[StageFacts, ...], *, own: bool) -> float:
    """Baseline rows to each candidate row, where the arms are independent."""
    shares = [1.0 if stage.paired and own else stage.traffic for stage in stages]
    smallest = min((share for share in shares if share), default=0.5)
    return max(1e-6, (1 - smallest) / smallest) if smallest < 1 else 1.0


def _rows_per_day(criterion: Criterion, traffic: Traffic) -> float:
    for name in criterion.metrics():
        if name in traffic.metrics:
            return traffic.metrics[name].per_day
    return traffic.per_day


def _least(enough: Callable[[int], bool], start: int) -> int:
    from model_ratchet.stats.tails import least

    return least(lambda rows: rows >= _MOST or enough(rows), start)


def undecidable(forecasts: tuple[Forecast, ...]) -> Iterator[Forecast]:
    """The forecasts of counted criteria that present traffic can't decide."""
    for one in forecasts:
        if not one.decidable and not one.bound.criterion.advisory:
            yield one


def needs_most(forecasts: tuple[Forecast, ...]) -> Forecast | None:
    """The criterion that needs the most time, by its days in proportion to those that its stages last."""
    return max(forecasts, key=lambda one: one.needed / max(1, one.expected), default=None)
