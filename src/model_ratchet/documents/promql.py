"""PromQL in the model file: what a template may hold, and how a label value is bound into it."""

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

VARIABLES = ("version", "model")

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_STRING = r'(?:"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`)'
_MATCHER = rf"\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*{_STRING}\s*"
_SELECTOR = re.compile(rf"[a-zA-Z_:][\w:]*\s*\{{(?:{_MATCHER},)*(?:{_MATCHER})?\}}", re.ASCII)
_QUOTED_OR_VARIABLE = re.compile(rf"{_VARIABLE.pattern}|{_STRING}")


def bind(template: str, values: Mapping[str, str]) -> str:
    """The template with each ``{{ name }}`` replaced by its value as a quoted and escaped label value.

    ``bind('up{version={{ version }}}', {"version": 'a"b'})`` is ``up{version="a\\"b"}``. A value can never end its quotes.
    """
    return _VARIABLE.sub(lambda match: _quoted(values[match[1]]), template)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _expression(template: str) -> str:
    for match in _QUOTED_OR_VARIABLE.finditer(template):
        if match[1] is None and "{{" in match[0]:
            raise ValueError(
                f"{match[0]} stands in quotes: a variable is a whole label value, version={{{{ version }}}}"
            )
    named = _VARIABLE.findall(template)
    for name in named:
        if name not in VARIABLES:
            raise ValueError(f"{{{{ {name} }}}} is no variable: known are {', '.join(VARIABLES)}")
    if "version" not in named:
        raise ValueError("the query must say which version it reads: add a label such as version={{ version }}")
    return template.strip()


def _selector(template: str) -> str:
    template = _expression(template)
    if _SELECTOR.fullmatch(_VARIABLE.sub('""', template)) is None:
        raise ValueError(
            "counts are differences of a counter's own samples: write a plain selector such as "
            "requests_total{version={{ version }}}, without functions or operators"
        )
    return template


def _buckets(template: str) -> str:
    template = _selector(template)
    if not template.split("{")[0].strip().endswith("_bucket"):
        raise ValueError("a duration is read from a classic histogram: select its series that end in _bucket")
    return template


Expression: TypeAlias = Annotated[
    str,
    AfterValidator(_expression),
    Field(max_length=2000, examples=["max(process_resident_memory_bytes{version={{ version }}})"]),
]
"""Any PromQL that gives one series for a version."""

Selector: TypeAlias = Annotated[
    str, AfterValidator(_selector), Field(max_length=2000, examples=["requests_total{version={{ version }}}"])
]
"""An instant-vector selector of counters; its series are added."""

Buckets: TypeAlias = Annotated[
    str,
    AfterValidator(_buckets),
    Field(max_length=2000, examples=["request_duration_seconds_bucket{version={{ version }}}"]),
]
"""A selector of the ``_bucket`` series of a classic histogram."""
