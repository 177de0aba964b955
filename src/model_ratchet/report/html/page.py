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
    """The whole document; the first section is what is seen first, and the others are listed below it.

    The policy that it states for itself lets a browser take the style sheet within it, by its digest, and nothing else.
    """
    first, *others = sections
    main = element("main", _section(first, heading=False), _contents(others), *(_section(one) for one in others))
    body = element(
        "body",
        element("header", element("span", "Ratchet", class_="product"), " promotion report"),
        main,
        element("footer", element("p", element("code", about))),
    )
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    head = (
        element("meta", charset="utf-8"),
        element(
            "meta", http_equiv="Content-Security-Policy", content=f"default-src 'none'; style-src 'sha256-{digest}'"
        ),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
    )
    written = "".join(map(str, head))
    return f'<!DOCTYPE html>\n<html lang="en"><head>{written}<style>{style}</style></head>{body}</html>\n'


def _section(one: Section, *, heading: bool = True) -> Element:
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
