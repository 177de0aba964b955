"""Chart: what every chart has, and the numbers behind it as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from model_ratchet.report.elements import Element, element


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a chart: the heads of the columns, and rows of as many cells, of which the first names the row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError("each row of a table has a cell for each head")


class Chart(Protocol):
    """What can be drawn as a figure."""

    @property
    def title(self) -> str:
        """What it shows, in a few words."""

    @property
    def description(self) -> str:
        """What there is to see, for those who do not see it, with the numbers that matter."""

    @property
    def numbers(self) -> Table:
        """All of its numbers."""

    def legend(self) -> Sequence[tuple[str, str]]:
        """The class of each kind of mark, and what it stands for; empty where nothing needs saying."""

    def drawn(self, width: int) -> Element:
        """The drawing, so many pixels wide: a phone gets one of its own, so that its letters stay legible."""


def table(found: Table, caption: str) -> Element:
    """The numbers as an HTML table with a caption, in a box of its own that scrolls where the window is narrow."""
    head = element("tr", *(element("th", one, scope="col") for one in found.head))
    rows = (
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
        for row in found.rows
    )
    inner = element("table", element("caption", caption), element("thead", head), element("tbody", *rows))
    return element("div", inner, class_="scroll", tabindex=0, role="region", aria_label=caption)
