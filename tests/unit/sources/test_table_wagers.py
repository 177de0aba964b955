"""Forecasts and bets in a table: scores by bin and day, bets by day, and what is no forecast and no bet."""

from pathlib import Path

import pytest

from builders.logs import a_model, a_source, a_window, answered, reason, write
from builders.wagers import (
    BETS,
    BETTING,
    BOTH,
    FORECAST,
    FORECASTS,
    IN_WIDE,
    an_event,
    bets_by_day,
    both,
    random_events,
    scores_by_day,
    wide,
)
from model_ratchet.core.evidence import (
    Arm,
    Clustering,
    Grouping,
    Groups,
    Labels,
    Missing,
    Need,
    PairedMoments,
    Shape,
)
from model_ratchet.core.reason import Why
from model_ratchet.core.scored import Bets, Scores
from model_ratchet.documents.model import ModelFile

FORMATS = ("parquet", "csv", "jsonl")
WINDOW = a_window((0, 72))


def scores_of(arm: Arm = Arm.CANDIDATE, grouping: Grouping = Grouping.DAY, **more: str) -> Need:
    return Need(
        shape=Shape.SCORES, window=WINDOW, metric="forecast", arms=(arm,), grouping=grouping, segment=more.get("by", "")
    )


def bets_of(arm: Arm = Arm.CANDIDATE, grouping: Grouping = Grouping.DAY) -> Need:
    return Need(shape=Shape.BETS, window=WINDOW, metric="bets", arms=(arm,), grouping=grouping)


def moments_of(rule: str, clustering: Clustering = Clustering.ROWS) -> Need:
    return Need(shape=Shape.MOMENTS, window=WINDOW, metric=f"forecast.{rule}", paired=True, clustering=clustering)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("arm", Arm)
def test_forecasts_and_bets_of_a_day_are_summed_as_the_rows_say(tmp_path: Path, form: str, arm: Arm) -> None:
    rows = random_events(1, 400)
    source = a_source(write(tmp_path / f"log.{form}", rows), BOTH)
    assert answered(source, scores_of(arm)) == scores_by_day(rows, arm)
    assert answered(source, bets_of(arm)) == bets_by_day(rows, arm)


def test_days_add_up_to_the_whole_and_so_do_segments(tmp_path: Path) -> None:
    rows = random_events(2, 400)
    source = a_source(write(tmp_path / "log.parquet", rows), BOTH)
    whole = answered(source, scores_of(grouping=Grouping.TOTAL))
    assert isinstance(whole, Scores)
    for need in (scores_of(), scores_of(grouping=Grouping.HOUR), scores_of(grouping=Grouping.SEGMENT, by="league")):
        parts = answered(source, need)
        assert isinstance(parts, Groups)
        assert len(parts.groups) > 2
        held = [one for _, one in parts if isinstance(one, Scores)]
        assert sum(held[1:], held[0]) == whole
    bets = answered(source, bets_of())
    assert isinstance(bets, Groups)
    settled = [one for _, one in bets if isinstance(one, Bets)]
    assert sum(settled[1:], settled[0]) == answered(source, bets_of(grouping=Grouping.TOTAL))


def test_a_part_of_a_window_has_days_of_its_own(tmp_path: Path) -> None:
    rows = [an_event(n * 360, came=1.0) for n in range(72)]
    source = a_source(write(tmp_path / "log.parquet", rows), FORECASTS)
    part = Need(
        shape=Shape.SCORES,
        window=a_window((0, 72)).part(6 * (hour := WINDOW.length / 72), 60 * hour),
        metric="forecast",
        arms=(Arm.CANDIDATE,),
        grouping=Grouping.DAY,
    )
    answers = source.answer([scores_of(), part]).answers
    found = answers[part]
    assert isinstance(found, Groups)
    assert [(day, one.n) for day, one in found if isinstance(one, Scores)] == [("0", 24), ("1", 24), ("2", 6)]


