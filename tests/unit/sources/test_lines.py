"""Servers that many sources ask: opened once, asked once how far back they remember, and closed together."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from builders.http import Asked, Told, answering
from model_ratchet.core.reason import Why, because
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import HttpServer, Sources
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Server
from model_ratchet.sources.lines import Line, Lines
from model_ratchet.sources.reach import Reach

KEEPS = b'{"status": "success", "data": {"storageRetention": "15d"}}'


def opens(url: str) -> Callable[[int], Server]:
    """What opens a server at a URL."""
    text = f"apiVersion: ratchet/v1\nkind: Sources\nsources:\n  prom: {{kind: prometheus, url: '{url}'}}\n"
    held = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(held, Sources)
    config = held.sources["prom"]
    assert isinstance(config, HttpServer)
    return lambda connections: Server(
        "prom", config, Reach.of(held), environ={}, root=Path(), retries=0, connections=connections
    )


@pytest.fixture(name="asked")
def _asked() -> Iterator[tuple[str, list[Asked]]]:
    with answering(lambda _: Told(body=KEEPS)) as server:
        yield server.url, server.asked


def test_a_server_is_opened_once_and_asked_once_how_long_it_keeps_samples(asked: tuple[str, list[Asked]]) -> None:
    url, requests = asked
    opened: list[int] = []

    def connect(connections: int) -> Server:
        opened.append(connections)
        return opens(url)(connections)

    with Lines(7) as lines, ThreadPoolExecutor(8) as threads:
        found = [line.keeps() for line in threads.map(lambda _: lines.of("prom", connect), range(8))]
    assert opened == [7]
    assert len(set(found)) == 1
    assert found[0] is not None
    assert found[0][0].days == 15
    assert [one.path for one in requests] == ["/api/v1/status/runtimeinfo"]


def test_sources_of_other_names_have_lines_of_their_own(asked: tuple[str, list[Asked]]) -> None:
    url, _ = asked
    with Lines() as lines:
        first, other = (lines.of(name, opens(url)) for name in ("prom", "other"))
        assert first.server is not other.server
        assert lines.of("prom", opens(url)) is first


def test_a_server_that_cannot_be_opened_is_not_tried_again_and_all_are_told_why() -> None:
    tried: list[int] = []
    begun = Event()

    def refuse(connections: int) -> Server:
        tried.append(connections)
        begun.wait(1)
        raise UnanswerableError(because(Why.SOURCE_UNREACHABLE, source="prom", status="no connection"))

    def reason(lines: Lines) -> Why:
        with pytest.raises(UnanswerableError) as failure:
            lines.of("prom", refuse)
        return failure.value.reason.why

    with Lines() as lines, ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(reason, lines) for _ in range(4)]
        begun.set()
        assert {one.result() for one in waiting} == {Why.SOURCE_UNREACHABLE}
    assert tried == [1]


def test_the_end_closes_what_was_opened(asked: tuple[str, list[Asked]], monkeypatch: pytest.MonkeyPatch) -> None:
    url, _ = asked
    closed: list[Server] = []

    def close(server: Server) -> None:
        closed.append(server)

    monkeypatch.setattr(Server, "close", close)
    with Lines() as lines:
        line: Line = lines.of("prom", opens(url))
        with pytest.raises(UnanswerableError):
            lines.of("away", opens("http://169.254.169.254:80"))
        assert closed == []
    assert closed == [line.server]
