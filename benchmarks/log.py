"""A prediction log of any size: two versions that scored each request, over the seven days of a canary."""

import sys
from datetime import UTC, datetime, timedelta
from math import gcd
from pathlib import Path

import duckdb

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Interval, Need, Window
from model_ratchet.documents.model import Cluster, ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources, Table
from model_ratchet.engine.bind import Documents, bind
from model_ratchet.engine.history import StageHistory, StageRun
from model_ratchet.engine.plan import Plan
from model_ratchet.sources.open import base_needs, route
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.table import TableSource

ROOT = Path(__file__).parents[1]
RATCHET = str(Path(sys.executable).with_name("ratchet"))
"""The command as it is installed beside this Python."""
BASELINE, CANDIDATE = "v1.0.0_20250601_090000", "v1.1.0_20250801_090000"
START = datetime(2025, 8, 4, tzinfo=UTC)
DAYS = 7
COLUMNS = (
    *("request_id", "requested_at", "version", "mode", "user", "country", "device"),
    *("score", "label", "label_time", "latency_ms", "service_date", "digest"),
)
SEGMENTS = {"country": ("DE", "FR", "US", "GB", "IT", "ES"), "device": ("phone", "tablet", "desktop")}

MODEL = """
apiVersion: ratchet/v1
kind: Model
name: fraud
policies: [standard/1.0.0]
time: {column: requested_at, timezone: UTC}
rows:
  source: requests
  request_id: request_id
  arm: version
  digest: digest
  exposure: {column: mode, served: served, mirrored: shadow}
assignment: user
cluster: {column: service_date, within_window: hour}
labels: {arrived_at: label_time, mature_after: 24h, min_coverage: 90%}
metrics:
  accuracy: {kind: proportion, score: score, threshold: "> 0.5", label: label}
  latency: {kind: duration, column: latency_ms, unit: ms}
  errors: {kind: proportion, column: error, source: gateway, better: lower}
  batch_duration: {kind: duration, column: duration_ms, unit: ms, source: batches}
  memory: {kind: gauge, source: usage, column: rss, unit: B}
  cpu: {kind: gauge, source: usage, column: cpu, unit: cores}
segments: [country, device]
suites: {edge_cases: {source: cases}}
roles: {code-owner: ["@acme/ml"], business: ["@acme/product"], risk: ["@acme/risk"], stakeholders: ["@acme/leads"]}
allocation: {memory: 1GiB, cpu: 1}
infrastructure: {python: ">=3.11", gpu: none, memory: 1GiB, cpu: 2}
"""
REQUEST = f"""
apiVersion: ratchet/v1
kind: PromotionRequest
model: fraud
candidate: {CANDIDATE}
baseline: {BASELINE}
policy: standard/1.0.0
artifact: {{uri: "models://fraud/1", digest: "sha256:{"a" * 64}"}}
owner: payments
"""

_STRIDE = 61_803_399
"""Whole numbers times this, modulo a power of ten, come in no order, and each once."""


