"""Planes: the marks lie where their values are, and what can't be seen is said."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from builders.markup import of_class, read_xml
from model_ratchet.report.charts import Axis, Dots, Limit, Line, Marker, Plane, Ribbon, Steps, Stretch, Table, figure
from model_ratchet.report.charts.figure import NARROW, WIDE
from model_ratchet.report.thresholds import Side

DAY = 86_400.0
START = 20_000 * DAY


def a_plane(**changes: Any) -> Plane:
    given: dict[str, Any] = {
        "title": "accuracy <by> day",
        "description": "candidate 80 % & more",
        "x": Axis(name="time", written=lambda value: f"day {value / DAY:.0f}", kind="time"),
        "y": Axis(name="accuracy", written=lambda value: f"{value:.2f}"),
        "marks": (Line("candidate", tuple((START + day * DAY, day / 10) for day in range(5))),),
        "named": (("candidate", "candidate"),),
        "numbers": Table(("day", "value"), (("1", "<0.1>"),)),
    }
    return Plane(**(given | changes))


def svg(plane: Plane, width: int = WIDE) -> ElementTree.Element:
    return read_xml(plane.drawn(width))


def numbers(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_a_drawing_has_its_title_as_its_name_and_says_what_there_is_to_see() -> None:
    tree = svg(a_plane())
    assert tree.get("role") == "img"
    assert [one.text for one in list(tree)[:2]] == ["accuracy <by> day", "candidate 80 % & more"]


def test_a_line_rises_where_its_values_do_and_stays_within_the_drawing() -> None:
    for width in (WIDE, NARROW):
        tree = svg(a_plane(), width)
        (line,) = of_class(tree, "line", "candidate")
        points = numbers(line.get("d", ""))
        assert len(points) == 5
        assert points == sorted(points, key=lambda point: (point[0], -point[1]))
        assert all(0 <= x <= width for x, _ in points)


def test_a_ribbon_goes_there_and_back() -> None:
    spreads = tuple((START + day * DAY, day / 10 - 0.1, day / 10 + 0.1) for day in range(3))
    (ribbon,) = of_class(svg(a_plane(marks=(Ribbon("candidate", spreads),))), "ribbon")
    points = numbers(ribbon.get("d", ""))
    assert [x for x, _ in points[:3]] == [x for x, _ in reversed(points[3:])]
    assert all(upper < lower for (_, upper), (_, lower) in zip(points[:3], reversed(points[3:]), strict=True))


def test_dots_of_both_versions_stand_beside_each_other_with_their_intervals() -> None:
    marks = tuple(Dots(kind, ((START, 0.5, (0.4, 0.7)),)) for kind in ("baseline", "candidate"))
    tree = svg(a_plane(marks=marks))
    before, after = (float(one.get("cx", "")) for one in of_class(tree, "dot"))
    assert 0 < after - before < 10
    for whisker in of_class(tree, "whisker"):
        assert float(whisker.get("y1", "")) > float(whisker.get("y2", ""))


def test_the_side_on_which_no_value_may_lie_is_shaded() -> None:
    for side, top in ((Side.LEAST, False), (Side.MOST, True)):
        tree = svg(a_plane(limits=(Limit(value=0.2, said="asked", side=side),)))
        (shaded,), (line,) = of_class(tree, "forbidden"), of_class(tree, "limit")
        at, begins = float(line.get("y1", "")), float(shaded.get("y", ""))
        assert begins < at if top else begins == at


def test_a_limit_beyond_the_scale_is_named_at_the_edge_with_an_arrow() -> None:
    tree = svg(a_plane(limits=(Limit(value=500.0, said="≤ 500", side=Side.MOST),)))
    assert [one.text for one in of_class(tree, "beyond")] == ["≤ 500 ↑"]
    assert not of_class(tree, "forbidden")


def test_a_distribution_has_its_limit_and_its_percentiles_along_the_axis() -> None:
    bars = tuple((0.001 * 1.5**n, 0.001 * 1.5 ** (n + 1), 0.1) for n in range(10))
    plane = a_plane(
        x=Axis(name="latency", written=lambda value: f"{value:g}", kind="log"),
        y=Axis(name="share", written=lambda value: f"{value:g}", floor=0.0),
        marks=(Steps("candidate", bars),),
        markers=(
            Marker("candidate", 0.004, "p50"),
            Marker("candidate", 0.0041, "p51"),
            Marker("baseline", 0.02, "p95"),
        ),
        limits=(Limit(value=0.5, said="p95", side=Side.MOST, across="x"),),
    )
    tree = svg(plane)
    (shaded,) = of_class(tree, "forbidden")
    assert float(shaded.get("x", "")) + float(shaded.get("width", "")) == pytest.approx(WIDE - 14)
    assert [one.text for one in of_class(tree, "name", "middle")] == ["p50", "p95"]
    assert len(of_class(tree, "marker")) == 3


def test_what_builds_up_is_scaled_by_what_it_settles_to_and_begins_at_the_edge() -> None:
    spreads = tuple((START + day * DAY, -1 / (day + 0.01), 1 / (day + 0.01)) for day in range(20))
    (ribbon,) = of_class(svg(a_plane(marks=(Ribbon("candidate", spreads),))), "ribbon")
    upper = [y for _, y in numbers(ribbon.get("d", ""))[:20]]
    assert upper[0] == 26  # the top of the drawing
    assert upper[-1] - upper[5] > 30  # what comes later has room


def test_stages_are_named_where_their_names_fit() -> None:
    stages = (Stretch(START, START + 4 * DAY, "canary"), Stretch(START + 4 * DAY, START + 4.01 * DAY, "blue_green"))
    tree = svg(a_plane(stretches=stages))
    assert len(of_class(tree, "stretch")) == 2
    assert [one.text for one in of_class(tree, "name")] == ["canary"]


def test_one_point_alone_is_seen() -> None:
    assert len(of_class(svg(a_plane(marks=(Line("candidate", ((START, 0.5),)),))), "dot")) == 1


def test_a_chart_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a chart of nothing"):
        a_plane(marks=(Line("candidate", ()),))


def test_a_table_with_a_cell_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="a cell for each head"):
        Table(("a", "b"), (("1",),))


def test_a_figure_has_a_drawing_for_a_desk_and_for_a_phone_a_key_and_its_numbers() -> None:
    tree = read_xml(figure(a_plane(limits=(Limit(value=0.2, said="asked: 0.2", side=Side.LEAST),))))
    assert [one.tag for one in tree] == ["figcaption", "ul", "div", "div", "details"]
    assert [one.get("viewBox", "").split()[2] for one in tree.iter("svg")] == [str(WIDE), str(NARROW)]
    assert ["".join(one.itertext()) for one in tree.iter("li")] == ["candidate", "asked: 0.2"]
    assert ["".join(one.itertext()) for one in tree.iter("td")] == ["<0.1>"]
