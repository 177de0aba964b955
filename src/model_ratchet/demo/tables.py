"""Tables: rows written as Parquet files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows as one file; instants are stored with their zone."""
    import duckdb
    import pandas as pd

    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(list(rows))
    if "late" in frame:
        frame["late"] = frame["late"].astype("boolean")
    with duckdb.connect(":memory:") as connection:
        connection.register("frame", frame)
        connection.execute("COPY (SELECT * FROM frame) TO ? (FORMAT parquet)", [str(path)])
