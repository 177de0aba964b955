"""Text: artefacts are spelled in one way, which every reader of YAML takes for the same values."""

import pytest
import yaml

from model_ratchet.engine.integrate.text import HEADER, rounded, text

VALUE = {
    "kind": "Demo",
    "apiVersion": "ratchet/v1",
    "zeta": {"m": 3, "low": 0.25, "none": None},
    "alpha": {"deep": {"list": [1, 2.5, True], "empty": {}}, "flat": {"b": "on", "a": "plain_word-1.x"}},
    "rows": [{"q": 0.5, "p": 0.25}, {"q": 1e-7, "p": 1e22}],
    "pairs": [[0.0, 1], [0.5, 2]],
    "words": ["a b", "é", "1a", "No", "_ok"],
    "odd key": [],
}
SPELLED = """\
apiVersion: "ratchet/v1"
kind: Demo
alpha:
  deep:
    empty: {}
    list: [1, 2.5, true]
  flat: {a: plain_word-1.x, b: "on"}
"odd key": []
pairs:
  - [0.0, 1]
  - [0.5, 2]
rows:
  - {p: 0.25, q: 0.5}
  - {p: 1.0e+22, q: 1.0e-07}
words: ["a b", "é", "1a", "No", _ok]
zeta: {low: 0.25, m: 3, none: null}
"""


def test_keys_are_sorted_and_what_holds_only_scalars_stands_on_one_line() -> None:
    head = "# yaml-language-server: $schema=https://example.com/demo.json\n"
    assert text(VALUE, "https://example.com/demo.json") == head + HEADER + SPELLED


def test_what_is_spelled_reads_as_it_was() -> None:
    assert yaml.safe_load(text(VALUE, "x")) == VALUE
    assert HEADER.startswith("# ")


@pytest.mark.parametrize("word", ["null", "TRUE", "false", "yes", "No", "on", "OFF", "y", "N", "1", "a:b", "", "a\nb"])
def test_a_word_that_yaml_takes_for_something_else_is_quoted(word: str) -> None:
    value = {"apiVersion": "v1", "kind": "Demo", "word": word, "list": [word]}
    assert yaml.safe_load(text(value, "x")) == value
    assert f"word: {word}\n" not in text(value, "x")


@pytest.mark.parametrize("value", [1e-9, 1.5e-7, 123456.789, -0.1, 1e16, 2.0, 1e300])
def test_numbers_stay_numbers(value: float) -> None:
    read = yaml.safe_load(text({"apiVersion": "v1", "kind": "Demo", "n": value}, "x"))["n"]
    assert (type(read), read) == (float, value)


def test_numbers_that_are_no_integers_have_nine_digits_and_what_rounding_left_of_0_is_0() -> None:
    found = rounded(
        {"a": (0.12345678949, [1e-12, -9.9e-13, 1e-13]), "b": 1234567890123, "c": "x", "d": True, "e": None}
    )
    assert found == {"a": [0.123456789, [1e-12, 0.0, 0.0]], "b": 1234567890123, "c": "x", "d": True, "e": None}
    assert str(rounded(-1e-13)) == "0.0"
    assert rounded(123456789.44) == 123456789.0
