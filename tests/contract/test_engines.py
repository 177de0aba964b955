"""Every engine gives the same numbers: the same rows in files, in PostgreSQL and on a Spark cluster, asked the same needs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders.databases import in_files, in_postgresql, in_spark, source_at
from builders.logs import LONG, WIDE, Row, a_model, a_window, random_long, random_wide
from builders.needs import every_need
from components import postgresql, spark
from model_ratchet.core.evidence import Measurement, Missing, Need, Window
from model_ratchet.documents.model import ModelFile
from model_ratchet.sources.open import base_needs

PAUSED = a_window((0, 5), (7 + 1 / 3, 11 + 1 / 12), (12, 16.5))
ZONED = "{column: requested_at, timezone: Europe/Berlin}"


@pytest.fixture(scope="module")
def database() -> Iterator[postgresql.Server]:
    with postgresql.serving() as server:
        yield server


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("spark")
    with spark.serving(folder) as url:
        yield url, folder
        assert spark.workers_seen(folder) == 2


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
