"""Drawing: an estimate against its threshold, and the progress of a stage, as one line of text.

One grammar for every line: the threshold ``┃`` stands in the middle, numbers grow to the right, the side on which the estimate
must not lie is shaded ``░``, ``├──●──┤`` is the interval with its estimate. Lines below each other can be read at a glance,
whatever their units are.
"""

from dataclasses import dataclass

from model_ratchet.core.estimate import Estimate
from model_ratchet.report.thresholds import Side, Threshold

WIDTH = 21
KEY = (
    "Each criterion has its own scale: what is asked stands in the middle, the side on which the estimate must not lie is "
    "shaded, and numbers grow to the right."
)
LEGEND = "`┃` what is asked · `░` where it must not lie · `├─●─┤` estimate and interval"
_MIDDLE = WIDTH // 2
_REACH = _MIDDLE - 1
_STEPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """An estimate and its interval as they are drawn: 0 is the threshold, −1 and 1 the edges; None where there is no bound."""

    low: float | None
    value: float
    high: float | None
    side: Side


def placed(found: Estimate, asked: Threshold, *, interval: bool = True) -> Drawn:
    """Where everything lies: each line has its own scale, on which what lies farthest from the threshold touches the edge.

    ``interval=False`` leaves the estimate alone.
    """
    low = found.low if interval else found.value
    high = found.high if interval else found.value
    reach = max((abs(one - asked.value) for one in (low, found.value, high) if one is not None), default=0) or 1.0
    low, value, high = ((one - asked.value) / reach if one is not None else None for one in (low, found.value, high))
    assert value is not None  # noqa: S101  (an estimate has a value)
    return Drawn(low=low, value=value, high=high, side=asked.side)


def drawn(found: Estimate, asked: Threshold, *, interval: bool = True) -> str:
    """The same in ``WIDTH`` characters. A side of the interval that has no bound ends in an arrow."""
    at = placed(found, asked, interval=interval)
    first = _place(at.low) if at.low is not None else 0
    last = _place(at.high) if at.high is not None else WIDTH - 1
    line = [_ground(place, asked.side) for place in range(WIDTH)]
    for place in range(first, last + 1):
        line[place] = "─" if place != _MIDDLE else "╂" if first < _MIDDLE < last else "┃"
    if first != _MIDDLE:
        line[first] = "├" if at.low is not None else "◂"
    if last != _MIDDLE:
        line[last] = "┤" if at.high is not None else "▸"
    middle = _place(at.value)
    line[middle] = "◆" if middle == _MIDDLE else "●"
    return "".join(line)


def progress(share: float) -> str:
    """Ten squares, of which ``share`` (0 to 1) are filled; the last one only when all is done."""
    filled = min(_STEPS, int(max(0.0, share) * _STEPS))
    return "▰" * filled + "▱" * (_STEPS - filled)


def _place(share: float) -> int:
    """The column of a place: never on the threshold unless it equals it."""
    offset = round(share * _REACH)
    if offset == 0 and share != 0:
        offset = 1 if share > 0 else -1
    return _MIDDLE + offset


def _ground(place: int, side: Side) -> str:
    if place == _MIDDLE:
        return "┃"
    shaded = (side is Side.LEAST and place < _MIDDLE) or (side is Side.MOST and place > _MIDDLE)
    return "░" if shaded else "·"
