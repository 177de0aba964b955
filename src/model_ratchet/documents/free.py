"""Free metadata: a mapping of names to scalars, lists of scalars, or such mappings again, three levels deep."""

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeAlias

from pydantic import GetPydanticSchema
from pydantic_core import core_schema

from model_ratchet.documents.blank import BLANK, unfilled
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.yaml import Path

_LEVELS = 3
_LONGEST = 2000


def flatten(values: Mapping[str, object], under: str = "") -> Iterator[tuple[str, str]]:
    """Every value by its dotted name, as text: lists joined with commas, truth values as ``true`` and ``false``."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{under}{name}.")
        elif isinstance(value, tuple):
            yield f"{under}{name}", ", ".join(_text(item) for item in value)
        else:
            yield f"{under}{name}", _text(value)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _free(value: object) -> Mapping[str, object]:
    if value == BLANK:
        refuse((Fault((), unfilled("names and values, such as {rows: 120000}")),))
    if not isinstance(value, Mapping):
        refuse((Fault((), "a mapping of names to values is needed here, such as `rows: 120000`"),))
        return {}
    refuse(_faults(value, (), 1))
    return {str(name): _frozen(item) for name, item in value.items()}


def _faults(values: Mapping[str, object], path: Path, level: int) -> Iterator[Fault]:
    for name, value in values.items():
        here = (*path, name)
        if isinstance(value, Mapping):
            if level == _LEVELS:
                yield Fault(here, f"metadata is at most {_LEVELS} levels deep: flatten it")
            else:
                yield from _faults(value, here, level + 1)
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                yield from _scalar_faults(item, (*here, index))
        else:
            yield from _scalar_faults(value, here)


def _scalar_faults(value: object, path: Path) -> Iterator[Fault]:
    if value is None or value == "":
        yield Fault(path, "no value stands here: write one, or remove the key")
    elif value == BLANK:
        yield Fault(path, unfilled("the value, or remove the key"))
    elif not isinstance(value, (str, int, float)):
        yield Fault(path, "a list holds single values only: write numbers or text")
    elif isinstance(value, str) and len(value) > _LONGEST:
        yield Fault(
            path, f"the text holds {len(value)} characters: write at most {_LONGEST}, or put it into a document"
        )


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _frozen(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(value)
    return value


def _schema(_source: object, _handler: object) -> core_schema.CoreSchema:
    described = {
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean", "array", "object"]},
        "examples": [{"rows": 120000, "from": "2013-01-01"}],
    }
    return core_schema.no_info_plain_validator_function(
        _free, metadata={"pydantic_js_functions": [lambda _schema, _handler: described]}
    )


Free: TypeAlias = Annotated[Mapping[str, object], GetPydanticSchema(_schema)]
