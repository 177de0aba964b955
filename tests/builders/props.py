"""A model whose forecasts others apply, in real repositories: three versions that each bring artefacts, and their log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from builders.repositories import Repo, a_repo
from builders.small import request
from model_ratchet.actions.check import CheckInput
from model_ratchet.actions.integrate import Integrated, IntegrateInput, integrate
from model_ratchet.stats.maps import sigmoid

V1, V2, V3 = (f"v{major}.0.0_2025010{major}_000000" for major in (1, 2, 3))
START = datetime(2025, 2, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHADOWED = START + 25 * HOUR
"""The day of the shadow, and the hour in which its labels come."""
CANARY = START + 26 * HOUR
NOW = START + 80 * HOUR
LISTED = """\
artifacts:
  calibration: artifacts/calibration.yaml
  confidence: artifacts/confidence.yaml
  optimizer: artifacts/optimizer.yaml
"""

MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: props
policies: [props/1.0.0]
time: {column: at, timezone: UTC}
rows: {source: events, request_id: id, arm: version, exposure: {column: mode}, other_arms: [VERSIONS]}
labels: {mature_after: 1h, min_coverage: 50%}
metrics:
  win: {kind: probability, score: p, label: won, exclude: [0.5]}
  accuracy: {kind: proportion, score: p, threshold: "> 0.5", label: won, exclude: [0.5]}
  errors: {kind: proportion, column: error}
  latency: {kind: duration, column: ms, unit: ms}
segments: {prop_type: [nba, nfl]}
allocation: {memory: 2GiB}
integrate:
  score: win
  segments: prop_type
  confidence: {components: {model: 0.6, risk: 0.4}, tiers: {high: 0.7, medium: 0.55}}
  optimizer: {limits: {min_ev: 0.05}, performance: {latency: latency, errors: errors, cycle: 60s}}
"""

MODEL = MODEL.replace("VERSIONS", f"{V1}, {V2}, {V3}")

PRICED = MODEL.replace("  score: win\n", "  score: win\n  market: market\n  bets: bets\n").replace(
    "  errors:", "  bets: {kind: bets, stake: stake, odds: odds, result: won, exclude: [0.5]}\n  errors:", 1
)
"""The same with the market's probability beside each forecast, and a bet on each that lies above it."""

POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: props
version: 1.0.0
retrospective: allowed
stages:
  - {name: shadow, mirror: 100%, lasts: 24h}
  - {name: canary, traffic: 10%, mirror: 100%, lasts: 24h}
gates:
  - name: stability
    criteria:
      - {id: error-rate, kind: rate_limit, metric: errors, below: 5%, stage: [shadow, canary]}
      - {id: artifacts, kind: artifacts, stage: shadow}
      - {id: turnover, kind: weight_turnover, stage: shadow, at_most: 25pp}
"""

BIAS = {V1: (-0.5, 0.6), V2: (0.4, 1.3), V3: (-0.3, 0.8)}
"""Of each version: logit P(won) = a + b·logit p."""


def write_log(path: Path, versions: Sequence[str] = (V1, V2), hours: int = 80, per_hour: int = 60) -> Path:
    """Events of two prop types, one of which is rare; a few are ties, and the first version served them."""
    generator = np.random.default_rng(7)
    lines = ["id,version,mode,at,prop_type,p,won,error,ms"]
    for hour in range(hours):
        at = (START + hour * HOUR + timedelta(minutes=30)).isoformat()
        for number in range(per_hour):
            chance = generator.uniform(0.1, 0.9)
            won = float(generator.random() < chance) if number != 7 else 0.5
            segment = "nfl" if number == 0 else "nba"
            for version in versions:
                a, b = BIAS[version]
                p = float(sigmoid(np.asarray((np.log(chance / (1 - chance)) - a) / b)))
                mode = "served" if version == versions[0] else "mirrored"
                lines.append(f"{hour}-{number},{version},{mode},{at},{segment},{p:.6f},{won:g},0,{20 + number}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def priced(log: Path, path: Path) -> Path:
    """The same log with what a market said, which knows half of what each model does, and bets at its odds."""
    generator = np.random.default_rng(1)
    head, *lines = log.read_text(encoding="utf-8").splitlines()
    found = [f"{head},market,stake,odds"]
    for line in lines:
        p = float(line.split(",")[5])
        market = float(np.clip(0.5 + 0.5 * (p - 0.5) + generator.normal(0, 0.05), 0.02, 0.98))
        found.append(f"{line},{market:.4f},{int(p > market)},{max(1.05, 0.97 / market):.3f}")
    path.write_text("\n".join(found) + "\n", encoding="utf-8")
    return path


def rules(log: Path, *, model: str = MODEL, policy: str = POLICY) -> dict[str, str | bytes]:
    """The documents that the base branch is trusted for."""
    return {
        "policies/props/1.0.0.yaml": policy,
        "policies/models/props.yaml": model,
        "policies/sources.yaml": (
            f"apiVersion: ratchet/v1\nkind: Sources\nsources:\n  events: {{kind: table, path: {log}}}\n"
        ),
    }


def proposal(candidate: str, baseline: str, *, more: str = LISTED) -> dict[str, str | bytes]:
    """The folder of a version, without its artefacts."""
    text = request(candidate, baseline, model="props", policy="props/1.0.0", more=more)
    return {f"promotions/props/{candidate}/promotion.yaml": text}


def artefact(repo: Repo, version: str, name: str = "calibration") -> Path:
    return repo.path / f"promotions/props/{version}/artifacts/{name}.yaml"


def proposed(path: Path, log: Path, *, more: str = LISTED, files: Mapping[str, str | bytes] | None = None) -> Repo:
    """V1 on main, and a branch that proposes V2."""
    repo = a_repo(path, {**rules(log), **proposal(V1, "none"), **(files or {})})
    repo.branch("proposal", proposal(V2, V1, more=more))
    return repo


def integrated(
    repo: Repo, version: str = V2, *, now: datetime = SHADOWED, head: str = "HEAD", **more: bool
) -> Integrated:
    """What ``ratchet integrate`` does."""
    asked = CheckInput(repo=repo.path, base="main", head=head, now=now)
    return integrate(IntegrateInput(check=asked, model="props", version=version, **more))
