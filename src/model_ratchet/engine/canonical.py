"""Canonical JSON (RFC 8785): the one spelling of a value, so that equal records have equal bytes."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from json.encoder import encode_basestring as _quoted
from typing import Any

from model_ratchet.core.errors import RecordError
from model_ratchet.core.units import significant

_EXACT = 2**53


def canonical(value: object, *, digits: int | None = None) -> bytes:
    """The RFC 8785 bytes of a JSON value: keys by UTF-16 code units, ECMAScript numbers, no white space, UTF-8.

    Integers beyond ±2⁵³, which ECMAScript can't hold, become decimal text; instants RFC 3339 in UTC (``Z``), lengths of
    time ISO 8601 seconds. ``canonical({"b": 1.0, "a": [1e21, 0.1]})`` is ``{"a":[1e+21,0.1],"b":1}``. Numbers that are no
    integers are rounded to so many significant ``digits``, where those are named.

    Raises:
        RecordError: a number is NaN or infinite, text is no Unicode, or the value has no JSON form.
    """
    try:
        return _spell(value, number if digits is None else partial(_rounded, digits=digits)).encode("utf-8")
    except UnicodeEncodeError as error:
        raise RecordError(f"the text {error.object[:40]!r} is no Unicode, so that no record can hold it") from None


def parsed(content: bytes | str, **more: Any) -> Any:
    """The JSON value that is spelled canonically again as it is written: ``canonical(parsed(canonical(1e17)))`` is the same.

    An integer beyond ±2⁵³ without quotes is how a float of that size is spelled, and becomes one. ``more`` are further hooks
    of ``json.loads``.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(content, parse_int=_integer, **more)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 18 and -_EXACT <= int(digits) <= _EXACT else float(digits)


def number(value: float) -> str:
    """An IEEE double as ECMAScript spells it (ECMA-262, Number::toString).

    ``number(1e-7)`` is ``1e-7`` and ``number(100.0)`` is ``100``.

    Raises:
        RecordError: the number is NaN or infinite.
    """
    if 1e-4 <= abs(value) < 1e16:
        return repr(value).removesuffix(".0")  # where Python and ECMAScript spell alike
    if not math.isfinite(value):
        raise RecordError(f"a record holds no {value}")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")  # one digit before the point, and always an exponent
    return sign + _placed(mantissa.replace(".", ""), int(exponent) + 1)


def _rounded(value: float, digits: int) -> str:
    return number(significant(value, digits))


def _placed(digits: str, point: int) -> str:
    """The digits with the decimal point after the first ``point`` of them."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{point - 1:+d}"


def _spell(value: Any, spell_float: Callable[[float], str]) -> str:
    # by the type itself first, the most frequent before the others: a record holds tens of thousands of values
    kind = type(value)
    if kind is int:
        return repr(value) if -_EXACT <= value <= _EXACT else f'"{value}"'
    if kind is str:
        return _quoted(value)
    if kind is dict:
        keys = sorted(value) if "".join(value).isascii() else sorted(value, key=_code_units)
        return "{" + ",".join([f"{_quoted(key)}:{_spell(value[key], spell_float)}" for key in keys]) + "}"
    if kind is list or kind is tuple:
        return "[" + ",".join([_spell(entry, spell_float) for entry in value]) + "]"
    if kind is float:
        return spell_float(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    return _rarer(value, spell_float)


def _rarer(value: object, spell_float: Callable[[float], str]) -> str:
    """A value of any other type: of one of its own that is derived from those, or of time."""
    match value:
        case str():
            return _quoted(value)
        case datetime():
            return f'"{value.astimezone(UTC).isoformat().replace("+00:00", "Z")}"'
        case timedelta():
            return f'"{_seconds(value)}"'
        case Mapping():
            return _spell({str(key): entry for key, entry in value.items()}, spell_float)
        case int():
            return _spell(int(value), spell_float)
        case float():
            return spell_float(value)
        case list() | tuple():
            return _spell(list(value), spell_float)
        case _:
            raise RecordError(f"a record holds no {type(value).__name__}")


def _code_units(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _seconds(value: timedelta) -> str:
    sign = "-" if value < timedelta() else ""
    whole, rest = divmod(abs(value), timedelta(seconds=1))
    fraction = f".{rest.microseconds:06d}".rstrip("0") if rest else ""
    return f"{sign}PT{whole}{fraction}S"