def write_log(path: Path, rows: int, *, scattered: bool = False) -> None:
    """``rows`` rows in the order of their times: 13 columns, snappy. Request ids ascend with them, or are ``scattered``."""
    requests = rows // 2
    identity = f"r * {_STRIDE} % {requests}" if scattered else "r"
    assert not scattered or gcd(_STRIDE, requests) == 1
    micros = DAYS * 86_400_000_000
    countries, devices = SEGMENTS["country"], SEGMENTS["device"]
    duckdb.sql("SET threads = 2")
    duckdb.sql(f"""
        COPY (
            SELECT {identity} AS request_id, t AS requested_at,
                if(a = 1, '{CANDIDATE}', '{BASELINE}') AS version,
                if((hash(u) % 20 = 0) = (a = 1), 'served', 'shadow') AS mode,
                u AS "user", {list(countries)}[1 + u % 6] AS country, {list(devices)}[1 + u % 3] AS device,
                if((hash(r, a) % 100 < 80 + 4 * a) = label, 0.51, 0.01) + (hash(r, a, 7) % 1000) / 2100.0 AS score,
                label, t + INTERVAL 6 HOURS AS label_time,
                100 * exp((hash(r, a, 3) % 1000 + hash(r, a, 4) % 1000 + hash(r, a, 5) % 1000) / 2000.0 - 0.75) AS latency_ms,
                t::DATE AS service_date, 'sha256:' || repeat(if(a = 1, 'c', 'b'), 64) AS digest
            FROM (
                SELECT r, a, (hash(r) % 200000)::INT AS u, hash(r, 1) % 10 < 4 AS label,
                    TIMESTAMPTZ '{START.isoformat()}' + to_microseconds((r * ({micros}::HUGEINT) // {requests})::BIGINT) AS t
                FROM (SELECT i // 2 AS r, (i % 2)::INT AS a FROM range({rows}) AS lines(i))
            )
        ) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 250000, COMPRESSION snappy)
    """)


def a_source(path: Path, *, only: str | None = None, cluster: str | None = None) -> TableSource:
    """The log in a file as a source of the model; ``only`` with this metric, or with rows that depend by this column."""
    model = _model()
    if only is not None:
        model = model.model_copy(update={"metrics": {only: model.metrics[only]}})
    if cluster is not None:
        model = model.model_copy(update={"cluster": Cluster(column=cluster)})
    return described(f"{{kind: table, path: {path}}}", model)


def described(table: str, model: ModelFile | None = None) -> TableSource:
    """The source of the model that a line of a sources file describes."""
    text = f"apiVersion: ratchet/v1\nkind: Sources\nsources: {{requests: {table}}}\n"
    sources = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(sources, Sources), sources
    config = sources.sources["requests"]
    assert isinstance(config, Table)
    versions = Versions(candidate=CANDIDATE, baseline=BASELINE, others=frozenset())
    return TableSource(
        name="requests", config=config, model=model or _model(), versions=versions, root=ROOT, reach=Reach.of(sources)
    )


def needs() -> list[Need]:
    """All that ``standard`` asks of the log about its canary stage, and the standing base set."""
    text = (ROOT / "policies" / "standard" / "1.0.0.yaml").read_bytes()
    policy = read(Policy, "policies/standard/1.0.0.yaml", text)
    request = read(PromotionRequest, f"promotions/fraud/{CANDIDATE}/promotion.yaml", REQUEST.encode())
    assert isinstance(policy, Policy)
    assert isinstance(request, PromotionRequest), request
    settle = timedelta(minutes=10)
    runs = (
        StageRun(stage="shadow", started_at=START - timedelta(days=5)),
        StageRun(stage="canary", started_at=START - settle),
    )
    plan = bind(
        Documents(policy=policy, model=_model(), request=request, sources=None), StageHistory(runs=runs), now=_end()
    )
    assert isinstance(plan, Plan), plan
    (canary,) = (stage for stage in plan.stages if stage.name == "canary")
    assert canary.window == Window((Interval(START, START + timedelta(days=DAYS)),), _end())
    asked = [need for need in plan.needs() if need.stage == "canary" and _from_log(need)]
    return list(dict.fromkeys([*asked, *base_needs(_model(), "canary", canary.window, paired=True)]))


def _from_log(need: Need) -> bool:
    names = "{requests: {kind: table, path: x}, gateway: {kind: table, path: x}, batches: {kind: table, path: x}}"
    sources = read(
        Sources, "policies/sources.yaml", f"apiVersion: ratchet/v1\nkind: Sources\nsources: {names}\n".encode()
    )
    assert isinstance(sources, Sources)
    return need.window is not None and route(need, _model(), sources) == "requests"


def _end() -> datetime:
    return START + timedelta(days=DAYS + 1)


def _model() -> ModelFile:
    model = read(ModelFile, "policies/models/fraud.yaml", MODEL.encode())
    assert isinstance(model, ModelFile), model
    return model
