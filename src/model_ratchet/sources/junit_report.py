"""A report in JUnit XML, read as a stream: each case with what became of it, or why the report can't be trusted.

A document type is refused where it starts, so that there is no entity to expand and nothing outside to fetch.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NoReturn
from xml.parsers import expat

from model_ratchet.core.code import Found, Level
from model_ratchet.core.reason import Why, because
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.scans import Run, instant

MOST_DEPTH = 64
MOST_CHARACTERS = 4096

_ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1", "windows-1252"})
_CUT_OFF = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
_FAILED = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError", "failure", "error"})
_RAN = frozenset({"run", "completed", "passed", "pass", "success", "ok"})
_NOT_RUN = frozenset({"notrun", "skipped", "suppressed", "disabled", "ignored"})
_COUNTS = ("tests", "failures", "errors", "skipped")
_SKIPPED_TOO = ("disabled", "skips", "skip")


class Result(StrEnum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its class and name, the version that its suite names (empty where none is asked), and its result."""

    group: str
    name: str
    version: str
    result: Result

    @property
    def shown(self) -> str:
        """Class and name on one line, at most 200 characters."""
        text = " ".join(f"{self.group}.{self.name}".strip(".").split())
        return text if len(text) <= 200 else text[:199] + "…"


def read_report(source: str, file: str, content: bytes, *, version_property: str | None = None) -> tuple[Case, ...]:
    """The cases of a report, in order; at least one.

    A case that failed in any of its runs has failed, also where a later run passed. With ``version_property`` each case has
    the version that the property of that name says, of its suite or of one around it.

    Raises:
        UnanswerableError: it is no whole, plain and consistent JUnit report; the reason names the source and the file.
    """
    return tuple(_read(source, file, content, version_property).cases)


def read_scan(source: str, file: str, content: bytes) -> tuple[Run, ...]:
    """A report as that of a scan: each outermost suite is a run of the tool that it is named after.

    A case that failed is a finding of the level ``error``, a skipped one decides nothing. A ``timestamp`` says when a suite
    started; one without a zone, or none, leaves the age unknown.

    Raises:
        UnanswerableError: as ``read_report`` does.
    """
    return tuple(_read(source, file, content, None).runs)


def _read(source: str, file: str, content: bytes, version_property: str | None) -> "_Reader":
    reader = _Reader(source, file, version_property)
    parser = expat.ParserCreate()
    parser.XmlDeclHandler = reader.declaration
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        if error.code in _CUT_OFF:
            reader.refuse(Why.FILE_TRUNCATED)
        reader.refuse(Why.REPORT_NOT_XML, line=error.lineno, column=error.offset + 1)
    if not reader.cases:
        reader.refuse(Why.REPORT_EMPTY)
    return reader


@dataclass(slots=True)
class _Case:
    """A case while it is read."""

    group: str
    name: str
    kinds: set[str] = field(default_factory=set)
    """Which marks of a failure it carries."""
    skipped: bool = False

    @property
    def result(self) -> Result:
        if self.kinds:
            return Result.FAILED
        return Result.SKIPPED if self.skipped else Result.PASSED


@dataclass(slots=True)
class _Suite:
    """A suite while it is read: what it says of itself, its own cases, and those of the suites in it."""

    name: str
    stated: dict[str, str]
    dated: bool = False
    """Whether it says when it started."""
    starts: list[datetime | None] = field(default_factory=list)
    """When it, or where it does not say the suites in it, started; None for what names no instant with a zone."""
    own: list[_Case] = field(default_factory=list)
    inner: list[_Case] = field(default_factory=list)
    unversioned: list[_Case] = field(default_factory=list)
    """Those in it whose suites name no version."""
    version: str = ""

    def run(self, file: str, cases: list[_Case]) -> Run:
        """The suite as a run of the tool that it is named after."""
        failed = (Case(one.group, one.name, "", one.result) for one in cases if one.kinds)
        starts = [start for start in self.starts if start is not None]
        return Run(
            file=file,
            tool=self.name,
            found=tuple(
                Found(level=Level.ERROR, score=None, suppressed=False, rule=one.shown, place="") for one in failed
            ),
            undecided=sum(one.result is Result.SKIPPED for one in cases),
            completed=True,
            ended_at=min(starts) if starts and None not in self.starts else None,
        )


