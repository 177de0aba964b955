"""Times: a zone in the value, or in the model file, or no answer; windows of several intervals count active time only."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from builders.logs import (
    HOUR,
    START,
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
from model_ratchet.core.evidence import (
    Arm,
    Counts,
    Grouping,
    Groups,
    Interval,
    Labels,
    Missing,
    Need,
    Rows,
    Shape,
    Window,
)
from model_ratchet.core.reason import Why
from model_ratchet.documents.model import ModelFile
from model_ratchet.report.reasons import sentence

FORMATS = ("parquet", "csv", "jsonl")
BERLIN = ZoneInfo("Europe/Berlin")
ZONED = "{column: requested_at, timezone: Europe/Berlin}"
HOURS = Need(
    shape=Shape.COUNTS, window=a_window((0, 3)), metric="errors", arms=(Arm.CANDIDATE,), grouping=Grouping.HOUR
)


def naive(rows: list[Row], zone: ZoneInfo, *columns: str) -> list[Row]:
    """The rows with these columns as a clock in that zone shows them."""

    def shown(value: object) -> object:
        assert isinstance(value, datetime)
        return value.astimezone(zone).replace(tzinfo=None)

    return [row | {name: shown(row[name]) for name in columns} for row in rows]


def hourly() -> list[Row]:
    """One row in the first hour, two in the second, three in the third, and one just outside at each end."""
    at = [START + k * HOUR + timedelta(minutes=7 * n) for k in range(3) for n in range(k + 1)]
    edges = [START - timedelta(microseconds=1), START + 3 * HOUR]
    return [a_row(n, requested_at=moment) for n, moment in enumerate([*at, *edges])]


EXPECTED = Groups(groups=tuple((str(hour), Counts(successes=0, n=hour + 1)) for hour in range(3)))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("column", ["requested_at", "label_time"])
def test_naive_times_are_an_error_without_a_zone_in_the_model_file(tmp_path: Path, form: str, column: str) -> None:
    source = a_source(write(tmp_path / f"log.{form}", naive(pairs(20), BERLIN, column)))
    expected = (Why.TIME_NAIVE, {"source": "log", "column": column})
    assert reason(answered(source, counts_of())) == expected
    if column == "requested_at":
        assert reason(answered(source, rows_of())) == expected
    else:
        assert isinstance(answered(source, rows_of()), Rows)
        assert answered(source, counts_of("errors")) == Counts(successes=0, n=20)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("column", ["requested_at", "label_time"])
def test_one_naive_time_among_others_is_an_error(tmp_path: Path, form: str, column: str) -> None:
    rows = pairs(2_000)
    rows[5:6] = naive(rows[5:6], BERLIN, column)
    source = a_source(write(tmp_path / f"log.{form}", rows))
    assert reason(answered(source, counts_of())) == (Why.TIME_NAIVE, {"source": "log", "column": column})


@pytest.mark.parametrize("bare", ["a", "b"])
@pytest.mark.parametrize("model", [a_model(), a_model(time=ZONED)], ids=["no zone", "zone"])
def test_files_with_and_without_a_zone_are_not_read_together(tmp_path: Path, bare: str, model: ModelFile) -> None:
    rows = pairs(40)
    for name, part in (("a", rows[:40]), ("b", rows[40:])):
        write(tmp_path / f"{name}.parquet", naive(part, BERLIN, "requested_at") if name == bare else part)
    why, parameters = reason(answered(a_source(tmp_path / "*.parquet", model), counts_of()))
    assert why is Why.COLUMN_MISTYPED
    assert parameters["type"] == "times with a zone in some files and without one in others"


def test_what_is_wrong_with_a_column_names_its_file_as_the_sources_file_spells_it(tmp_path: Path) -> None:
    write(tmp_path / "log.parquet", naive(pairs(20), BERLIN, "requested_at"))
    found = answered(a_source("${LOGS}/log.parquet", environ={"LOGS": str(tmp_path)}), counts_of())
    assert isinstance(found, Missing)
    assert sentence(found.reason) == (
        "the times in column requested_at of log (${LOGS}/log.parquet) have no zone: "
        "name it in the model file, `time.timezone`"
    )


@pytest.mark.parametrize("form", FORMATS)
def test_naive_times_are_read_in_the_zone_of_the_model_file(tmp_path: Path, form: str) -> None:
    rows = naive(hourly(), BERLIN, "requested_at", "label_time")
    source = a_source(write(tmp_path / f"log.{form}", rows), a_model(time=ZONED))
    assert answered(source, HOURS) == EXPECTED
    labels = Need(shape=Shape.LABELS, window=a_window((0, 3), labels=-1), metric="accuracy", arms=(Arm.CANDIDATE,))
    assert answered(source, labels) == Labels(labelled=2, rows=6)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("zone", [UTC, BERLIN, timezone(timedelta(hours=-9, minutes=-30)), ZoneInfo("Asia/Kathmandu")])
def test_times_with_a_zone_mean_the_same_instant_in_any_zone(tmp_path: Path, form: str, zone: tzinfo) -> None:
    rows = [row | {"requested_at": _in(row["requested_at"], zone)} for row in hourly()]
    schema = None
    if form == "parquet" and isinstance(zone, ZoneInfo):
        found = pa.Table.from_pylist(rows).schema
        kind = pa.timestamp("us", tz=zone.key)
        schema = found.set(found.get_field_index("requested_at"), pa.field("requested_at", kind))
    for model in (a_model(), a_model(time=ZONED)):
        assert answered(a_source(write(tmp_path / f"log.{form}", rows, schema), model), HOURS) == EXPECTED


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", None])
def test_parquet_times_of_any_resolution_are_read(tmp_path: Path, unit: str, zone: str | None) -> None:
    rows = [row for row in hourly() if _whole(row["requested_at"])]
    rows = rows if zone else naive(rows, ZoneInfo("UTC"), "requested_at")
    found = pa.Table.from_pylist(rows).schema
    field = pa.field("requested_at", pa.timestamp(unit, tz=zone))
    schema = found.set(found.get_field_index("requested_at"), field)
    model = a_model(time="{column: requested_at, timezone: UTC}")
    assert answered(a_source(write(tmp_path / "log.parquet", rows, schema), model), HOURS) == EXPECTED


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_times_are_read_in_the_usual_spellings(tmp_path: Path, form: str) -> None:
    spellings = (
        "2025-08-04T09:00:00Z",
        "2025-08-04 10:30:00+00:00",
        "2025-08-04T12:30:00.5+02:00",
        "2025-08-04T11:00:00.000001Z",
        "2025-08-04 13:10:00+02",
        "2025-08-04T07:30:00-0400",
    )
    rows: list[Row] = [a_row(n) for n in range(len(spellings))]
    spelled: list[Row] = [row | {"requested_at": text} for row, text in zip(rows, spellings, strict=True)]
    found = answered(a_source(write(tmp_path / f"log.{form}", spelled)), HOURS)
    counts: Mapping[str, int] = {"0": 1, "1": 2, "2": 3}
    assert found == Groups(groups=tuple((hour, Counts(successes=0, n=n)) for hour, n in counts.items()))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("text", ["yesterday", "2025-13-45T00:00:00Z", "1754298000"])
def test_a_text_that_is_no_time_is_a_mistyped_column(tmp_path: Path, form: str, text: str) -> None:
    rows = pairs(20)
    rows[7]["requested_at"] = text
    source = a_source(write(tmp_path / f"log.{form}", rows))
    expected = (Why.COLUMN_MISTYPED, {"source": "log", "column": "requested_at", "type": "text that is no time"})
    assert reason(answered(source, counts_of())) == expected


def test_a_number_as_a_time_is_a_mistyped_column(tmp_path: Path) -> None:
    rows: list[Row] = [row | {"requested_at": 1_754_298_000} for row in pairs(20)]
    source = a_source(write(tmp_path / "log.parquet", rows))
    expected = (Why.COLUMN_MISTYPED, {"source": "log", "column": "requested_at", "type": "BIGINT"})
    assert reason(answered(source, counts_of())) == expected


@pytest.mark.parametrize("form", FORMATS)
def test_rows_without_a_time_are_an_error_above_one_in_a_thousand(tmp_path: Path, form: str) -> None:
    rows = pairs(50)
    rows[3]["requested_at"] = None
    source = a_source(write(tmp_path / f"log.{form}", rows))
    expected = (Why.NOT_A_NUMBER, {"source": "log", "column": "requested_at", "share": 0.01})
    assert reason(answered(source, counts_of())) == expected


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_date_is_midnight_in_the_zone_of_the_model_file(tmp_path: Path, form: str) -> None:
    day = Window(
        (Interval(datetime(2025, 8, 3, 22, tzinfo=UTC), datetime(2025, 8, 4, 22, tzinfo=UTC)),), START + 99 * HOUR
    )
    rows: list[Row] = [a_row(n) | {"requested_at": START.date() + timedelta(days=n - 1)} for n in range(3)]
    source = a_source(write(tmp_path / f"log.{form}", rows), a_model(time=ZONED))
    assert answered(source, counts_of("errors", window=day)) == Counts(successes=0, n=1)
    assert reason(answered(a_source(tmp_path / f"log.{form}"), counts_of(window=day)))[0] is Why.TIME_NAIVE


def test_an_hour_that_clocks_skip_or_repeat_loses_no_row(tmp_path: Path) -> None:
    night = datetime(2025, 10, 25, 20, tzinfo=UTC)
    window = Window((Interval(night, night + 10 * HOUR),), night + 99 * HOUR)
    clock = [datetime(2025, 10, 26, hour, 30) for hour in range(6)]  # noqa: DTZ001  (a clock without a zone)
    rows: list[Row] = [a_row(n) | {"requested_at": shown} for n, shown in enumerate(clock)]
    source = a_source(write(tmp_path / "log.csv", rows), a_model(time=ZONED))
    assert answered(source, counts_of("errors", window=window)) == Counts(successes=0, n=6)


def test_the_newest_row_is_told_to_the_microsecond_across_pauses(tmp_path: Path) -> None:
    moments = [START + 0.5 * HOUR, START + 5 * HOUR + timedelta(microseconds=123_457), START + 7 * HOUR]
    source = a_source(write(tmp_path / "log.parquet", [a_row(n, requested_at=at) for n, at in enumerate(moments)]))
    facts = answered(source, rows_of(a_window((0, 1), (4, 6))))
    assert isinstance(facts, Rows)
    assert facts.newest == moments[1]
    assert facts.by_hour == ((0, 1), (2, 1))


def test_rows_in_a_pause_do_not_count_and_its_edges_do_as_a_window_says(tmp_path: Path) -> None:
    moments = [START, START + HOUR - timedelta(microseconds=1), START + HOUR, START + 4 * HOUR, START + 6 * HOUR]
    source = a_source(write(tmp_path / "log.csv", [a_row(n, requested_at=at) for n, at in enumerate(moments)]))
    assert answered(source, counts_of("errors", window=a_window((0, 1), (4, 6)))) == Counts(successes=0, n=3)


def _in(moment: object, zone: tzinfo) -> datetime:
    assert isinstance(moment, datetime)
    return moment.astimezone(zone)


def _whole(moment: object) -> bool:
    assert isinstance(moment, datetime)
    return moment.microsecond == 0
