"""Remote files: the numbers of the local file, parts of one version only, and a reason of its own for every trouble."""

import logging
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp

from builders.http import Asked, Told, answering, holding
from builders.logs import a_source, answered, counts_of, pairs, reason, told, write
from model_ratchet.core.evidence import Counts, Missing
from model_ratchet.core.finding import Finding
from model_ratchet.core.reason import Why
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources
from model_ratchet.report.reasons import sentence
from model_ratchet.sources.duckdb_engine import DuckDBEngine
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.remote import matches
from model_ratchet.sources.table import TableSource

CANARY = "hunter2-canary"
PATH = "/logs/requests.parquet"


@pytest.fixture
def body(tmp_path: Path) -> bytes:
    return write(tmp_path / "log.parquet", pairs(3_000)).read_bytes()


def a_table(url: str, path: str = PATH, environ: Mapping[str, str] | None = None, **more: object) -> TableSource:
    return a_source(f"{url}{path}", environ=environ or {}, **more)  # type: ignore[arg-type]


def why(source: TableSource) -> tuple[Why, dict[str, object]]:
    return reason(answered(source, counts_of()))


def from_second(first: Callable[[Asked], Told], then: Callable[[Asked, Told], Told]) -> Callable[[Asked], Told]:
    """Answers of ``first``; those to ranges are given to ``then``."""

    def tell(asked: Asked) -> Told:
        found = first(asked)
        return then(asked, found) if "Range" in asked.headers else found

    return tell


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz", "jsonl", "jsonl.gz"])
def test_a_file_over_http_gives_the_numbers_of_the_local_one(tmp_path: Path, form: str) -> None:
    local = write(tmp_path / f"log.{form}", pairs(300))
    with answering(holding(local.read_bytes())) as server:
        found = told(answered(a_table(server.url, f"/x/log.{form}"), counts_of()))
    assert found == told(answered(a_source(local), counts_of())) == Counts(successes=300, n=300)
    assert all(asked.path == f"/x/log.{form}" for asked in server.asked)
    assert all(asked.headers["Accept-Encoding"] == "identity" for asked in server.asked)


def test_a_file_that_is_kept_compressed_is_read_as_it_is_kept(tmp_path: Path) -> None:
    local = write(tmp_path / "log.csv.gz", pairs(300))
    with answering(from_second(holding(local.read_bytes()), headers(Content_Encoding="gzip"))) as server:
        assert answered(a_table(server.url, "/log.csv.gz"), counts_of()) == Counts(successes=300, n=300)


def test_a_server_is_asked_for_a_few_parts_at_once_only(tmp_path: Path) -> None:
    body = write(tmp_path / "log.csv", pairs(60_000)).read_bytes()
    now: list[int] = [0]
    most = 0
    hold = holding(body)

    def slow(asked: Asked) -> Told:
        nonlocal most
        now.append(1)
        most = max(most, sum(now))
        time.sleep(0.05)
        now.append(-1)
        return hold(asked)

    with answering(slow) as server:
        answered(a_table(server.url, "/log.csv"), counts_of())
    assert 1 < most <= 8


