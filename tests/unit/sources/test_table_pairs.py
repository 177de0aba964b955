"""Requests: one id stands once in each arm. Repeats are dropped and counted while they are few, else nothing is answered."""

from datetime import timedelta
from pathlib import Path

import pytest

from builders.logs import (
    BASELINE,
    HOUR,
    START,
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
from model_ratchet.core.evidence import Counts, Grouping, Groups, Need, PairedCounts, PairedMoments, Rows, Shape
from model_ratchet.core.reason import Why

FORMATS = ("parquet", "csv", "jsonl")


@pytest.mark.parametrize("form", FORMATS)
def test_one_id_in_two_arms_is_an_error_where_no_exposure_is_bound(tmp_path: Path, form: str) -> None:
    rows = [*(a_row(n) for n in range(10)), *(a_row(n, version=BASELINE) for n in range(7, 20))]
    source = a_source(write(tmp_path / f"log.{form}", rows), a_model(exposure=""))
    expected = (Why.ID_IN_TWO_ARMS, {"source": "log", "column": "request_id", "rows": 3})
    assert reason(answered(source, counts_of())) == expected
    assert reason(answered(source, rows_of())) == expected


def test_different_ids_in_two_arms_need_no_exposure(tmp_path: Path) -> None:
    rows = [*(a_row(n) for n in range(10)), *(a_row(n, version=BASELINE) for n in range(10, 20))]
    facts = answered(a_source(write(tmp_path / "log.csv", rows), a_model(exposure="")), rows_of())
    assert isinstance(facts, Rows)
    assert (facts.baseline.served, facts.candidate.served, facts.requests, facts.paired) == (10, 10, 20, 0)


@pytest.mark.parametrize("form", FORMATS)
def test_repeats_up_to_one_in_a_thousand_are_dropped_and_the_first_by_time_is_kept(tmp_path: Path, form: str) -> None:
    rows = pairs(999)
    again = rows[10] | {"requested_at": START + HOUR * 3, "p_late": 0.1, "latency_ms": 9_000.0}
    before = rows[20] | {"requested_at": START, "p_late": 0.1}
    source = a_source(write(tmp_path / f"log.{form}", [before, *rows, again]))
    facts = answered(source, rows_of())
    assert isinstance(facts, Rows)
    assert (facts.candidate.rows, facts.duplicates) == (999, 2)
    assert answered(source, counts_of()) == Counts(successes=998, n=999)


@pytest.mark.parametrize("form", FORMATS)
def test_more_repeats_than_one_in_a_thousand_are_an_error_with_their_share(tmp_path: Path, form: str) -> None:
    rows = pairs(499)
    source = a_source(write(tmp_path / f"log.{form}", [*rows, rows[0], rows[1]]))
    expected = (Why.DUPLICATES, {"source": "log", "column": "request_id", "share": 0.002})
    assert reason(answered(source, counts_of())) == expected
    assert reason(answered(source, rows_of())) == expected


def test_rows_without_a_request_id_are_repeats_of_each_other(tmp_path: Path) -> None:
    rows = [row | {"request_id": None} if n < 4 else row for n, row in enumerate(pairs(100))]
    assert reason(answered(a_source(write(tmp_path / "log.jsonl", rows)), rows_of()))[0] is Why.DUPLICATES


def test_a_pair_stands_in_the_hour_of_its_earlier_row(tmp_path: Path) -> None:
    late = START + HOUR - timedelta(seconds=1)
    rows = [
        a_row(0, requested_at=late),
        a_row(0, version=BASELINE, mode="shadow", requested_at=late + timedelta(seconds=2), p_late=0.2),
        a_row(1, version=BASELINE, requested_at=START + 2 * HOUR, p_late=0.2, late=0.0),
    ]
    need = Need(shape=Shape.PAIRED_COUNTS, window=a_window(), metric="accuracy", grouping=Grouping.HOUR)
    found = answered(a_source(write(tmp_path / "log.parquet", rows)), need)
    alone = PairedCounts(both=0, only_baseline=0, only_candidate=1, neither=0)
    assert found == Groups(groups=(("0", alone),))


def test_pairs_across_a_pause_stay_pairs(tmp_path: Path) -> None:
    rows = [
        a_row(0, requested_at=START + 0.5 * HOUR),
        a_row(0, version=BASELINE, mode="shadow", requested_at=START + 5.5 * HOUR),
        a_row(1, requested_at=START + 0.5 * HOUR),
        a_row(1, version=BASELINE, mode="shadow", requested_at=START + 3 * HOUR),
    ]
    need = Need(shape=Shape.PAIRED_COUNTS, window=a_window((0, 1), (5, 6)), metric="accuracy")
    found = answered(a_source(write(tmp_path / "log.parquet", rows)), need)
    assert found == PairedCounts(both=1, only_baseline=0, only_candidate=0, neither=0)


def test_pairs_of_a_duration_are_compared_in_whole_microseconds(tmp_path: Path) -> None:
    rows = [
        *(row | {"latency_ms": 100.0} for row in pairs(3)),
        a_row(5, latency_ms=0.0015),
        a_row(5, version=BASELINE, mode="shadow", latency_ms=2.0),
    ]
    need = Need(shape=Shape.MOMENTS, window=a_window(), metric="latency", paired=True)
    found = answered(a_source(write(tmp_path / "log.csv", rows)), need)
    d = 2 - 2_000
    assert found == PairedMoments(
        clusters=4, n=4, baseline=302_000, candidate=300_002, mm=4, md=d, dd=d * d, unit=1_000_000
    )
