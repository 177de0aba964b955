"""Trials of the metric sources: where they lead, what is asked there, and what becomes of one that fails."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from threading import Event

from model_ratchet.actions.selftest.ground import Control, Ground, OfProposal, Trial, told
from model_ratchet.core.arms import Versions
from model_ratchet.core.errors import SourceError
from model_ratchet.core.evidence import Arm, Categories, Interval, Measurement, Missing, Need, Shape, Window
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.promql import bind
from model_ratchet.documents.sources import Sources, Table
from model_ratchet.engine.selftest.attack import Said, broken, defended, held, idle
from model_ratchet.ports import Answers
from model_ratchet.report.check import Check
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.gather import gather
from model_ratchet.sources.open import open_sources
from model_ratchet.sources.reach import Reach

_METADATA = (
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "2852039166",
    "0xA9FEA9FE",
    "169.254.43518",
    "0",
    "fe80::1",
    "::",
)
_ELSEWHERE = (
    "http://elsewhere.invalid/",
    "http://u@elsewhere.invalid",
    "http://elsewhere.invalid#@a",
    "file:///etc/passwd",
)
_LABELS = ('"} or vector(1) or {x="', '\\"} or vector(1)', "a\nb", "\\", '\\\\"', "{{ model }}", "`", "'")
_VALUES = (
    "x' or 1=1 --",
    'x"; drop table log; --',
    'v" from t union all select 999 --',
    "read_csv('/etc/passwd')",
    "north",
)
_EACH = 12
"""Rows of each value: values of fewer than ten are told together."""
_CLOSED_PORT = 9


def addresses(ground: Ground) -> Said:
    """Addresses that the base branch does not name, and those that only a machine's own metadata has."""
    reach = Reach.of(ground.sources)
    for host in _METADATA:
        try:
            reach.address("selftest", host, _CLOSED_PORT)
        except UnanswerableError as refused:
            if refused.reason.why is not Why.ORIGIN_REFUSED:
                return broken(f"a connection to {host} was tried")
        else:
            return broken(f"a source may be connected to {host}: `networks:` of policies/sources.yaml lets it")
    for url in _ELSEWHERE:
        try:
            reach.url("selftest", url, {})
        except UnanswerableError:
            continue
        return broken(f"a source may lead to {url}")
    listed = ", ".join(sorted(map(str, reach.origins))) or "nowhere"
    return defended(f"{len(_METADATA)} spellings of special addresses are refused; sources lead to {listed} alone")


def labels(ground: Ground) -> Said:
    """Values that would end the quotes of a label."""
    models = (model.model_dump(mode="json") for model in ground.models)
    templates = [text for one in models for text in _queries(one["metrics"])]
    for template in (*templates, "up{version={{ version }}}"):
        for value in _LABELS:
            said = bind(template, {"version": value, "model": value})
            empty = bind(template, {"version": "", "model": ""})
            if re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', said) != re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', empty):
                return broken(f"{value!r} breaks out of {template}")
    return defended(f"{len(_LABELS)} values stay in their quotes, in {len(templates)} queries of the model files")


def _queries(value: object) -> Iterator[str]:
    """The texts within a value that a version is bound into."""
    if isinstance(value, str) and "{{" in value:
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _queries(inner)


def no_version(control: Control) -> Said:
    """A version that is none, which a query would be bound with."""
    subject = control.subject
    for value in ("", '"} or vector(1)', "latest"):
        check = subject.check(subject.head(subject.proposal.files(candidate=value)))
        if not check.findings:
            return broken(f"the version {value!r} was taken: {told(check)}")
    return defended("a version that is empty, or none, is refused before any query is made of it")


def values(ground: Ground) -> Said:
    """SQL in the values of a log, read as the model file reads its own."""
    for model in ground.models:
        source = ground.sources.sources.get(model.rows.source)
        if isinstance(source, Table) and model.rows.layout == "long" and model.segments:
            return _counted(ground, model)
    return idle("no model file reads a table in long layout with segments")


