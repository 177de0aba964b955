"""What the rows of a log are measured beside: DuckDB scanning or joining them, and pandas as well as we know how."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.log import BASELINE, CANDIDATE, COLUMNS, DAYS, SEGMENTS, START

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
_LABELS_UNTIL = pd.Timestamp(START + timedelta(days=DAYS + 1))


def scan(log: Path) -> object:
    """DuckDB merely scans the columns that the needs read."""
    sums = ", ".join(_CHEAPEST.get(name, f"sum(strlen({name}))") for name in COLUMNS)
    return _asked(f"SELECT {sums} FROM '{log}'")


def join(log: Path) -> object:
    """DuckDB joins the arms by request id, and counts the pairs by hour, segment and whether each arm was right."""
    seen = f"requested_at >= '{START}' AND requested_at < '{START + timedelta(days=DAYS)}' AND isfinite(score)"
    right = f"(score > 0.5) = label AS correct FROM '{log}' WHERE {seen} AND label_time <= '{_LABELS_UNTIL}'"
    hour = f"(epoch_us(requested_at) - {int(START.timestamp())}000000) // 3600000000 AS hour"
    segments = ", ".join(SEGMENTS)
    return _asked(f"""
        SELECT hour, {segments}, b.correct, c.correct, count(*)
        FROM (SELECT request_id, {right} AND version = '{BASELINE}') AS b
        JOIN (SELECT request_id, {hour}, {segments}, {right} AND version = '{CANDIDATE}') AS c USING (request_id)
        GROUP BY ALL
    """)


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


def _asked(question: str) -> int:
    """How many rows the answer has, from a database that is limited as ours is."""
    with TemporaryDirectory(prefix="ratchet-bench-") as scratch, duckdb.connect() as database:
        database.execute(f"SET threads = 2; SET memory_limit = '512MiB'; SET temp_directory = '{scratch}'")
        database.execute("SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
        return len(database.execute(question).fetchall())


def _frame(log: Path, columns: list[str]) -> pd.DataFrame:
    texts = [name for name in ("version", "mode", *SEGMENTS, "digest") if name in columns]
    rows: pd.DataFrame = pq.read_table(log, columns=columns, read_dictionary=texts).to_pandas(
        split_blocks=True, self_destruct=True
    )
    rows["hour"] = ((rows["requested_at"] - pd.Timestamp(START)) // pd.Timedelta(hours=1)).astype("int16")
    return rows
