"""Figure: a chart with its title, its key and its numbers."""

from model_ratchet.report.charts.chart import Chart, table
from model_ratchet.report.elements import Element, element, listed

WIDE, NARROW = 820, 350
"""How many pixels wide a drawing is: of a desk or of paper, and of a phone. The style sheet shows one of them."""


def figure(chart: Chart) -> Element:
    """The chart: caption, key, the drawing for wide and for narrow windows, and its numbers folded below."""
    keys = (
        element("li", element("span", class_=f"key {kind}", aria_hidden="true"), name) for kind, name in chart.legend()
    )
    numbers = element("details", element("summary", f"Numbers: {chart.title}"), table(chart.numbers, chart.title))
    return element(
        "figure",
        element("figcaption", chart.title),
        listed("ul", keys, class_="legend"),
        element("div", chart.drawn(WIDE), class_="wide"),
        element("div", chart.drawn(NARROW), class_="narrow"),
        numbers if chart.numbers.rows else None,
    )


def canvas(chart: Chart, width: float, height: float, *marks: Element | None) -> Element:
    """An image for those who see and those who do not: its title is its name, its description what there is to see."""
    return element(
        "svg",
        element("title", chart.title),
        element("desc", chart.description),
        *marks,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        class_="chart",
    )
