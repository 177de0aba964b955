"""Guarded YAML: bytes in, plain values with the position of every key and value out; what readers disagree on is refused."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, cast

import yaml

from model_ratchet.core.finding import Finding, Location

Path: TypeAlias = tuple[str | int, ...]
Value: TypeAlias = str | int | float | bool | list["Value"] | dict[str, "Value"] | None

_Node: TypeAlias = yaml.ScalarEvent | yaml.CollectionStartEvent | yaml.AliasEvent

_OWN_TAGS = "tag:yaml.org,2002:"

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_EVENTS = 50_000


@dataclass(frozen=True, slots=True)
class Tree:
    """One document: its value, where each key and value stands, and what is wrong with it as YAML.

    ``findings`` are faults that leave the rest readable (a duplicate key, an anchor); ``doubtful`` holds the paths whose
    value can't be trusted for that reason.
    """

    file: str
    value: Value
    values: Mapping[Path, Location]
    keys: Mapping[Path, Location]
    findings: tuple[Finding, ...] = ()
    doubtful: frozenset[Path] = frozenset()

    def at(self, path: Path) -> Location:
        """Where the value at ``path`` starts, or the nearest value around it."""
        return next(self.values[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.values)

    def at_key(self, path: Path) -> Location:
        """Where the key at ``path`` stands; where the value starts, for an item of a list."""
        return self.keys.get(path) or self.at(path)


def load(file: str, content: bytes) -> Tree | tuple[Finding, ...]:
    """The one document that ``content`` holds, as YAML 1.2 core, or why it can't be read.

    At most ``MAX_BYTES`` bytes, ``MAX_DEPTH`` levels and ``MAX_EVENTS`` parts are read; the limits hold on the stream of
    parser events, before anything is built (libyaml's own loader crashes on 30 KB of ``[``).
    """
    text = _text(file, content)
    if isinstance(text, Finding):
        return (text,)
    reader = _Reader(file)
    try:
        return reader.document(_events(file, text))
    except _UnreadableError as refused:
        return (*reader.findings, refused.finding)


class _UnreadableError(Exception):
    """The rest of the document can't be read."""

    def __init__(self, location: Location, message: str) -> None:
        super().__init__(message)
        self.finding = Finding(location, message)


_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what changes the order in which text is shown
    "\u2028\u2029\ufeff\ufffe\uffff]"  # line breaks to some readers only, byte order marks, no characters
)


