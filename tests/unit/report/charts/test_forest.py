"""Forests and single intervals: the same grammar, and nothing lost that has no bound."""

from xml.etree import ElementTree

import pytest

from builders.markup import of_class, read_xml
from model_ratchet.report.charts import Axis, Forest, Table, Tree, interval_drawing
from model_ratchet.report.charts.figure import NARROW, WIDE
from model_ratchet.report.drawing import Drawn
from model_ratchet.report.thresholds import Side

AXIS = Axis(name="difference", written=lambda value: f"{value:g}")


def a_tree(name: str, low: float | None, value: float, high: float | None) -> Tree:
    return Tree(name=name, low=low, value=value, high=high, said=f"{value:g}", outcome="passed")


def a_forest(*trees: Tree, side: Side = Side.LEAST) -> Forest:
    return Forest(
        title="t", description="d", axis=AXIS, trees=trees, limit=-2.0, side=side, asked="a", numbers=Table(("x",), ())
    )


def svg(forest: Forest, width: int = WIDE) -> ElementTree.Element:
    return read_xml(forest.drawn(width))


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_each_part_has_a_row_with_its_name_its_interval_and_its_numbers(width: int) -> None:
    tree = svg(a_forest(a_tree("origin=JFK", -1, 2, 5), a_tree("x" * 80, 0, 1, 2)), width)
    said = [one.text for one in of_class(tree, "name")]
    assert said == ["origin=JFK", "2", f"{'x' * 19}…", "1"]
    assert len(of_class(tree, "whisker")) == len(of_class(tree, "dot")) == 2
    first, second = (float(one.get("cy", "")) for one in of_class(tree, "dot"))
    assert first < second < float(tree.get("viewBox", "").split()[3])


def test_the_interval_holds_its_estimate_and_all_share_one_scale() -> None:
    tree = svg(a_forest(a_tree("a", -1, 2, 5), a_tree("b", 2, 5, 9)))
    ends = [(float(one.get("x1", "")), float(one.get("x2", ""))) for one in of_class(tree, "whisker")]
    dots = [float(one.get("cx", "")) for one in of_class(tree, "dot")]
    assert all(low < at < high for (low, high), at in zip(ends, dots, strict=True))
    assert ends[0][1] == dots[1]  # both are 5
    assert ends[1][0] == dots[0]  # both are 2


@pytest.mark.parametrize(("side", "left"), [(Side.LEAST, True), (Side.MOST, False)])
def test_the_forbidden_side_ends_at_the_limit(side: Side, left: bool) -> None:
    tree = svg(a_forest(a_tree("a", -1, 2, 5), side=side))
    (shaded,), (limit,) = of_class(tree, "forbidden"), of_class(tree, "limit")
    begins, wide = float(shaded.get("x", "")), float(shaded.get("width", ""))
    assert float(limit.get("x1", "")) == pytest.approx(begins + wide if left else begins, abs=0.02)


def test_a_part_without_a_bound_reaches_the_edge() -> None:
    tree = svg(a_forest(a_tree("a", None, 2, 5)))
    (whisker,) = of_class(tree, "whisker")
    assert float(whisker.get("x1", "")) == 150


def test_a_forest_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a chart of nothing"):
        a_forest()


def drawing(low: float | None, value: float, high: float | None, side: Side = Side.LEAST) -> ElementTree.Element:
    return read_xml(interval_drawing(Drawn(low=low, value=value, high=high, side=side), "failed"))


def test_an_interval_against_its_limit_keeps_the_limit_in_the_middle() -> None:
    tree = drawing(-1.0, -0.5, 0.25)
    (limit,), (point,), (shaded,) = of_class(tree, "limit"), tree.findall("circle"), of_class(tree, "forbidden")
    assert float(limit.get("x1", "")) == 110
    assert float(point.get("cx", "")) == 110 - 49
    assert (shaded.get("x"), shaded.get("width")) == ("0", "110")
    assert (tree.get("aria-hidden"), tree.get("class")) == ("true", "interval failed")


def test_an_interval_without_a_bound_ends_in_an_arrow_and_one_at_a_value_has_no_forbidden_side() -> None:
    assert len(drawing(None, 0.5, None, Side.MOST).findall("polygon")) == 2
    assert not drawing(-1, 0, 1, Side.AT).findall("rect")
    assert drawing(-1, 0, 1, Side.MOST).findall("rect")[0].get("x") == "110"
