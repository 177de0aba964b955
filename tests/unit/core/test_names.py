"""Names are parsed once; what is no name is refused with an example of one."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_ratchet.core.names import PolicyName, Version


def test_a_version_is_read_and_spelled_the_same_way() -> None:
    assert str(Version.parse("v2.1.0_20250818_142000")) == "v2.1.0_20250818_142000"


def test_versions_are_ordered_by_their_numbers_and_then_by_their_time() -> None:
    texts = ["v1.9.9_20250101_000000", "v1.10.0_20240101_000000", "v2.0.0_20230101_000000", "v2.0.0_20230101_000001"]
    assert [str(version) for version in sorted(map(Version.parse, reversed(texts)))] == texts


@pytest.mark.parametrize(
    "text",
    [
        "2.1.0_20250818_142000",
        "v2.1_20250818_142000",
        "v02.1.0_20250818_142000",
        "v2.1.0-20250818_142000",
        "v2.1.0_20250230_142000",
        "v2.1.0_20250818_246000",
        "v2.1.0_20250818_142000\n",
        "v２.1.0_20250818_142000",
        "",
    ],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        Version.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_version_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert str(Version.parse(text)) == text


def test_a_policy_is_named_with_its_version() -> None:
    assert str(PolicyName.parse("standard/1.0.0")) == "standard/1.0.0"
    for text in ("standard", "standard/1.0", "Standard/1.0.0", "a/b/1.0.0", "../1.0.0"):
        with pytest.raises(ValueError, match="names no policy"):
            PolicyName.parse(text)
