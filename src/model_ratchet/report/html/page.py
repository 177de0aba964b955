"""Page: the document around sections, with its one style sheet. It can run nothing and load nothing."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from model_ratchet.report.elements import Element, element

_STYLE = Path(__file__).with_name("style.css")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page: its place in addresses, its heading, and what stands below it. The first has no heading of its own."""

    name: str
    title: str
    body: tuple[Element, ...]


def page(title: str, sections: Sequence[Section], *, about: str) -> str:
    """The whole document; the first section is what is seen first, and the others are listed below it."""
    first, *others = sections
    main = element("main", section(first, heading=False), _contents(others), *(section(one) for one in others))
    header = element("header", element("span", "Ratchet", class_="product"), " promotion report")
    return document(title, header, main, element("footer", element("p", element("code", about))))


def document(title: str, *body: Element, script: str = "") -> str:
    """A document that holds these. ``script`` is our own, and holds nothing that anybody else wrote.

    The policy that it states for itself lets a browser take the style sheet and the script within it, by their digests, and
    nothing else.
    """
    style = _style()
    allowed = [f"style-src {_digest(style)}", *([f"script-src {_digest(script)}"] if script else [])]
    head = (
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content="; ".join(("default-src 'none'", *allowed))),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
    )
    written = "".join(map(str, head))
    run = f"<script>{script}</script>" if script else ""
    held = "".join(map(str, body))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{written}<style>{style}</style></head>'
        f"<body>{held}{run}</body></html>\n"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def section(one: Section, *, heading: bool = True) -> Element:
    """A section as it stands in a page; one without a heading of its own holds what names it."""
    title = element("h2", one.title, id=f"{one.name}-title") if heading else None
    return element("section", title, *one.body, id=one.name, aria_labelledby=f"{one.name}-title")


def _contents(sections: Sequence[Section]) -> Element | None:
    if not sections:
        return None
    links = (element("li", element("a", one.title, href=f"#{one.name}")) for one in sections)
    return element("nav", element("ul", *links), aria_label="Sections")


@cache
def _style() -> str:
    """The style sheet. Nothing of a record is ever in it."""
    return _STYLE.read_text(encoding="utf-8")
