"""A model whose versions are registered in MLflow: its documents, and answers of a server that is none."""

import json
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from builders.http import Asked, Told

BASELINE = "v1.0.0_20250601_090000"
CANDIDATE = "v1.1.0_20250718_142000"
DIGESTS = {BASELINE: "sha256:" + "b" * 64, CANDIDATE: "sha256:" + "c" * 64}

REGISTRY = "registry: {source: mlflow, name: late, alias: champion}"

MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: late
policies: [small/1.0.0]
time: {column: at, timezone: UTC}
rows: {source: log, request_id: id, arm: version, digest: digest, exposure: {column: mode, mirrored: shadow}}
metrics:
  accuracy: {kind: proportion, correct: right}
REGISTRY
"""

POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: small
version: 1.0.0
retrospective: allowed
stages:
  - {name: shadow, mirror: 100%, lasts: 24h}
gates:
  - name: everything
    criteria:
      - {id: same-thing, kind: identity}
      - {id: metadata, kind: metadata, require: [hyperparameters, benchmarks, source_commit], matches: registry}
      - {id: documents, kind: documents, min_words: 3, require: {risk: [Risks, Mitigation], notes: []}}
      - {id: drill, kind: rollback_drill, within: 30d}
"""

SOURCES = """\
apiVersion: ratchet/v1
kind: Sources
sources:
  log: {kind: table, path: log.csv}
  mlflow: {kind: mlflow, url: "URL"MORE}
"""

REQUEST = """\
apiVersion: ratchet/v1
kind: PromotionRequest
model: late
candidate: VERSION
baseline: BASELINE
policy: small/1.0.0
artifact: {uri: "s3://models/late/VERSION", digest: "DIGEST"}
owner: ml
"""


def base_files(
    url: str, *, registry: str = REGISTRY, policy: str = POLICY, more: str = "", log: str = ""
) -> dict[str, str | bytes]:
    """What the base branch holds: one promoted version, and where it is registered."""
    first = REQUEST.replace("VERSION", BASELINE).replace("DIGEST", DIGESTS[BASELINE])
    return {
        "policies/small/1.0.0.yaml": policy,
        "policies/models/late.yaml": MODEL.replace("REGISTRY", registry),
        "policies/sources.yaml": SOURCES.replace("URL", url).replace("MORE", more),
        f"promotions/late/{BASELINE}/promotion.yaml": first.replace("baseline: BASELINE", "baseline: none"),
        "log.csv": log,
    }


def proposal(more: str = "") -> dict[str, str | bytes]:
    """What a change adds: the candidate, with more keys of its request."""
    request = REQUEST.replace("BASELINE", BASELINE).replace("VERSION", CANDIDATE).replace("DIGEST", DIGESTS[CANDIDATE])
    return {f"promotions/late/{CANDIDATE}/promotion.yaml": request + more}


def a_log() -> str:
    """A day of requests, each scored by both versions, with the digest that its server reports."""
    rows = ["id,at,version,mode,digest,right"]
    for number in range(96):
        at = f"2025-08-01T{number // 4:02d}:{number % 4 * 15:02d}:00"
        for version, mode in ((BASELINE, "served"), (CANDIDATE, "shadow")):
            rows.append(f"{number},{at},{version},{mode},{DIGESTS[version]},true")
    return "\n".join(rows) + "\n"


def a_version(number: int | str, version: str, digest: str | None = None, **more: object) -> dict[str, object]:
    """A registered version as the server tells it."""
    tags = {"ratchet_version": version, "artifact_digest": digest or DIGESTS.get(version, "")}
    listed = [{"key": key, "value": value} for key, value in tags.items() if value]
    given = {"name": "late", "version": str(number), "source": f"s3://models/late/{number}", "run_id": f"run{number}"}
    return given | {"status": "READY", "tags": listed} | more


def a_run(
    parameters: Mapping[str, str] | None = None,
    metrics: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    datasets: Sequence[Mapping[str, object]] = (),
) -> dict[str, object]:
    """A run as the server tells it."""
    data = {
        "params": [{"key": key, "value": value} for key, value in (parameters or {}).items()],
        "metrics": [{"key": key, "value": value, "step": 0} for key, value in (metrics or {}).items()],
        "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()],
    }
    return {"info": {}, "data": data, "inputs": {"dataset_inputs": list(datasets)}}


def a_dataset(name: str, digest: str, context: str = "training", profile: str = "") -> dict[str, object]:
    """A dataset that a run took in."""
    tags = [{"key": "mlflow.data.context", "value": context}] if context else []
    return {"tags": tags, "dataset": {"name": name, "digest": digest, "profile": profile}}


def telling(
    versions: Sequence[Mapping[str, object]] = (),
    aliases: Mapping[str, Mapping[str, object]] | None = None,
    runs: Mapping[str, Mapping[str, object]] | None = None,
    size: int = 1000,
) -> Callable[[Asked], Told]:
    """A registry that holds these; it finds versions by the tag and gives them page by page, as the real one does."""

    def tell(asked: Asked) -> Told:
        parts = urlsplit(asked.path)
        given = {key: value[0] for key, value in parse_qs(parts.query).items()}
        if parts.path.endswith("/model-versions/search"):
            named = [one for one in versions if _carries(one, given["filter"])]
            start = int(given.get("page_token") or 0)
            page: dict[str, object] = {"model_versions": named[start : start + size]}
            more = {"next_page_token": str(start + size)} if start + size < len(named) else {}
            return _json(page | more)
        if parts.path.endswith("/registered-models/alias"):
            found = (aliases or {}).get(given["alias"])
            return _json({"model_version": found}) if found else _gone(400, "INVALID_PARAMETER_VALUE")
        run = (runs or {}).get(given["run_id"])
        return _json({"run": run}) if run else _gone(404, "RESOURCE_DOES_NOT_EXIST")

    return tell


def _carries(version: Mapping[str, object], question: str) -> bool:
    tags = version["tags"]
    assert isinstance(tags, list)
    # as MySQL compares: in any case
    return any(f"tags.`{tag['key']}`='{tag['value']}'".lower() in question.lower() for tag in tags)


def _json(value: object) -> Told:
    return Told(body=json.dumps(value).encode())


def _gone(status: int, code: str) -> Told:
    return Told(status, json.dumps({"error_code": code, "message": "not found"}).encode())
