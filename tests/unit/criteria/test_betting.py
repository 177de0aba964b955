"""Criteria of bets: what they are worth beside the baseline's, by an explicit definition, and how far they fall."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from builders.records import a_criterion
from builders.scopes import Answer, a_scope, a_stage, judged, uncomparable_rows
from builders.wagers import OF_EVENTS, betting_by_day
from model_ratchet.core.evidence import Arm, Groups, Labels, Missing, Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import Bets
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria import AnyCriterion
from model_ratchet.criteria.base import Scope

Given = Callable[[Need], Answer | None]
RETURN: dict[str, object] = {"kind": "betting", "measure": "return", "margin": "5pp"}
DRAWDOWN: dict[str, object] = {"kind": "drawdown", "bankroll": 1_000.0, "at_most": "30%"}


def on(**given: object) -> AnyCriterion:
    return a_criterion({"id": "x", "metric": "bets", **given})


def scope(days: float = 40, **changes: object) -> Scope:
    return a_scope(a_stage(days=days), metrics=OF_EVENTS, **changes)


def bets(baseline: list[Bets], candidate: list[Bets]) -> Given:
    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.BETS:
            return None
        arm = candidate if need.arms == (Arm.CANDIDATE,) else baseline
        return Groups(groups=tuple((str(day), one) for day, one in enumerate(arm) if one.n))

    return answer


def told(found: Judgement) -> tuple[Outcome, Why]:
    return found.outcome, found.reason.why


@pytest.mark.parametrize(
    ("edge", "bets_a_day", "expected"),
    [
        (0.0, 3_000, (Outcome.PASSED, Why.NOT_WORSE)),
        (0.0, 60, (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)),
        (-0.2, 3_000, (Outcome.FAILED, Why.MARGIN_BROKEN)),
    ],
    ids=["enough", "too-few", "worse"],
)
def test_a_return_is_decided_by_its_interval(edge: float, bets_a_day: int, expected: tuple[Outcome, Why]) -> None:
    arms = betting_by_day(1, bets=bets_a_day), betting_by_day(2, bets=bets_a_day, edge=edge)
    assert told(judged(on(**RETURN), scope(), bets(*arms))) == expected


def test_it_says_how_many_bets_would_decide() -> None:
    found = judged(on(**RETURN), scope(), bets(betting_by_day(1), betting_by_day(2)))
    assert found.estimate is not None
    more = int(found.reason.parameters["more_rows"])
    assert more > 0
    larger = (found.estimate.n + more) // 40
    arms = betting_by_day(1, bets=larger), betting_by_day(2, bets=larger, edge=0.01)
    assert judged(on(**RETURN), scope(), bets(*arms)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("measure", "definition", "value"),
    [
        ("edge_success", "above_break_even", None),
        ("edge_success", "beats_closing", None),
        ("closing_line", "odds", 0.01),
        ("closing_line", "fair", 0.01),
    ],
    ids=["break-even", "beats", "odds", "fair"],
)
def test_a_definition_is_explicit(measure: str, definition: str, value: float | None) -> None:
    arms = betting_by_day(1, line=0.02), betting_by_day(2, line=0.03)
    arms[1][0] = replace(arms[1][0], line=arms[1][0].line + 1_000_000, edge=arms[1][0].edge + 1_000_000)
    criterion = on(kind="betting", measure=measure, definition=definition, margin="20pp")
    found = judged(criterion, scope(), bets(*arms))
    assert told(found) == (Outcome.PASSED, Why.NOT_WORSE)
    assert found.estimate is not None
    if value is not None:
        assert found.estimate.value == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("measure", "definition"), [("closing_line", "fair"), ("edge_success", "beats_closing")], ids=["line", "beats"]
)
def test_bets_without_a_close_can_not_be_held_against_it(measure: str, definition: str) -> None:
    unclosed = [replace(day, closed=0, beaten=0, line=0, fair=0, edge=0) for day in betting_by_day(1)]
    criterion = on(kind="betting", measure=measure, definition=definition, margin="1pp")
    assert told(judged(criterion, scope(), bets(betting_by_day(2), unclosed))) == (Outcome.ERRORED, Why.NO_CLOSING)


@pytest.mark.parametrize(
    ("edge", "line", "warned"),
    [(0.1, 0.01, True), (0.1, 0.03, False), (-0.1, 0.01, False)],
    ids=["luck", "good", "bad"],
)
def test_a_return_above_nothing_beside_a_line_below_is_pointed_at(edge: float, line: float, warned: bool) -> None:
    arms = betting_by_day(1), betting_by_day(2, edge=edge, line=line)
    found = judged(on(**RETURN), scope(), bets(*arms))
    assert (Why.LINE_DISAGREES in [one.why for one in found.warnings]) is warned


def test_a_day_without_a_bet_is_a_day_without_profit() -> None:
    baseline, candidate = betting_by_day(1, bets=3_000), betting_by_day(2, bets=3_000)
    silent: list[Any] = [*candidate[:20], *([Bets.nothing()] * 20)]
    found = judged(on(**RETURN), scope(), bets(baseline, silent))
    assert found.estimate is not None
    assert (found.estimate.clusters, found.estimate.n) == (40, 60_000)


def test_identical_bets_and_few_days_decide_nothing() -> None:
    same = betting_by_day(1)
    assert told(judged(on(**RETURN), scope(), bets(same, same))) == (Outcome.INCONCLUSIVE, Why.IDENTICAL)
    few = judged(on(**RETURN), scope(), bets(same[:4], betting_by_day(2)[:4]))
    assert told(few) == (Outcome.INCONCLUSIVE, Why.TOO_FEW_CLUSTERS)
    small = judged(on(**RETURN), scope(), bets(betting_by_day(1, bets=2), betting_by_day(2, bets=2)))
    assert told(small) == (Outcome.INCONCLUSIVE, Why.TOO_FEW_ROWS)


@pytest.mark.parametrize(
    ("at_most", "edge", "expected"),
    [
        ("60%", 0.0, (Outcome.PASSED, Why.WITHIN_LIMIT)),
        ("12%", 0.0, (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)),
        ("5%", -0.1, (Outcome.FAILED, Why.LIMIT_BROKEN)),
    ],
    ids=["within", "open", "beyond"],
)
def test_a_fall_is_held_against_a_share_of_the_bankroll(
    at_most: str, edge: float, expected: tuple[Outcome, Why]
) -> None:
    days = betting_by_day(3, edge=edge)
    found = judged(on(**DRAWDOWN | {"at_most": at_most}), scope(), bets(days, days))
    assert found.estimate is not None
    assert told(found) == expected, found.estimate


def test_a_fall_of_exactly_the_limit_is_not_beyond_it() -> None:
    days = betting_by_day(3)
    fall = judged(on(**DRAWDOWN), scope(), bets(days, days)).estimate
    assert fall is not None
    at_it = judged(on(**DRAWDOWN | {"bankroll": fall.value * 1_000 / 0.3}), scope(), bets(days, days))
    assert at_it.estimate is not None
    assert at_it.estimate.value == 0.3
    assert at_it.outcome is Outcome.INCONCLUSIVE
    assert at_it.reason == because(Why.INTERVAL_ACROSS, limit="30%", more_rows=0)


def test_attempts_and_looks_share_the_level_of_a_fall() -> None:
    days = betting_by_day(3)
    once, thrice = (judged(on(**DRAWDOWN), scope(alpha_divisor=n), bets(days, days)).estimate for n in (1, 3))
    assert once is not None
    assert thrice is not None
    assert [once.level, thrice.level] == pytest.approx([0.95, 1 - 0.05 / 3])


def test_a_fall_needs_no_baseline_and_enough_bets() -> None:
    days = betting_by_day(3, bets=2)
    assert {need.arms for need in on(**DRAWDOWN).needs(scope())} == {(Arm.CANDIDATE,)}
    found = judged(on(**DRAWDOWN), scope(), bets(days, days))
    assert told(found) == (Outcome.INCONCLUSIVE, Why.TOO_FEW_ROWS)
    gone = Missing(reason=because(Why.COLUMN_ABSENT, source="log", column="odds"))
    assert told(judged(on(**DRAWDOWN), scope(), {Shape.BETS: gone})) == (Outcome.ERRORED, Why.COLUMN_ABSENT)


@pytest.mark.parametrize("given", [RETURN, DRAWDOWN], ids=["betting", "drawdown"])
def test_too_few_results_are_errored_and_another_metric_does_not_fit(given: dict[str, object]) -> None:
    found = judged(on(**given), scope(), {Shape.LABELS: Labels(labelled=80, rows=100)})
    assert told(found) == (Outcome.ERRORED, Why.LOW_COVERAGE)
    assert list(on(**given).misfits(scope())) == []
    (misfit, *_) = on(**given | {"metric": "forecast"}).misfits(scope())
    assert misfit == "'forecast' is of the kind probability: this criterion reads bets"


def test_arms_that_can_not_be_compared_are_errored() -> None:
    for rows, why in uncomparable_rows(mirrored=True):
        assert told(judged(on(**RETURN), scope(), {Shape.ROWS: rows})) == (Outcome.ERRORED, why)
