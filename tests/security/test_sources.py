"""Attacks on the metric sources, by their numbers: where they lead, and what is asked there."""

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.http import Asked, Told, answering
from builders.logs import a_model, a_row, a_source, answered, counts_of, reason, rows_of, write
from model_ratchet.core.evidence import Arm, Counts
from model_ratchet.core.reason import Why
from model_ratchet.documents.promql import bind
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import HttpServer, Sources
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Server
from model_ratchet.sources.reach import Reach

HEAD = "apiVersion: ratchet/v1\nkind: Sources\n"


def opened(url: str, rest: str = "", environ: dict[str, str] | None = None) -> Server:
    held = read(
        Sources, "policies/sources.yaml", f"{HEAD}{rest}sources:\n  s: {{kind: prometheus, url: '{url}'}}\n".encode()
    )
    assert isinstance(held, Sources), held
    config = held.sources["s"]
    assert isinstance(config, HttpServer)
    return Server("s", config, Reach.of(held), environ=environ or {}, root=Path(), retries=0)


def is_document(url: str) -> bool:
    """Whether a sources file may hold such an address at all."""
    return isinstance(
        read(Sources, "f", f"{HEAD}sources:\n  s: {{kind: prometheus, url: '{url}'}}\n".encode()), Sources
    )


def why(act: Callable[[], object]) -> Why:
    with pytest.raises(UnanswerableError) as failure:
        act()
    return failure.value.reason.why


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "2852039166",
        "0xA9FEA9FE",
        "169.254.43518",
        "0",
        "[fe80::1]",
        "[::]",
    ],
    ids=["dotted", "mapped", "integer", "hex", "short", "zero", "link-local", "unspecified"],
)
def test_t05_no_spelling_of_the_metadata_address_is_connected_to(host: str) -> None:
    with_variable = "origins: ['http://metrics.internal:80']\n"
    assert why(lambda: opened("${URL}", with_variable, {"URL": f"http://{host}/latest"})) is Why.ORIGIN_REFUSED
    if is_document(f"http://{host}"):
        assert why(lambda: opened(f"http://{host}")) is Why.ORIGIN_REFUSED


@pytest.mark.parametrize(
    "url",
    ["http://evil.example#@metrics.internal", "http://metrics.internal@evil.example", "http://a@metrics.internal@evil.example",
     "http://metrics.internal:80:81", "http://metrics.internal.evil.example", "file:///etc/passwd"],
    ids=["fragment", "user", "two", "ports", "suffix", "file"],
)  # fmt: skip
def test_t05_no_address_that_readers_disagree_on_is_connected_to(url: str) -> None:
    rest = "origins: ['http://metrics.internal']\n"
    assert why(lambda: opened("${URL}", rest, {"URL": url})) is Why.ORIGIN_REFUSED


def test_t05_a_request_names_no_address() -> None:
    text = "apiVersion: ratchet/v1\nkind: PromotionRequest\nsources: {prom: {url: 'http://169.254.169.254'}}\n"
    found = read(PromotionRequest, "promotion.yaml", text.encode())
    assert isinstance(found, tuple)
    assert any("`sources`" in one.message for one in found)


def test_t05_a_redirect_is_not_followed() -> None:
    with answering(lambda _: Told()) as inside:

        def lead(_: Asked) -> Told:
            return Told(302, headers={"Location": f"{inside.url}/latest/meta-data"})

        with answering(lead) as server:
            assert why(lambda: opened(server.url).get("/metrics").checked()) is Why.SOURCE_UNREACHABLE
    assert inside.asked == []


def test_t05_a_name_is_resolved_once_and_what_was_resolved_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["127.0.0.1", "169.254.169.254", "169.254.169.254"])
    real = socket.getaddrinfo

    def turning(host: str, *more: object, **named: object) -> object:
        if host == "metrics.internal":
            host = next(answers)
        return real(host, *more, **named)  # type: ignore[arg-type]

    with answering(lambda _: Told(200, b"fine")) as server:
        monkeypatch.setattr(socket, "getaddrinfo", turning)
        opened_once = opened(f"http://metrics.internal:{server.url.rpartition(':')[2]}")
        for _ in range(2):
            assert opened_once.get("/metrics").status == 200
    assert len(server.asked) == 2


