"""Questions in the words of other databases: each renders, reads back there, and holds no word of the embedded engine."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlglot import ErrorLevel, exp, parse_one

from builders.logs import LONG, WIDE, a_model, a_source, a_window, random_long, random_wide, write
from builders.needs import every_need
from model_ratchet.sources import duckdb_engine
from model_ratchet.sources.dialects import RENDERED, rendered
from model_ratchet.sources.engine import Column, Kind, Later
from model_ratchet.sources.postgresql_sql import spelled as for_postgresql
from model_ratchet.sources.spark_sql import spelled as for_spark

FOREIGN = re.compile(r"\b(EPOCH_US|INT128|HUGEINT|REGEXP_MATCHES|ISINF|IS_INF)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> list[exp.Query]:
    """Every question that logs of both layouts are asked, in typed columns and in texts."""
    found: dict[str, exp.Query] = {}

    class Listening(duckdb_engine.DuckDBEngine):
        def run(self, question: exp.Query) -> list[tuple[Any, ...]]:
            found.setdefault(question.sql(dialect="duckdb"), question.copy())
            return super().run(question)

        def run_beside(self, question: exp.Query) -> Later[list[tuple[Any, ...]]]:
            found.setdefault(question.sql(dialect="duckdb"), question.copy())
            return super().run_beside(question)

        def keep(self, name: str, question: exp.Query) -> None:
            found.setdefault(question.sql(dialect="duckdb"), question.copy())
            super().keep(name, question)

    folder = tmp_path_factory.mktemp("logs")
    window = a_window((0, 5), (7, 16))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb_engine, "DuckDBEngine", Listening)
        zoned = a_model(LONG, time="{column: requested_at, timezone: Europe/Berlin}")
        for model, rows, form in (
            (zoned, random_long(0, 60), "csv"),
            (a_model(LONG), random_long(11, 2_600, spoilt=3), "parquet"),
            (a_model(WIDE), random_wide(5, 60), "parquet"),
        ):
            a_source(write(folder / f"log{len(found)}.{form}", rows), model).answer(list(every_need(model, window)))
    assert len(found) > 50
    return list(found.values())


def read_back(text: str, dialect: str) -> None:
    own = {"clickhouse": {"INT128"}, "bigquery": {"IS_INF"}}.get(dialect, set())
    assert {match[1].upper() for match in FOREIGN.finditer(text)} <= own, text
    parse_one(text, dialect=dialect, error_level=ErrorLevel.RAISE)


@pytest.mark.parametrize("dialect", RENDERED)
def test_every_question_renders_for_a_database_that_was_not_run(questions: Sequence[exp.Query], dialect: str) -> None:
    for question in questions:
        read_back(rendered(question, dialect), dialect)


def test_every_question_renders_for_postgresql_and_spark(questions: Sequence[exp.Query]) -> None:
    columns: Mapping[str, Column] = {"version": Column("version", Kind.TEXT, "text")}
    for question in questions:
        read_back(for_postgresql(question, "log", '"analytics"."requests"', columns), "postgres")
        read_back(for_spark(question, "log", "`lake`.`requests`"), "spark")


@pytest.mark.parametrize(
    "value", ["it's", "back\\slash", "'; DROP TABLE x; --", "\\'; DROP TABLE x; --", "new\nline", "%s"]
)
def test_a_text_stays_a_text_in_every_dialect(value: str) -> None:
    question = exp.select(exp.Literal.string(value))
    for dialect, text in (
        ("postgres", for_postgresql(question, "log", "t", {})),
        ("spark", for_spark(question, "log", "t")),
    ):
        read = parse_one(text, dialect=dialect)
        assert [literal.this for literal in read.find_all(exp.Literal)] == [value]
