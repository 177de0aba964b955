"""Whatever text goes in comes out as it is, and as nothing else: no markup, link, image, mention or command."""

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders.markup import AFTERWARDS, JOINER, PLACES, Markup, by_github, by_markdown_it, harmless, shown
from model_ratchet.report.escape import address, clean, code, inert, link, path, shorten, slack, text

PARSERS = (by_github, by_markdown_it)
NASTY = (
    "@acme/all", "a@b.example", "#123", "acme/models#1", "GH-7", "1a2b3c4d5e", "<img src=//e.example>", "</details>", "</td>",
    "```", "~~~", "`code`", "a|b", "a\\|b", "\\", "\\\\|", "![x](https://e.example/x.png)", "[ok](http://evil.example)",
    "[x]: http://evil.example", "https://evil.example", "www.evil.example", "mailto:a@b.example", "<http://e.example>",
    "<!-- ratchet:v1 -->", "-->", "::error::x", "##[add-mask]x", "# h", "- x", "+ x", "* x", "1. x", "12) x", "> x", "---",
    "===", ":--", "|---|", "***", "_a_", "__a__", "~~a~~", "$x^2$", "$$x$$", ":tada:", "&lt;", "&#64;team", "&copy;", "[^1]",
    "- [ ] x", "[!WARNING]", "v2.1.0_20250818_142000", "a" * 70, "\u202eevil", "a\u200bb", "\x1b[2J", "a\x00b", "\ud800",
    "\n\n# x", "\t x", "<", ">", '"', "'", "a  b", " ", "", "é €  漢字 👩\u200d💻",
)  # fmt: skip
ANY = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="@#<>[]()!`|\\*_~$&:;.-+=/ \n0a1b2cghGHwW", max_size=40),
    st.lists(st.sampled_from(NASTY), min_size=1, max_size=4).map("".join),
)


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("said", NASTY)
def test_nasty_text_is_shown_as_it_stands(said: str, place: str, parse: Callable[[str], Markup]) -> None:
    frame, allowed = PLACES[place]
    plain, found = parse(frame.format("XYZ")), parse(frame.format(text(said)))
    if clean(said) or place not in {"a paragraph", "bold", "the line after a line"}:  # without a text there is none
        assert shown(found).split() == plain.text.replace("XYZ", clean(said)).split()
        harmless(found, allowed)


@given(said=ANY)
@example(said="$a$ `b` @c #4")
def test_any_text_is_shown_as_it_stands(said: str) -> None:
    for parse in PARSERS:
        for place, (frame, allowed) in PLACES.items():
            found = parse(frame.format(text(f"x{said}" if place in {"bold", "a paragraph"} else said)))
            harmless(found, allowed)
            assert clean(said) in shown(found)


@given(said=ANY)
def test_any_text_in_a_fixed_width_face_is_shown_as_it_stands(said: str) -> None:
    for parse in PARSERS:
        found = parse(f"| a |\n|---|\n| {code(said)} |")
        assert shown(found).replace("\n", "") == f"a{clean(said)}"
        assert set(found.tags) - {"span"} == {"table", "thead", "tbody", "tr", "th", "td", "code"}
        assert not AFTERWARDS["link"].search(found.text)


@given(said=ANY)
def test_every_dollar_stands_alone_so_that_no_two_of_them_enclose_mathematics(said: str) -> None:
    assert "$" not in text(said).replace("<span>$</span>", "")
    assert "$" not in code(said).replace("<span>$</span>", "")


def test_a_digest_in_a_fixed_width_face_can_be_copied() -> None:
    assert code("4f1c9a7e2b8d03564f1c9a7e2b8d03564f1c9a7e") == "<code>4f1c9a7e2b8d03564f1c9a7e2b8d03564f1c9a7e</code>"


@given(said=st.text(max_size=200))
def test_no_hidden_character_is_left(said: str) -> None:
    kept = clean(said)
    assert "\n" not in kept
    assert not set(kept) & {"\u200b", "\u202e", "\u2066", "\x1b", "\x00", "\ufeff", "\u00ad"}
    kept.encode("utf-8")


def test_ordinary_text_stays_readable() -> None:
    ordinary = "accuracy-improvement: 548 ms (90 %), v2.1.0_20250818_142000 / 0.5, 'so'; 12:30 UTC!"
    assert text(ordinary) == ordinary


def test_a_long_text_is_cut_before_it_is_escaped() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert text("@" * 1000, 3) == "&#64;&#8288;&#64;&#8288;…"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "http://u:p@e.example/", "https://e.example/a b", "https://e.example/)", "//e.example", ""],
)
def test_an_address_that_is_not_plain_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="no address for a link"):
        link("x", url)


def test_a_path_becomes_part_of_an_address() -> None:
    assert address(f"https://e.example/blob/{path('a (b)/#c?.md')}").endswith("a%20%28b%29/%23c%3F.md")


def read_by_slack(said: str) -> str:
    """What Slack shows of a plain text: it knows three entities."""
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace(JOINER, "")


@given(ANY)
@example("<!channel> <@U123> &amp; @here")
def test_slack_shows_what_was_said_and_calls_nobody(said: str) -> None:
    found = slack(said)
    assert read_by_slack(found) == clean(said).replace(JOINER, "")
    assert not re.search(r"[<>]|@(?!\u2060)|&(?!(amp|lt|gt);)", found)


@given(ANY, st.integers(min_value=1, max_value=30))
@example("<<<<<<<<", 6)
def test_a_text_for_slack_fits_once_it_is_escaped_and_no_entity_is_cut(said: str, most: int) -> None:
    found = slack(said, most)
    assert len(found) <= most
    assert not re.search(r"&(?!(amp|lt|gt);)", found)
    assert found == slack(said) or found.endswith("…")


@given(ANY)
def test_an_inert_text_reads_the_same_and_calls_nobody(said: str) -> None:
    found = inert(said)
    assert found.replace(JOINER, "") == clean(said).replace(JOINER, "")
    assert not re.search(r"@\w|<[!@#]|\]\(|\*\*|``", found)
