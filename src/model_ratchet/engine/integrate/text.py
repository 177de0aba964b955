"""Text: the one spelling of an artefact as YAML, so that equal artefacts have equal bytes. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from model_ratchet.core.units import significant

HEADER = "# Written by `ratchet integrate`, and computed again by every check: an edited number fails it.\n"

DIGITS = 9
_NOTHING = 1e-12
"""A number that is smaller is what rounding has left of 0."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def rounded(value: Any) -> Any:
    """The value with numbers that are no integers at 9 significant digits, and those below 10⁻¹² at 0."""
    if isinstance(value, float):
        return 0.0 if abs(value) < _NOTHING else significant(value, DIGITS)
    if isinstance(value, Mapping):
        return {key: rounded(entry) for key, entry in value.items()}
    return [rounded(entry) for entry in value] if isinstance(value, list | tuple) else value


def text(value: Mapping[str, Any], schema: str) -> str:
    """The YAML of an artefact: keys sorted, what holds only scalars on one line, numbers that every reader takes for numbers.

    ``schema`` is where an editor finds the JSON Schema of its kind.
    """
    first = {"apiVersion": value["apiVersion"], "kind": value["kind"]}
    rest = {key: value[key] for key in sorted(value) if key not in first}
    head = "".join(f"{key}: {_scalar(entry)}\n" for key, entry in first.items())
    return f"# yaml-language-server: $schema={schema}\n{HEADER}{head}" + "".join(_lines(rest, 0))


def _lines(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key in sorted(value):
        entry, margin = value[key], "  " * depth
        if _flat(entry):
            yield f"{margin}{_scalar(key)}: {_inline(entry)}\n"
        elif isinstance(entry, Mapping):
            yield f"{margin}{_scalar(key)}:\n"
            yield from _lines(entry, depth + 1)
        else:
            yield f"{margin}{_scalar(key)}:\n"
            yield from (f"{margin}  - {_inline(one)}\n" for one in entry)


def _flat(value: Any) -> bool:
    """Whether a value stands on one line: a scalar, or what holds nothing but scalars."""
    if isinstance(value, Mapping):
        return all(not isinstance(entry, Mapping | list) for entry in value.values())
    return not isinstance(value, list) or all(not isinstance(entry, Mapping | list) for entry in value)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_inline(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(entry) for entry in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) is not None and value.lower() not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        mantissa, e, exponent = repr(value).partition("e")
        return f"{mantissa if '.' in mantissa or not e else mantissa + '.0'}{e}{exponent}"
    return json.dumps(value)
