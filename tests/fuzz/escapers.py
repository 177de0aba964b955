"""The escapers: whatever text goes in is shown as it is by two parsers of Markdown, by browsers, by Slack, and by a runner."""

import re
import unicodedata
from zlib import crc32

from builders.markup import AFTERWARDS, PLACES, by_github, by_markdown_it, harmless, read_html, shown
from model_ratchet.report.annotations import command
from model_ratchet.report.elements import element
from model_ratchet.report.escape import cell, clean, code, inert, slack, text, visible

SEEDS = ()
TOKENS = (
    *(
        b"@acme/all",
        b"#1",
        b"GH-7",
        b"1a2b3c4d5e",
        b"<img src=//e.example>",
        b"</td>",
        b"</code>",
        b"<!--",
        b"-->",
        b"`",
        b"```",
    ),
    *(
        b"~~~",
        b"|",
        b"\\",
        b"![x](",
        b"[x]: ",
        b"https://",
        b"www.",
        b"mailto:",
        b"::error::",
        b"##[",
        b"# ",
        b"- ",
        b"1. ",
    ),
    *(
        b"***",
        b"__",
        b"$$",
        b":tada:",
        b"&lt;",
        b"&#64;",
        b"[^1]",
        b"- [ ] ",
        b"[!NOTE]",
        b"\n",
        b"\r",
        b"\t",
        b"\x1b[2J",
    ),
    *(
        "\u202e\u2066\u200b\u2028\u0085\ufeff\u00ad\u2060".encode(),
        b"\xed\xa0\x80",
        "＝".encode(),
        b"=1+1",
        b"<@U1>",
        b"<!here>",
    ),
)
LONGEST_READ = 2_000
"""Longer ones are written and not read again: the readers' time grows with the square."""
_FRAMES = tuple(PLACES.items())
_HIDDEN = frozenset({"Cc", "Cf", "Cs"})
_ADDRESS = re.compile(r"https?://[^\s<>\"'()]+|#[\w-]+|[\w./#-]+\.html(#[\w-]+)?", re.ASCII)


def one_input(data: bytes) -> None:
    said = data.decode("utf-8", "surrogateescape")
    _elsewhere(said)
    if len(said) <= LONGEST_READ:
        _in_markdown(said, crc32(data))
        _in_html(said)
    else:
        for written in (text(said), code(said), str(element("p", said, title=said))):
            assert written


def _in_markdown(said: str, number: int) -> None:
    place, (frame, allowed) = _FRAMES[number % len(_FRAMES)]
    if place in ("bold", "a paragraph"):  # without a text there is none
        said = f"x{said}"
    table = f"| a |\n|---|\n| {code(said)} |"
    for parse in (by_github, by_markdown_it):
        found = parse(frame.format(text(said)))
        harmless(found, allowed)
        assert clean(said) in shown(found), f"in {place} it reads otherwise"
        found = parse(table)
        assert set(found.tags) - {"span"} == {"table", "thead", "tbody", "tr", "th", "td", "code"}
        assert shown(found).replace("\n", "") == f"a{clean(said)}"
        assert not AFTERWARDS["link"].search(found.text)


def _in_html(said: str) -> None:
    found = read_html(str(element("p", said, element("span", said), title=said)))
    assert found.tags == ["p", "span"]
    assert found.attributes == [("p", "title", visible(said))]
    assert found.text == visible(said) * 2
    assert not found.comments
    assert not found.unbalanced
    try:
        link = read_html(str(element("a", "x", href=said)))
    except ValueError:
        return
    ((_, _, address),) = link.attributes
    assert address == said
    assert _ADDRESS.fullmatch(said), "a link leads elsewhere"


def _elsewhere(said: str) -> None:
    told = slack(said)
    assert not re.search(r"[<>]|@(?!\u2060)|&(?!(amp|lt|gt);)", told)
    assert not re.search(r"@\w|<[!@#]|\]\(|\*\*|``", inert(said))
    assert cell(said)[:1] not in tuple("=+-@|%＝＋－＠")
    run = command("error", said)
    for line in (clean(said), told, cell(said)):
        assert not [one for one in line if unicodedata.category(one) in _HIDDEN and one != "\u2060"]
    assert not [one for one in run if unicodedata.category(one) == "Cc" and one != "\t"]
    for line in (clean(said), told, cell(said), run):
        assert len(line.splitlines()) <= 1
        line.encode()
