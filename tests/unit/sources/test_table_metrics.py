"""Metrics of a row: labels that came in time, labels that are no outcome, and numbers that are none."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders.logs import (
    HOUR,
    LONG,
    START,
    WIDE,
    Row,
    a_model,
    a_row,
    a_source,
    a_window,
    answered,
    counts_of,
    pairs,
    reason,
    rows_of,
    write,
)
from model_ratchet.core.evidence import Arm, Counts, Labels, LogHistogram, Need, QuantileCounts, Rows, Shape, Window
from model_ratchet.core.reason import Why

FORMATS = ("parquet", "csv", "jsonl")
BAD = (float("nan"), float("inf"), float("-inf"), None)


def labels_of(window: Window | None = None, metric: str = "accuracy") -> Need:
    return Need(shape=Shape.LABELS, window=window or a_window(), metric=metric, arms=(Arm.CANDIDATE,))


@pytest.mark.parametrize("form", FORMATS)
def test_a_label_counts_if_it_arrived_by_the_instant_of_reading(tmp_path: Path, form: str) -> None:
    window = a_window((0, 2), labels=6)
    until = window.labels_until
    arrivals = (until, until + timedelta(microseconds=1), until - 2 * HOUR, None)
    rows = [a_row(n, label_time=at) for n, at in enumerate(arrivals)]
    source = a_source(write(tmp_path / f"log.{form}", rows))
    assert answered(source, labels_of(window)) == Labels(labelled=2, rows=4)
    assert answered(source, counts_of(window=window)) == Counts(successes=2, n=2)
    later = Window(window.intervals, until + HOUR)
    assert answered(source, labels_of(later)) == Labels(labelled=3, rows=4)


def test_a_label_that_never_came_counts_against_coverage(tmp_path: Path) -> None:
    rows = [a_row(n, late=None if n < 3 else 1.0) for n in range(10)]
    assert answered(a_source(write(tmp_path / "log.csv", rows)), labels_of()) == Labels(labelled=7, rows=10)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", [float, str])
def test_a_class_that_is_not_a_number_is_no_label_and_no_prediction(
    tmp_path: Path, form: str, kind: Callable[[float], object]
) -> None:
    nan = float("nan")
    rows = [a_row(n, said=kind(n % 3 + 0.5), word=kind(nan if n < 2 else n % 3 + 0.5)) for n in range(10)]
    source = a_source(write(tmp_path / f"labels.{form}", rows))
    assert answered(source, labels_of(metric="matches")) == Labels(labelled=8, rows=10)
    assert answered(source, counts_of("matches")) == Counts(successes=8, n=8)
    source = a_source(write(tmp_path / f"both.{form}", [rows[0] | {"said": kind(nan)}, *rows[1:]]))
    expected = (Why.NOT_A_NUMBER, {"source": "log", "column": "said", "share": 0.1})
    assert reason(answered(source, counts_of("matches"))) == expected


def test_without_a_column_of_arrivals_every_label_has_come(tmp_path: Path) -> None:
    rows = [a_row(n, label_time=START + 900 * HOUR) for n in range(10)]
    model = a_model(labels="{mature_after: 6h, min_coverage: 90%}")
    assert answered(a_source(write(tmp_path / "log.csv", rows), model), labels_of()) == Labels(labelled=10, rows=10)


@pytest.mark.parametrize("form", FORMATS)
def test_excluded_labels_are_taken_out_before_coverage_is_counted(tmp_path: Path, form: str) -> None:
    rows = [
        a_row(n, late=(0.5, 0.5, 1.0, 0.0, None)[n], word=("cancelled", "late", "late", None, "early")[n])
        for n in range(5)
    ]
    source = a_source(write(tmp_path / f"log.{form}", rows))
    assert answered(source, labels_of()) == Labels(labelled=2, rows=3, excluded=2)
    assert answered(source, labels_of(metric="matches")) == Labels(labelled=3, rows=4, excluded=1)
    assert answered(source, counts_of()) == Counts(successes=1, n=2)


def test_an_excluded_label_that_has_not_come_yet_is_not_known_to_be_one(tmp_path: Path) -> None:
    rows = [a_row(n, late=0.5, label_time=None) for n in range(4)]
    assert answered(a_source(write(tmp_path / "log.csv", rows)), labels_of()) == Labels(labelled=0, rows=4)


@pytest.mark.parametrize("form", FORMATS)
def test_an_excluded_label_beside_an_absent_score_is_no_unknown_label(tmp_path: Path, form: str) -> None:
    rows = [*pairs(1_000), a_row(2_000, late=0.5, p_late=float("nan"))]
    source = a_source(write(tmp_path / f"log.{form}", rows))
    assert answered(source, counts_of()) == Counts(successes=1_000, n=1_000)


@pytest.mark.parametrize("form", FORMATS)
def test_a_label_that_is_neither_true_nor_false_is_an_error_that_repeats_no_row(tmp_path: Path, form: str) -> None:
    rows = [*pairs(20), a_row(30, late=2.0)]
    source = a_source(write(tmp_path / f"log.{form}", rows))
    expected = (Why.LABEL_UNKNOWN, {"source": "log", "column": "late"})
    assert reason(answered(source, counts_of())) == expected
    assert answered(source, counts_of("errors")) == Counts(successes=0, n=21)


def test_labels_are_read_as_truth_in_words_numbers_and_booleans(tmp_path: Path) -> None:
    for name, values in {
        "a.jsonl": ("true", "False"),
        "b.jsonl": (1, 0),
        "c.parquet": (True, False),
        "d.csv": ("1.0", "0"),
    }.items():
        rows: list[Row] = [a_row(n, late=values[n % 2]) for n in range(10)]
        assert answered(a_source(write(tmp_path / name, rows)), counts_of()) == Counts(successes=5, n=10), name


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize(("metric", "column"), [("accuracy", "p_late"), ("latency", "latency_ms"), ("fare", "fare")])
def test_numbers_that_are_none_are_an_error_above_one_in_a_thousand(
    tmp_path: Path, form: str, value: float | None, metric: str, column: str
) -> None:
    rows = [*pairs(99), *(a_row(n, **{column: value if n == 300 else 0.75}) for n in (300, 301))]
    rows = [row | {column: 0.5 + n / 1000} if n < 198 else row for n, row in enumerate(rows)]
    source = a_source(write(tmp_path / f"log.{form}", rows))
    expected = (Why.NOT_A_NUMBER, {"source": "log", "column": column, "share": 0.005})
    need = Need(shape=Shape.MOMENTS, window=a_window(), metric=metric)
    assert reason(answered(source, need)) == expected
    other = "latency" if metric == "fare" else "fare"
    found = answered(source, Need(shape=Shape.LOG_HISTOGRAM, window=a_window(), metric=other, arms=(Arm.CANDIDATE,)))
    assert isinstance(found, LogHistogram)


@pytest.mark.parametrize("form", FORMATS)
def test_up_to_one_number_in_a_thousand_that_is_none_is_left_out_and_counted(tmp_path: Path, form: str) -> None:
    rows = [row | {"p_late": 0.501 + n / 10_000} for n, row in enumerate(pairs(1_000))]
    rows[0]["p_late"], rows[2]["p_late"] = float("nan"), float("inf")
    source = a_source(write(tmp_path / f"log.{form}", rows))
    assert answered(source, counts_of()) == Counts(successes=998, n=998)
    facts = answered(source, rows_of())
    assert isinstance(facts, Rows)
    assert (facts.candidate.not_a_number, facts.baseline.not_a_number, facts.candidate.rows) == (2, 0, 1_000)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_text_that_is_no_number_is_a_mistyped_column(tmp_path: Path, form: str) -> None:
    rows = [*pairs(2_000), a_row(5_000, p_late="high")]
    source = a_source(write(tmp_path / f"log.{form}", rows))
    assert reason(answered(source, counts_of())) == (
        Why.COLUMN_MISTYPED,
        {"source": "log", "column": "p_late", "type": "text that is no number"},
    )


@pytest.mark.parametrize("form", FORMATS)
def test_a_wide_log_names_both_score_columns(tmp_path: Path, form: str) -> None:
    kept = ("request_id", "requested_at", "late", "label_time", "user_id", "service_date", "origin", "carrier")
    rows = [{name: a_row(n)[name] for name in kept} | {"p_baseline": 0.4, "p_candidate": 0.6} for n in range(50)]
    rows[7]["p_candidate"] = float("nan")
    source = a_source(write(tmp_path / f"log.{form}", rows), a_model(WIDE))
    parameters = {"source": "log", "column": "p_baseline, p_candidate", "share": 0.01}
    assert reason(answered(source, counts_of())) == (Why.NOT_A_NUMBER, parameters)


def test_a_flag_of_the_own_source_counts_a_null_as_no_number(tmp_path: Path) -> None:
    rows = [*pairs(99), a_row(300, error=None), a_row(301)]
    source = a_source(write(tmp_path / "log.csv", rows))
    assert reason(answered(source, counts_of("errors")))[0] is Why.NOT_A_NUMBER


@pytest.mark.parametrize(("threshold", "right"), [("> 0.5", 1), (">= 0.5", 2)])
def test_a_score_at_the_threshold_is_beyond_it_only_where_the_model_file_says_so(
    tmp_path: Path, threshold: str, right: int
) -> None:
    rows = [a_row(0, p_late=0.5), a_row(1, p_late=0.500001), a_row(2, p_late=0.499999)]
    text = LONG.replace('threshold: "> 0.5"', f'threshold: "{threshold}"')
    source = a_source(write(tmp_path / "log.csv", rows), a_model(text))
    assert answered(source, counts_of()) == Counts(successes=right, n=3)


@pytest.mark.parametrize(("unit", "value"), [("us", 250_000.0), ("ms", 250.0), ("s", 0.25)])
def test_durations_are_compared_with_a_limit_in_seconds(tmp_path: Path, unit: str, value: float) -> None:
    rows = [a_row(n, latency_ms=value * (1 + (n - 2) / 1_000)) for n in range(5)]
    text = LONG.replace("unit: ms", f"unit: {unit}")
    source = a_source(write(tmp_path / "log.parquet", rows), a_model(text))
    need = Need(shape=Shape.QUANTILE_COUNTS, window=a_window(), metric="latency", arms=(Arm.CANDIDATE,), limit=0.25)
    assert answered(source, need) == QuantileCounts(at_or_below=3, n=5, maximum=0.2505)


def test_two_limits_of_one_metric_are_counted_apart(tmp_path: Path) -> None:
    rows = [a_row(n, latency_ms=100.0 * n) for n in range(10)]
    source = a_source(write(tmp_path / "log.csv", rows))
    needs = [
        Need(shape=Shape.QUANTILE_COUNTS, window=a_window(), metric="latency", arms=(Arm.CANDIDATE,), limit=limit)
        for limit in (0.2, 0.5, 0.0)
    ]
    answers = source.answer(needs).answers
    assert [answers[need] for need in needs] == [QuantileCounts(at_or_below=k, n=10, maximum=0.9) for k in (3, 6, 1)]


def test_labels_may_come_before_their_request_is_stored(tmp_path: Path) -> None:
    at: datetime = START
    rows = [a_row(0, label_time=at - HOUR)]
    assert answered(a_source(write(tmp_path / "log.parquet", rows)), labels_of()) == Labels(labelled=1, rows=1)
