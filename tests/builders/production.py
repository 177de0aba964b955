"""A model with real-looking traffic, fed to the policy ``standard`` from tables alone: every metric, suite and gauge.

The truth is set by the caller: how accurate each version is, how fast, how large. Requests arrive all day; users are the
assignment units; labels come six hours later.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]
BASELINE = "v1.0.0_20250601_090000"
CANDIDATE = "v1.1.0_20250801_090000"
START = datetime(2025, 8, 4, tzinfo=UTC)
SETTLE = timedelta(minutes=10)
STAGES = {
    "shadow": (START, timedelta(hours=72), 0.0, True),
    "canary": (START + timedelta(days=4), timedelta(days=7), 0.05, True),
    "blue_green": (START + timedelta(days=12), timedelta(days=1), 0.5, False),
}
DECIDABLE = START + timedelta(days=14, minutes=10)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is true of the candidate; the baseline is right in 80 %, takes 100 ms and 200 MiB."""

    accuracy: float = 0.84
    latency_ms: float = 100.0
    errors: float = 0.0
    memory_mib: float = 205.0
    cpu_cores: float = 0.5
    failed_cases: tuple[str, ...] = ()
    per_day: int = 6000


def digest(version: str) -> str:
    return f"sha256:{hashlib.sha256(version.encode()).hexdigest()}"


def write_logs(folder: Path, truth: Truth, seed: int = 7) -> None:
    """The five tables of the model, as CSV and JSON lines and Parquet, so that each format is read."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    requests = pd.concat([_stage(name, truth, random) for name in STAGES], ignore_index=True)
    latency = np.where(requests["version"] == CANDIDATE, truth.latency_ms, 100.0)
    requests["latency_ms"] = latency * random.lognormal(0.0, 0.25, len(requests))
    requests.to_parquet(folder / "requests.parquet", index=False)
    calls = requests[["request_id", "requested_at", "version"]].copy()
    rate = np.where(calls["version"] == CANDIDATE, truth.errors, 0.0)
    calls["error"] = random.random(len(calls)) < rate
    calls.to_parquet(folder / "gateway.parquet", index=False)
    hours = _hours()
    usage = pd.DataFrame(
        [
            {
                "time": hour.isoformat(),
                "version": version,
                "rss_mib": mib * random.lognormal(0, 0.01),
                "cpu_cores": cores * random.lognormal(0, 0.05),
            }
            for hour in hours
            for version, mib, cores in ((BASELINE, 200.0, 0.5), (CANDIDATE, truth.memory_mib, truth.cpu_cores))
        ]
    )
    usage.to_csv(folder / "usage.csv", index=False)
    batches = pd.DataFrame(
        [
            {"requested_at": hour.isoformat(), "version": version, "duration_ms": 300 * random.lognormal(0, 0.2)}
            for hour in hours
            for version in (BASELINE, CANDIDATE)
        ]
    )
    batches.to_json(folder / "batches.jsonl", orient="records", lines=True)
    cases = ["missing age", "unknown country", "negative amount", "empty request"]
    suite = pd.DataFrame({"case": cases, "passed": [case not in truth.failed_cases for case in cases]})
    suite.to_csv(folder / "edge_cases.csv", index=False)


def _hours() -> list[datetime]:
    found = []
    for start, lasts, _, _ in STAGES.values():
        found += [
            start + timedelta(minutes=30) + timedelta(hours=i) for i in range(int(lasts / timedelta(hours=1)) + 1)
        ]
    return found


def _stage(name: str, truth: Truth, random: np.random.Generator) -> pd.DataFrame:
    start, lasts, share, mirrored = STAGES[name]
    seconds = int((lasts + SETTLE).total_seconds())
    n = int(truth.per_day * seconds / 86400)
    at = pd.Timestamp(start) + pd.to_timedelta(np.sort(random.random(n) * seconds), unit="s")
    users = random.integers(0, 20_000, n)
    units = np.array([_unit(name, user) for user in range(20_000)])[users]
    served = np.where(units < share, CANDIDATE, BASELINE)
    label = random.random(n) < 0.4
    right = {BASELINE: random.random(n) < 0.80, CANDIDATE: random.random(n) < truth.accuracy}
    rows = []
    for version in (BASELINE, CANDIDATE):
        shown = np.full(n, True) if mirrored else served == version
        predicted = np.where(right[version], label, ~label)
        rows.append(
            pd.DataFrame(
                {
                    "request_id": [f"{name}-{i}" for i in range(n)],
                    "requested_at": at,
                    "version": version,
                    "mode": np.where(served == version, "served", "shadow"),
                    "digest": digest(version),
                    "user": users,
                    "country": np.where(users % 3 == 0, "DE", "FR"),
                    "score": np.where(predicted, 0.8, 0.2),
                    "label": label,
                    "label_time": at + pd.Timedelta(hours=6),
                }
            )[shown]
        )
    return pd.concat(rows, ignore_index=True)


def _unit(stage: str, user: int) -> float:
    return int.from_bytes(hashlib.sha256(f"{stage}/{user}".encode()).digest()[:8], "big") / 2**64


MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: fraud
policies: [standard/1.0.0]
artifact: {origins: ["models://fraud/"]}
time: {column: requested_at, timezone: UTC}
rows:
  source: requests
  request_id: request_id
  arm: version
  digest: digest
  exposure: {column: mode, served: served, mirrored: shadow}
assignment: user
labels: {arrived_at: label_time, mature_after: 24h, min_coverage: 90%}
metrics:
  accuracy: {kind: proportion, score: score, threshold: "> 0.5", label: label}
  latency: {kind: duration, column: latency_ms, unit: ms}
  errors: {kind: proportion, column: error, source: gateway, better: lower}
  batch_duration: {kind: duration, column: duration_ms, unit: ms, source: batches}
  memory: {kind: gauge, source: usage, column: rss_mib, unit: MiB}
  cpu: {kind: gauge, source: usage, column: cpu_cores, unit: cores, hourly: mean}
segments: [country]
suites: {edge_cases: {source: edge_cases}}
roles: {code-owner: ["@acme/ml"], business: ["@acme/product"], risk: ["@acme/risk"], stakeholders: ["@acme/leads"]}
allocation: {memory: 1GiB, cpu: 1}
infrastructure: {python: ">=3.11,<3.14", gpu: none, memory: 1GiB, cpu: 2}
"""

