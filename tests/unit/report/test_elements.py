"""Elements: whatever is said is text, and nothing that runs or loads can be built."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.markup import read_html
from model_ratchet.report.elements import element, listed, number
from model_ratchet.report.escape import visible


def test_a_tree_is_written_with_its_attributes() -> None:
    made = element("p", "a < b & c", element("strong", '"d"'), None, class_="x", aria_label='"<', tabindex=0)
    assert str(made) == ('<p class="x" aria-label="&quot;&lt;" tabindex="0">a &lt; b &amp; c<strong>"d"</strong></p>')


def test_numbers_have_two_decimals_at_most_and_what_is_no_attribute_is_left_out() -> None:
    assert str(element("line", x1=1 / 3, y1=2.0, x2=-0.001, hidden=None, wide=False, open=True)) == (
        '<line x1="0.33" y1="2" x2="0" open=""></line>'
    )
    assert number(1234567.0) == "1234567"


def test_a_list_of_nothing_is_nothing() -> None:
    assert listed("ul", [None, None]) is None
    assert str(listed("ul", [None, element("li", "a")], class_="b")) == '<ul class="b"><li>a</li></ul>'


@pytest.mark.parametrize("tag", ["script", "iframe", "img", "form", "object", "style", "link", "base", "use", "image"])
def test_what_runs_or_loads_is_no_element(tag: str) -> None:
    with pytest.raises(ValueError, match="no element"):
        element(tag)


@pytest.mark.parametrize(
    "attributes",
    [{"onclick": "x"}, {"onLoad": "x"}, {"style": "x"}, {"src": "x"}, {"SRC": "x"}, {"a b": "x"}, {"x>": "x"}],
    ids=["event", "large-event", "style", "source", "large-source", "blank", "bracket"],
)
def test_what_runs_or_loads_is_no_attribute(attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="may run or load"):
        element("p", **attributes)


@pytest.mark.parametrize(
    "href", ["javascript:x", "data:text/html,x", "//evil.example", "file:///x", "#a b", "http://u@h"]
)
def test_a_link_leads_to_the_page_or_to_a_plain_address(href: str) -> None:
    with pytest.raises(ValueError, match="address"):
        element("a", "x", href=href)


def test_links_that_lead_somewhere() -> None:
    assert 'href="#stages"' in str(element("a", "x", href="#stages"))
    assert 'href="https://github.com/a/b"' in str(element("a", "x", href="https://github.com/a/b"))


@given(said=st.text(max_size=60), where=st.sampled_from(["text", "attribute"]))
def test_a_parser_reads_what_was_said_and_no_element_more(said: str, where: str) -> None:
    made = element("p", said) if where == "text" else element("p", title=said)
    found = read_html(str(made))
    assert (found.tags, found.unbalanced) == (["p"], [])
    read = found.text if where == "text" else found.attributes[0][2]
    assert read == visible(said)


def test_direction_marks_and_commands_of_a_terminal_are_shown_and_line_feeds_kept() -> None:
    assert (
        str(element("pre", "a\n\u202eb\x1b[2J\x00c"))
        == "<pre>a\n\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}c</pre>"
    )