def test_only_the_columns_that_are_asked_for_are_fetched_and_each_part_once(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(pairs(10_000))
    chance = random.Random(1)  # noqa: S311
    for number in range(20):
        table = table.append_column(f"wide{number}", pa.array([chance.randbytes(40) for _ in range(20_000)]))
    pq.write_table(table, tmp_path / "wide.parquet")
    body = (tmp_path / "wide.parquet").read_bytes()
    with answering(holding(body)) as server:
        assert isinstance(answered(a_table(server.url), counts_of()), Counts)
    fetched = 0
    ranges = [asked.headers["Range"] for asked in server.asked if "Range" in asked.headers]
    for one in ranges:
        first, last = one.removeprefix("bytes=").split("-")
        fetched += int(last) - int(first) + 1
    assert fetched < len(body) / 10
    assert len(ranges) == len(set(ranges))


def test_a_token_is_sent_with_every_request(body: bytes) -> None:
    with answering(holding(body)) as server:
        source = a_table(server.url, environ={"TOKEN": CANARY}, auth={"bearer": "${TOKEN}"})
        assert isinstance(answered(source, counts_of()), Counts)
    assert {asked.headers["Authorization"] for asked in server.asked} == {f"Bearer {CANARY}"}


@pytest.mark.parametrize(("tag", "condition"), [('"v1"', '"v1"'), ('W/"v1"', None)])
def test_the_server_is_told_which_version_is_meant_where_it_can_tell(
    body: bytes, tag: str, condition: str | None
) -> None:
    with answering(holding(body, tag)) as server:
        assert isinstance(answered(a_table(server.url), counts_of()), Counts)
    assert {asked.headers.get("If-Match") for asked in server.asked if "Range" in asked.headers} == {condition}


def test_a_file_without_a_tag_is_pinned_by_the_time_of_its_last_change(body: bytes) -> None:
    def dated(asked: Asked, found: Told) -> Told:
        return replace(found, headers={k: v for k, v in found.headers.items() if k != "ETag"} | {"Last-Modified": day})

    day = "Mon, 04 Aug 2025 09:00:00 GMT"
    first = holding(body)
    with answering(lambda asked: dated(asked, first(asked))) as server:
        assert isinstance(answered(a_table(server.url), counts_of()), Counts)
        day = "Tue, 05 Aug 2025 09:00:00 GMT"
        old = from_second(lambda asked: dated(asked, first(asked)), lambda _, found: _later(found))
    with answering(old) as server:
        assert why(a_table(server.url)) == (Why.FILE_CHANGED, of_file(server.url))


def _later(found: Told) -> Told:
    return replace(found, headers={**found.headers, "Last-Modified": "Wed, 06 Aug 2025 09:00:00 GMT"})


def of_file(url: str, **more: object) -> dict[str, object]:
    return {"source": "log", "file": f"{url}{PATH}", **more}


def status(code: int) -> Callable[[Asked, Told], Told]:
    return lambda asked, found: Told(code, CANARY.encode(), {"Location": f"http://{CANARY}/"})


def headers(**more: str) -> Callable[[Asked, Told], Told]:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return lambda asked, found: replace(found, headers={**found.headers, **named})


@pytest.mark.parametrize(
    ("then", "code", "more"),
    [
        (status(403), Why.SOURCE_UNAUTHORISED, {"status": 403}),
        (status(401), Why.SOURCE_UNAUTHORISED, {"status": 401}),
        (status(404), Why.SOURCE_ABSENT, {}),
        (status(412), Why.FILE_CHANGED, {}),
        (status(416), Why.FILE_CHANGED, {}),
        (status(302), Why.SOURCE_UNREACHABLE, {"status": "a redirect, which is not followed"}),
        (status(500), Why.SOURCE_UNREACHABLE, {"status": "HTTP 500"}),
        (status(200), Why.SOURCE_UNREACHABLE, {"status": "it does not answer with parts of a file"}),
        (headers(ETag='"v2"'), Why.FILE_CHANGED, {}),
        (headers(ETag=""), Why.FILE_CHANGED, {}),
        (headers(Content_Range="bytes 0-1/17"), Why.FILE_CHANGED, {}),
        (headers(Content_Range=""), Why.FILE_CHANGED, {}),
        (lambda asked, found: replace(found, body=found.body[:-1]), Why.FILE_TRUNCATED, {}),
        (lambda asked, found: replace(found, cut=100), Why.FILE_TRUNCATED, {}),
        (lambda asked, found: replace(found, body=found.body + b"x"), Why.ANSWER_TOO_LARGE, None),
        (lambda asked, found: replace(found, body=found.body * 100, length=2**60), Why.ANSWER_TOO_LARGE, None),
    ],
)
def test_each_trouble_while_a_file_is_read_has_its_reason(
    body: bytes,
    then: Callable[[Asked, Told], Told],
    code: Why,
    more: dict[str, object] | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(from_second(holding(body), then)) as server:
        source = a_table(server.url, environ={"TOKEN": CANARY}, auth={"bearer": "${TOKEN}"})
        found = source.answer([counts_of()])
    missing = found.answers[counts_of()]
    assert isinstance(missing, Missing)
    shown, parameters = reason(missing)
    assert shown is code
    if more is not None:
        assert parameters == of_file(server.url, **more)
    assert str(parameters["file"]) in sentence(missing.reason)
    assert CANARY not in repr(found) + caplog.text


def test_other_bytes_than_were_asked_for_are_no_answer(body: bytes) -> None:
    def moved(asked: Asked, found: Told) -> Told:
        return replace(found, headers={**found.headers, "Content-Range": f"bytes 1-{len(found.body)}/{len(body)}"})

    with answering(from_second(holding(body), moved)) as server:
        assert why(a_table(server.url)) == (
            Why.SOURCE_UNREACHABLE,
            of_file(server.url, status="other bytes than were asked for"),
        )


@pytest.mark.parametrize(
    ("head", "code", "more"),
    [
        (Told(404), Why.SOURCE_ABSENT, {}),
        (Told(403), Why.SOURCE_UNAUTHORISED, {"status": 403}),
        (Told(302), Why.SOURCE_UNREACHABLE, {"status": "a redirect, which is not followed"}),
        (
            Told(200, headers={"Accept-Ranges": "none", "ETag": '"v1"'}),
            Why.SOURCE_UNREACHABLE,
            {"status": "it does not answer with parts of a file"},
        ),
        (
            Told(200),
            Why.SOURCE_UNREACHABLE,
            {"status": "it says neither ETag nor Last-Modified, so a change would go unseen"},
        ),
        (
            Told(200, headers={"ETag": '"v1"'}, length=-1),
            Why.SOURCE_UNREACHABLE,
            {"status": "it does not say how long the file is"},
        ),
    ],
)
def test_a_file_that_cannot_be_pinned_is_not_read(head: Told, code: Why, more: dict[str, object]) -> None:
    with answering(lambda asked: head) as server:
        assert why(a_table(server.url)) == (code, of_file(server.url, **more))
    assert [asked.method for asked in server.asked] == ["HEAD"]


def test_fewer_bytes_than_were_asked_for_are_no_answer(body: bytes) -> None:
    short = from_second(holding(body), lambda asked, found: replace(found, body=found.body[:-1]))
    with answering(short) as server:
        files = a_table(server.url)._files()
        with pytest.raises(UnanswerableError) as failure, files.open(files.names[0]) as opened:
            opened.read(1_000)
        files.close()
    assert failure.value.reason.why is Why.FILE_TRUNCATED
    assert files.failure == failure.value.reason


def test_a_file_that_is_broken_where_it_is_kept_is_truncated(body: bytes) -> None:
    with answering(holding(body[: len(body) // 2])) as server:
        assert why(a_table(server.url)) == (Why.FILE_TRUNCATED, of_file(server.url))


def test_a_file_that_changes_between_two_parts_is_no_answer(tmp_path: Path) -> None:
    first, second = (write(tmp_path / "log.csv", pairs(count)).read_bytes() for count in (20_000, 20_001))
    assert len(first) > 2 * 2**21

    def change(asked: Asked) -> Told:
        ranges = sum("Range" in one.headers for one in server.asked)
        return holding(first)(asked) if ranges < 3 else holding(second, '"v2"')(asked)

    with answering(change) as server:
        found = why(a_table(server.url, "/log.csv"))
    assert found == (Why.FILE_CHANGED, {"source": "log", "file": f"{server.url}/log.csv"})


def test_a_variable_in_a_path_is_never_shown_and_leads_nowhere_else(body: bytes) -> None:
    with answering(holding(body)) as server:
        source = a_table(server.url, "/${DAY}/log.parquet", environ={"DAY": CANARY})
        found = source.answer([counts_of()])
        assert isinstance(found.answers[counts_of()], Counts)
        assert CANARY not in repr(found)
        away = a_source("http://${HOST}/x.parquet", environ={"HOST": "127.0.0.1:9"}, rest=f"origins: ['{server.url}']")
        assert why(away) == (Why.ORIGIN_REFUSED, {"source": "log", "origin": "what http://${HOST}/x.parquet holds"})


@pytest.fixture
def engine(body: bytes) -> Iterator[DuckDBEngine]:
    with answering(holding(body)) as server:
        opened = a_table(server.url).open()
        assert isinstance(opened, DuckDBEngine)
        opened.columns()
        try:
            yield opened
        finally:
            opened.close()


def test_the_locked_engine_reads_the_files_of_the_table_and_no_other(engine: DuckDBEngine, tmp_path: Path) -> None:
    url = engine._files.names[0]
    (tmp_path / "secret.csv").write_text("y\n42\n", encoding="utf-8")
    assert engine.run(exp.select("COUNT(*)").from_("log")) == [(6_000,)]
    folder = url.rpartition("/")[0]
    for text in (
        f"FROM read_text('{folder}/other.txt')",
        f"FROM read_parquet('{folder}/../logs/other.parquet')",
        f"FROM read_parquet('{folder}/*.parquet')",
        f"FROM glob('{folder}/*')",
        f"FROM read_csv('{tmp_path / 'secret.csv'}')",
        f"COPY (SELECT 1) TO '{folder}/out.csv'",
        f"ATTACH '{folder}/other.db'",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "LOAD httpfs",
        "SET lock_configuration = false",
    ):
        with pytest.raises(duckdb.Error, match=r"disabled|locked|not allowed"):
            engine._connection.execute(text)


def test_the_file_system_serves_its_objects_for_reading_only(engine: DuckDBEngine) -> None:
    system, url = engine._files.filesystem, engine._files.names[0]
    assert system is not None
    with pytest.raises(duckdb.Error):
        engine._connection.execute(f"COPY (SELECT 1) TO '{url}'")
    for mode in ("wb", "r+b", "ab"):
        with pytest.raises(PermissionError):
            system.open(url, mode)
    for call in (system.open, system.info):
        with pytest.raises(FileNotFoundError):
            call(f"{url}x")
    assert (system.glob(f"{url}x"), system.exists(f"{url}x")) == ([], False)
    with pytest.raises(NotImplementedError):
        system.rm_file(url)


@pytest.mark.parametrize(("module", "path", "extra"), [("fsspec", PATH, "http"), ("botocore.auth", "", "s3")])
def test_an_extra_that_is_not_installed_is_named(
    body: bytes, module: str, path: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "model_ratchet.sources.filesystem", raising=False)
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    with answering(holding(body)) as server:
        away = a_source("s3://logs/x.parquet", environ=keys, region="x", endpoint=server.url)
        found = answered(a_table(server.url, path) if path else away, counts_of())
    assert isinstance(found, Missing)
    assert reason(found) == (Why.EXTRA_ABSENT, {"source": "log", "extra": extra})
    assert f"model-ratchet[{extra}]" in sentence(found.reason)


@pytest.mark.parametrize(
    ("key", "glob", "expected"),
    [
        ("a/b.parquet", "a/*.parquet", True),
        ("a/b/c.parquet", "a/*.parquet", False),
        ("a/b/c.parquet", "a/**/*.parquet", True),
        ("a/c.parquet", "a/**/*.parquet", True),
        ("a/c.parquet", "a/**", True),
        ("a/B.parquet", "a/b.parquet", False),
        ("a/7.parquet", "a/[0-9].parquet", True),
        ("a/77.parquet", "a/?.parquet", False),
        ("b/a/7.parquet", "a/7.parquet", False),
    ],
)
def test_a_glob_over_keys_means_what_it_means_over_files(key: str, glob: str, expected: bool) -> None:
    assert matches(key.split("/"), glob.split("/")) is expected


@pytest.mark.parametrize(
    ("table", "rest", "expected"),
    [
        ("path: 'gs://b/x.parquet'", "", "gs:// is not read"),
        ("path: 's3://b/x.parquet', region: x", "", "a bucket's name has 3 to 63"),
        ("path: 's3://My_Bucket/x.parquet', region: x", "", "a bucket's name has 3 to 63"),
        ("path: 's3://me:secret@logs/x.parquet', region: x", "", "never in a URL"),
        ("path: 's3://logs:9000/x.parquet', region: x", "", "and no port"),
        ("path: 's3://logs', region: x", "", "names no object"),
        ("path: 's3://logs/x.parquet'", "", "need a `region`"),
        ("path: 's3://logs/x.parquet', region: 'x.evil/'", "", "a region has"),
        ("path: 's3://logs/x.parquet', region: x, endpoint: 's3://logs'", "", "an endpoint starts with"),
        ("path: 's3://logs/x.parquet', region: x, auth: {bearer: '${T}'}", "", "S3 takes its keys from"),
        (
            "path: 's3://logs/x.parquet', region: x",
            "origins: ['s3://logs']",
            "`origins` does not hold https://s3.x.amaz",
        ),
        (
            "path: 's3://logs/x.parquet', region: x, endpoint: 'https://store'",
            "origins: ['https://store']",
            "`origins` does not hold s3://logs: add it",
        ),
        ("path: 's3://${B}/x.parquet', region: x", "", "list where it may"),
        ("path: 's3://logs/x.parquet', region: x, endpoint: '${E}'", "", "list where it may"),
        ("path: 'https://me:secret@host/x.parquet'", "", "never in a URL"),
        ("path: 'https://host/x.parquet?token=secret'", "", "neither a query"),
        ("path: 'https://host/*.parquet'", "", "name one file"),
        ("path: 'https://host/logs/'", "", "name one file"),
        ("path: 'https://host/x.parquet', region: x", "", "`region` belongs to files at s3://"),
        ("path: 'logs/x.parquet', auth: none", "", "`auth` belongs to files at"),
        ("path: 'logs/x.parquet', proxy: 'http://p:1'", "", "`proxy` belongs to files at"),
        ("path: 'https://host/x.parquet'", "origins: ['https://other']", "does not hold https://host:443"),
    ],
)
def test_a_table_that_reaches_too_far_is_refused(table: str, rest: str, expected: str) -> None:
    text = f"apiVersion: ratchet/v1\nkind: Sources\n{rest}\nsources:\n  log: {{kind: table, {table}}}\n"
    found = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(found, tuple)
    assert all(isinstance(one, Finding) for one in found)
    assert expected in " ".join(one.message for one in found)
    assert "secret" not in " ".join(one.message for one in found)
