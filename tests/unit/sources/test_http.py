"""HTTP to a source: only where it may reach, only once resolved, and nothing secret in what is said of a failure."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from builders.http import Asked, Told, answering
from model_ratchet.core.finding import Finding
from model_ratchet.core.reason import Reason, Why
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import HttpServer, Sources
from model_ratchet.report.reasons import sentence
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Reply, Server
from model_ratchet.sources.reach import Reach

CANARY = "hunter2-canary"
ENVIRON = {"TOKEN": CANARY, "PASSWORD": CANARY}


def sources(url: str, more: str = "", rest: str = "") -> Sources:
    text = (
        f"apiVersion: ratchet/v1\nkind: Sources\n{rest}\nsources:\n  prom: {{kind: prometheus, url: '{url}'{more}}}\n"
    )
    found = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(found, Sources), found
    return found


def a_server(
    url: str, more: str = "", *, rest: str = "", environ: Mapping[str, str] | None = None, retries: int = 0
) -> Server:
    held = sources(url, more, rest)
    config = held.sources["prom"]
    assert isinstance(config, HttpServer)
    environ = ENVIRON if environ is None else environ
    return Server("prom", config, Reach.of(held), environ=environ, root=Path(), retries=retries)


def reason(act: Callable[[], object]) -> Reason:
    with pytest.raises(UnanswerableError) as failure:
        act()
    assert CANARY not in str(failure.value)
    assert CANARY not in repr(failure.value.__cause__)
    assert CANARY not in sentence(failure.value.reason)
    return failure.value.reason


def always(told: Told) -> Callable[[Asked], Told]:
    return lambda asked: told


def test_an_answer_comes_back_whole_and_the_host_is_that_of_the_url() -> None:
    with answering(always(Told(body=b'{"a": 1}'))) as server:
        named = server.url.replace("127.0.0.1", "localhost")
        opened = a_server(f"{named}/prefix", ", auth: {bearer: '${TOKEN}'}")
        assert opened.get("/api", {"q": "x y"}).checked().json() == {"a": 1}
        opened.close()
    (asked,) = server.asked
    assert asked.path == "/prefix/api?q=x+y"
    assert asked.headers["Host"] == named.removeprefix("http://")
    assert asked.headers["Authorization"] == f"Bearer {CANARY}"


def test_a_user_name_and_a_password_are_sent_as_basic_authentication() -> None:
    with answering(always(Told())) as server:
        a_server(server.url, ", auth: {username: me, password: '${PASSWORD}'}").get("/").checked()
    assert server.asked[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_does_not_let_us_in_is_told_from_one_that_is_away(status: int) -> None:
    with answering(always(Told(status, body=CANARY.encode()))) as server:
        found = reason(lambda: a_server(server.url, ", auth: {bearer: '${TOKEN}'}").get("/").checked())
    assert (found.why, found.parameters) == (Why.SOURCE_UNAUTHORISED, {"source": "prom", "status": status})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with answering(always(Told())) as aim, answering(always(Told(status, headers={"Location": aim.url}))) as server:
        found = reason(lambda: a_server(server.url).get("/").checked())
    assert found.parameters["status"] == "a redirect, which is not followed"
    assert aim.asked == []


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_status_of_failure_is_told(status: int) -> None:
    with answering(always(Told(status))) as server:
        assert reason(lambda: a_server(server.url).get("/").checked()).parameters["status"] == f"HTTP {status}"
        assert a_server(server.url).get("/").checked(status).status == status


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_is_tried_again_while_the_server_is_busy(status: int) -> None:
    def busy_once(asked: Asked) -> Told:
        return Told(status) if len(server.asked) == 1 else Told(body=b'{"a": 1}')

    with answering(busy_once) as server:
        assert a_server(server.url, retries=2).post("/", {"query": "up"}).checked().json() == {"a": 1}
    assert [asked.body for asked in server.asked] == ["query=up", "query=up"]


def test_a_server_that_stays_busy_is_asked_no_more_often_than_allowed() -> None:
    with answering(always(Told(503))) as server:
        found = reason(lambda: a_server(server.url, retries=2).get("/").checked())
    assert found.parameters["status"] == "HTTP 503"
    assert len(server.asked) == 3


def test_an_answer_beyond_the_limit_is_not_read_to_its_end() -> None:
    with answering(always(Told(body=b"x" * 3_000_000))) as server:
        found = reason(lambda: a_server(server.url, ", most: 1MiB").get("/"))
    assert (found.why, found.parameters) == (Why.ANSWER_TOO_LARGE, {"source": "prom", "most": "1 MiB"})


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    with answering(always(Told(body=b'{"a": [1, 2, 3]}', cut=5))) as server:
        assert reason(lambda: a_server(server.url).get("/")).parameters["status"] == "no connection"


def test_an_answer_that_is_no_json_says_so() -> None:
    reply = Reply("prom", 200, {}, b"<html>")
    assert reason(reply.json).parameters["status"] == "an answer that is no JSON"


def test_a_secret_that_is_not_set_is_named_and_nothing_is_asked() -> None:
    with answering(always(Told())) as server:
        found = reason(lambda: a_server(server.url, ", auth: {bearer: '${TOKEN}'}", environ={}))
    assert (found.why, found.parameters) == (Why.VARIABLE_ABSENT, {"source": "prom", "variable": "TOKEN"})
    assert server.asked == []


def test_an_address_of_the_environment_must_lead_where_the_file_allows() -> None:
    rest = "origins: ['http://127.0.0.1:9090']"
    elsewhere = {"URL": f"http://user:{CANARY}@127.0.0.1:9090"}
    found = reason(lambda: a_server("${URL}", rest=rest, environ=elsewhere))
    assert found.parameters == {"source": "prom", "origin": "no URL"}
    for url in ("http://127.0.0.1:9091", "https://127.0.0.1:9090", "http://localhost:9090"):
        found = reason(lambda url=url: a_server("${URL}", rest=rest, environ={"URL": url}))  # type: ignore[misc]
        assert (found.why, found.parameters["origin"]) == (Why.ORIGIN_REFUSED, "what ${URL} holds")


def test_an_address_outside_the_networks_is_not_connected_to() -> None:
    with answering(always(Told())) as server:
        found = reason(lambda: a_server(server.url, rest="networks: ['10.0.0.0/8']"))
        assert (found.why, found.parameters["origin"]) == (Why.ORIGIN_REFUSED, "an address of 127.0.0.1")
        assert a_server(server.url, rest="networks: ['127.0.0.0/8']").get("/").status == 200


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "224.0.0.1", "[::ffff:169.254.169.254]"])  # noqa: S104
def test_special_addresses_are_never_connected_to_unless_listed(host: str) -> None:
    assert reason(lambda: a_server(f"http://{host}:80")).why is Why.ORIGIN_REFUSED


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with answering(always(Told())) as server:
        assert a_server(server.url).get("/").status == 200


def test_a_proxy_that_the_file_names_is_used() -> None:
    with answering(always(Told())) as proxy:
        config = f", proxy: '{proxy.url}'"
        assert a_server("http://metrics.invalid:9090", config).get("/x").status == 200
    assert proxy.asked[0].path == "http://metrics.invalid:9090/x"


@pytest.mark.parametrize(
    ("url", "more", "rest", "expected"),
    [
        ("ftp://host", "", "", "a URL starts with"),
        ("http://me:secret@host", "", "", "never in a URL"),
        ("http://host?token=1", "", "", "neither a query"),
        ("http://", "", "", "names no host"),
        ("http://host", ", auth: {bearer: abc}", "", "a secret is never written down"),
        ("http://host", ", auth: {bearer: '${A}', username: b, password: '${C}'}", "", "write `bearer`, or"),
        ("http://host", ", auth: {username: b}", "", "write `bearer`, or"),
        ("${URL}", "", "", "list where it may"),
        ("http://host", "", "origins: ['http://other']", "`origins` does not hold http://host:80"),
        ("http://host", "", "origins: ['http://host/path']", "more than an origin"),
        ("http://host", "", "networks: ['10.0.0.1/8']", "is no network"),
    ],
)
def test_a_sources_file_that_reaches_too_far_is_refused(url: str, more: str, rest: str, expected: str) -> None:
    text = (
        f"apiVersion: ratchet/v1\nkind: Sources\n{rest}\nsources:\n  prom: {{kind: prometheus, url: '{url}'{more}}}\n"
    )
    found = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(found, tuple)
    assert all(isinstance(one, Finding) for one in found)
    assert expected in found[0].message
    assert "secret@" not in found[0].message


def test_the_canary_would_be_found() -> None:
    assert CANARY in json.dumps({"token": ENVIRON["TOKEN"]})
