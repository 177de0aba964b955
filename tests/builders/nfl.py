"""A promotion on real data: two published models of National Football League games, in a wide table."""

from pathlib import Path

DATA = Path(__file__).parents[3] / "shared" / "data"
LOG = DATA / "nfl_elo_vs_qbelo.csv"

BASELINE = "v1.0.0_20120801_120000"
CANDIDATE = "v1.1.0_20150801_120000"

MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: nfl
policies: [nfl/1.0.0, nfl/2.0.0]
time: {column: date, timezone: America/New_York}
rows:
  source: games
  layout: wide
  request_id: event_id
  columns: {baseline: p_baseline, candidate: p_candidate}
labels: {mature_after: 1d, min_coverage: 95%}
metrics:
  accuracy: {kind: proportion, label: outcome, threshold: "> 0.5", exclude: [0.5]}
"""

POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: nfl
version: {version}
retrospective: allowed
stages:
  - {{name: seasons, mirror: 100%, lasts: 1310d}}
gates:
  - name: performance
    criteria:
      - {{id: better, kind: superiority, metric: accuracy, by: 2pp, rule: {rule}}}
"""

REQUEST = """\
apiVersion: ratchet/v1
kind: PromotionRequest
model: nfl
candidate: {candidate}
baseline: {baseline}
policy: {policy}
owner: "@nate"
artifact:
  uri: models://nfl/{candidate}
  digest: "sha256:{digest}"
{history}"""

HISTORY = """\
history:
  - {stage: seasons, started: 2015-08-01T04:00:00Z}
"""

SOURCES = """\
apiVersion: ratchet/v1
kind: Sources
sources:
  games: {{kind: table, path: {path}}}
"""


def request(candidate: str, baseline: str, policy: str, history: str = "") -> str:
    """A request."""
    digest = candidate.encode().hex().ljust(64, "0")[:64]
    return REQUEST.format(candidate=candidate, baseline=baseline, policy=policy, digest=digest, history=history)


def base_files(log: Path = LOG) -> dict[str, str]:
    """What the base branch holds: two policies that differ in their rule, and the promoted baseline."""
    return {
        "policies/nfl/1.0.0.yaml": POLICY.format(version="1.0.0", rule="point_and_significance"),
        "policies/nfl/2.0.0.yaml": POLICY.format(version="2.0.0", rule="superiority_margin"),
        "policies/models/nfl.yaml": MODEL,
        "policies/sources.yaml": SOURCES.format(path=log),
        f"promotions/nfl/{BASELINE}/promotion.yaml": request(BASELINE, "none", "nfl/1.0.0"),
    }


def proposal(policy: str = "nfl/1.0.0") -> dict[str, str]:
    """What the pull request adds."""
    return {f"promotions/nfl/{CANDIDATE}/promotion.yaml": request(CANDIDATE, BASELINE, policy, HISTORY)}
