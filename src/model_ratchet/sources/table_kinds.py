"""What the rows of a log are read for: each metric of a model file, or each of the numbers that are kept of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from model_ratchet.core.scored import MONEY, PARTS
from model_ratchet.documents.forecasts import Bets, Probability
from model_ratchet.documents.model import DurationMetric, Mean, ModelFile, Proportion

Rule: TypeAlias = Literal["brier", "log_loss"]
Part: TypeAlias = Literal["staked", "profit", "lost", "won", "break_even", "beaten", "line", "edge"]
MICRO = 1_000_000
"""Durations and means are held in millionths of their base unit."""

RULES: tuple[Rule, ...] = ("brier", "log_loss")
_SETTLED: tuple[Part, ...] = ("profit", "lost", "won", "break_even")
_CLOSED: tuple[Part, ...] = ("beaten", "line")
_MONEY = ("staked", "profit", "lost")
_COUNTS = ("won", "beaten")


@dataclass(frozen=True, slots=True)
class Forecast:
    """A probability beside its label, as one whole number: twice the probability in parts, and 1 where the event came."""

    of: Probability


@dataclass(frozen=True, slots=True)
class Score:
    """A score of a probability against its label, in parts."""

    of: Probability
    rule: Rule


@dataclass(frozen=True, slots=True)
class Offer:
    """A forecast beside what the market said, as one whole number: the market's probability in parts times 2³¹, and the
    number of the forecast; null where the market said nothing."""

    of: Probability
    market: str
    """The column of the market's probability."""


@dataclass(frozen=True, slots=True)
class Wager:
    """A number of a settled bet."""

    of: Bets
    part: Part


RowMetric: TypeAlias = Proportion | DurationMetric | Mean | Forecast | Score | Offer | Wager


def row_metrics(model: ModelFile, source: str) -> dict[str, RowMetric]:
    """What the rows of a source are read for, by name: ``forecast`` and ``forecast.brier``, ``bets`` and ``bets.profit``."""
    found: dict[str, RowMetric] = {}
    for name, metric in model.metrics.items():
        if (metric.source or model.rows.source) != source:
            continue
        match metric:
            case Probability():
                found[name] = Forecast(metric)
                found |= {f"{name}.{rule}": Score(metric, rule) for rule in RULES}
                asked = model.integrate
                if asked is not None and asked.score == name and asked.market is not None:
                    found[f"{name}.offer"] = Offer(metric, asked.market)
            case Bets():
                found[name] = Wager(metric, "staked")
                found |= {f"{name}.{part}": Wager(metric, part) for part in parts_of(metric)}
            case Mean():
                found[name] = metric
            case Proportion() | DurationMetric() if metric.names_column:
                found[name] = metric
    return found


def parts_of(bets: Bets) -> Iterator[Part]:
    """The numbers that a model file's columns give of a bet, beside its stake."""
    yield from _SETTLED
    if bets.closing_odds is not None:
        yield from _CLOSED
    if bets.closing_against or bets.closing_probability is not None:
        yield "edge"


def waits(metric: RowMetric) -> bool:
    """Whether its value waits for a label."""
    if isinstance(metric, Proportion):
        return metric.labelled
    return isinstance(metric, Forecast | Score | Offer | Wager)


def unit_of(metric: RowMetric) -> int:
    """In how many parts of one the values of a metric are held."""
    match metric:
        case Proportion():
            return 1
        case DurationMetric() | Mean():
            return MICRO
        case Forecast() | Score() | Offer():
            return PARTS
        case Wager():
            return MONEY if metric.part in _MONEY else 1 if metric.part in _COUNTS else PARTS


def bound_columns(metric: Probability | Bets) -> tuple[str, ...]:
    """The columns of numbers that a metric names, without its label."""
    if isinstance(metric, Probability):
        return () if metric.score is None else (metric.score,)
    named = (metric.stake, metric.odds, metric.closing_odds, *metric.closing_against, metric.closing_probability)
    return tuple(name for name in named if name is not None)


def label_of(metric: Probability | Bets) -> str:
    """The column that says how it ended."""
    return metric.label if isinstance(metric, Probability) else metric.result
