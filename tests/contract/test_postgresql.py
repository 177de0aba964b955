"""PostgreSQL beside a real server: who is let in, what can be written, what a deadline ends, and what no error ever tells."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from builders.databases import in_files, in_postgresql, in_table, source_at
from builders.logs import LONG, Row, a_model, a_row, a_window, answered, counts_of, pairs, random_long, reason
from builders.needs import every_need
from components import postgresql
from model_ratchet.core.evidence import Counts, Missing
from model_ratchet.core.reason import Why
from model_ratchet.sources.open import base_needs

MODEL = a_model(LONG)


@pytest.fixture(scope="module")
def database() -> Iterator[postgresql.Server]:
    with postgresql.serving() as server:
        in_postgresql(server, "log", pairs(20))
        yield server


def execute(server: postgresql.Server, *statements: str) -> None:
    with psycopg.connect(server.admin, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement.encode())


def test_a_role_that_may_make_no_temporary_table_is_told_the_same_numbers(
    tmp_path: Path, database: postgresql.Server
) -> None:
    rows, window = random_long(11, 2_600, spoilt=3), a_window((0, 5), (7, 16))
    needs = [*base_needs(MODEL, "canary", window, paired=True), *list(every_need(MODEL, window))[::7]]
    described = in_postgresql(database, "repeated", rows)
    files = source_at(in_files(tmp_path, rows), MODEL).answer(needs)
    execute(database, "REVOKE TEMPORARY ON DATABASE metrics FROM PUBLIC")
    try:
        found = source_at(described, MODEL).answer(needs)
    finally:
        execute(database, "GRANT TEMPORARY ON DATABASE metrics TO PUBLIC")
    assert sum(1 for answer in files.answers.values() if not isinstance(answer, Missing)) > 30
    assert not any("INSERT INTO" in query for query in found.queries)
    assert found.answers == files.answers


def test_nothing_can_be_written_by_what_a_question_calls(database: postgresql.Server) -> None:
    execute(
        database,
        "CREATE TABLE analytics.seen (n int)",
        f"GRANT INSERT ON analytics.seen TO {postgresql.READER}",
        "CREATE FUNCTION analytics.note() RETURNS boolean LANGUAGE sql VOLATILE AS "
        "$$ INSERT INTO analytics.seen VALUES (1); SELECT true $$",
        "CREATE VIEW analytics.spying AS SELECT * FROM analytics.log WHERE analytics.note()",
    )
    why, parameters = reason(answered(source_at(in_table(database, "analytics.spying"), MODEL), counts_of()))
    assert (why, parameters) == (Why.CRASHED, {"what": "a question to source log (SQLSTATE 25006)"})


def test_the_environment_of_the_library_leads_nowhere_else(
    database: postgresql.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for option in psycopg.pq.Conninfo.get_defaults():
        if option.envvar is not None and option.keyword != b"service":
            monkeypatch.setenv(option.envvar.decode(), "nonsense")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=nowhere")
    monkeypatch.setenv("PGPORT", "1")
    assert answered(source_at(in_table(database, "analytics.log"), MODEL), counts_of()) == Counts(successes=20, n=20)


def test_a_service_of_the_library_is_refused_and_not_followed(
    database: postgresql.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSERVICE", "elsewhere")
    why, parameters = reason(answered(source_at(in_table(database, "analytics.log"), MODEL), counts_of()))
    assert why is Why.SOURCE_UNREACHABLE
    assert "PGSERVICE" in str(parameters["status"])


def test_a_wrong_password_is_unauthorised_and_never_shown(database: postgresql.Server) -> None:
    source = source_at(in_table(database, "analytics.log"), MODEL, environ={"DB_PASSWORD": "wrong-secret"})
    why, parameters = reason(answered(source, counts_of()))
    assert why in (Why.SOURCE_UNAUTHORISED, Why.SOURCE_UNREACHABLE)
    assert "wrong-secret" not in str(parameters)
    assert "wrong-secret" not in repr(source)


@pytest.mark.parametrize("table", ["analytics.nothing", "nowhere.log", "log"])
def test_a_table_that_is_not_there_is_absent(database: postgresql.Server, table: str) -> None:
    found = reason(answered(source_at(in_table(database, table), MODEL), counts_of()))
    assert found == (Why.SOURCE_ABSENT, {"source": "log", "file": table})


def test_a_table_that_the_role_may_not_read_is_unauthorised(database: postgresql.Server) -> None:
    execute(database, "CREATE SCHEMA private", "CREATE TABLE private.log AS TABLE analytics.log")
    found = reason(answered(source_at(in_table(database, "private.log"), MODEL), counts_of()))
    assert found == (Why.SOURCE_UNAUTHORISED, {"source": "log", "status": "SQLSTATE 42501"})


def test_a_policy_that_would_hide_rows_is_an_error(database: postgresql.Server) -> None:
    execute(
        database,
        "CREATE TABLE analytics.hidden AS TABLE analytics.log",
        "ALTER TABLE analytics.hidden ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY few ON analytics.hidden USING (carrier = 'BB')",
    )
    found = reason(answered(source_at(in_table(database, "analytics.hidden"), MODEL), counts_of()))
    assert found[0] is Why.SOURCE_UNAUTHORISED


def test_a_question_ends_at_the_deadline(database: postgresql.Server) -> None:
    execute(
        database, "CREATE VIEW analytics.slow AS SELECT log.* FROM analytics.log, LATERAL (SELECT pg_sleep(1)) AS rest"
    )
    source = source_at(in_table(database, "analytics.slow", deadline="1s"), MODEL)
    assert reason(answered(source, counts_of())) == (Why.SOURCE_TIMED_OUT, {"source": "log", "seconds": 1.0})


def test_certificates_are_asked_for_where_authorities_are_named(database: postgresql.Server, tmp_path: Path) -> None:
    source = source_at(in_table(database, "analytics.log", ca=str(tmp_path / "none.pem")), MODEL)
    assert reason(answered(source, counts_of()))[0] is Why.SOURCE_UNREACHABLE


def test_types_of_the_database_are_read_as_what_they_hold(database: postgresql.Server) -> None:
    execute(
        database,
        "CREATE TYPE analytics.mode AS ENUM ('served', 'shadow')",
        "CREATE TABLE analytics.typed AS SELECT gen_random_uuid() AS request_id, version::varchar(64), "
        "mode::analytics.mode, p_late::numeric(5, 3), late::int, said, word, was_right, error, requested_at, label_time, "
        "latency_ms::real, fare::numeric, user_id, service_date::date, origin::char(3), carrier, digest "
        "FROM analytics.log WHERE version LIKE 'v2.1%'",
    )
    assert answered(source_at(in_table(database, "analytics.typed"), MODEL), counts_of()) == Counts(successes=20, n=20)
    whole = source_at(in_table(database, "analytics.typed"), MODEL).answer(
        list(base_needs(MODEL, "canary", a_window(), paired=False))
    )
    crashed = [answer for answer in whole.answers.values() if isinstance(answer, Missing)]
    assert {answer.reason.why for answer in crashed} <= {Why.NO_ROWS}


@pytest.mark.parametrize("text", ["yesterday", "2025-02-30T00:00:00Z", "2025-13-45T00:00:00Z", "1754298000"])
def test_a_text_that_is_no_time_is_a_mistyped_column(database: postgresql.Server, text: str) -> None:
    rows = [row | {"requested_at": str(row["requested_at"])} for row in pairs(20)]
    rows[7]["requested_at"] = text
    name = f"text_{abs(hash(text))}"
    found = reason(answered(source_at(in_postgresql(database, name, rows), MODEL), counts_of()))
    expected = {"source": "log", "column": "requested_at", "type": "text that is no time"}
    assert found == (Why.COLUMN_MISTYPED, expected)


def test_numbers_are_rounded_as_the_embedded_engine_rounds_them(tmp_path: Path, database: postgresql.Server) -> None:
    odd = (
        0.0005,
        0.0015,
        0.0025,
        1.0005,
        0.00049999999999999994,
        1e9 - 0.0005,
        float("inf"),
        float("nan"),
        1.7e308,
        -0.0,
    )
    rows: list[Row] = [a_row(n, latency_ms=value, fare=value) for n, value in enumerate(odd)]
    rows += [a_row(n + 100) for n in range(20_000)]
    needs = list(base_needs(MODEL, "canary", a_window((0, 72)), paired=False))
    files = source_at(in_files(tmp_path, rows), MODEL).answer(needs).answers
    found = source_at(in_postgresql(database, "odd", rows), MODEL).answer(needs).answers
    assert found == files


def test_a_password_in_the_users_home_is_not_looked_for(
    database: postgresql.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "pgpass"
    secret.write_text(f"*:*:*:*:{postgresql.READER_PASSWORD}\n", encoding="utf-8")
    secret.chmod(0o600)
    monkeypatch.setitem(os.environ, "PGPASSFILE", str(secret))
    source = source_at(in_table(database, "analytics.log"), MODEL, environ={"DB_PASSWORD": "wrong"})
    assert isinstance(answered(source, counts_of()), Missing)
