"""One measured piece of work in a process of its own; prints seconds, peak memory and a digest of what it found.

python -m benchmarks.one WORK LOG [THREADS]
"""

import gc
import hashlib
import json
import resource
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partialmethod
from pathlib import Path
from time import perf_counter

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sqlglot import exp

from benchmarks.log import CANDIDATE, COLUMNS, DAYS, SEGMENTS, START, a_source, needs
from model_ratchet.core.evidence import Missing, Shape
from model_ratchet.sources.duckdb_engine import DuckDBEngine
from model_ratchet.sources.table_survey import SURVEY

Work = Callable[[Path], object]

_NEEDS = needs()
"""They come of the policy, which is read once, whatever is measured."""

# one aggregate a column that no statistics of the file can answer
_CHEAPEST = {
    "request_id": "sum(request_id)",
    "requested_at": "max(epoch_us(requested_at))",
    "user": 'sum("user")',
    "score": "sum(score)",
    "label": "sum(label::INT)",
    "label_time": "max(epoch_us(label_time))",
    "latency_ms": "sum(latency_ms)",
    "service_date": "max(service_date - DATE '2000-01-01')",
}


def scan(log: Path) -> object:
    """DuckDB merely scans the columns that the needs read."""
    sums = ", ".join(_CHEAPEST.get(name, f"sum(strlen({name}))") for name in COLUMNS)
    duckdb.execute("SET threads = 2; SET memory_limit = '512MiB'; SET TimeZone = 'UTC'")
    duckdb.execute(f"SELECT {sums} FROM '{log}'").fetchall()
    return None


def everything(log: Path) -> object:
    """All needs of the standard policy."""
    return a_source(log).answer(_NEEDS).answers


def folded(log: Path) -> object:
    """The same where the rows are not known to stand in the order of their ids."""
    setattr(DuckDBEngine, "keep_merged", lambda *_: False)  # noqa: B010
    return everything(log)


def counts(log: Path) -> object:
    """Counts by hour, segment and arm: the one question of the survey, for the proportion alone."""
    keep, taken = DuckDBEngine.keep, []

    def timed(engine: DuckDBEngine, name: str, question: exp.Query) -> None:
        started = perf_counter()
        keep(engine, name, question)
        if name == SURVEY:
            taken.append(perf_counter() - started)

    setattr(DuckDBEngine, "keep", timed)  # noqa: B010
    asked = [need for need in _NEEDS if need.shape is Shape.COUNTS and need.metric == "accuracy"]
    a_source(log, only="accuracy").answer(asked)
    return Seconds(taken[0])


class Seconds(float):
    """A piece of work that took its own time."""


def pandas_counts(log: Path) -> object:
    """The counts by pandas: integer codes for every key, one group-by."""
    rows = _frame(log, ["requested_at", "version", "mode", *SEGMENTS, "score", "label", "label_time"])
    known = (rows["label_time"] <= _LABELS_UNTIL) & np.isfinite(rows["score"])
    rows["n"] = known.astype("int8")
    rows["right"] = (known & ((rows["score"] > 0.5) == rows["label"])).astype("int8")
    keys = ["version", "mode", "hour", *SEGMENTS]
    return rows.groupby(keys, observed=True, sort=False)[["n", "right"]].sum().sum().tolist()


def pandas_everything(log: Path) -> object:
    """Counts, pairs, cluster sums, latency counts and histogram, and distinct users, by pandas as well as it can."""
    rows = _frame(log, list(COLUMNS))
    known = (rows["label_time"] <= _LABELS_UNTIL) & np.isfinite(rows["score"])
    rows["n"] = known.astype("int8")
    rows["right"] = (known & ((rows["score"] > 0.5) == rows["label"])).astype("int8")
    micros = (rows["latency_ms"] * 1000).round().astype("int64")
    rows["micros"], rows["within"] = micros, (micros <= 500_000).astype("int8")
    cells = rows.groupby(["version", "mode", "hour", *SEGMENTS], observed=True, sort=False)
    sums = cells[["n", "right", "micros", "within"]].sum()
    rows["bucket"] = np.ceil(np.log(micros) / np.log(1.02)).astype("int16")
    buckets = rows.groupby(["version", "bucket"], observed=True, sort=False).size()
    users = rows[rows["mode"] == "served"].groupby("version", observed=True)["user"].nunique()
    mine = rows["version"] == CANDIDATE
    paired = ["request_id", "hour", *SEGMENTS, "service_date", "n", "right"]
    pairs = rows.loc[~mine, ["request_id", "n", "right"]].merge(rows.loc[mine, paired], on="request_id")
    pairs = pairs[(pairs["n_x"] == 1) & (pairs["n_y"] == 1)]
    table = pairs.groupby(["hour", *SEGMENTS, "right_x", "right_y"], observed=True, sort=False).size()
    clusters = (pairs["right_y"] - pairs["right_x"]).groupby(pairs["service_date"]).agg(["sum", "size"])
    return [int(frame.to_numpy().sum()) for frame in (sums, buckets, users, table, clusters)]


_LABELS_UNTIL = pd.Timestamp(START + timedelta(days=DAYS + 1))


def _frame(log: Path, columns: list[str]) -> pd.DataFrame:
    texts = [name for name in ("version", "mode", *SEGMENTS, "digest") if name in columns]
    rows: pd.DataFrame = pq.read_table(log, columns=columns, read_dictionary=texts).to_pandas(
        split_blocks=True, self_destruct=True
    )
    rows["hour"] = ((rows["requested_at"] - pd.Timestamp(START)) // pd.Timedelta(hours=1)).astype("int16")
    return rows


WORK: dict[str, Work] = {
    "scan": scan,
    "counts": counts,
    "everything": everything,
    "folded": folded,
    "pandas-counts": pandas_counts,
    "pandas-everything": pandas_everything,
}


def _peak() -> int:
    """The most memory that this process held, in bytes; what it inherited at its start from another is not in it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main() -> None:
    """Does one piece of work and prints what it took as JSON."""
    work, log, *threads = sys.argv[1:]
    if threads:
        setattr(DuckDBEngine, "__init__", partialmethod(DuckDBEngine.__init__, threads=int(threads[0])))  # noqa: B010
    exp.select("1").sql(dialect="duckdb")  # sqlglot imports a dialect when it is first used
    gc.collect()
    gc.disable()  # for all works alike, as timeit does
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = perf_counter()
    found = WORK[work](Path(log))
    seconds = perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    if isinstance(found, Mapping):
        missing = [answer for answer in found.values() if isinstance(answer, Missing)]
        assert not missing, missing[:3]
        found = [(str(need), str(answer)) for need, answer in found.items()]
    told = {
        "seconds": float(found) if isinstance(found, Seconds) else seconds,
        "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "memory": _peak(),
        "digest": hashlib.sha256(json.dumps(found, default=str).encode()).hexdigest(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
