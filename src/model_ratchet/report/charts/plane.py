"""Plane: values over time, or over anything else that has a scale: lines with their ribbons, points with their intervals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from model_ratchet.report.charts.chart import Table
from model_ratchet.report.charts.figure import NARROW, canvas
from model_ratchet.report.charts.scale import Scale, domain, midnights, powers, round_values
from model_ratchet.report.elements import Element, element
from model_ratchet.report.thresholds import Side

Point = tuple[float, float]
Spread = tuple[float, float, float]
"""x, and the lower and upper end at it."""
Kind = Literal["candidate", "baseline", "ideal"]
"""``ideal`` is what a perfect version would show."""

_RIGHT, _TOP, _BOTTOM = 14, 26, 30
_HEIGHT = 250
_LETTER = 6.6
"""The width of a letter in pixels, a little more than it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What is measured along it and how its values are written; ``time`` counts seconds since the epoch.

    ``base`` is what round values are multiples of (2²⁰ for sizes in MiB).
    """

    name: str
    written: Callable[[float], str]
    kind: Literal["linear", "log", "time"] = "linear"
    base: float = 1.0
    floor: float | None = None
    """No value lies below it, and the axis does not go further."""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind's values, joined."""

    kind: Kind
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Ribbon:
    """Between which ends the values of a kind lie, along a line."""

    kind: Kind
    spreads: tuple[Spread, ...]