HOSTILE = ['"} or vector(1) or {x="', '\\"} or vector(1)', "a\nb", "\\", '\\\\"', "{{ model }}", "`", "'"]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda one: one.encode().hex()[:16])
def test_t06_a_label_value_never_ends_its_quotes(value: str) -> None:
    said = bind("up{version={{ version }}, job='x'}", {"version": value})
    inside = re.fullmatch(r"up\{version=\"((?:[^\"\\\n]|\\[\"\\n])*)\", job='x'\}", said)
    assert inside is not None
    told = re.sub(r"\\(.)", lambda one: "\n" if one[1] == "n" else one[1], inside[1])
    assert told == value


def test_t06_a_version_that_is_none_is_never_bound() -> None:
    text = f"apiVersion: ratchet/v1\nkind: PromotionRequest\ncandidate: '{HOSTILE[0]}'\n"
    found = read(PromotionRequest, "promotion.yaml", text.encode())
    assert isinstance(found, tuple)
    assert any("is not a version" in one.message for one in found)


INJECTIONS = [
    "x' or 1=1 --",
    "x'; drop table log; --",
    "\\' or true --",
    'a" from log --',
    "read_csv('/etc/passwd')",
    "$$x$$",
]


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("value", INJECTIONS, ids=["or", "drop", "backslash", "quote", "reader", "dollars"])
def test_t13_a_value_of_the_log_is_a_value(tmp_path: Path, value: str, form: str) -> None:
    plain = [a_row(number, origin="AAA") for number in range(40)]
    hostile = [*plain[:20], *(a_row(number, origin=value) for number in range(20, 40))]
    told = [
        answered(a_source(write(tmp_path / f"{name}.{form}", rows)), counts_of())
        for name, rows in (("plain", plain), ("hostile", hostile))
    ]
    assert isinstance(told[0], Counts)
    assert told[0] == told[1]


@pytest.mark.parametrize("value", INJECTIONS, ids=["or", "drop", "backslash", "quote", "reader", "dollars"])
def test_t13_an_unknown_version_is_refused_and_what_is_no_version_is_not_repeated(tmp_path: Path, value: str) -> None:
    rows = [*(a_row(number) for number in range(10)), a_row(10, version=value)]
    code, told = reason(answered(a_source(write(tmp_path / "log.csv", rows)), rows_of()))
    assert code is Why.ARM_UNKNOWN
    assert told["version"] == "(no version)"


@pytest.mark.parametrize(
    "name",
    ['v" from t union all select 999 --', "read_csv('/etc/passwd')", "error) or (1=1"],
    ids=["union", "call", "or"],
)
def test_t13_a_column_is_a_name_and_must_be_there(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / "log.csv", [a_row(number) for number in range(10)])
    quoted = name.replace("'", "''")
    model = a_model(errors=f"{{kind: proportion, column: '{quoted}'}}")
    code, told = reason(answered(a_source(file, model), counts_of("errors", Arm.CANDIDATE)))
    assert code is Why.COLUMN_ABSENT
    assert told["column"] == name


def test_t11_a_line_without_end_is_an_error(tmp_path: Path) -> None:
    file = write(tmp_path / "log.csv", [a_row(number) for number in range(10)])
    with file.open("a", encoding="utf-8") as more:
        more.write("x" * 30_000_000)
    assert reason(answered(a_source(file), rows_of()))[0] in (Why.CRASHED, Why.FILE_TRUNCATED)


@pytest.mark.parametrize("cut", [1, 100], ids=["footer", "deep"])
def test_t11_a_file_that_promises_more_than_it_holds_is_an_error(tmp_path: Path, cut: int) -> None:
    file = write(tmp_path / "log.parquet", [a_row(number) for number in range(10)])
    file.write_bytes(file.read_bytes()[:-cut])
    assert reason(answered(a_source(file), rows_of()))[0] in (Why.CRASHED, Why.FILE_TRUNCATED)
