"""Drawing: an estimate against its threshold, and the progress of a stage, as one line of text.

One grammar for every line: the threshold ``┃`` stands in the middle, numbers grow to the right, the side on which the estimate
must not lie is shaded ``░``, ``├──●──┤`` is the interval with its estimate. Lines below each other can be read at a glance,
whatever their units are.
"""

from model_ratchet.core.estimate import Estimate
from model_ratchet.report.thresholds import Side, Threshold

WIDTH = 21
LEGEND = "`┃` what is asked · `░` where it must not lie · `├─●─┤` estimate and interval"
_MIDDLE = WIDTH // 2
_REACH = _MIDDLE - 1
_STEPS = 10


def drawn(found: Estimate, asked: Threshold, *, interval: bool = True) -> str:
    """``WIDTH`` characters; each line has its own scale, on which what lies farthest from the threshold touches the edge.

    A side of the interval that has no bound ends in an arrow. ``interval=False`` draws the estimate alone.
    """
    low = found.low if interval else found.value
    high = found.high if interval else found.value
    ends = [abs(one - asked.value) for one in (low, found.value, high) if one is not None]
    reach = max(ends) or 1.0
    first = _place(low, asked.value, reach) if low is not None else 0
    last = _place(high, asked.value, reach) if high is not None else WIDTH - 1
    line = [_ground(place, asked.side) for place in range(WIDTH)]
    for place in range(first, last + 1):
        line[place] = "─" if place != _MIDDLE else "╂" if first < _MIDDLE < last else "┃"
    if first != _MIDDLE:
        line[first] = "├" if low is not None else "◂"
    if last != _MIDDLE:
        line[last] = "┤" if high is not None else "▸"
    at = _place(found.value, asked.value, reach)
    line[at] = "◆" if at == _MIDDLE else "●"
    return "".join(line)


def progress(share: float) -> str:
    """Ten squares, of which ``share`` (0 to 1) are filled; the last one only when all is done."""
    filled = min(_STEPS, int(max(0.0, share) * _STEPS))
    return "▰" * filled + "▱" * (_STEPS - filled)


def _place(value: float, threshold: float, reach: float) -> int:
    """The column of a value: never on the threshold unless it equals it."""
    offset = round((value - threshold) / reach * _REACH)
    if offset == 0 and value != threshold:
        offset = 1 if value > threshold else -1
    return _MIDDLE + offset


def _ground(place: int, side: Side) -> str:
    if place == _MIDDLE:
        return "┃"
    shaded = (side is Side.LEAST and place < _MIDDLE) or (side is Side.MOST and place > _MIDDLE)
    return "░" if shaded else "·"
