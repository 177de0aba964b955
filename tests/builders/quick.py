"""A model of late deliveries that a quick policy judges: its documents, its artifacts, and the rows of its servers as a log."""

import hashlib
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from components.routers import Row

BASELINE, CANDIDATE = "v1.0.0_20250601_090000", "v1.1.0_20250901_090000"
BEGIN = datetime(2025, 9, 2, tzinfo=UTC)
HOUR, SETTLE, LABELLED = timedelta(hours=1), timedelta(minutes=10), timedelta(minutes=30)
WEIGHTS = {BASELINE: "[1, 0]", CANDIDATE: "[1, 0.5]"}
"""Late is what has features that add up to more than one. One version looks at the first alone, the other at both."""

POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: quick
version: 1.0.0
settle: 10m
stages:
  - {name: shadow, mirror: 100%, lasts: 6h}
  - {name: canary, traffic: 5%, mirror: 100%, lasts: 12h}
  - {name: blue_green, traffic: 50%, mirror: 100%, lasts: 6h}
gates:
  - name: performance
    criteria:
      - {id: better, kind: superiority, metric: accuracy, by: 2pp, stage: canary}
      - {id: no-worse, kind: non_inferiority, metric: accuracy, margin: 1pp, stage: blue_green}
      - {id: latency, kind: quantile_limit, metric: latency, quantile: 0.95, at_most: 5000ms, stage: [canary, blue_green]}
      - {id: memory, kind: ratio_limit, metric: memory, within: 50%, min_hours: 6, stage: [shadow, canary, blue_green]}
  - name: integrity
    criteria:
      - {id: same-thing, kind: identity, reported: required}
      - {id: traffic-share, kind: sample_ratio}
      - {id: coverage, kind: coverage, max_gap: 1h, min_pair_rate: 99%}
"""
STRICTER = POLICY.replace("version: 1.0.0", "version: 1.1.0").replace("by: 2pp", "by: 20pp")

MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: late
policies: [quick/1.0.0]
time: {{column: requested_at, timezone: UTC}}
rows: {{source: log, request_id: request_id, arm: version, digest: digest, exposure: {{column: mode}}}}
assignment: user_id
labels: {{arrived_at: labelled_at, mature_after: 1h, min_coverage: 99%}}
metrics:
  accuracy: {{kind: proportion, score: score, threshold: "> 0.5", label: late}}
  latency: {{kind: duration, column: latency_ms, unit: ms}}
  memory: {{kind: gauge, promql: 'max(process_resident_memory_bytes{{version={{{{ version }}}}}})', unit: B}}
traffic:
  target: nginx
  listen: "127.0.0.1:{port}"
  backend: "late-{{{{ slug }}}}.svc:8000"
  key: {{header: X-User-Id}}
  mirror_port: {mirror_port}
"""

SOURCES = """\
apiVersion: ratchet/v1
kind: Sources
sources:
  log: {{kind: table, path: "{logs}/*.jsonl"}}
  prom: {{kind: prometheus, url: "http://127.0.0.1:{port}"}}
"""


@dataclass(frozen=True)
class Stage:
    """One stage of the policy, how many users come, and how often each of them."""

    name: str
    share: float
    hours: int
    users: int
    visits: int


STAGES = (
    Stage("shadow", 0, 6, 1000, 1),
    Stage("canary", 0.05, 12, 5000, 2),
    Stage("blue_green", 0.5, 6, 5000, 1),
)


def documents(logs: Path, *, port: int, mirror_port: int, prometheus: int) -> dict[str, str | bytes]:
    """What the base branch holds at first: the rules, and the version that is active."""
    request = (
        f"apiVersion: ratchet/v1\nkind: PromotionRequest\nmodel: late\ncandidate: {BASELINE}\nbaseline: none\n"
        f'policy: quick/1.0.0\nowner: ml\nartifact: {{uri: "models://late/1", digest: "{digest(BASELINE)}"}}\n'
    )
    return {
        "policies/quick/1.0.0.yaml": POLICY,
        "policies/models/late.yaml": MODEL.format(port=port, mirror_port=mirror_port),
        "policies/sources.yaml": SOURCES.format(logs=logs, port=prometheus),
        f"promotions/late/{BASELINE}/promotion.yaml": request,
    }


def features(number: int) -> str:
    """The body of a request: two numbers from 0 to 1."""
    drawn = random.Random(number)  # noqa: S311
    return f"{drawn.random():.6f} {drawn.random():.6f}"


def digest(version: str) -> str:
    """Of the artifact of a version."""
    return f"sha256:{hashlib.sha256(WEIGHTS[version].encode()).hexdigest()}"


def logged(rows: Iterable[Row], opens: datetime, lasts: timedelta) -> Iterator[str]:
    """Lines of a prediction log: the requests stay in their order, and their times fill a window evenly."""
    every = sorted(rows, key=lambda row: row["at"])
    requests = list(dict.fromkeys(row["request"] for row in every))
    times = {request: opens + lasts * ((number + 0.5) / len(requests)) for number, request in enumerate(requests)}
    for row in every:
        at = times[row["request"]]
        line = {
            "request_id": row["request"],
            "requested_at": at.isoformat(),
            "user_id": row["user"],
            "version": row["version"],
            "mode": "mirrored" if row["mirrored"] == "1" else "served",
            "score": row["score"],
            "late": sum(map(float, row["body"].split())) > 1,
            "labelled_at": (at + LABELLED).isoformat(),
            "latency_ms": row["latency_ms"],
            "digest": row["digest"],
        }
        yield json.dumps(line) + "\n"
