"""Whether an artifact is still there: found, gone, out of reach, or not to be looked for; and who is asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builders.http import Asked, Told, answering, holding
from model_ratchet.core.reason import Why
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources
from model_ratchet.sources.artifact import there
from model_ratchet.sources.engine import UnanswerableError


def sources(*lines: str) -> Sources:
    text = "apiVersion: ratchet/v1\nkind: Sources\n" + "\n".join(lines)
    found = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(found, Sources), found
    return found


def reaching(url: str) -> Sources:
    """A sources file by which a server may be reached, and which reads something there."""
    return sources(f"sources: {{shop: {{kind: prometheus, url: '{url}/metrics', auth: {{bearer: '${{TOKEN}}'}}}}}}")


def only_parts(asked: Asked) -> Told:
    return Told(405, b"") if asked.method == "HEAD" else holding(b"model")(asked)


def always(status: int) -> Callable[[Asked], Told]:
    return lambda _: Told(status, b"")


@pytest.mark.parametrize(
    ("tell", "found"),
    [(holding(b"model"), True), (only_parts, True), (always(404), False), (always(410), False)],
    ids=["head", "one byte", "not found", "gone"],
)
def test_a_server_is_asked_for_no_more_than_whether_it_is_there(tell: Callable[[Asked], Told], found: bool) -> None:
    with answering(tell) as server:
        uri = f"{server.url}/models/v1.bin"
        assert there(uri, reaching(server.url), environ={"TOKEN": "t0"}, root=Path("/")) is found
    assert {asked.path for asked in server.asked} == {"/models/v1.bin"}
    assert {asked.headers.get("Authorization") for asked in server.asked} == {"Bearer t0"}
    assert all(asked.method == "HEAD" or asked.headers["Range"] == "bytes=0-0" for asked in server.asked)


def why(uri: str, held: Sources) -> Why:
    with pytest.raises(UnanswerableError) as raised:
        there(uri, held, environ={"TOKEN": "t0"}, root=Path("/"))
    return raised.value.reason.why


@pytest.mark.parametrize(
    ("status", "expected"), [(500, Why.SOURCE_UNREACHABLE), (403, Why.SOURCE_UNAUTHORISED)], ids=["broken", "closed"]
)
def test_a_server_that_is_broken_is_told_from_one_that_does_not_let_us_in(status: int, expected: Why) -> None:
    with answering(always(status)) as server:
        assert why(f"{server.url}/v1.bin", reaching(server.url)) is expected


def test_nothing_is_asked_where_the_sources_do_not_reach() -> None:
    with answering(holding(b"model")) as server:
        assert why(f"{server.url}/v1.bin", reaching("https://elsewhere.example")) is Why.ORIGIN_REFUSED
    assert server.asked == []
    assert why("s3://models/v1.bin", reaching("https://elsewhere.example")) is Why.ORIGIN_REFUSED


def test_a_bucket_that_no_source_reads_has_no_known_store() -> None:
    held = sources(
        "origins: ['s3://models', 'https://a.example']", "sources: {shop: {kind: prometheus, url: 'https://a.example'}}"
    )
    assert why("s3://models/v1.bin", held) is Why.CANNOT_VERIFY


def test_other_schemes_are_not_looked_for() -> None:
    assert why("models:/late/7", reaching("https://a.example")) is Why.CANNOT_VERIFY


def test_a_file_of_this_machine_is(tmp_path: Path) -> None:
    held = reaching("https://a.example")
    assert not there(f"file://{tmp_path}/v1.bin", held, environ={}, root=tmp_path)
    (tmp_path / "v1.bin").write_bytes(b"model")
    assert there(f"file://{tmp_path}/v1.bin", held, environ={}, root=tmp_path)
