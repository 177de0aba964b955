"""A log in a Spark cluster of this machine (one master, two workers of one core and 512 MiB each); prints JSON.

python -m benchmarks.spark ROWS

All that the policy asks, beside Spark scanning the columns; how many rows left the cluster; and the plan of the survey.
"""

import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.log import COLUMNS, described, needs, write_log
from components import spark
from model_ratchet.core.evidence import Missing
from model_ratchet.sources.spark_engine import SparkEngine
from model_ratchet.sources.table import TableSource
from model_ratchet.sources.table_survey import SURVEY

_CHEAPEST = {
    "request_id": "sum(request_id)",
    "requested_at": "max(unix_micros(requested_at))",
    "user": "sum(user)",
    "score": "sum(score)",
    "label": "count_if(label)",
    "label_time": "max(unix_micros(label_time))",
    "latency_ms": "sum(latency_ms)",
    "service_date": "max(unix_date(service_date))",
}


def main() -> None:
    """One measurement."""
    rows = int(float(sys.argv[1]))
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as name:
        folder = Path(name)
        (folder / "log").mkdir()
        write_log(folder / "log" / "part0.parquet", rows)
        with spark.serving(folder, java="") as url:
            source = described(f"{{kind: table, url: '{url}', table: lake.log, deadline: 60m}}")
            print(json.dumps(_measured(source, folder) | {"workers": spark.workers_seen(folder)}))


def _measured(source: TableSource, folder: Path) -> dict[str, Any]:
    left = 0
    ask = SparkEngine._asked

    def counted(engine: SparkEngine, text: str) -> list[tuple[Any, ...]]:
        nonlocal left
        rows = ask(engine, text)
        left += len(rows)
        return rows

    setattr(SparkEngine, "_asked", counted)  # noqa: B010
    engine = source.open()
    assert isinstance(engine, SparkEngine)
    try:
        ask(engine, "CREATE DATABASE lake")
        ask(engine, f"CREATE TABLE lake.log USING parquet LOCATION '{folder / 'log'}'")
        sums = ", ".join(_CHEAPEST.get(name, f"sum(length({name}))") for name in COLUMNS)
        started = perf_counter()
        ask(engine, f"SELECT {sums} FROM lake.log")
        scan = perf_counter() - started
        started = perf_counter()
        answers = source.answer(needs())
        seconds = perf_counter() - started
        missing = [answer for answer in answers.answers.values() if isinstance(answer, Missing)]
        assert not missing, missing[:3]
        survey = next(text for text in answers.queries if text.startswith("CACHE TABLE") and SURVEY in text)
        ((plan,),) = ask(engine, "EXPLAIN FORMATTED " + survey.partition(" AS ")[2])
    finally:
        engine.close()
    return {"seconds": seconds, "scan": scan, "left": left, "plan": _tree(plan)}


def _tree(plan: str) -> str:
    """The tree of a plan, and what its scan reads."""
    tree = plan.partition("\n\n")[0].splitlines()[1:]
    read = [line for line in plan.splitlines() if line.startswith(("PushedFilters", "ReadSchema"))]
    return "\n".join([*tree, "", *read])


if __name__ == "__main__":
    main()
