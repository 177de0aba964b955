"""Versions and exposures: rows of others are left out and counted, rows of nobody are an error with their column."""

from pathlib import Path

import pytest

from builders.logs import (
    BASELINE,
    CANDIDATE,
    OTHER,
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
from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Arm, Categories, Counts, Grouping, Groups, Missing, Need, Rows, Shape
from model_ratchet.core.reason import Why

FORMATS = ("parquet", "csv", "jsonl")


@pytest.mark.parametrize("form", FORMATS)
def test_a_row_without_a_version_is_an_error(tmp_path: Path, form: str) -> None:
    rows = [*pairs(20), a_row(30, version=None), a_row(31, version=None)]
    source = a_source(write(tmp_path / f"log.{form}", rows))
    expected = (Why.ARM_NULL, {"source": "log", "column": "version", "rows": 2})
    assert reason(answered(source, counts_of())) == expected
    assert reason(answered(source, rows_of())) == expected


@pytest.mark.parametrize("form", FORMATS)
def test_a_row_of_an_unknown_version_is_an_error_that_names_it(tmp_path: Path, form: str) -> None:
    strange = "v9.9.9_20250101_000000"
    rows = [*pairs(20), a_row(30, version=strange), a_row(31, version="v9.9.10_20250101_000000")]
    source = a_source(write(tmp_path / f"log.{form}", rows))
    parameters = {"source": "log", "column": "version", "version": "v9.9.10_20250101_000000", "rows": 2}
    assert reason(answered(source, counts_of())) == (Why.ARM_UNKNOWN, parameters)


@pytest.mark.parametrize("word", ["ann@example.com", "1.2.3", "v9.9.9"])
def test_a_word_that_is_no_version_is_an_error_that_repeats_no_row(tmp_path: Path, word: str) -> None:
    source = a_source(write(tmp_path / "log.csv", [*pairs(20), a_row(30, version=word)]))
    parameters = {"source": "log", "column": "version", "version": "(no version)", "rows": 1}
    assert reason(answered(source, counts_of())) == (Why.ARM_UNKNOWN, parameters)


def test_a_row_of_an_unknown_version_outside_the_window_is_nobodys_concern(tmp_path: Path) -> None:
    late = a_window((30, 31)).start
    rows = [*pairs(20), a_row(30, version="v9.9.9_20250101_000000", requested_at=late)]
    assert answered(a_source(write(tmp_path / "log.csv", rows)), counts_of()) == Counts(successes=20, n=20)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("word", ["replayed", None])
def test_an_unknown_exposure_word_is_an_error_that_repeats_no_row(tmp_path: Path, form: str, word: str | None) -> None:
    source = a_source(write(tmp_path / f"log.{form}", [*pairs(20), a_row(30, mode=word)]))
    parameters = {"source": "log", "column": "mode", "rows": 1}
    assert reason(answered(source, rows_of())) == (Why.EXPOSURE_UNKNOWN, parameters)


def test_an_exposure_word_of_another_version_is_not_looked_at(tmp_path: Path) -> None:
    rows = [*pairs(20), a_row(30, version=OTHER, mode="replayed")]
    assert answered(a_source(write(tmp_path / "log.parquet", rows)), counts_of()) == Counts(successes=20, n=20)


@pytest.mark.parametrize("form", FORMATS)
def test_rows_of_other_known_versions_are_left_out_and_counted(tmp_path: Path, form: str) -> None:
    rows = [*pairs(20), a_row(30, version=OTHER), a_row(31, version=OTHER), a_row(32, version="v1.8.0_20250101_090000")]
    versions = Versions(candidate=CANDIDATE, baseline=BASELINE, others=frozenset({OTHER, "v1.8.0_20250101_090000"}))
    facts = answered(a_source(write(tmp_path / f"log.{form}", rows), versions=versions), rows_of())
    assert isinstance(facts, Rows)
    assert facts.others == (("v1.8.0_20250101_090000", 1), (OTHER, 2))
    assert (facts.baseline.rows, facts.candidate.rows, facts.requests, facts.paired) == (20, 20, 20, 20)


def test_without_a_baseline_only_the_candidate_is_known(tmp_path: Path) -> None:
    versions = Versions(candidate=CANDIDATE, baseline=None, others=frozenset())
    alone = [row for row in pairs(20) if row["version"] == CANDIDATE]
    source = a_source(write(tmp_path / "alone.csv", alone), versions=versions)
    assert answered(source, counts_of()) == Counts(successes=20, n=20)
    missing = answered(source, counts_of(arm=Arm.BASELINE))
    assert isinstance(missing, Missing)
    assert (missing.reason.why, missing.lasting) == (Why.NO_ROWS, False)
    both = a_source(write(tmp_path / "both.csv", pairs(20)), versions=versions)
    assert reason(answered(both, counts_of()))[0] is Why.ARM_UNKNOWN


X, Y = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def test_units_served_rows_and_reported_digests_are_counted_by_arm(tmp_path: Path) -> None:
    rows = [
        *(a_row(n, user_id=f"u{n % 3}", digest=X) for n in range(9)),
        *(a_row(n, version=BASELINE, mode="shadow", user_id="u9", digest=None) for n in range(9)),
        *(a_row(n, version=BASELINE, user_id=f"u{n}", digest=Y) for n in range(20, 24)),
        a_row(30, version=BASELINE, user_id=None, digest=Y),
        a_row(31, version=BASELINE, user_id=None, digest="ann@example.com"),
    ]
    facts = answered(a_source(write(tmp_path / "log.parquet", rows)), rows_of())
    assert isinstance(facts, Rows)
    assert (facts.candidate.rows, facts.candidate.served, facts.candidate.units) == (9, 9, 3)
    assert (facts.baseline.rows, facts.baseline.served, facts.baseline.units) == (15, 6, 4)
    assert facts.candidate.digests == ((X, 9),)
    assert facts.baseline.digests == (("", 9), ("(no digest)", 1), (Y, 5))


def test_without_a_digest_column_in_the_model_file_no_digest_is_reported(tmp_path: Path) -> None:
    facts = answered(a_source(write(tmp_path / "log.csv", pairs(5)), a_model(digest="")), rows_of())
    assert isinstance(facts, Rows)
    assert facts.candidate.digests is None


def test_a_segment_value_with_fewer_than_ten_rows_in_an_arm_is_merged_with_the_others(tmp_path: Path) -> None:
    sizes = {"AAA": 10, "BBB": 9, "CCC": 12}
    numbered = [value for value, size in sizes.items() for _ in range(size)]
    rows = [row for n, value in enumerate(numbered) for row in _pair(n, value)]
    need = Need(shape=Shape.CATEGORIES, window=a_window(), segment="origin", arms=(Arm.CANDIDATE,))
    source = a_source(write(tmp_path / "log.csv", rows))
    assert answered(source, need) == Categories(counts=(("AAA", 10), ("CCC", 12), ("other", 9)))
    thin = [row for row in rows if not (row["version"] == BASELINE and row["request_id"] == "r000000")]
    source = a_source(write(tmp_path / "thin.csv", thin))
    assert answered(source, need) == Categories(counts=(("CCC", 12), ("other", 19)))


def test_listed_segment_values_are_told_apart_and_all_others_are_other(tmp_path: Path) -> None:
    rows = [
        a_row(100 * k + n, carrier=value, version=version)
        for k, (value, version) in enumerate((v, w) for v in ("AA", "CC", None, "BB") for w in (CANDIDATE, BASELINE))
        for n in range(10)
    ]
    need = Need(
        shape=Shape.COUNTS,
        window=a_window(),
        metric="errors",
        arms=(Arm.BASELINE,),
        grouping=Grouping.SEGMENT,
        segment="carrier",
    )
    found = answered(a_source(write(tmp_path / "log.jsonl", rows)), need)
    assert isinstance(found, Groups)
    assert dict(found.groups) == {name: Counts(successes=0, n=10) for name in ("(none)", "AA", "BB", "other")}


def test_a_window_without_rows_is_missing_until_rows_come(tmp_path: Path) -> None:
    source = a_source(write(tmp_path / "log.csv", pairs(20)))
    for need in (counts_of(window=a_window((40, 50))), rows_of(a_window((40, 50)))):
        found = answered(source, need)
        assert isinstance(found, Missing)
        assert (found.reason.why, found.lasting) == (Why.NO_ROWS, False)


def _pair(number: int, origin: str) -> list[dict[str, object]]:
    row = a_row(number, origin=origin)
    return [row, row | {"version": BASELINE, "mode": "shadow"}]
