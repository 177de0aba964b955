"""An interval as a line of text: the threshold in the middle, the wrong side shaded, nothing on the wrong side of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.records import an_estimate
from model_ratchet.core.units import significant
from model_ratchet.report.drawing import WIDTH, drawn, progress
from model_ratchet.report.thresholds import Side, Threshold

MIDDLE = WIDTH // 2


def least(value: float) -> Threshold:
    return Threshold(value=value, side=Side.LEAST, words="")


def most(value: float) -> Threshold:
    return Threshold(value=value, side=Side.MOST, words="")


@pytest.mark.parametrize(
    ("estimate", "asked", "line"),
    [
        ((0.0254, 0.0061, 0.0447), least(0.02), "░░░░░├────╂─●──────┤·"),
        ((0.03, 0.025, 0.035), least(0.02), "░░░░░░░░░░┃··├──●──┤·"),
        ((-0.041, -0.06, -0.022), least(-0.02), "░├───●───┤┃··········"),
        ((0.548, 0.531, 0.566), most(0.5), "··········┃░░░├──●─┤░"),
        ((0.352, 0.345, 0.36), most(0.5), "·●┤·······┃░░░░░░░░░░"),
        ((0.0005, None, 0.0009), most(0.001), "◂●──────┤·┃░░░░░░░░░░"),
        ((0.0005, 0.0001, None), most(0.001), "·├───●────╂─────────▸"),
        ((0.05, 0.05, 0.05), Threshold(value=0.05, side=Side.AT, words=""), "··········◆··········"),
    ],
)
def test_an_interval_is_drawn_against_its_threshold(
    estimate: tuple[float, float | None, float | None], asked: Threshold, line: str
) -> None:
    assert drawn(an_estimate(*estimate), asked) == line


def test_a_largest_value_is_drawn_without_an_interval() -> None:
    assert drawn(an_estimate(0.4, 0.4, None), most(0.5), interval=False) == "·●········┃░░░░░░░░░░"


NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@given(
    numbers=st.lists(NUMBERS, min_size=3, max_size=3).map(sorted),
    limit=NUMBERS.map(significant),
    side=st.sampled_from(Side),
)
def test_a_line_never_puts_a_number_on_the_wrong_side(numbers: list[float], limit: float, side: Side) -> None:
    low, value, high = numbers
    found = an_estimate(value, low, high)
    line = drawn(found, Threshold(value=limit, side=side, words=""))
    assert len(line) == WIDTH
    at = max(line.find("●"), line.find("◆"))
    assert (at > MIDDLE) - (at < MIDDLE) == (found.value > limit) - (found.value < limit)
    assert sum(line.count(one) for one in "●◆") == 1
    assert found.low is not None
    assert found.high is not None
    crossed = found.low < limit < found.high
    assert line[MIDDLE] == ("◆" if found.value == limit else "╂" if crossed else "┃")
    assert not (side is Side.LEAST and "░" in line[MIDDLE:])
    assert not (side is Side.MOST and "░" in line[: MIDDLE + 1])


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "▱▱▱▱▱▱▱▱▱▱"), (0.43, "▰▰▰▰▱▱▱▱▱▱"), (0.999, "▰▰▰▰▰▰▰▰▰▱"), (1, "▰▰▰▰▰▰▰▰▰▰"), (1.2, "▰▰▰▰▰▰▰▰▰▰")],
)
def test_progress_is_full_only_when_all_is_done(share: float, shown: str) -> None:
    assert progress(share) == shown
