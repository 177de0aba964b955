"""Complaints: pydantic's errors in our own words, each with what stands there, what may, and the next step."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from model_ratchet.core.fields import Model
from model_ratchet.documents.fault import FAULTS, Fault
from model_ratchet.documents.outline import Outline
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.words import meant, suggestion
from model_ratchet.documents.yaml import Path, Value

_LONGEST = 80
_MOST_ERRORS = 500
"""Finding words for one takes a millisecond, and a document has room for tens of thousands."""
_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "mapping_type": "a mapping",
    "model_attributes_type": "a mapping",
    "datetime_type": "an instant such as 2025-08-18T14:20:00Z",
}
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def complaints(kind: type[Model], error: ValidationError, value: Value) -> tuple[Fault, ...]:
    """Every fault that the errors of one document stand for: of the first 500 errors, and that there are more."""
    outline = Outline.of(kind)
    stated = error.errors(include_url=False)
    errors = [_placed(found, outline, value) for found in stated[:_MOST_ERRORS]]
    left = len(stated) - len(errors)
    found = [Fault((), f"{left} further errors were not looked at: mend the others first")] if left else []
    for one in _united(errors):
        if one.type == "faults":
            found += [Fault((*one.path, *fault.path), fault.message, fault.at_key) for fault in one.context[FAULTS]]
        else:
            found.append(_fault(one, claims=kind is PromotionRequest))
    return _without_misspelt(found, errors)


@dataclass(frozen=True, slots=True)
class _Error:
    """An error of pydantic with the path in the document and what may stand there; ``branch`` names a union's branch."""

    type: str
    path: Path
    value: Any
    context: Mapping[str, Any]
    outline: Outline
    around: Outline
    branch: str
    on_key: bool
    text: str


def _placed(error: Any, outline: Outline, value: Value) -> _Error:
    """Pydantic's location without the words of discriminated unions and the names of union branches."""
    path: list[str | int] = []
    here: Value = value
    around = outline
    branch = ""
    on_key = False
    absent = error["type"] == "missing"
    for index, part in enumerate(error["loc"]):
        if outline.discriminator and part in outline.tags:
            outline = outline.form(part)
        elif (isinstance(here, dict) and part in here) or (
            # (a list that is too short lacks what stands behind its end)
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        ):
            path.append(part)
            here, around, outline = here[part], outline, outline.inside(part)
        elif absent and index == len(error["loc"]) - 1:
            path.append(part)
            around, outline = outline, outline.inside(part)
        elif part == "[key]":
            on_key = True
        else:
            branch = str(part)
    return _Error(
        error["type"],
        tuple(path),
        error["input"],
        error.get("ctx", {}),
        outline,
        around,
        branch,
        on_key,
        error["msg"],
    )


def _united(errors: list[_Error]) -> Iterator[_Error]:
    """One error for each value, where the branches of a union each complain."""
    for one in errors:
        if one.type == "too_short" and one.value:
            # pydantic counts the items that passed; the others have errors of their own
            continue
        if not one.branch:
            yield one
            continue
        branched = [other for other in errors if other.branch]
        same = [other for other in branched if other.path == one.path]
        chosen = next((other for other in same if other.type not in _TYPES), same[0])
        deeper = any(_below(other.path, one.path) for other in branched)
        if one is chosen and not deeper:
            yield _joined(one, same)


def _below(path: Path, above: Path) -> bool:
    return len(path) > len(above) and path[: len(above)] == above


def _joined(one: _Error, same: list[_Error]) -> _Error:
    if one.type not in _TYPES:
        return one
    words = " or ".join(dict.fromkeys(_TYPES[other.type] for other in same))
    return replace(one, type="types", context={"words": words})


