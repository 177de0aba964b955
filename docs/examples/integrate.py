"""What a version brings, tried on made-up events: writes a repository, computes its artefacts, checks and applies them.

python docs/examples/integrate.py [FOLDER]    (default: ./props, which must not be there)
"""

import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from math import exp, log
from pathlib import Path

from model_ratchet.artifacts import Artifacts
from model_ratchet.cli import run

V1, V2 = "v1.0.0_20250101_000000", "v2.0.0_20250102_000000"
START = datetime(2025, 2, 1, tzinfo=UTC)
NOW = "2025-02-03T00:00:00Z"

MODEL = f"""\
apiVersion: ratchet/v1
kind: Model
name: props
policies: [props/1.0.0]
time: {{column: at, timezone: UTC}}
rows: {{source: events, request_id: id, arm: version, exposure: {{column: mode}}}}
labels: {{mature_after: 1h, min_coverage: 90%}}
metrics:
  win: {{kind: probability, score: p, label: won}}
segments: {{league: [north, south]}}
integrate:
  score: win
  segments: league
  market: market
  confidence: {{components: {{model: 0.6, risk: 0.4}}, tiers: {{high: 0.7, medium: 0.55}}}}
# {V1} serves, and {V2} is mirrored
"""
POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: props
version: 1.0.0
retrospective: allowed
stages:
  - {name: shadow, mirror: 100%, lasts: 24h}
gates:
  - name: stability
    criteria: [{id: artifacts, kind: artifacts, stage: shadow}]
"""
SOURCES = "apiVersion: ratchet/v1\nkind: Sources\nsources:\n  events: {kind: table, path: events.csv}\n"


def main(folder: Path) -> int:
    """Everything, in the order in which it happens to a version."""
    folder.mkdir(parents=True)
    (folder / "events.csv").write_text("\n".join(events()) + "\n", encoding="utf-8")
    write(folder, "policies/models/props.yaml", MODEL)
    write(folder, "policies/props/1.0.0.yaml", POLICY)
    write(folder, "policies/sources.yaml", SOURCES)
    write(folder, f"promotions/props/{V1}/promotion.yaml", request(V1, "none"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "What is promoted")
    git(folder, "checkout", "--quiet", "-b", "proposal")
    write(folder, f"promotions/props/{V2}/promotion.yaml", request(V2, V1))
    commit(folder, "Propose v2.0.0")
    asked = ["--repo", str(folder), "--base", "main", "--now", NOW]
    if run(["integrate", "props", V2, *asked]) != 0:
        return 1
    commit(folder, "Its artefacts")
    code = run(["check", *asked])
    served = Artifacts.load(folder / f"promotions/props/{V2}/artifacts")
    edge = {"p": 0.7, "market": 0.55, "odds": 1.8, "segment": "north"}
    sys.stdout.write(f"\n0.7 is calibrated to {served.calibrate(0.7, 'north'):.3f}; ")
    sys.stdout.write(f"an edge at odds of 1.8 exists with probability {served.confidence(edge):.3f}\n")
    return code


def events() -> list[str]:
    """The log: each event scored by both versions, the new one of which is too sure of itself, and priced by a market."""
    draw = random.Random(1)  # noqa: S311  (the same events each time)
    lines = ["id,version,mode,at,league,p,market,won"]
    for number in range(3_000):
        chance = draw.uniform(0.2, 0.8)
        at = (START + timedelta(seconds=28 * number)).isoformat()
        league, won = draw.choice(("north", "north", "south")), int(draw.random() < chance)
        market = min(0.95, max(0.05, chance + draw.gauss(0, 0.1)))
        for version, mode, slope in ((V1, "served", 1.0), (V2, "mirrored", 1.5)):
            p = 1 / (1 + exp(-slope * log(chance / (1 - chance))))
            lines.append(f"{number},{version},{mode},{at},{league},{p:.6f},{market:.4f},{won}")
    return lines


def request(candidate: str, baseline: str) -> str:
    """A promotion request, whose shadow is stated by hand."""
    named = "".join(f"  {name}: artifacts/{name}.yaml\n" for name in ("calibration", "confidence", "optimizer"))
    digest = candidate.encode().hex().ljust(64, "0")[:64]
    return (
        f"apiVersion: ratchet/v1\nkind: PromotionRequest\nmodel: props\ncandidate: {candidate}\nbaseline: {baseline}\n"
        f'policy: props/1.0.0\nowner: ml\nartifact: {{uri: "models://props/{candidate}", digest: "sha256:{digest}"}}\n'
        f"artifacts:\n{named}history:\n  - {{stage: shadow, started: {START.isoformat()}}}\n"
    )


def write(folder: Path, path: str, text: str) -> None:
    """A file of the work tree."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text, encoding="utf-8")


def commit(folder: Path, message: str) -> None:
    """All that is there."""
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=you", "-c", "user.email=you@example.invalid", "commit", "--quiet", "-m", message)


def git(folder: Path, *arguments: str) -> None:
    """One git command."""
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)  # noqa: S603, S607


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "props")))
