"""The page on performance shows what is kept of its measurements, with nothing left out that missed its target."""

import re
from dataclasses import replace

import pytest
from benchmarks.page import PAGE, PLOT, measured, page
from benchmarks.plot import plot
from benchmarks.sections import SECTIONS
from benchmarks.table import RESULTS, Row

ROW = Row(what="counts", beside="a scan", ratio=0.6, at_most=1.2, note="0.5 s")


def test_the_page_and_its_plot_are_those_of_the_measurements_that_are_kept() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
    assert PLOT.read_text(encoding="utf-8") == plot(measured())


def test_what_is_kept_belongs_to_a_section() -> None:
    assert {path.stem for path in RESULTS.iterdir()} <= {section.name for section in SECTIONS}


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (ROW, "| counts | a scan | 0.60× | 1.2× | ✔ | 0.5 s |"),
        (replace(ROW, ratio=1.2), "| counts | a scan | 1.20× | 1.2× | ✔ | 0.5 s |"),
        (replace(ROW, ratio=1.201), "| counts | a scan | 1.20× | 1.2× | ✘ | 0.5 s |"),
        (replace(ROW, at_most=None), "| counts | a scan | 0.60× |  |  | 0.5 s |"),
    ],
    ids=["met", "just met", "missed", "no target"],
)
def test_a_row_says_whether_it_met_its_target(row: Row, line: str) -> None:
    assert row.line() == line


def test_the_plot_has_what_met_its_target_left_of_it_and_the_rest_right() -> None:
    drawn = plot([ROW, replace(ROW, ratio=2.4), replace(ROW, at_most=None)])
    dots = [float(x) for x in re.findall(r'<circle cx="([0-9.]+)"', drawn)]
    (target,) = re.findall(r'<line x1="([0-9.]+)"[^>]*stroke="#333333"', drawn)
    assert len(dots) == 2
    assert dots[0] < float(target) < dots[1]


def test_a_ratio_beyond_the_axis_of_the_plot_stands_at_its_end() -> None:
    drawn = plot([replace(ROW, ratio=1e-9), replace(ROW, ratio=1e9)])
    low, high = (float(x) for x in re.findall(r'<circle cx="([0-9.]+)"', drawn))
    (width,) = re.findall(r'viewBox="0 0 ([0-9.]+) ', drawn)
    assert 0 < low < high < float(width)
