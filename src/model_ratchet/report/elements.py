"""Elements: HTML and SVG as a tree, so that whatever a document says is text in it and never structure.

The one way for untrusted text into a page. Text and values of attributes are escaped when the tree is written; characters that
nobody sees are shown as “�”. What could run or load something can't be built at all.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape as _escaped
from typing import TypeAlias

from model_ratchet.report.escape import address, visible

_PROSE = "a abbr br code em p pre small span strong time ul ol li dl dt dd div details summary"
_TABLES = "table caption thead tbody tr th td"
_PAGE = "html head meta title body header nav main section footer h1 h2 h3 h4 figure figcaption"
_DRAWING = "svg desc g line path rect circle polygon text"
_TAGS = frozenset(f"{_PROSE} {_TABLES} {_PAGE} {_DRAWING}".split())
_VOID = frozenset({"br", "meta"})
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[a-z]+)*")
_REFUSED = frozenset({"style", "src", "srcset", "srcdoc", "action", "formaction", "background", "poster", "ping"})
_FRAGMENT = re.compile(r"#[A-Za-z0-9_-]+")
_PAGE_OF_SITE = re.compile(
    r"(?:\.\./)*[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\.html(?:#[A-Za-z0-9_-]+)?"
)

Value: TypeAlias = str | bool | float | None
"""Of an attribute: numbers are written with at most two decimals, True stands for itself, None and False for no attribute."""


@dataclass(frozen=True, slots=True)
class Element:
    """A tag with its attributes and what it holds. Made by ``element`` only."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple["Element | str", ...]

    def __str__(self) -> str:
        out: list[str] = []
        _write(self, out)
        return "".join(out)


Node: TypeAlias = Element | str | None
"""What an element may hold; None stands for nothing."""


def element(tag: str, *children: Node, **attributes: Value) -> Element:
    """An element: ``element("p", "a < b", class_="note")`` is ``<p class="note">a &lt; b</p>``.

    The names of attributes lose the underscore at their end, and their other underscores are hyphens.

    Raises:
        ValueError: the tag is none of those that only show something, the attribute runs or loads something, or a link leads
            neither to a place of the page, nor to a page beside it, nor to a plain http or https address.
    """
    if tag not in _TAGS:
        raise ValueError(f"<{tag}> is no element of a page that only shows something")
    named = [(_name(name), value) for name, value in attributes.items() if value is not None and value is not False]
    kept = tuple([(name, _value(name, value)) for name, value in named])
    return Element(tag, kept, tuple(child for child in children if child is not None))


def listed(tag: str, items: Iterable[Node], **attributes: Value) -> Element | None:
    """An element that holds these; None where there is none of them."""
    found = [one for one in items if one is not None]
    return element(tag, *found, **attributes) if found else None


def _value(name: str, value: str | bool | float) -> str:
    if value is True:
        return ""
    if not isinstance(value, str):
        return number(value)
    if name == "href" and _FRAGMENT.fullmatch(value) is None and _PAGE_OF_SITE.fullmatch(value) is None:
        return address(value)
    return value


@cache
def _name(written: str) -> str:
    """The name of an attribute, as the page has it, of one that is written in Python."""
    name = written.rstrip("_").replace("_", "-")
    known = name.lower()
    if _ATTRIBUTE.fullmatch(name) is None or known.startswith("on") or known in _REFUSED:
        raise ValueError(f"the attribute {name} may run or load something")
    return name


def number(value: float) -> str:
    """A coordinate with at most two decimals: ``number(3.1)`` is “3.1”, ``number(3.0)`` “3”."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _write(node: Element, out: list[str]) -> None:
    attributes = "".join([f' {name}="{_escaped(visible(value))}"' for name, value in node.attributes])
    out.append(f"<{node.tag}{attributes}>")
    for child in node.children:
        if isinstance(child, Element):
            _write(child, out)
        else:
            out.append(_escaped(visible(child), quote=False))
    if node.tag not in _VOID:
        out.append(f"</{node.tag}>")
