"""Documents beside a request: Markdown files, read for the sections that they have and how much stands in each."""

import re
from collections.abc import Iterator

from model_ratchet.core.evidence import Document
from model_ratchet.core.finding import Finding, Location
from model_ratchet.documents.yaml import MAX_BYTES

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^>]*>")
_LINK = re.compile(r"\]\([^)]*\)")
_PLACEHOLDER = re.compile(r"[\s>*_#\-+\d.()\[\]`|]*(?:TODO|TBD|FIXME|XXX|…|\.\.\.)(?!\w)", re.IGNORECASE)
_WORD = re.compile(r"\w[\w'’.-]*")


def read_beside(path: str, content: bytes) -> Document | Finding:
    """The sections of a Markdown document, with the number of words in each.

    A section reaches to the next heading of its level or above, so that its subsections count for it; sections of one title
    are added. HTML comments, tags, addresses of links and lines that start with ``TODO``, ``TBD``, ``FIXME`` or ``…`` hold no
    words. Titles are lower case.
    """
    if len(content) > MAX_BYTES:
        return Finding(Location(path), f"the document holds {len(content)} bytes, more than {MAX_BYTES}: shorten it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Finding(
            Location(path, content.count(b"\n", 0, error.start) + 1),
            f"byte 0x{content[error.start]:02x} is not UTF-8: save the file in that encoding",
        )
    found: dict[str, int] = {}
    open_sections: list[tuple[int, str]] = []
    for level, line in _lines(_COMMENT.sub(" ", text)):
        if level:
            title = " ".join(_TAG.sub(" ", line).strip("*_` ").lower().split())
            open_sections = [section for section in open_sections if section[0] < level]
            open_sections.append((level, title))
            found.setdefault(title, 0)
        else:
            for title in {title for _, title in open_sections}:
                found[title] += _words(line)
    return Document(path=path, sections=tuple(found.items()))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with the level of the heading that it is, 0 for text; code blocks hold no headings."""
    lines = text.splitlines()
    fence = ""
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
            else:
                yield 0, line
        elif opened:
            fence = opened[1]
        elif heading := _HEADING.fullmatch(line):
            yield len(heading[1]), heading[2] or ""
        elif line.strip() and index < len(lines) and (under := _UNDERLINE.fullmatch(lines[index])):
            index += 1
            yield (1 if under[1].startswith("=") else 2), line.strip()
        else:
            yield 0, line


def _words(line: str) -> int:
    if _PLACEHOLDER.match(line):
        return 0
    return len(_WORD.findall(_LINK.sub("] ", _TAG.sub(" ", line))))
