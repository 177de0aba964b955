"""Interval: an estimate against what is asked, in one line: the same grammar as in text, with pixels for characters."""

from model_ratchet.report.drawing import Drawn
from model_ratchet.report.elements import Element, element
from model_ratchet.report.thresholds import Side

WIDTH, HEIGHT = 220, 22
_MIDDLE, _REACH, _Y = WIDTH / 2, WIDTH / 2 - 12, HEIGHT / 2


def interval_drawing(drawn: Drawn, outcome: str) -> Element:
    """The threshold in the middle, the side where the estimate must not lie shaded, the interval with its estimate.

    Hidden from screen readers: the numbers beside it say the same.
    """
    low, high = _x(drawn.low, WIDTH * 0.01), _x(drawn.high, WIDTH * 0.99)
    at = _MIDDLE + drawn.value * _REACH
    marks = [
        _forbidden(drawn.side),
        element("line", x1=0, x2=WIDTH, y1=_Y, y2=_Y, class_="ground"),
        element("line", x1=_MIDDLE, x2=_MIDDLE, y1=1, y2=HEIGHT - 1, class_="limit"),
        element("line", x1=low, x2=high, y1=_Y, y2=_Y, class_="whisker"),
        _end(drawn.low, low, -1),
        _end(drawn.high, high, 1),
        element("circle", cx=at, cy=_Y, r=5, class_="point"),
    ]
    return element("svg", *marks, viewBox=f"0 0 {WIDTH} {HEIGHT}", class_=f"interval {outcome}", aria_hidden="true")


def _x(share: float | None, otherwise: float) -> float:
    return otherwise if share is None else _MIDDLE + share * _REACH


def _forbidden(side: Side) -> Element | None:
    if side is Side.AT:
        return None
    return element(
        "rect", x=0 if side is Side.LEAST else _MIDDLE, y=0, width=_MIDDLE, height=HEIGHT, rx=3, class_="forbidden"
    )


def _end(share: float | None, at: float, direction: int) -> Element:
    """The end of an interval; an arrow where it has none."""
    if share is None:
        back = at - direction * 6
        points = f"{at:g},{_Y:g} {back:g},{_Y - 4:g} {back:g},{_Y + 4:g}"
        return element("polygon", points=points, class_="point")
    return element("line", x1=at, x2=at, y1=_Y - 5, y2=_Y + 5, class_="whisker")
