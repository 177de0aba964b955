"""Forecasts in a row: the probability beside its label, and its scores, in whole parts."""

from sqlglot import exp

from model_ratchet.core.evidence import Arm
from model_ratchet.core.offers import OFFER_BINS
from model_ratchet.core.scored import PARTS, SCORE_BINS
from model_ratchet.sources.engine import Kind
from model_ratchet.sources.table_kinds import Forecast, Offer, Score
from model_ratchet.sources.table_log import Log
from model_ratchet.sources.table_metrics import Mark, MetricTrees, any_of, has_arrived, real_of, truth
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    as_real,
    as_whole,
    call,
    choose,
    column,
    every,
    finite,
    negate,
    number,
    there,
)

_PLACE = 2**31
SMALLEST = 1e-6
"""A forecast is held within [1e-6, 1 − 1e-6] before its logarithm is taken, as in ``stats.forecast``."""


def forecast_trees(log: Log, metric: Forecast | Score, arm: Arm, labels_until: Tree) -> MetricTrees:
    """A forecast, or one of its scores; only the first has marks, which hold for all."""
    bound = metric.of
    stored = log.columns[probability_column(log, metric, arm)]
    real = real_of(stored)
    within = every(real >= as_real(number(0)), real <= as_real(number(1)))
    given = every(there(column(bound.label)), has_arrived(log, labels_until))
    marks: dict[Mark, Tree] = {"bad": negate(finite(real)), "outside": every(finite(real), negate(within))}
    if bound.exclude:
        tied = any_of(log, bound.label, bound.exclude)
        marks["excluded"] = every(given, finite(real), tied)
        given = every(given, negate(tied))
    came = truth(log.columns[bound.label])
    if log.columns[bound.label].kind is not Kind.BOOLEAN:
        marks["unknown"] = every(given, absent(came))
    if stored.kind is Kind.TEXT:
        marks["mistyped"] = every(there(column(stored.name)), absent(real))
    known = every(given, finite(real), within, there(came))
    if isinstance(metric, Forecast):
        return MetricTrees(choose((known, in_parts(real) * number(2) + came)), marks)
    return MetricTrees(choose((known, _score(metric, real, came))), {})


def probability_column(log: Log, metric: Forecast | Score, arm: Arm) -> str:
    """The column of an arm's probabilities."""
    if log.wide is not None:
        return log.wide.baseline if arm is Arm.BASELINE else log.wide.candidate
    return metric.of.score or ""


def offer_trees(log: Log, metric: Offer, arm: Arm, labels_until: Tree) -> MetricTrees:
    """A forecast beside what the market said; only a market's probability that can't be one has a mark."""
    forecast = forecast_trees(log, Forecast(metric.of), arm, labels_until)
    market = real_of(log.columns[metric.market])
    within = every(market >= as_real(number(0)), market <= as_real(number(1)))
    both = in_parts(market) * number(_PLACE) + forecast.value
    value = choose((every(finite(market), within, there(forecast.value)), both))
    return MetricTrees(value, {"outside": every(finite(market), negate(within))})


def offer_sums(value: Tree) -> dict[str, Tree]:
    """Of an offer's whole number: the bin that it lies in, and what is summed over the rows of one, each in whole parts."""
    market = _divided(value, _PLACE)
    forecast = exp.paren(value) % number(_PLACE)
    model = _divided(forecast, 2)
    return {
        "bin": _offer_bin(market) * number(OFFER_BINS) + _offer_bin(model),
        "came": exp.paren(forecast) % number(2),
        "market": market,
        "p": model,
    }


def _offer_bin(parts: Tree) -> Tree:
    place = _divided(exp.paren(parts) * number(OFFER_BINS) - number(1), PARTS)
    return exp.paren(choose((exp.paren(parts) > number(0), place), otherwise=number(0)))


def in_parts(real: Tree) -> Tree:
    """A double as a whole number of parts."""
    return as_whole(call("ROUND", real * number(float(PARTS))))


def bin_sums(value: Tree) -> dict[str, Tree]:
    """Of a forecast's whole number: the bin that it lies in, and what is summed over the rows of one, each in whole parts."""
    came = exp.paren(value) % number(2)
    probability = _divided(value, 2)
    place = _divided(probability * number(SCORE_BINS) + number(PARTS - 1), PARTS)
    spread = _times(probability, number(PARTS) - probability)
    steep = exp.paren(number(PARTS) - number(2) * probability)
    return {
        "bin": choose((place > number(0), place), otherwise=number(1)),
        "came": came,
        "p": probability,
        "spread": spread,
        "variance": _times(_times(steep, steep), spread),
    }


def _score(metric: Score, real: Tree, came: Tree) -> Tree:
    """The score in parts, of the probability that is kept."""
    probability = in_parts(real)
    if metric.rule == "brier":
        gap = exp.paren(probability - came * number(PARTS))
        return _times(gap, gap)
    right = choose((came.eq(number(1)), probability), otherwise=number(PARTS) - probability)
    least = round(SMALLEST * PARTS)
    held = choose(
        (right < number(least), number(least)),
        (right > number(PARTS - least), number(PARTS - least)),
        otherwise=right,
    )
    return in_parts(exp.Neg(this=call("LN", as_real(held) / number(float(PARTS)))))


def _times(one: Tree, other: Tree) -> Tree:
    """The product of two numbers of parts, in parts, rounded: whole numbers give the same in every engine."""
    return _divided(exp.paren(one) * exp.paren(other) + number(PARTS // 2), PARTS)


def _divided(tree: Tree, by: int) -> Tree:
    return exp.IntDiv(this=exp.paren(tree), expression=number(by))
