"""Scales: pixels, ends that hold what they must, and round values."""

from datetime import UTC, datetime
from itertools import pairwise
from math import ulp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_ratchet.report.charts.scale import DAY_S, HOUR_S, Scale, domain, midnights, powers, round_values


def test_values_are_placed_evenly_and_what_lies_outside_on_the_edge() -> None:
    scale = Scale(low=-1, high=3, start=100, end=0)
    assert [scale.place(value) for value in (-1, 1, 3, 9, -9)] == [100, 50, 0, 0, 100]
    assert (scale.holds(3), scale.holds(3.1)) == (True, False)


def test_a_logarithmic_scale_gives_each_power_the_same_room() -> None:
    scale = Scale(low=1e-6, high=1, start=0, end=600, logarithmic=True)
    assert [round(scale.place(10.0**-n), 9) for n in (6, 3, 1, 0)] == [0, 300, 500, 600]


@pytest.mark.parametrize(("low", "high", "logarithmic"), [(1, 1, False), (2, 1, False), (0, 1, True), (-1, 1, True)])
def test_a_scale_of_nothing_is_refused(low: float, high: float, logarithmic: bool) -> None:
    with pytest.raises(ValueError, match="no scale"):
        Scale(low=low, high=high, start=0, end=1, logarithmic=logarithmic)


def test_a_limit_that_is_near_is_held_and_one_that_is_far_is_not() -> None:
    low, high = domain([0.0, 1.0], near=[1.9])
    assert low < 0.0
    assert high > 1.9
    low, high = domain([0.0, 1.0], near=[500.0])
    assert high < 1.2


def test_a_constant_has_a_scale_too() -> None:
    for value in (0.0, 5.0, -3.0):
        low, high = domain([value])
        assert low < value < high


@given(low=st.floats(-1e3, 1e3), width=st.floats(1e-3, 1e6), most=st.integers(2, 8))
def test_round_values_lie_within_evenly_and_are_not_too_many(low: float, width: float, most: int) -> None:
    high = low + width
    found = round_values(low, high, most)
    slack = 1e-6 * width + 4 * ulp(max(abs(low), abs(high)))  # no two numbers are closer than that
    steps = [after - before for before, after in pairwise(found)]
    assert not steps or max(steps) - min(steps) <= slack
    assert len(found) <= most + 1
    assert all(low - slack <= one <= high + slack for one in found)


def test_round_values_of_sizes_are_multiples_of_a_mebibyte() -> None:
    assert round_values(19.5 * 2**20, 20.5 * 2**20, 5, base=2.0**20) == pytest.approx(
        [one * 2**20 for one in (19.6, 19.8, 20.0, 20.2, 20.4)]
    )


def test_powers_have_steps_between_them_where_there_is_room() -> None:
    assert powers(1e-5, 1.1e-4, 8) == pytest.approx([1e-5, 2e-5, 5e-5, 1e-4])
    assert powers(1e-6, 2.0, 8) == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0])
    assert len(powers(1e-9, 1e9, 8)) <= 8


def test_days_are_named_at_midnight_and_hours_where_there_is_but_one() -> None:
    start = datetime(2025, 8, 1, 7, tzinfo=UTC).timestamp()
    days = midnights(start, start + 33 * DAY_S, 8)
    assert 2 < len(days) <= 9
    assert all(one % DAY_S == 0 for one in days)
    hours = midnights(start, start + 6 * HOUR_S, 8)
    assert len(hours) == 7
    assert midnights(start, start + 3000 * DAY_S, 8)