def test_a_wide_log_holds_the_forecasts_of_both(tmp_path: Path) -> None:
    rows = [row | {"label_time": row["requested_at"]} for row in random_events(3, 300)]
    source = a_source(write(tmp_path / "log.parquet", wide(rows)), IN_WIDE)
    for arm in Arm:
        assert answered(source, scores_of(arm)) == scores_by_day(rows, arm)


@pytest.mark.parametrize("clustering", Clustering)
def test_the_scores_of_pairs_are_compared_by_cluster(tmp_path: Path, clustering: Clustering) -> None:
    rows = random_events(4, 300)
    found = answered(a_source(write(tmp_path / "log.parquet", rows), FORECASTS), moments_of("brier", clustering))
    assert isinstance(found, PairedMoments)
    sums = {}
    for arm in Arm:
        day_sums = [one for _, one in scores_by_day(rows, arm) if isinstance(one, Scores)]
        sums[arm] = sum(one.brier for one in day_sums)
        assert found.n == sum(one.n for one in day_sums)
    assert (found.baseline, found.candidate, found.unit) == (sums[Arm.BASELINE], sums[Arm.CANDIDATE], 1_000_000_000)
    assert found.clusters == (found.n if clustering is Clustering.ROWS else found.clusters)
    assert (clustering is Clustering.COLUMN) == (found.clusters == 4)


def test_ties_and_pushes_are_counted_and_in_no_other_number(tmp_path: Path) -> None:
    rows = [an_event(n, came=(0.5, 0.5, 1.0, 0.0, None)[n]) for n in range(5)]
    source = a_source(write(tmp_path / "log.csv", rows), BOTH)
    labels = [
        Need(shape=Shape.LABELS, window=WINDOW, metric=name, arms=(Arm.CANDIDATE,)) for name in ("forecast", "bets")
    ]
    answers = source.answer([*labels, bets_of(grouping=Grouping.TOTAL), scores_of(grouping=Grouping.TOTAL)]).answers
    assert [answers[need] for need in labels] == [Labels(labelled=2, rows=3, excluded=2)] * 2
    found, scores = (answers[need] for need in (bets_of(grouping=Grouping.TOTAL), scores_of(grouping=Grouping.TOTAL)))
    assert isinstance(found, Bets)
    assert isinstance(scores, Scores)
    assert (found.n, found.won, found.pushes, found.profit, found.lost) == (2, 1, 2, 0, 1_000_000)
    assert (scores.n, scores.came) == (2, 1)


def test_a_row_without_a_stake_is_no_bet_and_waits_for_nothing(tmp_path: Path) -> None:
    rows = [
        an_event(n, stake=(None, 0.0, 1.0)[n], odds=(None, 0.5, 2.0)[n], came=(None, None, 1.0)[n]) for n in range(3)
    ]
    source = a_source(write(tmp_path / "log.parquet", rows), BETTING)
    labels = Need(shape=Shape.LABELS, window=WINDOW, metric="bets", arms=(Arm.CANDIDATE,))
    assert answered(source, labels) == Labels(labelled=1, rows=1)