def _counted(ground: Ground, model: ModelFile) -> Said:
    start = ground.now - timedelta(days=1)
    column, version = next(iter(model.segments)), "v1.0.0_20250101_000000"
    rows = model.rows
    served = {rows.exposure.column: rows.exposure.served} if rows.exposure is not None else {}
    lines = []
    for number, value in enumerate(_VALUES * _EACH):
        at = (start + timedelta(seconds=number)).isoformat()
        stated = {model.time.column: at, str(rows.arm): version, rows.request_id: f"r{number}", **served}
        lines.append(json.dumps(dict.fromkeys(_columns(model, column), f"u{number}") | stated | {column: value}))
    file = ground.scratch / "log.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    held_by = Sources.model_validate(
        {"apiVersion": "ratchet/v1", "kind": "Sources", "sources": {rows.source: {"kind": "table", "path": str(file)}}}
    )
    opened = open_sources(
        held_by,
        model.model_copy(update={"segments": {column: ()}}),
        Versions(candidate=version, baseline=None, others=frozenset()),
        root=ground.scratch,
        environ={},
        now=ground.now,
    )
    window = Window((Interval(start, start + timedelta(hours=1)),), start + timedelta(hours=1))
    need = Need(shape=Shape.CATEGORIES, window=window, stage="shadow", arms=(Arm.CANDIDATE,), segment=column)
    answer = opened[rows.source].answer([need]).answers[need]
    if not isinstance(answer, Categories):
        return broken(f"a log of hostile values can't be read: {answer}")
    counted = dict(answer.counts)
    return held(
        counted == dict.fromkeys(_VALUES, _EACH),
        f"{len(_VALUES)} values of `{column}` are counted as the text that they are",
        f"values of `{column}` were counted as {sorted(counted.items())}",
    )


def _columns(model: ModelFile, segment: str) -> list[str]:
    """The columns of a log from which a segment is counted."""
    rows = model.rows
    exposure = rows.exposure.column if rows.exposure is not None else None
    named = (model.time.column, rows.request_id, rows.arm, exposure, model.assignment, segment)
    return list(dict.fromkeys(str(one) for one in named if one is not None))


def crashing(control: Control) -> Said:
    """Every source raises something unforeseen."""

    def failing(need: Need) -> Measurement | Missing | None:
        raise ZeroDivisionError(need.metric)

    return _errored(control.subject.check(control.head, answer=failing), "a proposal whose sources crash")


def down(control: Control) -> Said:
    """No source answers."""

    def failing(need: Need) -> Measurement | Missing | None:
        raise SourceError(f"no answer about {need.metric}")

    return _errored(control.subject.check(control.head, answer=failing), "a proposal whose sources are down")


class Silent:
    """A source that does not answer before it is let go."""

    name = "silent"

    def __init__(self) -> None:
        self.let_go = Event()

    def answer(self, needs: Sequence[Need]) -> Answers:
        """Nothing, until nobody waits any more."""
        self.let_go.wait(30)
        return Answers(dict.fromkeys(needs, Missing(reason=because(Why.NOT_ASKED))))


def late(control: Control) -> Said:
    """A source does not answer in time."""
    if control.plan is None:
        return idle("there is no plan")
    source = Silent()
    needs = control.plan.needs()[:1] or (Need(shape=Shape.SUITE, metric="any"),)
    try:
        found = gather(needs, {source.name: source}, lambda _: source.name, deadlines={source.name: 0.05})
    finally:
        source.let_go.set()
    answers = [found.answer(need) for need in needs]
    return held(
        all(isinstance(one, Missing) and one.reason.why is Why.SOURCE_TIMED_OUT for one in answers),
        "what has not answered by its deadline is missing",
        "a source that did not answer was waited for, or believed",
    )


def _errored(check: Check, what: str) -> Said:
    """Errored: nobody could look, which is no fault of the model."""
    return held(check.outcome is Outcome.ERRORED, f"{what} {told(check)}", f"{what} {told(check)}, not errored")


OF_GROUND: tuple[tuple[tuple[str, ...], Trial], ...] = ((("T05",), addresses), (("T06",), labels), (("T13",), values))
TRIALS: tuple[tuple[tuple[str, ...], OfProposal], ...] = (
    (("T06", "E37"), no_version),
    (("E10",), crashing),
    (("E10",), late),
    (("E40",), down),
)
