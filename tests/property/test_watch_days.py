"""The watch on simulated days: a version that is no worse stays, one that is leaves, and the page says what was measured.

`make simulate` runs the same on 10,000 model-days.
"""

import re
from pathlib import Path

import pytest
from benchmarks.watch import marks, written
from benchmarks.watch_days import World, caught, quiet_days, share_within

PAGE = Path(__file__).parents[2] / "docs" / "watch.md"


@pytest.mark.slow
@pytest.mark.parametrize("rows", [5_000, 200])
@pytest.mark.parametrize("icc", [0.0, 0.1], ids=["equal days", "unequal days"])
def test_an_unchanged_version_stays_where_the_point_rule_rolls_it_back(rows: int, icc: float) -> None:
    told = quiet_days(World(rows=rows, icc=icc), models=5, days=60)
    assert told.watch == 0
    assert told.point_hour > 0.1 * told.days


@pytest.mark.slow
def test_two_arms_that_share_no_request_share_their_days() -> None:
    assert quiet_days(World(rows=5_000, icc=0.1, paired=False), models=5, days=60).watch == 0


@pytest.mark.slow
@pytest.mark.parametrize("good_days", [3, 100])
def test_eight_points_less_are_caught_within_a_day_however_long_it_was_good(good_days: int) -> None:
    delays = caught(World(rows=5_000, icc=0.02), models=10, drop=0.08, good_days=good_days, within=2)
    assert share_within(delays, 24) == 1


def test_the_page_keeps_what_the_simulation_has_not_written() -> None:
    page = PAGE.read_text(encoding="utf-8")
    start, end = marks("days")
    assert written(page, "days", "| new |") == re.sub(
        f"{start}.*{end}", f"{start}\n\n| new |\n\n{end}", page, flags=re.DOTALL
    )


def test_the_page_shows_fewer_false_rollbacks_than_one_in_a_thousand_days_and_the_harm_caught_within_one() -> None:
    page = PAGE.read_text(encoding="utf-8")
    start, end = marks("days")
    table = page[page.index(start) : page.index(end)]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]
    shared = [row for row in rows[2:] if row[3] and "own" not in row[1]]
    assert len(shared) == 12
    assert all(float(row[3]) < 1 for row in shared)
    assert all(row[6] == "100%" for row in rows[2:] if row[0] == "5,000" and row[1] == "pairs")
