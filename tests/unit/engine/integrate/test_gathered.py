"""What artefacts are computed from: the evidence of a stage that is over, block by block, or what of it is missing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders.integrating import settings
from builders.scopes import Answer, a_stage, some_facts
from model_ratchet.core.evidence import Counts, Evidence, Groups, Labels, LogHistogram, Missing, Need, Series, Shape
from model_ratchet.core.offers import Offers
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import PARTS, Bets, Scores
from model_ratchet.criteria.base import StageFacts
from model_ratchet.criteria.integration import IntegrationFacts, stage_needs
from model_ratchet.documents.inherited import TrackEntry
from model_ratchet.engine.integrate.gathered import inputs_of, whole
from model_ratchet.engine.integrate.inputs import Inherited, Inputs, Measured

STAGE = a_stage("shadow", days=0.25)
"""Six hours: six blocks of one hour each."""
BOUND = IntegrationFacts(
    score="win", segments="league", bets="bets", market=True, latency="latency", errors="errors", memory="memory"
)
DAYS = timedelta(days=1)
NO_ROWS = Missing(reason=because(Why.NO_ROWS, metric="win", arm="candidate"), lasting=False)
ABSENT = Missing(reason=because(Why.COLUMN_ABSENT, source="log", column="p"))
NO_BETS = Missing(reason=because(Why.COLUMN_ABSENT, source="log", column="stake"))


def scores(n: int, came: int = 0) -> Scores:
    """So many forecasts of one half."""
    return Scores(bins=((480, n, came, n * PARTS // 2),), brier=n * PARTS // 4, log_loss=0, spread=0, variance=0)


def bets(n: int) -> Bets:
    return replace(Bets.nothing(), n=n)


def offers(n: int) -> Offers:
    return Offers(bins=((1830, n, 0, n * PARTS // 2, n * PARTS // 2),))


def counted(need: Need) -> int:
    """Which block a need is of: the hour of the stage in which it starts."""
    assert need.window is not None
    assert STAGE.window is not None
    return (need.window.start - STAGE.window.start) // timedelta(hours=1)


def answered(need: Need) -> Answer:
    """In block k, 1 + k forecasts of the NBA and one of the NFL; in those of the NBA also bets and offers."""
    k = counted(need)
    match need.shape:
        case Shape.SCORES:
            return Groups(groups=(("nba", scores(1 + abs(k))), ("nfl", scores(1, came=1))))
        case Shape.BETS:
            return Groups(groups=(("nba", bets(10 + abs(k))),))
        case Shape.OFFERS:
            return Groups(groups=(("nba", offers(20 + abs(k))),))
        case Shape.LABELS:
            return Labels(labelled=30, rows=30, excluded=4)
        case Shape.LOG_HISTOGRAM:
            return LogHistogram(buckets=((400, 95), (500, 5)))
        case Shape.COUNTS:
            return Counts(successes=3, n=200)
        case _:
            return Series(points=((0, 3e9), (1, 5e9), (2, 4e9)))


def gathered(
    answer: Callable[[Need], Answer | None] = answered,
    bound: IntegrationFacts | None = BOUND,
    stage: StageFacts = STAGE,
    **more: Any,
) -> Inputs | Missing | None:
    """The inputs of a promotion of which every need is answered so."""
    asked = settings(**more.pop("asked", {}))
    needs = stage_needs(bound, stage.name, stage.window).every if bound is not None and stage.window is not None else ()
    answers = {need: found for need in needs if (found := answer(need)) is not None}
    facts = some_facts(integration=bound, allocation={"memory": 16e9})
    given: dict[str, Any] = {"inherited": None, "track": {}, **more}
    return inputs_of(facts, stage, Evidence(answers), asked, **given)


def inputs(*args: Any, **more: Any) -> Inputs:
    found = gathered(*args, **more)
    assert isinstance(found, Inputs)
    return found


def test_each_block_holds_its_forecasts_bets_and_offers_by_segment_in_the_order_of_time() -> None:
    found = inputs()
    assert [block.scores for block in found.blocks] == [
        {"nba": scores(1 + k), "nfl": scores(1, came=1)} for k in range(6)
    ]
    assert [block.bets for block in found.blocks] == [{"nba": bets(10 + k)} for k in range(6)]
    assert [block.offers for block in found.blocks] == [{"nba": offers(20 + k)} for k in range(6)]
    assert {block.weight for block in found.blocks} == {1.0}
    assert found.earlier == ()


def test_the_inputs_say_whose_they_are_and_what_they_rest_on() -> None:
    parent = Inherited(version="v1.0.0_20250601_090000")
    track = {
        "v1.0.0_20250601_090000": TrackEntry(events=9, came=4, brier=0.2, log_loss=0.6, ece=0.1, status="promoted")
    }
    found = inputs(inherited=parent, track=track)
    assert STAGE.window is not None
    assert (found.model, found.version) == ("flight-delay", "v2.1.0_20250818_142000")
    assert (found.stage, found.start, found.end) == ("shadow", STAGE.window.start, STAGE.window.end)
    assert (found.excluded, found.allocated_memory_bytes) == (4, 16e9)
    assert (found.inherited, found.track) == (parent, track)


@pytest.mark.parametrize(
    ("bound", "stage"),
    [
        (None, STAGE),
        (BOUND, replace(STAGE, window=None)),
        (BOUND, replace(STAGE, decidable=False)),
    ],
    ids=["nothing-asked", "nothing-seen", "not-over"],
)
def test_nothing_is_computed_before_a_stage_is_over(bound: IntegrationFacts | None, stage: StageFacts) -> None:
    assert gathered(bound=bound, stage=stage) is None


def test_a_model_that_tells_no_segments_apart_has_one() -> None:
    alone = IntegrationFacts(score="win")
    found = inputs(lambda need: scores(2) if need.shape is Shape.SCORES else None, bound=alone)
    assert [block.scores for block in found.blocks] == [{"all": scores(2)}] * 6
    assert {(len(block.bets), len(block.offers)) for block in found.blocks} == {(0, 0)}


def instead(answers: Mapping[tuple[Shape, int], Answer]) -> Callable[[Need], Answer]:
    """The same evidence, but for some needs: those of a shape in a block."""
    return lambda need: answers.get((need.shape, counted(need))) or answered(need)


@pytest.mark.parametrize("shape", [Shape.SCORES, Shape.BETS, Shape.OFFERS])
def test_an_answer_that_is_missing_is_given_back_and_no_number_computed(shape: Shape) -> None:
    assert gathered(instead({(shape, 5): ABSENT})) is ABSENT


def test_of_several_that_are_missing_the_first_is_told() -> None:
    assert gathered(instead({(Shape.OFFERS, 2): ABSENT, (Shape.BETS, 3): NO_BETS})) is ABSENT
    assert gathered(instead({(Shape.BETS, 2): NO_BETS, (Shape.OFFERS, 2): ABSENT})) is NO_BETS


def test_a_stretch_of_time_without_an_event_is_an_empty_block() -> None:
    found = inputs(instead({(Shape.SCORES, 0): NO_ROWS, (Shape.BETS, 0): NO_ROWS, (Shape.OFFERS, 3): NO_ROWS}))
    assert [len(block.scores) for block in found.blocks] == [0, 2, 2, 2, 2, 2]
    assert [len(block.bets) for block in found.blocks] == [0, 1, 1, 1, 1, 1]
    assert [len(block.offers) for block in found.blocks] == [1, 1, 1, 0, 1, 1]


def test_a_stage_without_any_event_says_so() -> None:
    assert gathered(lambda need: NO_ROWS if need.shape is Shape.SCORES else answered(need)) is NO_ROWS
    empty = Groups(groups=())
    assert gathered(lambda need: empty if need.shape is Shape.SCORES else answered(need)) is not NO_ROWS
    some = {(Shape.SCORES, k): empty for k in range(5)} | {(Shape.SCORES, 5): NO_ROWS}
    assert gathered(instead(some)) is NO_ROWS
    nothing = {(Shape.SCORES, k): Groups(groups=(("nba", Scores.nothing()),)) for k in range(5)}
    assert gathered(instead(nothing | {(Shape.SCORES, 5): NO_ROWS})) is NO_ROWS


def test_what_is_of_another_kind_is_no_forecast() -> None:
    some = Groups(groups=(("nba", Counts(successes=1, n=2)), ("nfl", scores(3))))
    found = inputs(instead({(Shape.SCORES, 2): some, (Shape.SCORES, 3): Counts(successes=1, n=2)}))
    assert [set(block.scores) for block in found.blocks[1:5]] == [{"nba", "nfl"}, {"nfl"}, set(), {"nba", "nfl"}]


def test_labels_that_were_not_counted_exclude_nothing() -> None:
    assert inputs(lambda need: ABSENT if need.shape is Shape.LABELS else answered(need)).excluded == 0


@pytest.mark.parametrize("half_life", [None, "48h"], ids=["all-alike", "fading"])
def test_events_of_before_weigh_less_the_longer_they_lie_back(half_life: str | None) -> None:
    history = {"history": "decay", "half_life": half_life} if half_life is not None else {"history": "backfill"}
    found = inputs(bound=replace(BOUND, reach=8 * DAYS), asked={"calibration": {**history, "reach": "8d"}})
    assert STAGE.window is not None
    needs = stage_needs(replace(BOUND, reach=8 * DAYS), "shadow", STAGE.window).earlier
    assert len(found.earlier) == len(needs) == 8
    middles = [7.5, 6.5, 5.5, 4.5, 3.5, 2.5, 1.5, 0.5]
    expected = [2 ** -(days / 2) if half_life is not None else 1.0 for days in middles]
    assert [block.weight for block in found.earlier] == pytest.approx(expected)
    assert [block.scores["nfl"].n for block in found.earlier] == [1] * 8


def test_the_age_of_a_block_is_that_of_its_middle_where_the_last_one_is_shorter() -> None:
    """Of 31 days, seven blocks of four days and one of three."""
    before = replace(BOUND, reach=31 * DAYS)
    found = inputs(bound=before, asked={"calibration": {"history": "decay", "half_life": "3d", "reach": "31d"}})
    middles = [29, 25, 21, 17, 13, 9, 5, 1.5]
    assert [block.weight for block in found.earlier] == pytest.approx([2 ** -(days / 3) for days in middles])


def test_an_answer_of_before_the_stage_that_is_missing_is_given_back_too() -> None:
    before = replace(BOUND, reach=8 * DAYS)
    asked = {"calibration": {"history": "backfill", "reach": "8d"}}
    assert gathered(instead({(Shape.SCORES, -48): ABSENT}), bound=before, asked=asked) is ABSENT
    assert len(inputs(instead({(Shape.SCORES, -48): NO_ROWS}), bound=before, asked=asked).earlier[6].scores) == 0


def test_what_was_measured_is_the_95th_percentile_the_share_of_errors_and_the_most_memory() -> None:
    found = inputs()
    assert found.measured.latency_p95_s == pytest.approx(1.02**400 / 1e6)
    assert (found.measured.error_rate, found.measured.memory_bytes) == (0.015, 5e9)
    assert found.missing == {}


def test_what_was_not_measured_says_why() -> None:
    measured = {Shape.LOG_HISTOGRAM: ABSENT, Shape.COUNTS: NO_ROWS}
    found = inputs(lambda need: measured.get(need.shape) or answered(need), bound=replace(BOUND, memory=""))
    assert found.measured == Measured()
    assert found.missing == {
        "performance.latency_p95_s": "column absent",
        "performance.error_rate": "no rows",
        "performance.memory_bytes": "the model file binds no metric to it",
    }


def test_an_answer_without_a_row_measures_nothing() -> None:
    empty = {
        Shape.LOG_HISTOGRAM: LogHistogram(buckets=()),
        Shape.COUNTS: Counts(successes=0, n=0),
        Shape.SERIES: Series(points=()),
    }
    found = inputs(lambda need: empty.get(need.shape) or answered(need))
    assert found.measured == Measured()
    assert set(found.missing.values()) == {"no rows"}
    assert len(found.missing) == 3


def test_the_whole_of_a_stage_is_the_sum_of_its_blocks_and_segments() -> None:
    assert STAGE.window is not None
    needs = stage_needs(BOUND, "shadow", STAGE.window)
    evidence = Evidence({one.scores: answered(one.scores) for one in needs.blocks})
    assert whole(needs, evidence) == scores(sum(1 + k for k in range(6)) + 6, came=6)
    assert whole(needs, Evidence()) is None