class _Mark(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def _text(file: str, content: bytes) -> str | Finding:
    if len(content) > MAX_BYTES:
        return Finding(
            Location(file),
            f"the file holds {len(content)} bytes, more than the {MAX_BYTES} of a document: keep the data out of it",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        return Finding(
            _location(file, before), f"byte 0x{content[error.start]:02x} is not UTF-8: save the file in that encoding"
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    hidden = _CONTROL.search(text)
    if hidden is not None:
        return Finding(
            _location(file, text[: hidden.start()]),
            f"the invisible character U+{ord(hidden[0]):04X} is refused: remove it",
        )
    return text


def _location(file: str, before: str) -> Location:
    return Location(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _events(file: str, text: str) -> Iterator[yaml.Event]:
    """The parser's events of exactly one document, within the limits."""
    depth = 0
    parser = _parser(text)
    for count in range(MAX_EVENTS + 1):
        event = _next(file, parser)
        if event is None:
            return
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _UnreadableError(
                    _mark(file, event.start_mark), f"the document is more than {MAX_DEPTH} levels deep: flatten it"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if count == MAX_EVENTS:
            raise _UnreadableError(
                _mark(file, event.start_mark), f"the document has more than {MAX_EVENTS} parts: keep the data out of it"
            )
        yield event


def _parser(text: str) -> yaml.parser.Parser:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parser: yaml.parser.Parser = loader(text)
    return parser


def _next(file: str, parser: yaml.parser.Parser) -> yaml.Event | None:
    try:
        event: yaml.Event | None = parser.get_event()  # type: ignore[no-untyped-call]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise _UnreadableError(
            _mark(file, mark),
            f"this is not YAML: {what or 'it ends in the middle'}; check the indentation, quotes and brackets before it",
        ) from None
    except yaml.YAMLError:
        raise _UnreadableError(
            Location(file), "this is not YAML: it holds characters that YAML does not allow"
        ) from None
    return event


def _mark(file: str, mark: _Mark | None) -> Location:
    if mark is None:
        return Location(file)
    return Location(file, mark.line + 1, mark.column + 1)


@dataclass(slots=True)
class _Reader:
    """Builds one tree from events."""

    file: str
    findings: list[Finding] = field(default_factory=list)
    doubtful: set[Path] = field(default_factory=set)
    values: dict[Path, Location] = field(default_factory=dict)
    keys: dict[Path, Location] = field(default_factory=dict)

    def document(self, events: Iterator[yaml.Event]) -> Tree:
        value: Value = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                at = _mark(self.file, event.start_mark)
                if documents > 1:
                    raise _UnreadableError(at, "a second document starts here: keep one document in each file")
                if event.version not in (None, (1, 2)):
                    self.findings.append(Finding(at, "only YAML 1.2 is read: remove the %YAML line"))
            elif isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent, yaml.AliasEvent)):
                value = self._node(event, events, ())
        if documents == 0 or (value is None and not self.findings):
            raise _UnreadableError(
                Location(self.file), "the file is empty: a document starts with `apiVersion` and `kind`"
            )
        return Tree(self.file, value, self.values, self.keys, tuple(self.findings), frozenset(self.doubtful))

    def _node(self, event: _Node, events: Iterator[yaml.Event], path: Path) -> Value:
        at = _mark(self.file, event.start_mark)
        self.values.setdefault(path, at)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(at, path, f"the alias *{_short(event.anchor)} is refused: write the value out")
            return None
        if event.anchor is not None:
            self._refuse(
                at, None, f"the anchor &{_short(event.anchor)} is refused: write the value out where it is needed"
            )
        if event.tag is not None:
            self._refuse(at, path, f"the tag {_short(event.tag.replace(_OWN_TAGS, '!!'))} is refused: remove it")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, at, path)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Value] = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(self._node(cast(_Node, item), events, (*path, len(items))))
            return items
        return self._mapping(events, path)

    def _mapping(self, events: Iterator[yaml.Event], path: Path) -> Value:
        found: dict[str, Value] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            at = _mark(self.file, event.start_mark)
            key = self._key(event, events, at, path)
            if key is None:
                self._skip(events)
            elif key in found:
                first = self.keys[*path, key]
                self._refuse(
                    at,
                    (*path, key),
                    f"the key `{_short(key)}` stands here twice (first on line {first.line}): keep one",
                )
                self._skip(events)
            else:
                self.keys[*path, key] = at
                found[key] = self._node(cast(_Node, next(events)), events, (*path, key))
        return found

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], at: Location, path: Path) -> str | None:
        """The text of a key; None, once refused."""
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(at, path, "a key is a word, not a list, a mapping or an alias: write it out")
            self._skip_from(event, events)
            return None
        if event.anchor is not None or event.tag is not None:
            self._refuse(at, path, "a key has neither an anchor nor a tag: remove it")
            return None
        if event.value == "<<" and event.implicit[0]:
            self._refuse(at, path, "the merge key << is refused: write the keys out")
            return None
        if not event.implicit[0] and _CONTROL.search(event.value):  # a plain one stands so in the text
            self._refuse(at, path, f"the key {_short(event.value)!r} holds an invisible character: remove it")
            return None
        if event.implicit[0] and not isinstance(_resolve(event.value), str):
            self._refuse(at, path, f"the key {_short(event.value) or 'null'} is no text: put it in quotes")
            return None
        return str(event.value)

    def _scalar(self, event: yaml.ScalarEvent, at: Location, path: Path) -> Value:
        if not event.implicit[0]:
            if hidden := _CONTROL.search(event.value):
                self._refuse(at, path, f"the value holds the invisible character U+{ord(hidden[0]):04X}: remove it")
            return str(event.value)
        value = _resolve(event.value)
        if isinstance(value, _Refusal):
            self._refuse(at, path, f"{_short(event.value)} {value.why}")
            return None
        return value

    def _refuse(self, at: Location, path: Path | None, message: str) -> None:
        self.findings.append(Finding(at, message))
        if path is not None:
            self.doubtful.add(path)

    def _skip(self, events: Iterator[yaml.Event]) -> None:
        self._skip_from(next(events), events)

    def _skip_from(self, event: yaml.Event, events: Iterator[yaml.Event]) -> None:
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            event = next(events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)


@dataclass(frozen=True, slots=True)
class _Refusal:
    why: str


_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_STARTS_OF_NUMBERS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?\d+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", re.ASCII)
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def _resolve(text: str) -> Value | _Refusal:
    """What a plain scalar means in the core schema of YAML 1.2; a refusal where readers of YAML disagree."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _STARTS_OF_NUMBERS:
        return text
    if _INTEGER.fullmatch(text):
        digits = text.lstrip("+-")
        if digits != "0" and digits.startswith("0"):
            return _Refusal("is octal to some readers and decimal to others: drop the zero, or put it in quotes")
        if len(digits) > 18:
            return _Refusal("is too large for a number: put it in quotes, if it is a name")
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else _Refusal("is too large for a number: write a finite one")
    if _OTHER_BASE.fullmatch(text):
        return _Refusal("is no decimal number: write it in decimal, or put it in quotes")
    if _NO_NUMBER.fullmatch(text):
        return _Refusal("is no finite number: write one")
    return text


def _short(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= 60 else text[:59] + "…"
