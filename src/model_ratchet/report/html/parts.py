"""Parts: the small pieces that sections share."""

from collections.abc import Iterable

from model_ratchet.core.outcome import Outcome
from model_ratchet.report.charts import interval_drawing
from model_ratchet.report.elements import Element, Node, element, listed
from model_ratchet.report.escape import shorten
from model_ratchet.report.unblocking import Strong
from model_ratchet.report.view import MARKS, UNCOUNTED, Row

_NAME, _SENTENCE, _LINE = 120, 2000, 300


def name(said: str) -> str:
    """A name, cut where it is beyond any reader."""
    return shorten(said, _NAME)


def sentence(said: str) -> str:
    """A sentence, its first letter large; cut where it is beyond any reader."""
    return shorten(said[:1].upper() + said[1:], _SENTENCE)


def line(said: str) -> str:
    """The same where there is little room: on the first screen."""
    return shorten(sentence(said), _LINE)


def worded(said: Iterable[str]) -> list[Node]:
    """A sentence in pieces, of which some stand out."""
    return [element("strong", name(one)) if isinstance(one, Strong) else shorten(one, _LINE) for one in said]


def badge(outcome: Outcome, word: str = "") -> Element:
    """An outcome: its sign, its word, its colour."""
    mark = element("span", MARKS[outcome], class_="mark", aria_hidden="true")
    return element("span", mark, word or str(outcome), class_=f"badge {outcome}")


def mark(row: Row) -> Element:
    """The sign of a criterion, with its word for those who hear it."""
    counted = row.counted
    outcome = Outcome.PASSED if counted and row.through else row.outcome
    return element(
        "span",
        element("span", MARKS[outcome] if counted else UNCOUNTED, aria_hidden="true"),
        element("span", row.word, class_="heard"),
        class_=f"mark {outcome if counted else 'uncounted'}",
    )


def against(row: Row) -> Element | None:
    """Its interval against what is asked."""
    placed = row.placed
    return interval_drawing(placed, str(row.outcome) if row.counted else "uncounted") if placed is not None else None


def facts(pairs: Iterable[tuple[Node, Node]], **attributes: str) -> Element | None:
    """What is called how: a list of names and values."""
    groups = (element("div", element("dt", one), element("dd", other)) for one, other in pairs)
    return listed("dl", groups, **attributes)


def notes(said: Iterable[str], kind: str = "note") -> Element | None:
    """Things that a reader must not miss, each a sentence that is written already."""
    return listed("ul", (element("li", one) for one in said), class_=f"notes {kind}")
