"""HTML as a list of tags and the text between them, and what GitHub would make of that text after it has parsed it."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from xml.etree import ElementTree

from markdown_it import MarkdownIt

from builders.pages import as_html

JOINER = "\u2060"
_MARKDOWN_IT = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

AFTERWARDS = {
    "mention": re.compile(r"(?<![\w/])@[A-Za-z0-9]"),
    "reference": re.compile(r"(?i)(?<!\w)(#|\bgh-)\d"),
    "commit": re.compile(r"\b[0-9a-f]{7,40}\b"),
    "emoji": re.compile(r":[\w+-]+:"),
    "command": re.compile(r"::|##\["),
    "link": re.compile(r"(?i)(https?|ftp|mailto|xmpp):|www\.|\w@\w"),
}
"""GitHub's own passes over the text of a rendered comment, the runner's over a log, and links of words alone."""

PLACES = {
    "a paragraph": ("{}", {"p"}),
    "the middle of a line": ("said: {} – so", {"p"}),
    "a heading": ("### {}", {"h3"}),
    "a list": ("* {}", {"ul", "li"}),
    "a quotation": ("> {}", {"blockquote", "p"}),
    "bold": ("**{}**", {"p", "strong"}),
    "the line after a line": ("first\n{}", {"p", "br"}),
    "a cell": ("| a | b |\n|---|---|\n| {} | c |", {"table", "thead", "tbody", "tr", "th", "td"}),
    "a summary": ("<details><summary>{}</summary>\n\nrest\n\n</details>", {"details", "summary", "p"}),
}
"""Where a text may stand in a comment, and the tags that are ours there."""


@dataclass
class Markup(HTMLParser):
    """The tags in order with their attributes, the text outside of ``<code>``, and all the text."""

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str | None]] = field(default_factory=list)
    text: str = ""
    prose: str = ""
    comments: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in {"br", "hr", "img", "input", "meta"}:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data
        self.prose += "" if "code" in self._open else data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def close(self) -> None:
        super().close()
        self.unbalanced += self._open


def by_github(markdown: str) -> Markup:
    """What cmark-gfm makes of it."""
    return read_html(as_html(markdown))


def by_markdown_it(markdown: str) -> Markup:
    """What a second parser makes of it."""
    return read_html(_MARKDOWN_IT.render(markdown))


def read_xml(written: object) -> ElementTree.Element:
    """An element of ours, as a strict parser reads it."""
    return ElementTree.fromstring(str(written))  # noqa: S314


def of_class(tree: ElementTree.Element, *names: str) -> list[ElementTree.Element]:
    """The elements below that have all these classes, in order."""
    return [one for one in tree.iter() if set(names) <= set(one.get("class", "").split())]


def read_html(html: str) -> Markup:
    """What a browser makes of a page."""
    found = Markup()
    found.feed(html)
    found.close()
    return found


def shown(found: Markup) -> str:
    """What a reader sees."""
    return found.text.replace(JOINER, "")


def harmless(found: Markup, allowed: set[str]) -> None:
    """Asserts that there is no markup but our own, and nothing that GitHub makes anything of afterwards."""
    assert set(found.tags) - {"span"} <= allowed
    assert not found.attributes
    assert not found.comments
    assert not found.unbalanced
    for name, pattern in AFTERWARDS.items():
        assert not pattern.search(found.prose), name
