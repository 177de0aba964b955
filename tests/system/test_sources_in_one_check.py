"""The policy ``standard`` on metrics from where they really live: rows in PostgreSQL or Spark, the rest in Prometheus."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builders import production
from builders.databases import in_postgresql, in_spark
from builders.openmetrics import Counter, Page
from builders.production import BASELINE, CANDIDATE, DECIDABLE, START, Truth
from builders.repositories import Repo, a_repo
from components import postgresql, prometheus
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.cli import run
from model_ratchet.core.outcome import Outcome
from model_ratchet.engine.record import Record
from model_ratchet.sources.prometheus_api import PrometheusApi

pytestmark = pytest.mark.xdist_group("spark")

TOKEN = "hunter2-canary"  # noqa: S105  (nobody is let in by it)
SCRAPE = timedelta(minutes=2)
MODEL = (
    production.MODEL.replace(
        "errors: {kind: proportion, column: error, source: gateway, better: lower}",
        "errors: {kind: proportion, better: lower, promql: {events: 'errors_total{version={{ version }}}', "
        "total: 'calls_total{version={{ version }}}', no_series: zero}}",
    )
    .replace(
        "memory: {kind: gauge, source: usage, column: rss_mib, unit: MiB}",
        "memory: {kind: gauge, promql: 'max(rss_mib{version={{ version }}})', unit: MiB}",
    )
    .replace(
        "cpu: {kind: gauge, source: usage, column: cpu_cores, unit: cores, hourly: mean}",
        "cpu: {kind: gauge, promql: 'max(cpu_cores{version={{ version }}})', unit: cores, hourly: mean}",
    )
)
OF_PROMETHEUS = {"error-rate", "memory", "cpu", "production-load"}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    production.write_logs(folder, Truth())
    batches = pd.read_json(folder / "batches.jsonl", lines=True)
    batches["requested_at"] = pd.to_datetime(batches["requested_at"], utc=True)
    batches.to_parquet(folder / "batches.parquet", index=False)
    return folder


@pytest.fixture(scope="module")
def metrics(logs: Path) -> str:
    """What Prometheus would have scraped of the gateway and of the processes."""
    page = Page()
    scrapes = [START - timedelta(hours=2) + n * SCRAPE for n in range(int(timedelta(days=15) / SCRAPE))]
    calls = pd.read_parquet(logs / "gateway.parquet")
    calls["scrape"] = calls["requested_at"].dt.ceil(SCRAPE)
    for version in (BASELINE, CANDIDATE):
        climbs = calls[calls["version"] == version].groupby("scrape").size().to_dict()
        counted = [(at, int(climbs.get(pd.Timestamp(at), 0))) for at in scrapes]
        page.counter("calls_total", Counter({"version": version}, counted, first=1000))
        usage = pd.read_csv(logs / "usage.csv", parse_dates=["time"])
        mine = usage[usage["version"] == version]
        for name in ("rss_mib", "cpu_cores"):
            held = dict(zip(mine["time"].dt.floor("h"), mine[name], strict=True))
            values = [(at, float(held.get(pd.Timestamp(at).floor("h"), mine[name].iloc[0]))) for at in scrapes]
            page.gauge(name, {"version": version}, values)
    return page.text()


@pytest.fixture(scope="module")
def database(logs: Path) -> Iterator[Mapping[str, str]]:
    """The tables of rows in PostgreSQL, as lines of a sources file."""
    with postgresql.serving() as server:
        yield {name: in_postgresql(server, name, *rows(logs, name)) for name in ("requests", "batches")}


def rows(logs: Path, name: str) -> tuple[list[dict[str, object]], pa.Schema]:
    table = pq.read_table(logs / f"{name}.parquet")
    fields = [
        pa.field(field.name, pa.timestamp("us", tz="UTC") if pa.types.is_timestamp(field.type) else field.type)
        for field in table.schema
    ]
    schema = pa.schema([field.with_type(pa.string()) if field.type == pa.large_string() else field for field in fields])
    return table.cast(schema, safe=False).to_pylist(), schema


def proposed(path: Path, url: str, tables: Mapping[str, str]) -> Repo:
    lines = "".join(f"  {name}: {described}\n" for name, described in tables.items())
    sources = (
        "apiVersion: ratchet/v1\nkind: Sources\nsources:\n"
        f"{lines}  edge_cases: {{kind: table, path: '${{LOGS}}/edge_cases.csv'}}\n"
        f"  prom: {{kind: prometheus, url: '{url}', auth: {{bearer: '${{PROM_TOKEN}}'}}}}\n"
    )
    files = production.base_files() | {"policies/sources.yaml": sources, "policies/models/fraud.yaml": MODEL}
    repo = a_repo(path, files)
    repo.branch("proposal", production.proposal())
    return repo


def environ(logs: Path) -> dict[str, str]:
    return {"LOGS": str(logs), "PROM_TOKEN": TOKEN, "DB_PASSWORD": postgresql.READER_PASSWORD}


def judged(repo: Repo, logs: Path) -> Record:
    checked = check(CheckInput(repo=repo.path, base="main", head="proposal", now=DECIDABLE, environ=environ(logs)))
    (record,) = checked.records
    return record


def outcomes(record: Record) -> dict[str, set[Outcome]]:
    found: dict[str, set[Outcome]] = {}
    for gate in record.verdict.gates:
        for leaf in gate.leaves:
            if leaf.counted and gate.name != "sign-off":
                found.setdefault(leaf.id, set()).add(leaf.outcome)
    return found


def in_files(logs: Path) -> dict[str, str]:
    return {name: f"{{kind: table, path: '{logs / name}.parquet'}}" for name in ("requests", "batches")}


def estimates(record: Record) -> dict[tuple[str, str | None], object]:
    return {
        (leaf.id, leaf.stage): (leaf.outcome, leaf.judgement.estimate, leaf.judgement.parts)
        for gate in record.verdict.gates
        for leaf in gate.leaves
    }


def test_every_gate_of_evidence_passes_on_prometheus_and_postgresql_in_one_check(
    tmp_path: Path, logs: Path, metrics: str, database: Mapping[str, str]
) -> None:
    (tmp_path / "prometheus").mkdir()
    with prometheus.serving(tmp_path / "prometheus", metrics) as url:
        record = judged(proposed(tmp_path / "postgresql", url, database), logs)
        assert {name for name, found in outcomes(record).items() if found != {Outcome.PASSED}} == set()
        assert record.verdict.evidence_outcome is Outcome.PASSED
        local = judged(proposed(tmp_path / "files", url, in_files(logs)), logs)
    assert estimates(record) == estimates(local)
    assert "calls_total" in record.evidence.queries["prom"]
    assert TOKEN not in str(record.evidence.queries)


@pytest.mark.spark
def test_the_same_request_gives_the_same_estimates_on_spark(
    tmp_path: Path, logs: Path, metrics: str, cluster: tuple[str, Path]
) -> None:
    (tmp_path / "prometheus").mkdir()
    with prometheus.serving(tmp_path / "prometheus", metrics) as url:
        tables = {name: in_spark(*cluster, name, *rows(logs, name)) for name in in_files(logs)}
        record = judged(proposed(tmp_path / "spark", url, tables), logs)
        local = judged(proposed(tmp_path / "files", url, in_files(logs)), logs)
    assert record.verdict.evidence_outcome is Outcome.PASSED
    assert estimates(record) == estimates(local)


def test_a_prometheus_that_dies_half_way_makes_its_criteria_errored_and_leaves_the_others(
    tmp_path: Path,
    logs: Path,
    metrics: str,
    database: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "prometheus").mkdir()
    for name, value in environ(logs).items():
        monkeypatch.setenv(name, value)
    with prometheus.running(tmp_path / "prometheus", metrics) as (url, server):
        asked, over = [], PrometheusApi.over

        def dying(
            api: PrometheusApi, metric: str, query: str, start: datetime, end: datetime, step: timedelta
        ) -> object:
            asked.append(metric)
            if len(asked) == 3:
                server.kill()
                server.wait()
            return over(api, metric, query, start, end, step)

        monkeypatch.setattr(PrometheusApi, "over", dying)
        repo = proposed(tmp_path / "repo", url, database)
        record = judged(repo, logs)
        arguments = ["check", "--repo", str(repo.path), "--base", "main", "--head", "proposal"]
        code = run([*arguments, "--now", DECIDABLE.isoformat().replace("+00:00", "Z")])
    out, err = capfd.readouterr()
    found = outcomes(record)
    assert {name for name, of in found.items() if Outcome.ERRORED in of} == OF_PROMETHEUS
    assert all(of == {Outcome.PASSED} for name, of in found.items() if name not in OF_PROMETHEUS)
    assert code == 3
    assert "the source prom" in out
    assert TOKEN not in out + err
