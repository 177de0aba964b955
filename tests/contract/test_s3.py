"""A table on a real S3-compatible server: the same numbers as from the local file, and every refusal by its name."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builders.http import Asked, Told, answering
from builders.logs import Row, a_source, counts_of, pairs, random_long, reason, told, write
from components.s3 import ANYONE, Store, serving
from model_ratchet.core.evidence import Arm, Clustering, Counts, Grouping, Measurement, Missing, Need, Shape
from model_ratchet.core.reason import Why
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources
from model_ratchet.sources import s3
from model_ratchet.sources.artifact import there
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.table import TableSource

CANARY = "hunter2-canary"
ODD_KEYS = ("a b.parquet", "plus+and&=.parquet", "[1]*.parquet", "ä%20'x'.parquet", "q?x#y.parquet")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with serving() as running:
        running.bucket("logs")
        yield running


def a_table(
    store: Store, path: str, *, environ: Mapping[str, str] = ANYONE, region: str = "us-east-1", **more: object
) -> TableSource:
    return a_source(path, environ=environ, endpoint=store.url, region=region, **more)  # type: ignore[arg-type]


def answers(source: TableSource, needs: Sequence[Need]) -> list[object]:
    found = source.answer(needs).answers
    return [told(found[need]) for need in needs]


def some_needs() -> list[Need]:
    both = (Arm.BASELINE, Arm.CANDIDATE)
    base = counts_of()
    return [
        replace(base, shape=Shape.ROWS, metric="", arms=both),
        base,
        replace(base, grouping=Grouping.HOUR),
        replace(base, grouping=Grouping.SEGMENT, segment="origin"),
        replace(base, shape=Shape.LOG_HISTOGRAM, metric="latency"),
        replace(base, shape=Shape.MOMENTS, arms=both, clustering=Clustering.COLUMN),
        replace(base, shape=Shape.PAIRED_COUNTS, arms=both),
    ]


def split(rows: Sequence[Row], parts: int) -> list[Sequence[Row]]:
    size = -(-len(rows) // parts)
    return [rows[i * size : (i + 1) * size] for i in range(parts)]


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz", "jsonl", "jsonl.gz"])
def test_a_remote_file_gives_the_numbers_of_the_local_one(store: Store, tmp_path: Path, form: str) -> None:
    local = write(tmp_path / f"log.{form}", random_long(3, 400))
    store.put("logs", f"same/log.{form}", local.read_bytes())
    found = answers(a_table(store, f"s3://logs/same/log.{form}"), some_needs())
    assert found == answers(a_source(local), some_needs())
    assert any(not isinstance(one, tuple) for one in found)


def test_a_glob_and_a_folder_with_partitions_give_the_numbers_of_the_local_ones(store: Store, tmp_path: Path) -> None:
    for number, part in enumerate(split(random_long(4, 300), 3)):
        without = [{key: value for key, value in row.items() if key != "service_date"} for row in part]
        local = write(tmp_path / "hive" / f"service_date=2025-08-0{number + 4}" / "part.parquet", without)
        store.put("logs", local.relative_to(tmp_path).as_posix(), local.read_bytes())
    (tmp_path / "hive" / "_tmp.parquet").write_bytes(b"unfinished")
    store.put("logs", "hive/_tmp.parquet", b"unfinished")
    store.put("logs", "hive/service_date=2025-08-04/", b"")
    store.put("logs", "hive2/part.parquet", b"another table")
    needs = some_needs()
    expected = answers(a_source(tmp_path / "hive", hive=True), needs)
    assert any(not isinstance(one, tuple) for one in expected)
    for path in ("s3://logs/hive/", "s3://logs/hive/*/*.parquet", "s3://logs/hive/**/part.parquet"):
        assert answers(a_table(store, path, hive=True), needs) == expected, path


def test_a_list_is_read_to_its_end(store: Store, tmp_path: Path) -> None:
    store.bucket("many")
    body = write(tmp_path / "part.csv", [{"request_id": "r"}]).read_bytes()
    for number in range(1_005):
        store.put("many", f"p/{number:04}.csv", body)
    source = a_table(store, "s3://many/p/*.csv")
    listed = source._files()
    assert len(listed.names) == 1_005
    (line,) = listed.provenance
    assert line.startswith("1005 objects, sha256:")
    listed.close()


def test_keys_may_hold_any_characters(store: Store, tmp_path: Path) -> None:
    rows = pairs(50)
    for key, part in zip(ODD_KEYS, split(rows, len(ODD_KEYS)), strict=True):
        store.put("logs", f"odd/{key}", write(tmp_path / "part.parquet", part).read_bytes())
    assert answers(a_table(store, "s3://logs/odd/"), [counts_of()]) == [Counts(successes=50, n=50)]
    alone = a_table(store, "s3://logs/odd/q?x#y.parquet")
    assert not isinstance(alone.answer([counts_of()]).answers[counts_of()], Missing)


def test_the_versions_of_the_objects_stand_beside_the_questions(store: Store, tmp_path: Path) -> None:
    store.put("logs", "told/log.parquet", write(tmp_path / "log.parquet", pairs(5)).read_bytes())
    first = a_table(store, "s3://logs/told/*.parquet").answer([counts_of()]).queries[0]
    assert first.startswith("-- 'log.parquet': ")
    store.put("logs", "told/log.parquet", write(tmp_path / "log.parquet", pairs(6)).read_bytes())
    assert a_table(store, "s3://logs/told/*.parquet").answer([counts_of()]).queries[0] != first


def test_what_is_not_there_is_absent(store: Store) -> None:
    for path in ("s3://logs/none.parquet", "s3://logs/none/", "s3://logs/none/*.parquet", "s3://nobucket/x/"):
        assert why(a_table(store, path)) == (Why.SOURCE_ABSENT, {"source": "log", "file": path})


def test_a_key_that_leads_away_is_not_asked_for(store: Store) -> None:
    store.bucket("other")
    store.put("other", "secret.parquet", b"x")
    environ = {**ANYONE, "FOLDER": "../other"}
    path = "s3://logs/${FOLDER}/secret.parquet"
    assert why(a_table(store, path, environ=environ)) == (Why.SOURCE_ABSENT, {"source": "log", "file": path})


def test_bucket_and_endpoint_must_both_be_allowed(store: Store) -> None:
    environ = {**ANYONE, "BUCKET": "other"}
    rest = f"origins: ['s3://logs', '{store.url}']"
    refused = why(a_table(store, "s3://${BUCKET}/x.parquet", environ=environ, rest=rest))
    assert refused == (Why.ORIGIN_REFUSED, {"source": "log", "origin": "what s3://${BUCKET} holds"})
    away = a_source(
        "s3://logs/x.parquet",
        environ={**ANYONE, "STORE": "http://127.0.0.1:9"},
        rest=rest,
        endpoint="${STORE}",
        region="x",
    )
    assert why(away) == (Why.ORIGIN_REFUSED, {"source": "log", "origin": "what ${STORE} holds"})
    networks = a_table(store, "s3://logs/x.parquet", rest="networks: ['10.0.0.0/8']")
    assert why(networks) == (Why.ORIGIN_REFUSED, {"source": "log", "origin": "an address of 127.0.0.1"})


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_the_keys_come_from_the_environment_that_is_given_and_from_nowhere_else(
    store: Store, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "of the process")
    environ = {name: value for name, value in ANYONE.items() if name != variable}
    assert why(a_table(store, "s3://logs/", environ=environ)) == (
        Why.VARIABLE_ABSENT,
        {"source": "log", "variable": variable},
    )


def test_a_signature_is_checked_by_the_store_and_an_open_object_needs_none(tmp_path: Path) -> None:
    keys = (*ODD_KEYS, "plain.parquet")
    with serving() as strict:
        for bucket in ("mine", "theirs"):
            strict.bucket(bucket)
            for key, part in zip(keys, split(pairs(60), len(keys)), strict=True):
                strict.put(bucket, f"a/{key}", write(tmp_path / "part.parquet", part).read_bytes())
        strict.put("theirs", "open.parquet", write(tmp_path / "part.parquet", pairs(5)).read_bytes(), open_to_all=True)
        open_to_all = a_table(strict, "s3://theirs/open.parquet", environ={}, auth="none")
        assert answers(open_to_all, [counts_of()]) == [Counts(successes=5, n=5)]
        mine = strict.reader("mine")
        for path in ("s3://mine/a/plain.parquet", "s3://mine/a/ä%20'x'.parquet"):
            assert not isinstance(asked(a_table(strict, path, environ=mine)), Missing), path
        for path in ("s3://mine/a/", "s3://mine/", "s3://mine/a/*.parquet"):
            assert answers(a_table(strict, path, environ=mine), [counts_of()]) == [Counts(successes=60, n=60)], path
        wrong = {**mine, "AWS_SECRET_ACCESS_KEY": CANARY}
        for path, environ in (("s3://theirs/a/plain.parquet", mine), ("s3://theirs/a/", mine), ("s3://mine/a/", wrong)):
            assert why(a_table(strict, path, environ=environ)) == (
                Why.SOURCE_UNAUTHORISED,
                {"source": "log", "file": path, "status": 403},
            )


def page(keys: Sequence[str], more: str = "<IsTruncated>false</IsTruncated>") -> Told:
    listed = "".join(f"<Contents><Key>{key}</Key><Size>4</Size><ETag>&quot;e&quot;</ETag></Contents>" for key in keys)
    return Told(body=f'<ListBucketResult xmlns="http://s3.example/">{more}{listed}</ListBucketResult>'.encode())


CUT = "<IsTruncated>true</IsTruncated>"


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (page(["elsewhere/x.parquet"]), "it names an object outside its folder"),
        (page(["p/../../other/x.parquet"]), "it names an object outside its folder"),
        (page(["p/x.parquet"], CUT), "it is cut and does not say how it goes on"),
        (page(["p/x.parquet"], ""), "it is no list of objects"),
        (
            page(["p/x.parquet"], f"{CUT}<NextContinuationToken>t</NextContinuationToken>"),
            "it does not end after 3 pages",
        ),
        (Told(body=page(["p/x.parquet"]).body.replace(b"<Size>4</Size>", b"<Size>-4</Size>")), "without a size"),
        (Told(body=page(["p/x.parquet"]).body.replace(b"&quot;e&quot;", b"")), "without a size or an entity tag"),
        (Told(body=b"<html>"), "it is no XML"),
        (Told(body=b"<html/>"), "it is no list of objects"),
        (Told(body=b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"), "it declares entities"),
        (Told(body=b""), "it is no XML"),
    ],
)
def test_a_list_that_cannot_be_trusted_is_refused(answer: Told, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "MOST_PAGES", 3)
    with answering(lambda asked: answer) as server:
        code, parameters = why(a_table(Store(server.url), "s3://logs/p/*.parquet"))
    assert code is Why.LISTING_BROKEN
    assert what in str(parameters["what"])


@pytest.mark.parametrize(
    ("status", "code"), [(403, Why.SOURCE_UNAUTHORISED), (301, Why.SOURCE_UNREACHABLE), (500, Why.SOURCE_UNREACHABLE)]
)
def test_no_failure_tells_a_key_or_a_token(status: int, code: Why, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    environ = {
        "AWS_ACCESS_KEY_ID": f"{CANARY}-id",
        "AWS_SECRET_ACCESS_KEY": f"{CANARY}-secret",
        "AWS_SESSION_TOKEN": f"{CANARY}-token",
    }

    def refuse(asked: Asked) -> Told:
        return Told(status, body=str(asked.headers).encode(), headers={"Location": f"http://x/{CANARY}"})

    with answering(refuse) as server:
        for path in ("s3://logs/p/", "s3://logs/p/x.parquet"):
            found = a_table(Store(server.url), path, environ=environ).answer([counts_of()])
            assert reason(found.answers[counts_of()])[0] is code
            assert CANARY not in repr(found)
    assert all(asked.headers["X-Amz-Security-Token"] == f"{CANARY}-token" for asked in server.asked)
    assert "x-amz-security-token" in server.asked[0].headers["Authorization"].lower()
    assert f"{CANARY}-secret" not in str(server.asked)
    assert CANARY not in caplog.text


def asked(source: TableSource) -> Measurement | Missing:
    return source.answer([counts_of()]).answers[counts_of()]


def why(source: TableSource) -> tuple[Why, dict[str, object]]:
    return reason(asked(source))


@pytest.mark.parametrize(
    ("key", "found"),
    [("kept/v1/model.bin", True), ("kept/v1/", True), ("kept/v2/model.bin", False), ("kept/v2/", False)],
    ids=["object", "folder", "no object", "no folder"],
)
def test_an_artifact_is_looked_for_with_the_store_and_the_keys_of_a_table(store: Store, key: str, found: bool) -> None:
    store.put("logs", "kept/v1/model.bin", b"weights")
    text = (
        "apiVersion: ratchet/v1\nkind: Sources\nsources:\n"
        f"  log: {{kind: table, path: 's3://logs/x.parquet', region: us-east-1, endpoint: '{store.url}'}}\n"
    )
    sources = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(sources, Sources), sources
    assert there(f"s3://logs/{key}", sources, environ=ANYONE, root=Path("/")) is found
    with pytest.raises(UnanswerableError) as raised:
        there(f"s3://other/{key}", sources, environ=ANYONE, root=Path("/"))
    assert raised.value.reason.why is Why.ORIGIN_REFUSED
