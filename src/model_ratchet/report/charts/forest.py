"""Forest: many estimates with their intervals on one scale, against one limit: segments, days, windows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model_ratchet.report.charts.chart import Table
from model_ratchet.report.charts.figure import NARROW, canvas
from model_ratchet.report.charts.plane import Axis
from model_ratchet.report.charts.scale import Scale, domain, round_values
from model_ratchet.report.elements import Element, element
from model_ratchet.report.escape import shorten
from model_ratchet.report.thresholds import Side

_BEFORE, _AFTER, _EDGE = 150, 210, 12
"""Pixels for the names and for the numbers beside the plot, and around the plot of a phone."""
_LETTERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One estimate: its name, its numbers as a text, and how it was judged. A bound that does not exist is None."""

    name: str
    low: float | None
    value: float
    high: float | None
    said: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Estimates below each other, the limit among them, and the side where none may lie shaded.

    Raises:
        ValueError: there is no estimate.
    """

    title: str
    description: str
    axis: Axis
    trees: tuple[Tree, ...]
    limit: float
    side: Side
    asked: str
    numbers: Table

    def __post_init__(self) -> None:
        if not self.trees:
            raise ValueError(f"{self.title}: a chart of nothing")

    def legend(self) -> Sequence[tuple[str, str]]:
        """The limit."""
        return (("limit", f"asked: {self.asked}"),)

    def drawn(self, width: int) -> Element:
        """A row for each; on a phone its name stands above its interval."""
        narrow = width <= NARROW
        row = 38 if narrow else 24
        height = row * len(self.trees) + 34
        ends = [one for tree in self.trees for one in (tree.low, tree.value, tree.high) if one is not None]
        low, high = domain([*ends, self.limit], near=[0.0])
        start, end = (_EDGE, width - _EDGE) if narrow else (_BEFORE, width - _AFTER)
        scale = Scale(low=low, high=high, start=start, end=end)
        rows = (self._row(tree, scale, index * row, row, narrow=narrow) for index, tree in enumerate(self.trees))
        return canvas(self, width, height, *self._ground(scale, height - 26), *(mark for one in rows for mark in one))

    def _ground(self, scale: Scale, bottom: float) -> Iterator[Element]:
        at = scale.place(self.limit)
        if self.side is not Side.AT:
            left, right = (scale.start, at) if self.side is Side.LEAST else (at, scale.end)
            yield element("rect", x=left, y=0, width=right - left, height=bottom, class_="forbidden")
        for value in round_values(
            scale.low, scale.high, 5 if scale.end - scale.start > 300 else 4, base=self.axis.base
        ):
            x = scale.place(value)
            yield element("line", x1=x, x2=x, y1=0, y2=bottom, class_="zero" if value == 0 else "grid")
            yield element("text", self.axis.written(value), x=x, y=bottom + 18, class_="tick middle")
        yield element("line", x1=at, x2=at, y1=0, y2=bottom, class_="limit")

    def _row(self, tree: Tree, scale: Scale, top: float, row: float, *, narrow: bool) -> Iterator[Element]:
        y = top + row - 10 if narrow else top + row / 2
        low = scale.place(tree.low) if tree.low is not None else scale.start
        high = scale.place(tree.high) if tree.high is not None else scale.end
        yield element("line", x1=low, x2=high, y1=y, y2=y, class_=f"whisker {tree.outcome}")
        yield element("circle", cx=scale.place(tree.value), cy=y, r=4, class_=f"dot {tree.outcome}")
        name = shorten(tree.name, _LETTERS)
        if narrow:
            yield element("text", name, x=scale.start, y=y - 11, class_="name")
            yield element("text", tree.said, x=scale.end, y=y - 11, class_="name end")
        else:
            yield element("text", name, x=scale.start - 12, y=y + 4, class_="name end")
            yield element("text", tree.said, x=scale.end + 14, y=y + 4, class_="name")
