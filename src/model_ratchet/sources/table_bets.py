"""Bets in a row: what was staked, won and lost, and how the odds that were taken compare with the closing ones."""

import functools
import operator

from sqlglot import exp

from model_ratchet.core.scored import MONEY, PARTS
from model_ratchet.documents.forecasts import Bets
from model_ratchet.sources.engine import Kind
from model_ratchet.sources.table_kinds import Part, Wager
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
    flag,
    negate,
    number,
    some,
    surely,
    there,
)

_MOST = 1e9
"""Stakes and returns beyond this are no money: their squares would not fit."""


def bet_trees(log: Log, metric: Wager, labels_until: Tree) -> MetricTrees:
    """A number of a bet: null where there is none, or its result has not come; only the stake has marks, which hold for all."""
    bound = metric.of
    stake, odds = (real_of(log.columns[name]) for name in (bound.stake, bound.odds))
    placed = every(there(column(bound.stake)), negate(surely(stake.eq(as_real(number(0))))))
    impossible = every(placed, negate(_possible(log, bound)))
    result = log.columns[bound.result]
    given = every(placed, there(column(bound.result)), has_arrived(log, labels_until))
    marks: dict[Mark, Tree] = {"idle": negate(placed), "outside": impossible}
    if bound.exclude:
        pushed = any_of(log, bound.result, bound.exclude)
        marks["excluded"] = every(given, pushed)
        given = every(given, negate(pushed))
    won = truth(result)
    if result.kind is not Kind.BOOLEAN:
        marks["unknown"] = every(given, absent(won))
    known = every(given, there(won), negate(impossible))
    wins = won.eq(number(1))
    match metric.part:
        case "staked":
            return MetricTrees(choose((known, _in(MONEY, stake))), marks)
        case "profit":
            gained = choose((wins, stake * exp.paren(odds - number(1.0))), otherwise=exp.Neg(this=exp.paren(stake)))
            return MetricTrees(choose((known, _in(MONEY, gained))), {})
        case "lost":
            return MetricTrees(choose((known, _in(MONEY, choose((wins, as_real(number(0))), otherwise=stake)))), {})
        case "won":
            return MetricTrees(choose((known, won)), {})
        case "break_even":
            return MetricTrees(choose((known, _in(PARTS, number(1.0) / odds))), {})
        case _:
            return MetricTrees(_closing(log, metric, metric.part, known, odds), {})


def _closing(log: Log, metric: Wager, part: Part, known: Tree, odds: Tree) -> Tree:
    """What the closing odds say of a bet; null where they are not known."""
    bound = metric.of
    if part == "edge" and bound.closing_probability is not None:
        fair = real_of(log.columns[bound.closing_probability])
        return choose((every(known, finite(fair)), _in(PARTS, odds * fair - number(1.0))))
    closing = real_of(log.columns[bound.closing_odds or ""])
    closed = every(known, finite(closing))
    if part == "beaten":
        return choose((closed, flag(odds > closing)))
    if part == "line":
        return choose((closed, _in(PARTS, odds / closing - number(1.0))))
    against = [real_of(log.columns[name]) for name in bound.closing_against]
    booked = functools.reduce(operator.add, (number(1.0) / one for one in (closing, *against)))
    fair = odds / closing / exp.paren(booked)
    return choose((every(closed, *(finite(one) for one in against)), _in(PARTS, fair - number(1.0))))


def _possible(log: Log, bound: Bets) -> Tree:
    """Whether the stake is above 0, odds are above 1 and a probability within [0, 1], where they are there. Never null."""
    stake, odds = (real_of(log.columns[name]) for name in (bound.stake, bound.odds))
    conditions = [
        finite(stake),
        finite(odds),
        surely(stake > as_real(number(0))),
        surely(odds > as_real(number(1))),
        surely(stake * odds <= number(_MOST)),
    ]
    closing = [name for name in (bound.closing_odds, *bound.closing_against) if name is not None]
    for name in closing:
        real = real_of(log.columns[name])
        conditions.append(some(absent(column(name)), every(finite(real), surely(real > as_real(number(1))))))
    if bound.closing_probability is not None:
        real = real_of(log.columns[bound.closing_probability])
        between = surely(every(real >= as_real(number(0)), real <= as_real(number(1))))
        conditions.append(some(absent(column(bound.closing_probability)), every(finite(real), between)))
    return every(*conditions)


def _in(unit: int, real: Tree) -> Tree:
    """A double as a whole number of parts."""
    return as_whole(call("ROUND", exp.paren(real) * number(float(unit))))
