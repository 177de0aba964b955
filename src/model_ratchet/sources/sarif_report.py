"""A report in SARIF 2.1.0: the findings of each run, or why the report can't be trusted.

What is read is what decides: rules, levels, scores, suppressions, and whether the tool ended well. A part that stands in
another file is refused, because a finding could stand there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, NoReturn, TypeAlias

from model_ratchet.core.code import Found, Level
from model_ratchet.core.reason import Why, because
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.scans import Run, instant

_Object: TypeAlias = Mapping[str, Any]

_SHOWS_NOTHING = frozenset({"pass", "notApplicable", "informational"})
_ASKS_A_PERSON = frozenset({"open", "review"})
_STANDS = frozenset({"new", "unchanged", "updated"})
_GONE = "absent"
_SCORE = "security-severity"
_LEVELS = frozenset(Level)
_MOST_CHARACTERS = 1000


def read_sarif(source: str, file: str, content: bytes) -> tuple[Run, ...]:
    """The runs of a report, in order; at least one.

    A result without a level has the one that an invocation sets for its rule, else that of its rule, else ``warning``. A
    score is that of the rule or of the result, whichever is higher, rounded up to a tenth.

    Raises:
        UnanswerableError: it is no whole and plain SARIF report; the reason names the source and the file.
    """
    reader = _Reader(source, file)
    log = reader.object(reader.parsed(content), "no object")
    if log.get("version") != "2.1.0":
        reader.refuse(f"the version {_short(str(log.get('version')))}")
    if log.get("inlineExternalProperties"):
        reader.refuse("properties outside of its runs")
    runs = reader.list(log, "runs")
    if not runs:
        raise UnanswerableError(because(Why.REPORT_NO_RUN, source=source, file=file))
    return tuple(_RunReader(reader, reader.object(run, "a run that is no object")).run() for run in runs)


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a report may be, and the refusal of what it may not."""

    source: str
    file: str

    def refuse(self, what: str) -> NoReturn:
        raise UnanswerableError(because(Why.REPORT_NOT_SARIF, source=self.source, file=self.file, what=what))

    def parsed(self, content: bytes) -> object:
        """The value of JSON in which no key stands twice.

        The interpreter's own limit on levels (some thousands) stands between a deep report and the end of the stack.
        """
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.refuse("bytes that are not UTF-8")
        try:
            return json.loads(text, object_pairs_hook=self._once, parse_constant=self._not_a_number)
        except RecursionError:
            self.refuse("more levels than are read")
        except json.JSONDecodeError as error:
            named = {"source": self.source, "file": self.file}
            if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
                raise UnanswerableError(because(Why.FILE_TRUNCATED, **named)) from None
            reason = because(Why.REPORT_NOT_JSON, **named, line=error.lineno, column=error.colno)
            raise UnanswerableError(reason) from None
        except ValueError:
            self.refuse("a number with too many digits")

    def _once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self.refuse("a key that stands there twice")
        return found

    def _not_a_number(self, word: str) -> NoReturn:
        self.refuse(word)

    def object(self, value: object, otherwise: str) -> _Object:
        if not isinstance(value, Mapping):
            self.refuse(otherwise)
        return value

    def inside(self, of: _Object, key: str) -> _Object:
        """The object at a key, an empty one where there is none."""
        value = of.get(key)
        return {} if value is None else self.object(value, f"`{key}` that is no object")

    def list(self, of: _Object, key: str) -> Sequence[Any]:
        """The list at a key, an empty one where there is none."""
        value = of.get(key)
        if value is not None and not isinstance(value, list):
            self.refuse(f"`{key}` that is no list")
        return value or ()

    def objects(self, of: _Object, key: str) -> Sequence[_Object]:
        """The objects of the list at a key."""
        return tuple(self.object(one, f"`{key}` with something else than objects") for one in self.list(of, key))

    def text(self, of: _Object, key: str) -> str:
        """The text at a key, an empty one where there is none."""
        value = of.get(key)
        if value is not None and not isinstance(value, str):
            self.refuse(f"`{key}` that is no text")
        return value or ""

    def index(self, of: _Object, key: str) -> int | None:
        """The index at a key; None where there is none, for which SARIF also writes -1."""
        value = of.get(key, -1)
        if isinstance(value, bool) or not isinstance(value, int) or value < -1:
            self.refuse(f"`{key}` that is no index")
        return value if value >= 0 else None

    def level(self, of: _Object) -> Level | None:
        """The level, None where there is none."""
        word = self.text(of, "level")
        if word and word not in _LEVELS:
            self.refuse(f"the level {_short(word)}")
        return Level(word) if word else None

    def instant(self, text: str) -> datetime:
        """An instant, in UTC."""
        found = instant(text)
        return found if found is not None else self.refuse(f"{_short(text)}, which is no instant with a zone")

    def score(self, of: _Object) -> float | None:
        """The ``security-severity`` among the properties, rounded up to a tenth; None where there is none."""
        stated = self.inside(of, "properties").get(_SCORE)
        if stated is None:
            return None
        try:
            found = Decimal(stated if isinstance(stated, str) else str(stated))
        except InvalidOperation:
            found = Decimal(-1)
        if isinstance(stated, bool) or not found.is_finite() or not 0 <= found <= 10:
            self.refuse(f"the {_SCORE} {_short(str(stated))}")
        return float(found.quantize(Decimal("0.1"), ROUND_CEILING))


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is said of a rule: the level and the score of its findings, None where they are not told."""

    id: str
    level: Level | None
    score: float | None

    def graver(self, other: "_Rule") -> "_Rule":
        """What two rules of one id say together: the gravest of each."""
        levels = (self.level or Level.WARNING, other.level or Level.WARNING)
        scores = [score for score in (self.score, other.score) if score is not None]
        return _Rule(self.id, max(levels, key=lambda level: level.rank), max(scores, default=None))


class _RunReader:
    """One run, with the rules of its driver and of its extensions: by component and index, and by id."""

    def __init__(self, reader: _Reader, run: _Object) -> None:
        self._read = reader
        self._run = run
        tool = reader.inside(run, "tool")
        driver = reader.inside(tool, "driver")
        self._tool = _short(reader.text(driver, "name"))
        self._components = (driver, *reader.objects(tool, "extensions"))
        self._rules = tuple(
            tuple(self._rule(one) for one in reader.objects(component, "rules")) for component in self._components
        )
        self._named: dict[str, _Rule] = {}
        for rule in (rule for rules in self._rules for rule in rules):
            self._named[rule.id] = rule.graver(self._named[rule.id]) if rule.id in self._named else rule
        self._invocations = reader.objects(run, "invocations")
        self._levels = self._levels_set()

    def _rule(self, described: _Object) -> _Rule:
        level = self._read.level(self._read.inside(described, "defaultConfiguration"))
        return _Rule(self._read.text(described, "id"), level, self._read.score(described))

    def run(self) -> Run:
        reader, run = self._read, self._run
        if not self._tool:
            reader.refuse("a run whose tool has no name")
        if run.get("externalPropertyFileReferences"):
            reader.refuse("a run that keeps parts in other files")
        if run.get("results") is None:
            reader.refuse("a run without a list of results: the scan may not have taken place")
        found: list[Found] = []
        undecided = 0
        for result in reader.objects(run, "results"):
            kind = reader.text(result, "kind") or "fail"
            if reader.text(result, "baselineState") == _GONE:
                continue
            if self._asks_a_person(result, kind):
                undecided += 1
            elif not (kind in _SHOWS_NOTHING and reader.level(result) in (None, Level.NONE)):
                found.append(self._found(result))
        provenance = reader.objects(run, "versionControlProvenance")
        commits = (reader.text(one, "revisionId").lower() for one in provenance)
        return Run(
            file=reader.file,
            tool=self._tool,
            found=tuple(found),
            undecided=undecided,
            completed=self._completed(),
            ended_at=self._ended_at(),
            commits=tuple(commit for commit in commits if commit),
        )

    def _asks_a_person(self, result: _Object, kind: str) -> bool:
        """Whether a result is for a person to decide. Refuses words that nobody knows."""
        if kind not in _SHOWS_NOTHING | _ASKS_A_PERSON | {"fail"}:
            self._read.refuse(f"a result of the kind {_short(kind)}")
        state = self._read.text(result, "baselineState")
        if state and state not in _STANDS:
            self._read.refuse(f"a result of the state {_short(state)}")
        return kind in _ASKS_A_PERSON and self._read.level(result) in (None, Level.NONE)

    def _found(self, result: _Object) -> Found:
        reader = self._read
        told = {"id": result.get("ruleId"), "index": result.get("ruleIndex")}
        reference = {
            **reader.inside(result, "rule"),
            **{key: one for key, one in told.items() if one not in (None, -1)},
        }
        name = reader.text(reference, "id")
        rule = self._meant(reference)
        usual = self._levels.get(rule.id) or rule.level or Level.WARNING
        scores = [score for score in (rule.score, reader.score(result)) if score is not None]
        return Found(
            level=reader.level(result) or usual,
            score=max(scores, default=None),
            suppressed=self._suppressed(result),
            rule=_short(name or rule.id) or "a finding",
            place=self._place(result),
        )

    def _meant(self, reference: _Object) -> _Rule:
        """The rule of a reference: by its index, else by its id, of which that of a part may be given; else an unknown one."""
        name, index = self._read.text(reference, "id"), self._read.index(reference, "index")
        if index is not None:
            rules = self._rules[self._component(self._read.inside(reference, "toolComponent"))]
            if index >= len(rules) or not _names(name, rules[index].id):
                self._read.refuse("a result whose rule is not the one of its index")
            return rules[index]
        if len(name) > _MOST_CHARACTERS:
            self._read.refuse(f"the id of a rule of {len(name)} characters")
        while name not in self._named and "/" in name:
            name = name.rpartition("/")[0]
        return self._named.get(name, _Rule(name, None, None))

    def _component(self, reference: _Object) -> int:
        """Which of the tool's components a reference means; the driver, 0, where it names none."""
        index = self._read.index(reference, "index")
        if index is not None and index + 1 < len(self._components):
            return index + 1
        named = self._read.text(reference, "guid") or self._read.text(reference, "name")
        if index is not None or named not in ("", self._components[0].get("guid"), self._components[0].get("name")):
            self._read.refuse("a rule of a component that is not there, or has no index")
        return 0

    def _levels_set(self) -> Mapping[str, Level]:
        """The id of each rule for which an invocation sets another level, with the gravest that one sets."""
        found: dict[str, Level] = {}
        for invocation in self._invocations:
            for one in self._read.objects(invocation, "ruleConfigurationOverrides"):
                level = self._read.level(self._read.inside(one, "configuration"))
                if level is not None:
                    name = self._meant(self._read.inside(one, "descriptor")).id
                    found[name] = max(level, found.get(name, Level.NONE), key=lambda one: one.rank)
        return found

    def _suppressed(self, result: _Object) -> bool:
        """Whether somebody suppressed it, and nobody still looks at that or has refused it."""
        states = [self._read.text(one, "status") or "accepted" for one in self._read.objects(result, "suppressions")]
        for state in states:
            if state not in ("accepted", "underReview", "rejected"):
                self._read.refuse(f"a suppression of the status {_short(state)}")
        return bool(states) and set(states) == {"accepted"}

    def _place(self, result: _Object) -> str:
        reader = self._read
        for location in reader.objects(result, "locations"):
            physical = reader.inside(location, "physicalLocation")
            uri = reader.text(reader.inside(physical, "artifactLocation"), "uri")
            line = reader.index(reader.inside(physical, "region"), "startLine")
            if uri:
                return _short(f"{uri}:{line}" if line is not None else uri)
        return ""

    def _completed(self) -> bool | None:
        """Whether every invocation ended well; None where none is told."""
        ended = True
        for invocation in self._invocations:
            successful = invocation.get("executionSuccessful")
            if not isinstance(successful, bool):
                self._read.refuse("an invocation that does not say whether it was successful")
            told = [
                self._read.level(one)
                for key in ("toolExecutionNotifications", "toolConfigurationNotifications")
                for one in self._read.objects(invocation, key)
            ]
            ended = ended and successful and Level.ERROR not in told
        return ended if self._invocations else None

    def _ended_at(self) -> datetime | None:
        """The earliest end of an invocation, or its start where only that is told; None where one tells neither."""
        reader = self._read
        told = [reader.text(one, "endTimeUtc") or reader.text(one, "startTimeUtc") for one in self._invocations]
        if not told or "" in told:
            return None
        return min(reader.instant(text) for text in told)


def _names(name: str, rule: str) -> bool:
    """Whether the id of a result is that of a rule, or of a part of it; a result need not repeat it beside an index."""
    return not name or name == rule or name.startswith(f"{rule}/")


def _short(text: str) -> str:
    """One line of at most 120 characters that can be printed."""
    text = "".join(one if one.isprintable() else " " for one in text)
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:119] + "…"
