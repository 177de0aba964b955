"""Escape: text that nobody vouches for, made harmless in GitHub's Markdown and in the HTML within it.

The one way for untrusted text into a comment. Special characters become numeric character references, which both a Markdown
parser and an HTML block read as the character and never as structure, so that one form serves paragraphs, tables, summaries
and headings alike. What GitHub makes of plain text *after* parsing (mentions, references, commits, emoji) is broken by a
word joiner, which nobody sees and no line breaks at.
"""

import re
import unicodedata
from urllib.parse import quote

_GAP = "&#8288;"
_FORMULA = frozenset("=+-@|%＝＋－＠")
_HIDDEN = frozenset({"Cc", "Cf", "Cs"})
_UNSAFE = re.compile(
    r"(?P<anchor>[@#]|:(?=:|[\w+-]+:))"  # @team, #123, ##[command], ::command::, :emoji:
    r"|(?P<start>^[-+](?=[-+ ]|$)|^[=:])"  # a list, a rule or an underline
    r"|(?P<number>^\d{1,9}(?=[.)](?: |$)))"  # a numbered list
    r"|(?P<word>(?i:https?|ftp|mailto|xmpp|www)(?=[:.])|(?i:\bgh)(?=-\d))"  # links without markup, GH-123
    r"|(?P<commit>\b[0-9a-f]{7,40}\b)"  # a commit's id
    r"|(?P<dollar>\$)"  # mathematics
    r"|(?P<special>[\\`*\[\]<>|~&\"^]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))"
)
_SLACK = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u2060"}
_BEGINS = re.compile(r"[@#<!\[\]*_~`|\\]")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/%?&=#-]*)?")


def text(said: str, most: int | None = None) -> str:
    """The text as a reader of a comment sees it, whatever it holds: one line of no markup, mention, link or image.

    Stands wherever Markdown or HTML text may stand, also at the start of a line. ``most``: characters that are kept.
    """
    return _UNSAFE.sub(_replaced, shorten(clean(said), most))


def code(said: str, most: int | None = None) -> str:
    """The same in a fixed-width face, as an element: backticks end early in tables and mean nothing in HTML."""
    return f"<code>{_UNSAFE.sub(_replaced_in_code, shorten(clean(said), most))}</code>"


def slack(said: str, most: int | None = None) -> str:
    """The text as one line of a message in Slack: neither markup of its own, nor a mention. At most ``most`` characters are
    left once it is escaped.
    """
    pieces = [_SLACK.get(one, one) for one in clean(said)]
    if most is not None and sum(map(len, pieces)) > most:
        room = most - 1
        kept = []
        for piece in pieces:
            room -= len(piece)
            if room < 0:
                break
            kept.append(piece)
        pieces = [*kept, "…"]
    return "".join(pieces)


def inert(said: str, most: int | None = None) -> str:
    """One line of plain text for whatever service: signs that begin a mention, a link or markup somewhere are followed by a
    word joiner, which nobody sees.
    """
    return _BEGINS.sub(lambda found: f"{found[0]}\u2060", shorten(clean(said), most))


def clean(said: str) -> str:
    """One line without control characters, direction marks and invisible characters: each run of them is shown as “�”."""
    return visible(" ".join(said.split()))


def visible(said: str) -> str:
    """The text as it stands, its blanks and line feeds too, in which each run of what nobody sees is shown as “�”."""
    if said.isprintable() or said.replace("\n", "").isprintable():
        return said
    kept = (
        "\N{REPLACEMENT CHARACTER}" if one != "\n" and unicodedata.category(one) in _HIDDEN else one for one in said
    )
    return re.sub("\N{REPLACEMENT CHARACTER}+", "\N{REPLACEMENT CHARACTER}", "".join(kept))


def cell(said: str) -> str:
    """The text as a cell of comma-separated values, which a spreadsheet shows and never computes.

    A cell that would be a formula is led by an apostrophe, also where blanks or a full-width sign stand before it.
    """
    shown = clean(said)
    return f"'{shown}" if shown[:1] in _FORMULA else shown


def shorten(said: str, most: int | None) -> str:
    """The text, cut to ``most`` characters of which the last is an ellipsis; whole where ``most`` is None."""
    return said if most is None or len(said) <= most else f"{said[: most - 1]}…"


def link(shown: str, url: str) -> str:
    """A link of our own: ``shown`` is escaped already.

    Raises:
        ValueError: the address is none that ``address`` lets through.
    """
    return f"[{shown}]({address(url)})"


def address(url: str) -> str:
    """The address itself.

    Raises:
        ValueError: it is no plain http or https address: another scheme, user information, blanks or brackets.
    """
    if _URL.fullmatch(url) is None:
        raise ValueError(f"{shorten(url, 80)!r} is no address for a link: it must be a plain http or https address")
    return url


def path(name: str) -> str:
    """A path within a repository as part of an address."""
    return quote(name.encode("utf-8", "surrogatepass"), safe="/")


def _replaced(found: re.Match[str]) -> str:
    whole = found[0]
    match found.lastgroup:
        case "start" | "special":
            return _reference(whole)
        case "number":
            return f"{whole}{_GAP}"
        case "anchor":
            return f"{_reference(whole)}{_GAP}"
        case "commit":
            return _GAP.join(whole[start : start + 6] for start in range(0, len(whole), 6))
        case "dollar":
            return "<span>$</span>"  # the way that GitHub documents: a reference would be read as mathematics after all
        case _:
            return f"{whole}{_GAP}"


def _replaced_in_code(found: re.Match[str]) -> str:
    """GitHub looks for no commit and no emoji in code, and no line starts there; a digest without gaps can be copied."""
    return found[0] if found.lastgroup == "commit" or found[0] == ":" else _replaced(found)


def _reference(one: str) -> str:
    return f"&#{ord(one)};"