def test_the_margin_is_taken_out_in_proportion_or_by_the_user(tmp_path: Path) -> None:
    model = a_model(
        BETS.replace("    closing_against: [against]\n", "    closing_probability: against\n").replace(
            "    closing_odds: closing\n", ""
        )
    )
    rows = [an_event(n, odds=2.0, against=0.55) for n in range(4)]
    found = answered(a_source(write(tmp_path / "log.csv", rows), model), bets_of(grouping=Grouping.TOTAL))
    assert isinstance(found, Bets)
    assert (found.closed, found.fair, found.edge) == (0, 4, 4 * 100_000_000)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("column", "value", "model", "within"),
    [
        ("p", 1.000001, FORECASTS, "[0, 1]"),
        ("p", -0.1, FORECASTS, "[0, 1]"),
        ("odds", 1.0, BETTING, "stakes above 0, odds above 1"),
        ("odds", 0.5, BETTING, "stakes above 0, odds above 1"),
        ("odds", None, BETTING, "stakes above 0, odds above 1"),
        ("odds", float("nan"), BETTING, "stakes above 0, odds above 1"),
        ("stake", -1.0, BETTING, "stakes above 0, odds above 1"),
        ("stake", float("inf"), BETTING, "stakes above 0, odds above 1"),
        ("stake", 1e12, BETTING, "stakes above 0, odds above 1"),
        ("closing", 1.0, BETTING, "stakes above 0, odds above 1"),
        ("against", 0.0, BETTING, "stakes above 0, odds above 1"),
    ],
    ids=[
        *("p-above", "p-below", "odds-1", "odds-low", "odds-null", "odds-nan"),
        *("stake-below", "stake-inf", "stake-huge", "closing-1", "against-0"),
    ],
)
def test_one_impossible_number_is_enough_to_answer_nothing(
    tmp_path: Path, form: str, column: str, value: float | None, model: ModelFile, within: str
) -> None:
    rows = [row for n in range(2_000) for row in both(n)]
    rows[0] |= {column: value}
    source = a_source(write(tmp_path / f"log.{form}", rows), model)
    needs = [scores_of(), moments_of("brier")] if model is FORECASTS else [bets_of()]
    for need in needs:
        why, parameters = reason(answered(source, need))
        assert why is Why.OUT_OF_RANGE
        assert (parameters["rows"], parameters["within"]) == (1, within)
        assert column in str(parameters["column"]).split(", ")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")], ids=["null", "nan", "inf"])
def test_a_few_forecasts_that_are_no_number_are_left_out_and_many_are_not(tmp_path: Path, value: float | None) -> None:
    rows = [row for n in range(1_000) for row in both(n)]
    rows[0] |= {"p": value}
    few = answered(a_source(write(tmp_path / "few.parquet", rows), FORECASTS), scores_of(grouping=Grouping.TOTAL))
    assert isinstance(few, Scores)
    assert few.n == 999
    for row in rows[2:20:2]:
        row |= {"p": value}
    many = answered(a_source(write(tmp_path / "many.parquet", rows), FORECASTS), scores_of())
    assert reason(many)[0] is Why.NOT_A_NUMBER


@pytest.mark.parametrize(("model", "need"), [(FORECASTS, scores_of()), (BETTING, bets_of())], ids=["forecast", "bets"])
def test_a_label_that_is_neither_is_named(tmp_path: Path, model: ModelFile, need: Need) -> None:
    rows = [an_event(n, came=2.0 if n == 3 else 1.0) for n in range(20)]
    assert reason(answered(a_source(write(tmp_path / "log.csv", rows), model), need)) == (
        Why.LABEL_UNKNOWN,
        {"source": "log", "column": "came"},
    )


@pytest.mark.parametrize(("column", "text"), [("p", FORECAST), ("odds", BETS), ("came", BETS), ("closing", BETS)])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, column: str, text: str) -> None:
    rows = [{key: value for key, value in an_event(n).items() if key != column} for n in range(20)]
    need = scores_of() if text is FORECAST else bets_of()
    why, parameters = reason(answered(a_source(write(tmp_path / "log.parquet", rows), a_model(text)), need))
    assert (why, parameters["column"]) == (Why.COLUMN_ABSENT, column)


def test_an_arm_without_an_event_is_missing_and_waiting_may_cure_it(tmp_path: Path) -> None:
    source = a_source(write(tmp_path / "log.parquet", [an_event(n) for n in range(20)]), BOTH)
    for need in (scores_of(Arm.BASELINE), bets_of(Arm.BASELINE)):
        found = answered(source, need)
        assert isinstance(found, Missing)
        assert (found.reason.why, found.lasting) == (Why.NO_ROWS, False)
