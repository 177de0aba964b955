"""The games that two published models forecast, as arrays; not part of the project, so that they may be absent."""

import csv
import json
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builders.nfl import DATA, LOG

CASES = DATA / "nfl_cases.json"
PRESENT = LOG.exists() and CASES.exists()
WHY = f"{DATA} does not hold the games and their reference numbers"


@cache
def games() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """The candidate's probabilities, the outcomes and the seasons, without ties, by date and event."""
    with LOG.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if float(row["outcome"]) != 0.5]
    rows.sort(key=lambda row: (row["date"], row["event_id"]))
    columns = ("p_candidate", "outcome", "season")
    p, y, season = (np.array([float(row[name]) for row in rows]) for name in columns)
    return p, y, season.astype(np.int64)


def expected(case: str) -> dict[str, Any]:
    """The reference numbers of a case."""
    found: dict[str, Any] = next(
        one["expected"] for one in json.loads(CASES.read_text())["cases"] if one["id"] == f"{case}-nfl_moneyline"
    )
    return found
