"""Every engine gives the same numbers: the same rows in files, in PostgreSQL and on a Spark cluster, asked the same needs."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlglot import exp

from builders.databases import in_files, in_postgresql, in_spark, source_at
from builders.logs import (
    BASELINE,
    CANDIDATE,
    LONG,
    START,
    WIDE,
    Row,
    a_model,
    a_row,
    a_window,
    counts_of,
    random_long,
    random_wide,
    reason,
)
from builders.needs import every_need
from builders.wagers import BOTH, PRICED, priced, random_events
from components import postgresql
from model_ratchet.core.evidence import Arm, Grouping, Measurement, Missing, Need, Shape, Window
from model_ratchet.core.reason import Why
from model_ratchet.criteria.integration import IntegrationFacts, stage_needs
from model_ratchet.documents.model import ModelFile
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.open import base_needs
from model_ratchet.sources.table_sql import cast, column, number

PAUSED = a_window((0, 5), (7 + 1 / 3, 11 + 1 / 12), (12, 16.5))
ZONED = "{column: requested_at, timezone: Europe/Berlin}"


@pytest.fixture(scope="module")
def database() -> Iterator[postgresql.Server]:
    with postgresql.serving() as server:
        yield server


def naive(rows: Sequence[Row]) -> list[Row]:
    """The rows with their times as a clock in Berlin shows them."""
    zone = ZoneInfo("Europe/Berlin")
    names = ("requested_at", "label_time")
    return [
        row | {name: row[name].astimezone(zone).replace(tzinfo=None) if row[name] else None for name in names}  # type: ignore[attr-defined]
        for row in rows
    ]


LOGS: dict[str, tuple[ModelFile, list[Row]]] = {
    "long": (a_model(LONG), random_long(0, 250)),
    "repeated": (a_model(LONG), random_long(11, 2_600, spoilt=3)),
    "wide": (a_model(WIDE), random_wide(5, 5_000, spoilt=3)),
    "naive": (a_model(LONG, time=ZONED), naive(random_long(3, 250))),
}


def base(model: ModelFile, window: Window) -> list[Need]:
    """What is gathered of every stage."""
    return [need for paired in (True, False) for need in base_needs(model, "canary", window, paired=paired)]


def answers(described: str, model: ModelFile, needs: Sequence[Need]) -> dict[Need, Measurement | Missing]:
    return dict(source_at(described, model).answer(needs).answers)


def different(
    one: dict[Need, Measurement | Missing], other: dict[Need, Measurement | Missing]
) -> list[tuple[Need, object, object]]:
    assert one.keys() == other.keys()
    return [(need, one[need], other[need]) for need in one if one[need] != other[need]]


def measured(found: dict[Need, Measurement | Missing]) -> int:
    return sum(1 for answer in found.values() if not isinstance(answer, Missing))


@pytest.mark.parametrize("name", LOGS)
def test_postgresql_gives_the_numbers_of_the_embedded_engine(
    tmp_path: Path, database: postgresql.Server, name: str
) -> None:
    model, rows = LOGS[name]
    needs = list(every_need(model, PAUSED))
    files = answers(in_files(tmp_path, rows), model, needs)
    assert measured(files) > 30
    assert different(files, answers(in_postgresql(database, name, rows), model, needs)) == []


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize("name", LOGS)
def test_spark_gives_the_numbers_of_the_embedded_engine(tmp_path: Path, cluster: tuple[str, Path], name: str) -> None:
    model, rows = LOGS[name]
    needs = list(every_need(model, PAUSED)) if name == "long" else base(model, PAUSED)
    files = answers(in_files(tmp_path, rows), model, needs)
    assert measured(files) > 10
    url, folder = cluster
    assert different(files, answers(in_spark(url, folder, name, rows), model, needs)) == []


WAGERS = random_events(7, 500)
OF_WAGERS = [
    *base(BOTH, PAUSED),
    *(
        Need(
            shape=Shape.SCORES,
            window=PAUSED,
            metric="forecast",
            arms=(arm,),
            grouping=Grouping.SEGMENT,
            segment="league",
        )
        for arm in Arm
    ),
]


IN_SEGMENTS = stage_needs(
    IntegrationFacts(score="forecast", segments="league", bets="bets", market=True), "canary", PAUSED
).every


def test_postgresql_gives_the_same_offers_by_segment_and_part_of_a_stage(
    tmp_path: Path, database: postgresql.Server
) -> None:
    rows = priced(WAGERS)
    files = answers(in_files(tmp_path, rows), PRICED, IN_SEGMENTS)
    assert measured(files) > 15
    assert different(files, answers(in_postgresql(database, "priced", rows), PRICED, IN_SEGMENTS)) == []


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
def test_spark_gives_the_same_offers_by_segment_and_part_of_a_stage(tmp_path: Path, cluster: tuple[str, Path]) -> None:
    url, folder = cluster
    rows = priced(WAGERS)
    files = answers(in_files(tmp_path, rows), PRICED, IN_SEGMENTS)
    assert different(files, answers(in_spark(url, folder, "priced", rows), PRICED, IN_SEGMENTS)) == []


def test_postgresql_gives_the_same_scores_and_bets(tmp_path: Path, database: postgresql.Server) -> None:
    files = answers(in_files(tmp_path, WAGERS), BOTH, OF_WAGERS)
    assert measured(files) == len(set(OF_WAGERS)) > 20
    assert different(files, answers(in_postgresql(database, "wagers", WAGERS), BOTH, OF_WAGERS)) == []


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
def test_spark_gives_the_same_scores_and_bets(tmp_path: Path, cluster: tuple[str, Path]) -> None:
    url, folder = cluster
    files = answers(in_files(tmp_path, WAGERS), BOTH, OF_WAGERS)
    assert measured(files) == len(set(OF_WAGERS)) > 20
    assert different(files, answers(in_spark(url, folder, "wagers", WAGERS), BOTH, OF_WAGERS)) == []


METERED = a_model(
    LONG.replace(
        "segments:",
        "  memory: {kind: gauge, source: log, column: rss, unit: B}\n"
        "  cpu: {kind: gauge, source: log, column: cores, unit: cores, hourly: mean}\nsegments:",
    )
    + "suites: {edge: {source: log, case: name, passed: passed, arm: version}}\n"
)
SERIES = [
    Need(shape=Shape.SERIES, window=PAUSED, metric=metric, arms=(arm,)) for metric in ("memory", "cpu") for arm in Arm
]
SUITE = [Need(shape=Shape.SUITE, metric="edge", arms=(Arm.CANDIDATE,))]


def samples() -> list[Row]:
    """Two thousand samples of each version: bytes beyond 32 bits, and one in the pause."""
    draw = Random(4)  # noqa: S311  (the same rows each time)
    return [
        {
            "time": START + timedelta(seconds=31 * n),
            "version": version,
            "rss": draw.uniform(2e9, 9e11),
            "cores": draw.random(),
        }
        for n in range(2_000)
        for version in (CANDIDATE, BASELINE)
    ]


def cases() -> list[Row]:
    results = (True, False, None, True)
    names = ("missing age", "Ünïcode", "it's", 'a "quote"')
    return [{"name": name, "passed": passed, "version": CANDIDATE} for name, passed in zip(names, results, strict=True)]


def test_the_times_of_all_gauges_are_looked_at_once(tmp_path: Path) -> None:
    found = source_at(in_files(tmp_path, samples()), METERED).answer(SERIES)
    assert measured(dict(found.answers)) == len(SERIES)
    assert len(found.queries) == 1 + len(SERIES)


def test_postgresql_gives_the_same_series_and_suites(tmp_path: Path, database: postgresql.Server) -> None:
    for name, rows, needs in (("samples", samples(), SERIES), ("cases", cases(), SUITE)):
        files = answers(in_files(tmp_path / name, rows), METERED, needs)
        assert measured(files) == len(needs)
        assert answers(in_postgresql(database, name, rows), METERED, needs) == files


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
def test_spark_gives_the_same_series_and_suites(tmp_path: Path, cluster: tuple[str, Path]) -> None:
    url, folder = cluster
    for name, rows, needs in (("samples", samples(), SERIES), ("cases", cases(), SUITE)):
        files = answers(in_files(tmp_path / name, rows), METERED, needs)
        assert measured(files) == len(needs)
        assert answers(in_spark(url, folder, name, rows), METERED, needs) == files


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
def test_spark_tells_what_is_wrong_and_no_values(
    tmp_path: Path, cluster: tuple[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    url, folder = cluster
    there = in_spark(url, folder, "troubled", [a_row(n) for n in range(20)])
    absent = there.replace("lake.troubled", "lake.nothing")
    found = answers(absent, a_model(LONG), [counts_of()])[counts_of()]
    assert reason(found) == (Why.SOURCE_ABSENT, {"source": "log", "file": "lake.nothing"})
    hurried = there.replace("}", ", deadline: 1ms}")
    assert reason(answers(hurried, a_model(LONG), [counts_of()])[counts_of()])[0] is Why.SOURCE_TIMED_OUT
    config = source_at(there, a_model(LONG))
    engine = config.open()
    try:
        large = exp.Sum(this=cast(number(9 * 10**37), "INT128"))
        with pytest.raises(UnanswerableError) as failure:
            engine.run(exp.select(large).from_(exp.to_table("log", dialect="duckdb")))
        assert failure.value.reason.parameters["what"] == "a sum over source log is too large"
        with pytest.raises(UnanswerableError) as failure:
            engine.run(exp.select(cast(column("carrier"), "BIGINT")).from_(exp.to_table("log", dialect="duckdb")))
        assert failure.value.reason.parameters["what"] == "a question to source log (SQLSTATE 22018)"
    finally:
        engine.close()
    shown = capfd.readouterr()
    assert "AA" not in shown.err + shown.out
