import json
import math
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model_ratchet.core.errors import RecordError
from model_ratchet.core.units import significant
from model_ratchet.engine.canonical import canonical, number, parsed

# RFC 8785, appendix B
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_are_spelled_as_in_the_appendix_of_the_rfc(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e16, "10000000000000000"),
        (-1e16, "-10000000000000000"),
        (12345678901234568.0, "12345678901234568"),
        (9999999999999998.0, "9999999999999998"),
        (1e-4, "0.0001"),
        (9.5e-5, "0.000095"),
        (-1e-6, "-0.000001"),
        (1.25e-7, "1.25e-7"),
        (1e-10, "1e-10"),
    ],
)
def test_where_python_spells_otherwise_digits_stand_until_21_places_and_6_behind_the_point(
    value: float, text: str
) -> None:
    assert number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_spelled_number_reads_back_exactly(value: float) -> None:
    assert float(number(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
@example(1.234567891)
@example(-12345678.91)
@example(1.23456789e-7)
def test_numbers_are_rounded_where_digits_are_named(value: float) -> None:
    assert canonical([value], digits=9) == canonical([significant(value, 9)])
    assert canonical([value, 10**15 + 1], digits=9).endswith(b",1000000000000001]")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_record_holds_a_number_that_is_not_finite(value: float) -> None:
    with pytest.raises(RecordError, match="a record holds no"):
        canonical({"value": value})


def test_keys_are_sorted_by_utf_16_code_units() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\u00f6"]
    assert list(json.loads(canonical(dict.fromkeys(keys)))) == [
        "\r",
        "1",
        "\x80",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


def test_text_is_escaped_only_where_json_must() -> None:
    assert canonical('€$\x0f\nA\'B"\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\"/"'.encode()


def test_integers_that_a_double_cannot_hold_become_text() -> None:
    assert canonical([2**53, 2**53 + 1, -(2**53) - 1]) == b'[9007199254740992,"9007199254740993","-9007199254740993"]'


def test_instants_are_in_utc_and_lengths_in_seconds() -> None:
    instant = datetime(2025, 8, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert canonical([instant, timedelta(hours=72), timedelta(milliseconds=-1500)]) == (
        b'["2025-08-01T00:00:00Z","PT259200S","-PT1.5S"]'
    )
    assert canonical(datetime(2025, 8, 1, 0, 0, 0, 250_000, tzinfo=UTC)) == b'"2025-08-01T00:00:00.250000Z"'


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(RecordError, match="no Unicode"):
        canonical("\ud800")


def test_a_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(RecordError, match="a record holds no set"):
        canonical({1})


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_canonical_bytes_are_json_of_the_same_value_and_spell_it_again_the_same(value: object) -> None:
    spelled = canonical(value)
    assert parsed(spelled) == value
    assert canonical(parsed(spelled)) == spelled


@pytest.mark.parametrize(
    "value", [2.0**53, 2.0**53 + 2, -1e17, 1e20, 999999999999999900000.0, 1e21, 1.5e300, 2**53, 2**60]
)
def test_numbers_too_large_for_an_exact_integer_are_spelled_again_the_same(value: float) -> None:
    spelled = canonical({"value": value})
    assert canonical(parsed(spelled)) == spelled
