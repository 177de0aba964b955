"""Canonical JSON (RFC 8785): the one spelling of a value, so that equal records have equal bytes."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring as _quoted
from types import NoneType
from typing import Any

from model_ratchet.core.errors import RecordError

_EXACT = 2**53


def canonical(value: object) -> bytes:
    """The RFC 8785 bytes of a JSON value: keys by UTF-16 code units, ECMAScript numbers, no white space, UTF-8.

    Integers beyond ±2⁵³, which ECMAScript can't hold, become decimal text; instants RFC 3339 in UTC (``Z``), lengths of
    time ISO 8601 seconds. ``canonical({"b": 1.0, "a": [1e21, 0.1]})`` is ``{"a":[1e+21,0.1],"b":1}``.

    Raises:
        RecordError: a number is NaN or infinite, text is no Unicode, or the value has no JSON form.
    """
    try:
        return _spell(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise RecordError(f"the text {error.object[:40]!r} is no Unicode, so that no record can hold it") from None


def number(value: float) -> str:
    """An IEEE double as ECMAScript spells it (ECMA-262, Number::toString).

    ``number(1e-7)`` is ``1e-7`` and ``number(100.0)`` is ``100``.

    Raises:
        RecordError: the number is NaN or infinite.
    """
    if not math.isfinite(value):
        raise RecordError(f"a record holds no {value}")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """The digits with the decimal point after the first ``point`` of them."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{point - 1:+d}"


def _spell(value: Any) -> str:
    spelling = _SPELLINGS.get(type(value))
    if spelling is None:
        spelling = next((one for kind, one in _SPELLINGS.items() if isinstance(value, kind)), None)
    if spelling is None:
        raise RecordError(f"a record holds no {type(value).__name__}")
    return spelling(value)


def _integer(value: int) -> str:
    return int.__repr__(value) if -_EXACT <= value <= _EXACT else f'"{int(value)}"'


def _instant(value: datetime) -> str:
    return f'"{value.astimezone(UTC).isoformat().replace("+00:00", "Z")}"'


def _text(value: str) -> str:
    return _quoted(str(value))


def _object(value: Mapping[object, object]) -> str:
    entries = {str(key): entry for key, entry in value.items()}
    keys = sorted(entries) if all(map(str.isascii, entries)) else sorted(entries, key=_code_units)
    return "{" + ",".join([f"{_quoted(key)}:{_spell(entries[key])}" for key in keys]) + "}"


def _array(value: Iterable[object]) -> str:
    return "[" + ",".join([_spell(entry) for entry in value]) + "]"


def _code_units(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _seconds(value: timedelta) -> str:
    sign = "-" if value < timedelta() else ""
    whole, rest = divmod(abs(value), timedelta(seconds=1))
    fraction = f".{rest.microseconds:06d}".rstrip("0") if rest else ""
    return f"{sign}PT{whole}{fraction}S"


_SPELLINGS: Mapping[type, Callable[[Any], str]] = {
    NoneType: lambda _: "null",
    bool: lambda value: "true" if value else "false",
    str: _text,
    int: _integer,
    float: number,
    datetime: _instant,
    timedelta: lambda value: f'"{_seconds(value)}"',
    dict: _object,
    list: _array,
    tuple: _array,
    Mapping: _object,
}
"""By the type itself first, which is nearly always there; a truth value comes before the integer that it also is."""