@dataclass(frozen=True, slots=True)
class Dots:
    """One kind's values, each with its interval: (x, value, (low, high))."""

    kind: Kind
    points: tuple[tuple[float, float, tuple[float, float]], ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """A histogram: the edges of each bar, and how high it is."""

    kind: Kind
    bars: tuple[tuple[float, float, float], ...]


_WILD = {Ribbon: 25, Line: 10, Dots: 0, Steps: 0}
"""How many of a hundred values at the beginning are left out of account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What is asked: a line at a value, across the x axis or along it; the side where no value may lie is shaded."""

    value: float
    said: str
    side: Side
    across: Literal["x", "y"] = "y"


@dataclass(frozen=True, slots=True)
class Marker:
    """One value along the x axis that has a name."""

    kind: Kind
    x: float
    name: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the x axis that has a name: a stage."""

    start: float
    end: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Marks over two axes. ``named`` says what each kind is in the key, ``zero`` draws the line of no difference.

    Raises:
        ValueError: there is no mark, so that there is nothing to show.
    """

    title: str
    description: str
    x: Axis
    y: Axis
    marks: tuple[Line | Ribbon | Dots | Steps, ...]
    named: tuple[tuple[Kind, str], ...]
    numbers: Table
    limits: tuple[Limit, ...] = ()
    markers: tuple[Marker, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    zero: bool = False

    def __post_init__(self) -> None:
        if not any(True for mark in self.marks for _ in _extent(mark)):
            raise ValueError(f"{self.title}: a chart of nothing")

    def legend(self) -> Sequence[tuple[str, str]]:
        """Each kind by its name, and what is asked."""
        asked = tuple(("limit", one.said) for one in self.limits)
        return (*self.named, *dict.fromkeys(asked))

    def drawn(self, width: int) -> Element:
        """Axes, then what is asked, then the marks."""
        narrow = width <= NARROW
        height = _HEIGHT - (30 if narrow else 0)
        extents = [one for mark in self.marks for one in _extent(mark)]
        xs, ys = [x for x, _ in extents], list(self._settled())
        y = self._along(ys, height)
        x = self._across(xs, width, left=12 + _LETTER * max(len(name) for _, name in _named(self.y, y)))
        return canvas(
            self,
            width,
            height,
            *_stretches(self.stretches, x, y),
            *_grid(self.y, y, x),
            *_feet(self.x, x, y, 4 if narrow else 8),
            *self._zero(x, y),
            *(mark for one in self.limits for mark in _limit(one, x, y)),
            *(drawn for mark in self.marks for drawn in _mark(mark, x, y)),
            *_markers(self.markers, x, y),
        )

    def _across(self, xs: list[float], width: int, *, left: float) -> Scale:
        ends = [end for one in self.stretches for end in (one.start, one.end)]
        low, high = min(xs + ends), max(xs + ends)
        limits = [one.value for one in self.limits if one.across == "x"]
        if self.x.kind == "log":
            low, high = low / 1.15, high * 1.15
            near = [one for one in limits if low / 20 <= one <= high * 20]
            low, high = min([low, *(one / 1.3 for one in near)]), max([high, *(one * 1.3 for one in near)])
        if low == high:
            low, high = low - 1800, high + 1800
        return Scale(low=low, high=high, start=left, end=width - _RIGHT, logarithmic=self.x.kind == "log")

    def _settled(self) -> Iterator[float]:
        """The values that the scale is made for. What builds up is wild at first: its beginning may leave the drawing."""
        building = any(isinstance(mark, Ribbon) for mark in self.marks)
        for mark in self.marks:
            extent = tuple(_extent(mark))
            first = len(extent) * _WILD[type(mark)] // 100 if building else 0
            yield from (y for _, y in extent[first:])

    def _along(self, ys: Sequence[float], height: int) -> Scale:
        near = [one.value for one in self.limits if one.across == "y"]
        low, high = domain([*ys, 0.0] if self.zero else ys, near=near)
        if self.y.floor is not None:
            low = max(low, self.y.floor)
        return Scale(low=low, high=high, start=height - _BOTTOM, end=_TOP)

    def _zero(self, x: Scale, y: Scale) -> Iterator[Element]:
        if self.zero:
            at = y.place(0.0)
            yield element("line", x1=x.start, x2=x.end, y1=at, y2=at, class_="zero")


def _extent(mark: Line | Ribbon | Dots | Steps) -> Iterator[Point]:
    match mark:
        case Line(points=points):
            yield from points
        case Ribbon(spreads=spreads):
            yield from ((x, end) for x, *ends in spreads for end in ends)
        case Dots(points=dots):
            yield from ((x, one) for x, value, ends in dots for one in (value, *ends))
        case Steps(bars=bars):
            yield from ((x, one) for left, right, high in bars for x, one in ((left, 0.0), (right, high)))


def _path(points: Sequence[Point], x: Scale, y: Scale) -> str:
    return "M" + "L".join([f"{x.place(one):.1f} {y.place(other):.1f}" for one, other in points]).replace(".0", "")


def _mark(mark: Line | Ribbon | Dots | Steps, x: Scale, y: Scale) -> Iterator[Element]:
    match mark:
        case Line(kind=kind, points=points) if len(points) == 1:
            yield element("circle", cx=x.place(points[0][0]), cy=y.place(points[0][1]), r=2.5, class_=f"dot {kind}")
        case Line(kind=kind, points=points) if points:
            yield element("path", d=_path(points, x, y), class_=f"line {kind}")
        case Ribbon(kind=kind, spreads=spreads) if spreads:
            edges = [(one, high) for one, _, high in spreads] + [(one, low) for one, low, _ in reversed(spreads)]
            yield element("path", d=f"{_path(edges, x, y)}Z", class_=f"ribbon {kind}")
        case Dots(kind=kind, points=dots):
            shift = -2.5 if kind == "baseline" else 2.5
            for one, value, (low, high) in dots:
                at = x.place(one) + shift
                yield element("line", x1=at, x2=at, y1=y.place(low), y2=y.place(high), class_=f"whisker {kind}")
                yield element("circle", cx=at, cy=y.place(value), r=3, class_=f"dot {kind}")
        case Steps(kind=kind, bars=bars) if bars:
            tops = [point for left, right, high in bars for point in ((left, high), (right, high))]
            edges = [(bars[0][0], 0.0), *tops, (bars[-1][1], 0.0)]
            yield element("path", d=f"{_path(edges, x, y)}Z", class_=f"area {kind}")


def _stretches(found: Sequence[Stretch], x: Scale, y: Scale) -> Iterator[Element]:
    for index, one in enumerate(found):
        left, right = x.place(one.start), x.place(one.end)
        box = {"x": left, "y": y.end, "width": max(0.0, right - left), "height": y.start - y.end}
        yield element("rect", **box, class_=f"stretch {'even' if index % 2 else 'odd'}")
        if len(one.name) * _LETTER <= right - left:
            yield element("text", one.name, x=(left + right) / 2, y=y.end - 8, class_="name middle")


def _named(axis: Axis, y: Scale) -> tuple[tuple[float, str], ...]:
    return tuple((value, axis.written(value)) for value in round_values(y.low, y.high, 5, base=axis.base))


def _grid(axis: Axis, y: Scale, x: Scale) -> Iterator[Element]:
    for value, name in _named(axis, y):
        at = y.place(value)
        yield element("line", x1=x.start, x2=x.end, y1=at, y2=at, class_="grid")
        yield element("text", name, x=x.start - 8, y=at + 4, class_="tick end")


def _feet(axis: Axis, x: Scale, y: Scale, most: int) -> Iterator[Element]:
    named = {"time": midnights, "log": powers, "linear": round_values}[axis.kind](x.low, x.high, most)
    for value in named:
        at = x.place(value)
        yield element("line", x1=at, x2=at, y1=y.start, y2=y.start + 4, class_="axis")
        yield element("text", axis.written(value), x=at, y=y.start + 18, class_="tick middle")
    yield element("line", x1=x.start, x2=x.end, y1=y.start, y2=y.start, class_="axis")


def _limit(limit: Limit, x: Scale, y: Scale) -> Iterator[Element]:
    """The line, with the forbidden side shaded; where it lies beyond the scale, an arrow that says so."""
    scale = x if limit.across == "x" else y
    if not scale.holds(limit.value):
        yield from _beyond(limit, x, y)
        return
    at = scale.place(limit.value)
    if limit.across == "x":
        shaded = (x.start, at) if limit.side is Side.LEAST else (at, x.end)
        box = {"x": shaded[0], "y": y.end, "width": shaded[1] - shaded[0], "height": y.start - y.end}
        yield element("rect", **box, class_="forbidden")
        yield element("line", x1=at, x2=at, y1=y.end, y2=y.start, class_="limit")
        return
    shaded = (at, y.start) if limit.side is Side.LEAST else (y.end, at)
    yield element(
        "rect", x=x.start, y=shaded[0], width=x.end - x.start, height=shaded[1] - shaded[0], class_="forbidden"
    )
    yield element("line", x1=x.start, x2=x.end, y1=at, y2=at, class_="limit")


def _beyond(limit: Limit, x: Scale, y: Scale) -> Iterator[Element]:
    above = limit.value > (x if limit.across == "x" else y).high
    arrow = ("→" if above else "←") if limit.across == "x" else ("↑" if above else "↓")
    at = y.end + 14 if above or limit.across == "x" else y.start - 6
    yield element("text", f"{limit.said} {arrow}", x=x.end - 4, y=at, class_="name end beyond")


def _markers(found: Sequence[Marker], x: Scale, y: Scale) -> Iterator[Element]:
    """Named values, the candidate's names above the baseline's, each left out where it would cover the one before."""
    taken = dict.fromkeys(get_args(Kind), -1.0)
    for one in sorted(found, key=lambda marker: marker.x):
        at = x.place(one.x)
        yield element("line", x1=at, x2=at, y1=y.end, y2=y.start, class_=f"marker {one.kind}")
        row = y.end - 14 if one.kind == "candidate" else y.end - 3
        half = len(one.name) * _LETTER / 2
        if at - half > taken[one.kind]:
            yield element("text", one.name, x=at, y=row, class_=f"name middle {one.kind}")
            taken[one.kind] = at + half
