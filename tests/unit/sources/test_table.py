"""The table source against an oracle that walks over the same rows: every shape, grouping, clustering, pairs and parts."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from builders.logs import (
    HOUR,
    LONG,
    START,
    WIDE,
    Oracle,
    Row,
    a_model,
    a_source,
    a_window,
    random_long,
    random_wide,
    told,
    write,
)
from builders.needs import every_need
from model_ratchet.core.evidence import Clustering, Grouping, Interval, Missing, Need, Rows, Shape, Window
from model_ratchet.documents.model import ModelFile

FORMATS = ("parquet", "csv", "jsonl")
PAUSED = a_window((0, 5), (7 + 1 / 3, 11 + 1 / 12), (12, 16.5))
EVEN = PAUSED.part(2 * HOUR, 9 * HOUR)
OF_BLOCKS = (Shape.COUNTS, Shape.PAIRED_COUNTS, Shape.LOG_HISTOGRAM, Shape.MOMENTS, Shape.VERSION_ROWS)
LAST = PAUSED.part(9 * HOUR, PAUSED.length)
ODD = PAUSED.part(timedelta(minutes=90), timedelta(minutes=610))


def asked_of(model: ModelFile, *windows: Window) -> dict[Need, Window]:
    """All needs over a paused window and parts of it, each with the window under which it is read."""
    asked = {}
    for window in windows or (PAUSED, EVEN, LAST, ODD):
        for need in every_need(model, window):
            apart = window is ODD or need.shape is Shape.ROWS
            asked[need] = window if apart else PAUSED
    return asked


def differences(
    folder: Path, rows: Sequence[Row], model: ModelFile, asked: Mapping[Need, Window], forms: Sequence[str] = FORMATS
) -> list[tuple[str, Need, object, object]]:
    """What each format answers otherwise than the oracle."""
    oracle = Oracle(rows, model)
    expected = {need: told(oracle.answer(need, whole)) for need, whole in asked.items()}
    found = []
    for form in forms:
        answers = a_source(write(folder / f"log.{form}", rows), model).answer(list(asked)).answers
        assert answers.keys() == asked.keys()
        found += [
            (form, need, told(answers[need]), value) for need, value in expected.items() if told(answers[need]) != value
        ]
    return found


@pytest.mark.parametrize(("seed", "form"), list(enumerate(FORMATS)))
def test_a_long_log_answers_every_need_as_the_rows_say(tmp_path: Path, seed: int, form: str) -> None:
    model = a_model(LONG)
    assert differences(tmp_path, random_long(seed, 250), model, asked_of(model), [form]) == []


@pytest.mark.parametrize(("seed", "form"), list(enumerate(FORMATS)))
def test_a_wide_log_answers_every_need_as_the_rows_say(tmp_path: Path, seed: int, form: str) -> None:
    model = a_model(WIDE)
    assert differences(tmp_path, random_wide(seed, 300), model, asked_of(model), [form]) == []


def test_every_format_leaves_out_a_few_repeats_and_absent_numbers_of_a_long_log(tmp_path: Path) -> None:
    model, rows = a_model(LONG), random_long(11, 2_600, spoilt=3)
    assert differences(tmp_path, rows, model, asked_of(model, PAUSED)) == []
    facts = Oracle(rows, model).answer(Need(shape=Shape.ROWS, window=PAUSED))
    assert isinstance(facts, Rows)
    assert facts.duplicates > 0
    assert facts.baseline.not_a_number > 0


def test_every_format_leaves_out_a_few_repeats_and_absent_numbers_of_a_wide_log(tmp_path: Path) -> None:
    model, rows = a_model(WIDE), random_wide(5, 5_000, spoilt=3)
    assert differences(tmp_path, rows, model, asked_of(model, PAUSED)) == []
    facts = Oracle(rows, model).answer(Need(shape=Shape.ROWS, window=PAUSED))
    assert isinstance(facts, Rows)
    assert facts.duplicates > 0
    assert facts.candidate.not_a_number > 0


@pytest.mark.parametrize("minutes", [5, 20, 60])
def test_blocks_in_a_row_are_read_at_once_and_say_what_each_says_alone(tmp_path: Path, minutes: int) -> None:
    model, rows = a_model(LONG), at_one_moment(random_long(21, 400))
    length = timedelta(minutes=minutes)
    ends = [START + hours * HOUR + length for hours in (0, 1, 2, 3, 5, 6)]
    windows = [Window((Interval(end - length, end),), end + 5 * HOUR) for end in ends]
    asked = {
        need: window
        for window in windows
        for need in every_need(model, window)
        if need.shape in OF_BLOCKS and need.clustering is Clustering.ROWS
    }
    source = a_source(write(tmp_path / "log.parquet", rows), model)
    oracle, found = Oracle(rows, model), source.answer(list(asked))
    assert {need: told(found.answers[need]) for need in asked} == {
        need: told(oracle.answer(need, window)) for need, window in asked.items()
    }
    totals = [need for need in asked if need.grouping is Grouping.TOTAL]
    alone = [need for need in totals if asked[need] == windows[-1]]
    assert len(source.answer(totals).queries) - len(source.answer(alone).queries) in (
        0,
        1,
    )  # (whether others are there)


def at_one_moment(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows with each request's mirror scored when it was served, so that both stand in one block."""
    first: dict[object, object] = {}
    return [row | {"requested_at": first.setdefault(row["request_id"], row["requested_at"])} for row in rows]


def test_the_oracle_measures_something_of_every_shape_and_grouping() -> None:
    model = a_model(LONG)
    oracle = Oracle(random_long(0, 250), model)
    measured = {
        (need.shape, need.grouping, need.clustering, need.paired)
        for need in every_need(model, PAUSED)
        if not isinstance(oracle.answer(need), Missing)
    }
    assert len(measured) == 4 * 4 + 2 + 2 * (4 + 2 + 4) + 1 + 1 + 1
