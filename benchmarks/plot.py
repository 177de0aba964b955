"""The ratios as a plot: each as a dot on its line, at its share of what it may be, on a logarithmic axis."""

from collections.abc import Sequence
from math import log10

from benchmarks.table import Row
from model_ratchet.report.elements import Element, element

_WIDTH, _LINE, _LEFT, _RIGHT, _TOP = 980, 20, 590, 60, 34
_LEAST, _MOST = 0.01, 3.0
_TICKS = (0.01, 0.03, 0.1, 0.3, 1, 3)
_MET, _MISSED = "#1a7f5a", "#b3261e"


def plot(rows: Sequence[Row]) -> str:
    """An image of all rows that have a target, as SVG: what lies left of the line has met it."""
    aimed = [(row, row.ratio / row.at_most) for row in rows if row.at_most is not None]
    height = _TOP + _LINE * len(aimed) + 10
    marks = [_tick(at, height) for at in _TICKS]
    for place, (row, share) in enumerate(aimed):
        marks += _line(row, share, _TOP + _LINE * (place + 0.5))
    drawing = element(
        "svg",
        element("title", "What was measured, as a share of what it may be"),
        element("desc", f"{sum(row.met for row, _ in aimed)} of {len(aimed)} are within their target."),
        element("rect", width=_WIDTH, height=height, fill="#ffffff"),
        *marks,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {height}",
        role="img",
        font_family="system-ui, sans-serif",
        font_size="11",
    )
    return f"{drawing}\n"


def _line(row: Row, share: float, y: float) -> list[Element]:
    x, colour = _x(share), _MET if row.met else _MISSED
    return [
        element("text", f"{row.what} ÷ {row.beside}".replace("`", ""), x=_LEFT - 10, y=y + 4, text_anchor="end"),
        element("line", x1=_x(_LEAST), x2=x, y1=y, y2=y, stroke=colour, stroke_width="1.5"),
        element("circle", cx=x, cy=y, r=4, fill=colour),
        element("text", f"{row.ratio:.2f}", x=x + 8, y=y + 4, fill=colour),
    ]


def _tick(at: float, height: float) -> Element:
    x, target = _x(at), at == 1
    shown = "target" if target else f"{at:g} of it"
    return element(
        "g",
        element("line", x1=x, x2=x, y1=_TOP - 8, y2=height - 10, stroke="#333333" if target else "#dddddd"),
        element("text", shown, x=x, y=_TOP - 14, text_anchor="middle", fill="#333333"),
    )


def _x(share: float) -> float:
    """The place on the axis; what lies outside of it stands at its end."""
    held = min(max(share, _LEAST), _MOST)
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * log10(held / _LEAST) / log10(_MOST / _LEAST)
