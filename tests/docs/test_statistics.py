"""The page on statistics shows what was simulated, and what was simulated is what is promised."""

import re
from pathlib import Path

import numpy as np
import pytest
from benchmarks.choices import TABLES
from benchmarks.watch import marks, table

PAGE = (Path(__file__).parents[2] / "docs/statistics.md").read_text(encoding="utf-8")


def cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def shown(name: str) -> list[list[str]]:
    """The rows of a table of the page."""
    start, end = marks(name)
    return cells(PAGE.partition(start)[2].partition(end)[0])


def share(cell: str) -> float:
    return float(cell.removesuffix("%"))


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_simulated_by_the_code_that_is_there(name: str) -> None:
    """A tenth of the runs: the same rows, and shares that differ by chance alone."""
    again = cells(table(TABLES[name](np.random.default_rng(1), 400)))
    assert [row[0] for row in again] == [row[0] for row in shown(name)]
    for new, old in zip(again[2:], shown(name)[2:], strict=True):
        for one, other in zip(new, old, strict=True):
            if one.endswith("%"):
                assert abs(share(one) - share(other)) < 16, (new, old)
            else:
                assert one == other


def test_what_ratchet_does_keeps_what_it_promises() -> None:
    assert all(share(row[3]) <= 3.5 for row in shown("looks")[2:])
    assert all(share(row[-1]) <= 6 for name in ("segments",) for row in shown(name)[2:])
    assert all(share(row[2]) <= 8 for row in shown("clusters")[2:])
    assert all(share(row[4]) <= 6 for row in shown("percentiles")[2:] if not row[0].startswith("480"))
    strict = [row for row in shown("readings") if "superiority_margin" in row[0]]
    assert all(share(row[4]) <= 6 for row in strict)
    (asked,) = [row for row in shown("sustained") if "`sustained`" in row[0]]
    assert share(asked[1]) <= 1
    assert share(asked[-1]) >= 99


def test_every_table_of_the_page_is_simulated() -> None:
    assert sorted(re.findall(r"<!-- (\w+): written by make simulate -->", PAGE)) == sorted(TABLES)
