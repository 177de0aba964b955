"""Many sources that each take 50 ms, gathered side by side, beside the sum of their times.

python -m benchmarks.gather SOURCES
"""

import json
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.log import BASELINE, CANDIDATE, START
from benchmarks.slow import SECONDS, prometheus
from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Arm, Interval, Missing, Need, Shape, Window
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Prometheus, Sources
from model_ratchet.sources.gather import gather
from model_ratchet.sources.prometheus import PrometheusSource
from model_ratchet.sources.reach import Reach

_QUERY = "{kind: gauge, source: prom, unit: B, promql: 'max(rss{version={{ version }}})'}"


def main() -> None:
    """Gathers from so many sources and prints the seconds beside the sum of what they took."""
    count = int(sys.argv[1])
    with prometheus() as port:
        print(json.dumps({"seconds": _gathered(count, port), "sum": count * SECONDS}))


def _gathered(count: int, port: int) -> float:
    """The seconds that it takes."""
    text = f"apiVersion: ratchet/v1\nkind: Sources\nsources: {{prom: {{kind: prometheus, url: 'http://127.0.0.1:{port}'}}}}"
    held = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(held, Sources), held
    config = held.sources["prom"]
    assert isinstance(config, Prometheus)
    metrics = "".join(f"  m{n}: {_QUERY}\n" for n in range(count))
    model = read(
        ModelFile,
        "policies/models/fraud.yaml",
        f"apiVersion: ratchet/v1\nkind: Model\nname: fraud\npolicies: [standard/1.0.0]\ntime: {{column: t}}\n"
        f"rows: {{source: prom, request_id: r, arm: v}}\nmetrics:\n{metrics}".encode(),
    )
    assert isinstance(model, ModelFile), model
    versions = Versions(candidate=CANDIDATE, baseline=BASELINE, others=frozenset())
    sources = {
        f"s{n}": PrometheusSource(
            name="prom", config=config, model=model, versions=versions, reach=Reach.of(held), root=Path()
        )
        for n in range(count)
    }
    window = Window((Interval(START, START + timedelta(hours=1)),), START + timedelta(hours=1))
    needs = [Need(shape=Shape.SERIES, metric=f"m{n}", window=window, arms=(Arm.CANDIDATE,)) for n in range(count)]
    started = perf_counter()
    found = gather(needs, sources, lambda need: f"s{need.metric[1:]}")
    seconds = perf_counter() - started
    missing = [answer for answer in found.answers.values() if isinstance(answer, Missing)]
    assert not missing, missing[:2]
    return seconds


if __name__ == "__main__":
    main()
