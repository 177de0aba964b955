"""A table in a database that can't be opened: each trouble before anything is connected has its own reason."""

import pytest

from builders.databases import source_at
from builders.logs import LONG, a_model, answered, counts_of, reason
from components.ports import free_port
from model_ratchet.core.reason import Why
from model_ratchet.sources import database

AUTH = "auth: {username: u, password: '${DB_PASSWORD}'}"
POSTGRESQL = f"{{kind: table, url: 'postgresql://127.0.0.1:%d/metrics', table: a.b, {AUTH}}}"
SPARK = "{kind: table, url: 'sc://127.0.0.1:%d', table: a.b, auth: {bearer: '${DB_PASSWORD}'}}"


@pytest.mark.parametrize("described", [POSTGRESQL, SPARK])
def test_a_server_that_is_not_there_is_unreachable(described: str) -> None:
    source = source_at(described % free_port(), a_model(LONG))
    assert reason(answered(source, counts_of())) == (
        Why.SOURCE_UNREACHABLE,
        {"source": "log", "status": "no connection"},
    )


@pytest.mark.parametrize("described", [POSTGRESQL, SPARK])
def test_a_variable_that_is_not_set_is_named(described: str) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        source = source_at(described % listening.getsockname()[1], a_model(LONG), environ={})
        expected = (Why.VARIABLE_ABSENT, {"source": "log", "variable": "DB_PASSWORD"})
        assert reason(answered(source, counts_of())) == expected


@pytest.mark.parametrize(("described", "extra"), [(POSTGRESQL, "postgresql"), (SPARK, "spark")])
def test_a_client_that_is_not_installed_is_named(described: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "find_spec", lambda package: None)
    why, parameters = reason(answered(source_at(described % 1, a_model(LONG)), counts_of()))
    assert why is Why.EXTRA_ABSENT
    assert parameters["extra"] == extra
