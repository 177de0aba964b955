"""One run of the watch over a thousand models with five queries of 50 ms each, beside the ideal; prints JSON.

python -m benchmarks.watch_many [MODELS]

The ideal is the time that the queries take on so many connections if nothing else is to be done.
"""

import json
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.many import commit, request, version
from benchmarks.memory import peak
from benchmarks.slow import SECONDS, prometheus
from model_ratchet.actions.watch import CONNECTIONS, WatchInput, watch_once
from model_ratchet.actions.watch_state import Kept
from model_ratchet.core.names import Version
from model_ratchet.git import Git
from model_ratchet.ledger import open_ledger

QUERIES = 5
"""What one block of a latency asks: what was counted before it (twice), the last and the least of it, and its resets."""
FIRST = version(0)
NOW = FIRST.built_at + timedelta(minutes=11)
"""One block of five minutes is over, and nothing in it can change any more."""
POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: standard
version: 1.0.0
stages: [{name: canary, traffic: 5%, mirror: 100%, lasts: 7d}]
gates: [{name: g, criteria: [{id: l, kind: quantile_limit, metric: latency, quantile: 0.95, at_most: 500ms}]}]
alerts:
  warning: [{metric: latency, statistic: quantile, quantile: 0.95, above: 750ms, min_rows: 5}]
"""
MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: NAME
policies: [standard/1.0.0]
time: {column: t}
rows: {source: prom, request_id: r, arm: v}
metrics:
  latency: {kind: duration, source: prom, unit: ms, promql: 'latency_ms_bucket{version={{ version }}}'}
"""


def main() -> None:
    """One measurement."""
    models = int(sys.argv[1]) if sys.argv[1:] else 1000
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as folder, prometheus() as port:
        watched(Path(folder), models, port)
        repository = Git(Path(folder))
        asked = WatchInput(repo=Path(folder), now=NOW, base="main")
        started = perf_counter()
        found = watch_once(asked, Kept(), repository, open_ledger(repository), tell=False)
        seconds = perf_counter() - started
    looked = [result.could_know for one in found.seen for result in one.report.results]
    assert len(looked) == models, (found.findings, found.unclear)
    assert all(looked), found.seen[0].report
    memory = peak()
    print(json.dumps({"seconds": seconds, "ideal": models * QUERIES * SECONDS / CONNECTIONS, "memory": memory}))


def watched(folder: Path, models: int, port: int, active: Version = FIRST, policy: str = POLICY) -> None:
    """A repository whose ``main`` holds one version of each of so many models, all watched by one policy."""
    sources = f"apiVersion: ratchet/v1\nkind: Sources\nsources: {{prom: {{kind: prometheus, url: 'http://127.0.0.1:{port}'}}}}\n"
    files = {"policies/standard/1.0.0.yaml": policy, "policies/sources.yaml": sources}
    for name in (f"model-{number}" for number in range(models)):
        files[f"policies/models/{name}.yaml"] = MODEL.replace("NAME", name)
        files[f"promotions/{name}/{active}/promotion.yaml"] = request(name, 0).replace(str(FIRST), str(active))
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
    command = ["git", "-C", str(folder), "fast-import", "--quiet"]
    subprocess.run(command, check=True, input=b"".join(commit("main", files)))


if __name__ == "__main__":
    main()
