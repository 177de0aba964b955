"""A small model with short stages, in real git repositories: rules, promotions, and the log that they are judged by."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

V1, V2, V3, V4 = (f"v1.{minor}.0_2025010{minor + 1}_000000" for minor in range(4))
START = datetime(2025, 2, 1, tzinfo=UTC)
CANARY = START + timedelta(hours=24)
END = CANARY + timedelta(hours=48)
DECIDABLE = END + timedelta(hours=12)
NOW = datetime(2025, 3, 1, tzinfo=UTC)
HISTORY = f"""\
history:
  - {{stage: shadow, started: {START.isoformat()}}}
  - {{stage: canary, started: {CANARY.isoformat()}}}
"""

MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: {name}
policies: [small/1.0.0]
time: {{column: at, timezone: UTC}}
rows: {{source: requests, request_id: id, arm: version, exposure: {{column: mode}}}}
labels: {{mature_after: 12h, min_coverage: 90%}}
metrics:
  accuracy: {{kind: proportion, score: p, threshold: "> 0.5", label: late}}
  errors: {{kind: proportion, column: error}}
{more}"""

POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: small
version: 1.0.0
retrospective: allowed
stages:
  - {name: shadow, mirror: 100%, lasts: 24h}
  - {name: canary, mirror: 100%, lasts: 48h}
gates:
  - name: performance
    criteria:
      - {id: better, kind: superiority, metric: accuracy, by: 2pp, stage: canary}
      - {id: error-rate, kind: rate_limit, metric: errors, below: 5%}
"""

REQUEST = """\
apiVersion: ratchet/v1
kind: PromotionRequest
model: {model}
candidate: {candidate}
baseline: {baseline}
policy: {policy}
owner: ml
artifact: {{uri: "models://{model}/{candidate}", digest: "sha256:{digest}"}}
{more}"""


def request(
    candidate: str, baseline: str, *, model: str = "demo", policy: str = "small/1.0.0", more: str = HISTORY
) -> str:
    """A promotion request; its stages have run by hand."""
    digest = f"{model}/{candidate}".encode().hex().ljust(64, "0")[:64]
    return REQUEST.format(
        model=model, candidate=candidate, baseline=baseline, policy=policy, digest=digest[-64:], more=more
    )


def folder(candidate: str, model: str = "demo") -> str:
    return f"promotions/{model}/{candidate}"


def promotion(
    candidate: str, baseline: str, *, model: str = "demo", policy: str = "small/1.0.0", more: str = HISTORY
) -> dict[str, str | bytes]:
    """The folder of a promotion: the request and one document."""
    return {
        f"{folder(candidate, model)}/promotion.yaml": request(
            candidate, baseline, model=model, policy=policy, more=more
        ),
        f"{folder(candidate, model)}/risk.md": f"# Risk\n{candidate} could be wrong.\n",
    }


def write_log(path: Path, versions: tuple[str, ...] = (V1, V2)) -> Path:
    """Ten requests an hour for five days: V1 (served) is right on seven, V2 (mirrored) on nine of them."""
    lines = ["id,version,mode,at,p,late,error"]
    for hour in range(120):
        at = (START + timedelta(hours=hour, minutes=30)).isoformat()
        for number in range(10):
            for version in versions:
                right = number < (7 if version == V1 else 9)
                mode = "served" if version == V1 else "mirrored"
                lines.append(f"{hour}-{number},{version},{mode},{at},{0.9 if right else 0.1},1,0")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rules(log: Path, *, model: str = "demo", more: str = "") -> dict[str, str | bytes]:
    """The documents that the base branch is trusted for."""
    return {
        "policies/small/1.0.0.yaml": POLICY,
        f"policies/models/{model}.yaml": MODEL.format(name=model, more=more),
        "policies/sources.yaml": (
            f"apiVersion: ratchet/v1\nkind: Sources\nsources:\n  requests: {{kind: table, path: {log}}}\n"
        ),
    }