def _fault(one: _Error, *, claims: bool) -> Fault:
    match one.type:
        case "missing":
            return Fault(one.path[:-1], _missing(one), at_key=True)
        case "extra_forbidden":
            return Fault(one.path, _unknown_key(one, claims=claims), at_key=True)
        case "union_tag_invalid":
            key = str(one.context["discriminator"]).strip("'")
            word = str(one.context["tag"])
            return Fault((*one.path, key), f"the {key} `{_short(word)}` is unknown{suggestion(word, one.outline.tags)}")
        case "union_tag_not_found":
            key = one.outline.discriminator or "kind"
            return Fault(one.path, f"`{key}` is missing: write one of {', '.join(one.outline.tags)}")
        case _:
            return Fault(one.path, _message(one), at_key=one.on_key)


def _missing(one: _Error) -> str:
    key = one.path[-1]
    if isinstance(key, int):
        return f"this is too short: there is no item {key + 1}"
    example = one.outline.example
    return f"`{key}` is missing: add it" + (f", such as `{key}: {example}`" if example else "")


def _unknown_key(one: _Error, *, claims: bool) -> str:
    key = str(one.path[-1])
    known = one.around.keys
    if claims and meant(key, known) is None:
        return f"the key `{_short(key)}` is unknown: a request holds claims, never rules. Known: {', '.join(known)}"
    return f"the key `{_short(key)}` is unknown here{suggestion(key, known)}"


def _message(one: _Error) -> str:
    if one.type == "value_error":
        return _cut(one.text.removeprefix("Value error, "), one.value)
    if one.type == "literal_error":
        known = re.findall(r"'([^']*)'", str(one.context["expected"]))
        return f"`{_written(one.value)}` is unknown here{suggestion(_written(one.value), known)}"
    if one.type in _TYPES or one.type == "types":
        return _wrong_type(one)
    if one.type in _BOUNDS:
        word, key = _BOUNDS[one.type]
        return f"{_written(one.value)} is out of range: it must be {word} {one.context[key]:g}"
    if one.type in ("too_short", "string_too_short"):
        return "nothing stands here: at least one is needed"
    if one.type in ("too_long", "string_too_long"):
        return f"this is too long: at most {one.context['max_length']} may stand here"
    if one.type == "string_pattern_mismatch":
        such = f", such as {one.outline.example}" if one.outline.example else ""
        return f"{_written(one.value)!r} has not the form that is needed here{such}"
    if one.type.startswith("datetime"):
        return f"{_written(one.value)!r} is no instant: write date, time and zone, such as 2025-08-18T14:20:00Z"
    return f"{_written(one.value)} does not fit: {one.text[:1].lower()}{one.text[1:]}"


def _wrong_type(one: _Error) -> str:
    words = one.context["words"] if one.type == "types" else _TYPES[one.type]
    if one.value is None:
        return f"no value stands here: write {words}, or remove the key"
    if isinstance(one.value, (dict, list)):
        what = "a mapping" if isinstance(one.value, dict) else "a list"
        return f"{what} stands here: write {words}"
    if isinstance(one.value, str):
        return f"{words} is needed here, not the text {_written(one.value)!r}"
    quotes = ": put it in quotes" if "text" in words.split() else ""
    return f"{words} is needed here, not {_written(one.value)}{quotes}"


def _without_misspelt(found: list[Fault], errors: list[_Error]) -> tuple[Fault, ...]:
    """Without the complaint that a key is missing where a misspelt one was probably meant for it."""
    missing = {(one.path[:-1], str(one.path[-1])): _missing(one) for one in errors if one.type == "missing"}
    for one in errors:
        if one.type == "extra_forbidden":
            near = meant(str(one.path[-1]), one.around.keys)
            message = missing.get((one.path[:-1], near or ""))
            found = [fault for fault in found if (fault.path, fault.message) != (one.path[:-1], message)]
    return tuple(found)


def _written(value: object) -> str:
    """A value as YAML writes it, cut to a length that fits a line."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    return _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _cut(message: str, value: object) -> str:
    """A message of ours with the value that it repeats cut to a length that fits a line."""
    shown = repr(value)
    return message.replace(shown, repr(_short(value))) if isinstance(value, str) and len(shown) > _LONGEST else message