class _Reader:
    """The handlers of the parser. ``_path`` are the open elements, ``_suites`` the open suites, the root's first."""

    def __init__(self, source: str, file: str, version_property: str | None) -> None:
        self.cases: list[Case] = []
        self.runs: list[Run] = []
        self._source = source
        self._file = file
        self._property = version_property
        self._path: list[str] = []
        self._suites: list[_Suite] = []
        self._case: _Case | None = None
        self._free = 0
        """The depth of the element whose content is free: text, and whatever tools put into it. 0 outside of one."""

    def refuse(self, why: Why, **parameters: str | int) -> NoReturn:
        raise UnanswerableError(because(why, source=self._source, file=self._file, **parameters))

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        del version, standalone
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            self.refuse(Why.REPORT_ENCODING, encoding=_short(encoding))

    def doctype(self, *_: object) -> None:
        self.refuse(Why.REPORT_DOCTYPE)

    def start(self, element: str, attributes: dict[str, str]) -> None:
        parent = self._path[-1] if self._path else ""
        self._path.append(element)
        if len(self._path) > MOST_DEPTH:
            self.refuse(Why.REPORT_TOO_DEEP, most=MOST_DEPTH)
        if self._free:
            return
        match parent, element:
            case ("", "testsuites") | ("" | "testsuites" | "testsuite", "testsuite"):
                self._open(element, attributes)
            case "testsuites" | "testsuite", "testcase":
                self._case = self._opened_case(attributes)
            case "testsuites" | "testsuite", "error" | "failure":
                self.refuse(Why.REPORT_CRASHED, suite=self._suites[-1].name)
            case "testsuites" | "testsuite" | "testcase", "properties":
                pass
            case "testsuites" | "testsuite" | "testcase", "system-out" | "system-err":
                self._free = len(self._path)
            case "testcase", _ if element == "skipped" or element in _FAILED:
                self._note(element)
                self._free = len(self._path)
            case "properties", "property":
                self._note_property(attributes)
                self._free = len(self._path)
            case _:
                inside = f" in <{_short(parent)}>" if parent else " at its root"
                self.refuse(Why.REPORT_NOT_JUNIT, what=f"<{_short(element)}>{inside}")

    def end(self, element: str) -> None:
        depth = len(self._path)
        self._path.pop()
        if self._free:
            self._free = 0 if depth == self._free else self._free
        elif element == "testcase" and self._case is not None:
            self._suites[-1].own.append(self._case)
        elif element in ("testsuites", "testsuite"):
            self._close(self._suites.pop(), element)

    def _open(self, element: str, attributes: dict[str, str]) -> None:
        name = self._text(attributes, "name") or element
        stated = {key: self._text(attributes, key) for key in (*_COUNTS, *_SKIPPED_TOO) if key in attributes}
        dated = "timestamp" in attributes
        starts = [instant(self._text(attributes, "timestamp"))] if dated else []
        self._suites.append(_Suite(_short(name), stated, dated, starts))

    def _opened_case(self, attributes: dict[str, str]) -> _Case:
        case = _Case(self._text(attributes, "classname"), self._text(attributes, "name"))
        if not case.name.strip():
            self.refuse(Why.REPORT_NOT_JUNIT, what="a case without a name")
        for key in ("status", "result"):
            word = self._text(attributes, key).lower()
            if word in _NOT_RUN:
                case.skipped = True
            elif word.startswith(("fail", "error")):
                case.kinds.add("status")
            elif word and word not in _RAN:
                self.refuse(Why.REPORT_NOT_JUNIT, what=f"a case whose {key} is {_short(word)}")
        return case

    def _note(self, element: str) -> None:
        assert self._case is not None  # noqa: S101  (its parent is a case)
        if element == "skipped":
            self._case.skipped = True
        else:
            self._case.kinds.add(element)

    def _note_property(self, attributes: dict[str, str]) -> None:
        """The version that a suite names; properties of single cases say nothing of it."""
        if self._path[-3] == "testcase" or self._property is None or attributes.get("name") != self._property:
            return
        suite, value = self._suites[-1], self._text(attributes, "value")
        if suite.version not in ("", value):
            self.refuse(Why.REPORT_NOT_JUNIT, what=f"the property {_short(self._property)} with two values")
        suite.version = value

    def _close(self, suite: _Suite, element: str) -> None:
        """What a suite says of itself must fit the cases in it; a suite around others may also count its own alone."""
        every = [*suite.inner, *suite.own]
        if not every and any(_number(suite.stated.get(key, "")) for key in ("errors", "failures")):
            self.refuse(Why.REPORT_CRASHED, suite=suite.name)
        for key in _COUNTS:
            found = [_found(key, every)] + ([_found(key, suite.own)] if element == "testsuite" else [])
            self._agree(suite, key, found)
        waiting = [*suite.unversioned, *suite.own]
        if self._property is None or suite.version:
            self.cases += [Case(one.group, one.name, suite.version, one.result) for one in waiting]
        elif self._suites:
            self._suites[-1].unversioned += waiting
        elif waiting:
            self.refuse(Why.REPORT_VERSION_ABSENT, property=_short(self._property))
        if self._suites:
            self._suites[-1].inner += every
            self._suites[-1].starts += [] if self._suites[-1].dated else suite.starts or [None]
        if element == "testsuite" and "testsuite" not in self._path:
            self.runs.append(suite.run(self._file, every))
        elif element == "testsuites" and suite.own:
            self.runs.append(suite.run(self._file, suite.own))

    def _agree(self, suite: _Suite, key: str, found: list[range]) -> None:
        names = (key, *_SKIPPED_TOO) if key == "skipped" else (key,)
        stated = [suite.stated[name] for name in names if name in suite.stated]
        numbers = [_number(text) for text in stated]
        total = sum(number or 0 for number in numbers)
        if stated and (None in numbers or not any(total in counts for counts in found)):
            shown = _short(" + ".join(stated))
            count = found[0].start
            self.refuse(Why.REPORT_COUNTS, suite=suite.name, attribute=key, stated=shown, found=count)

    def _text(self, attributes: dict[str, str], key: str) -> str:
        text = attributes.get(key, "")
        if len(text) > MOST_CHARACTERS:
            self.refuse(Why.REPORT_ATTRIBUTE, attribute=key, characters=len(text))
        return text


def _found(key: str, cases: list[_Case]) -> range:
    """What a suite of these cases may say.

    A case whose clean-up failed after its test failed stands there twice and is counted once; one whose clean-up failed
    after its test passed stands there once and may be counted twice.
    """
    if key == "tests":
        distinct = len({(one.group, one.name) for one in cases})
        return range(distinct, distinct + sum("error" in one.kinds for one in cases) + 1)
    marks = {"failures": "failure", "errors": "error"}
    count = sum(one.skipped if key == "skipped" else marks[key] in one.kinds for one in cases)
    return range(count, count + 1)


def _number(text: str) -> int | None:
    """A count as it is written; None where it is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:79] + "…"
