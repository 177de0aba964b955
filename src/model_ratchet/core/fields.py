"""Field types of documents: the words of ``units`` and ``names`` as pydantic knows them, with their JSON Schemas."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    GetPydanticSchema,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic import BaseModel as PydanticModel
from pydantic_core import CoreSchema, core_schema

from model_ratchet.core.docstrings import field_docstrings
from model_ratchet.core.names import COMMIT, DIGEST, REPOSITORY, SLUG, PolicyName, Version
from model_ratchet.core.units import Change, Dimension, Duration, OutOf, Quantity, within_reach


class Model(PydanticModel):
    """The base of everything that people write: frozen, closed, strict, and without NaN or infinity."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_default=False,
        defer_build=True,
    )

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself, because it never changes: pydantic copies each default that it gives to a document."""
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        # the docstrings of fields are read here, where a schema is written: reading them with every class takes as
        # long as reading all documents of a check
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in field_docstrings(cls).items():
            if text and (field := cls.model_fields.get(name)):
                properties[field.alias or name]["description"] = text
        for name, field in cls.model_fields.items():
            if isinstance(field.default, Quantity | OutOf):  # as it is written, not as it is held
                properties[field.alias or name]["default"] = str(field.default)
        return schema


def _spelled(parse: Callable[[str], Any], kind: type, pattern: str, examples: list[str]) -> GetPydanticSchema:
    """A type that documents spell as text: parsed from it, dumped to it, described by a pattern."""

    def schema(_source: Any, _handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, kind) else parse(_text(value, examples[0])),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
            metadata={
                "pydantic_js_functions": [
                    lambda _schema, _handler: {"type": "string", "pattern": f"^{pattern}$", "examples": examples}
                ]
            },
        )

    return GetPydanticSchema(schema)


def _text(value: object, example: str) -> str:
    if isinstance(value, str):
        return value
    lacks = "has no unit" if example[0].isdigit() and " " not in example else "is no text"
    raise ValueError(f"{value!r} {lacks}: write it as text, such as {example}")


def _duration(text: str) -> Duration:
    duration = Duration.parse(text, Dimension.TIME)
    if not duration.delta > timedelta(0):
        raise ValueError(f"{text!r} is no length of time: it must be above zero")
    return duration


def _share(text: str) -> Quantity:
    share = Quantity.parse(text, Dimension.SHARE)
    if not 0 <= share.value <= 1:
        raise ValueError(f"{text!r} is no share: it must be from 0% to 100%")
    return share


def _change(text: str) -> Change:
    change = Change.parse(text, Dimension.POINTS, Dimension.SHARE)
    if change.value < 0:
        raise ValueError(f"{text!r} is negative: write the size of the change")
    return change


def _points(text: str) -> Change:
    change = Change.parse(text, Dimension.POINTS)
    if change.value < 0:
        raise ValueError(f"{text!r} is negative: write the size of the change")
    return change


def _limit(text: str) -> Quantity:
    return Quantity.parse(text, Dimension.TIME, Dimension.SIZE, Dimension.SHARE)


def _size(text: str) -> Quantity:
    return Quantity.parse(text, Dimension.SIZE)


def _percent(text: str) -> Quantity:
    percent = Quantity.parse(text, Dimension.SHARE)
    if percent.value < 0:
        raise ValueError(f"{text!r} is negative: write the size of the change")
    return percent


def _worst(text: str) -> Quantity:
    return Quantity.parse(text, Dimension.POINTS, Dimension.SHARE, Dimension.TIME, Dimension.SIZE)


_N = r"(?:\d+(?:\.\d+)?|\.\d+) ?"
DurationField: TypeAlias = Annotated[Duration, _spelled(_duration, Duration, _N + "(us|ms|s|m|h|d)", ["72h"])]
ShareField: TypeAlias = Annotated[Quantity, _spelled(_share, Quantity, _N + "%", ["5%"])]
ChangeField: TypeAlias = Annotated[Change, _spelled(_change, Change, _N + "(pp|%)", ["2pp", "2%"])]
PointsField: TypeAlias = Annotated[Change, _spelled(_points, Change, _N + "pp", ["1pp"])]
LimitField: TypeAlias = Annotated[
    Quantity,
    _spelled(_limit, Quantity, _N + "(us|ms|s|m|h|d|B|KiB|MiB|GiB|TiB|kB|MB|GB|%)", ["500ms", "0.1%", "512MiB"]),
]
SizeField: TypeAlias = Annotated[Quantity, _spelled(_size, Quantity, _N + "(B|KiB|MiB|GiB|TiB|kB|MB|GB)", ["512MiB"])]
PercentField: TypeAlias = Annotated[Quantity, _spelled(_percent, Quantity, _N + "%", ["150%"])]
WorstField: TypeAlias = Annotated[
    Quantity,
    _spelled(_worst, Quantity, _N + "(pp|%|us|ms|s|m|h|d|B|KiB|MiB|GiB|TiB|kB|MB|GB)", ["25%", "1.5pp", "600ms"]),
]
OutOfField: TypeAlias = Annotated[OutOf, _spelled(OutOf.parse, OutOf, r"\d{1,3} of \d{1,3}", ["2 of 3"])]
VersionField: TypeAlias = Annotated[
    Version, _spelled(Version.parse, Version, r"v\d+\.\d+\.\d+_\d{8}_\d{6}", ["v2.1.0_20250818_142000"])
]
PolicyNameField: TypeAlias = Annotated[
    PolicyName, _spelled(PolicyName.parse, PolicyName, r"[a-z0-9][a-z0-9_-]*/\d+\.\d+\.\d+", ["standard/1.0.0"])
]


def _slug(text: str) -> str:
    if SLUG.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no name: use lower-case letters, digits, '-' and '_', at most 64")
    return text


def _digest(text: str) -> str:
    if DIGEST.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no digest: write sha256: and 64 lower-case hexadecimal digits")
    return text


def _repository(text: str) -> str:
    if REPOSITORY.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no repository on GitHub: write owner/name, such as acme/flight-delay")
    return text


def _commit(text: str) -> str:
    if COMMIT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no whole commit: write its 40 lower-case hexadecimal digits")
    return text


def _instant(value: object) -> object:
    # parsed here: pydantic would also take the digits of a Unix time stamp for an instant
    if not isinstance(value, str):
        return value
    try:
        if _INSTANT.match(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(f"{value!r} is no instant: write date, time and zone, such as 2025-08-18T14:20:00Z")


def _zoned(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no zone: end it with Z or an offset")
    return within_reach(instant)


_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}", re.ASCII)

Slug: TypeAlias = Annotated[
    str, AfterValidator(_slug), WithJsonSchema({"type": "string", "pattern": f"^{SLUG.pattern}$"})
]
Digest: TypeAlias = Annotated[
    str, AfterValidator(_digest), WithJsonSchema({"type": "string", "pattern": f"^{DIGEST.pattern}$"})
]
RepositoryField: TypeAlias = Annotated[
    str, AfterValidator(_repository), WithJsonSchema({"type": "string", "pattern": f"^{REPOSITORY.pattern}$"})
]
CommitField: TypeAlias = Annotated[
    str, AfterValidator(_commit), WithJsonSchema({"type": "string", "pattern": f"^{COMMIT.pattern}$"})
]
Instant: TypeAlias = Annotated[
    datetime,
    BeforeValidator(_instant),
    AfterValidator(_zoned),
    PlainSerializer(lambda value: value.isoformat().replace("+00:00", "Z"), return_type=str),
]