SOURCES = """\
apiVersion: ratchet/v1
kind: Sources
sources:
  requests: {kind: table, path: "${LOGS}/requests.parquet"}
  gateway: {kind: table, path: "${LOGS}/gateway.parquet"}
  usage: {kind: table, path: "${LOGS}/usage.csv"}
  batches: {kind: table, path: "${LOGS}/batches.jsonl"}
  edge_cases: {kind: table, path: "${LOGS}/edge_cases.csv"}
"""


def standard() -> str:
    """The shipped policy; the only difference is that it takes stage starts from the request."""
    text = (ROOT / "policies" / "standard" / "1.0.0.yaml").read_text(encoding="utf-8")
    assert text.count("retrospective: refused") == 1
    return text.replace("retrospective: refused", "retrospective: allowed")


def request(*, stages: int = 3, drill: str = "2025-08-01T00:00:00Z") -> str:
    """The request for the candidate, with so many of its stages started."""
    history = "history:\n" * bool(stages) + "".join(
        f"  - {{stage: {name}, started: {start.strftime('%Y-%m-%dT%H:%M:%SZ')}}}\n"
        for name, (start, *_) in list(STAGES.items())[:stages]
    )
    return f"""\
apiVersion: ratchet/v1
kind: PromotionRequest
model: fraud
candidate: {CANDIDATE}
baseline: {BASELINE}
policy: standard/1.0.0
artifact: {{uri: "models://fraud/{CANDIDATE}", digest: "{digest(CANDIDATE)}"}}
owner: payments
metadata:
  dataset: {{version: payments-2025-07, characteristics: {{rows: 1200000}}}}
  hyperparameters: {{max_depth: 6}}
  training_metrics: {{accuracy: 0.86}}
  validation_results: {{accuracy: 0.84}}
  infrastructure: {{python: "3.12", gpu: none, memory: 512MiB, cpu: 1}}
  benchmarks: {{p95_ms: 150}}
  source_commit: 0123456789abcdef0123456789abcdef01234567
documents: {{architecture: architecture.md, benchmarks: benchmarks.md, risk: risk.md, rollback: rollback.md}}
drill: {{performed_at: {drill}, restored: {BASELINE}, result: passed}}
{history}"""


_WORDS = "ten plain words are the least that a section must hold here\n"
DOCUMENTS = {
    "architecture.md": f"# Architecture\n{_WORDS}\n# Methodology changes\n{_WORDS}",
    "benchmarks.md": f"# Results\n{_WORDS}",
    "risk.md": f"# Risks\n{_WORDS}\n# Mitigation\n{_WORDS}",
    "rollback.md": f"# Procedure\n{_WORDS}\n# Verification\n{_WORDS}",
}


def base_files() -> dict[str, str | bytes]:
    """What the base branch holds."""
    first = request().replace(f"baseline: {BASELINE}", "baseline: none").replace(CANDIDATE, BASELINE)
    first = first.replace(digest(CANDIDATE), digest(BASELINE)).partition("drill:")[0]
    return {
        "policies/standard/1.0.0.yaml": standard(),
        "policies/models/fraud.yaml": MODEL,
        "policies/sources.yaml": SOURCES,
        f"promotions/fraud/{BASELINE}/promotion.yaml": first,
        **{f"promotions/fraud/{BASELINE}/{name}": text for name, text in DOCUMENTS.items()},
    }


def proposal(*, stages: int = 3, drill: str = "2025-08-01T00:00:00Z") -> dict[str, str | bytes]:
    """What the change adds."""
    folder = f"promotions/fraud/{CANDIDATE}"
    return {
        f"{folder}/promotion.yaml": request(stages=stages, drill=drill),
        **{f"{folder}/{name}": text for name, text in DOCUMENTS.items()},
    }
