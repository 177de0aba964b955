"""Record: plan, evidence and verdict sealed together, so that anyone re-computes the verdict from it alone."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from model_ratchet.core.code import Checks, Scan
from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import Approvals, CodeReviews, Evidence, Groups, Measurement, Missing, Need, Simple
from model_ratchet.core.verdict import Verdict
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.canonical import parsed as parsed_json
from model_ratchet.engine.deferred import Answers, deferred
from model_ratchet.engine.judge import JUDGE_VERSION
from model_ratchet.engine.plan import Plan

SCHEMA: Literal["ratchet/record/v1"] = "ratchet/record/v1"
LARGEST = 64 * 2**20
_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was asked, what came back, and what was said of it. Made by ``seal`` and ``read`` only.

    ``decided_at`` is the latest instant at which an input of the verdict changed, None before the first.
    """

    plan: Plan
    evidence: Evidence
    verdict: Verdict
    decided_at: datetime | None
    judge_version: int = JUDGE_VERSION
    revisions: Mapping[str, int] = field(default_factory=dict)
    """Criterion kind → its revision when this was judged."""
    filed_as: str | None = field(default=None, compare=False)
    """The digest that it was read by: a release that seals more would spell it otherwise, and it stays what it is."""
    _spelled_as: str | None = field(default=None, init=False, compare=False, repr=False)
    """Its own digest once somebody has asked for it; what ``replace`` makes of it has none yet."""


def as_sealed(plan: Plan, evidence: Evidence) -> tuple[Plan, Evidence]:
    """Plan and evidence as a record gives them back: what is judged is what is sealed.

    Measured numbers are rounded to 9 significant digits, and mappings are in the order of their keys, so that a verdict
    judged now and one judged from the record can't differ.

    Raises:
        RecordError: a measured number is NaN or infinite.
    """
    forms = _forms()
    return (
        forms.plan.validate_json(canonical(forms.plan.dump_python(plan))),
        replace(evidence, answers=_by_need(forms.answered.validate_json(_answers(evidence)))),
    )


def seal(
    plan: Plan, evidence: Evidence, verdict: Verdict, *, now: datetime | None = None, decided_at: datetime | None = None
) -> Record:
    """The record of a verdict. The same plan, evidence and verdict give the same bytes at any ``now`` that changes nothing.

    ``decided_at`` is taken from ``now`` unless it is known already, as when a record is judged again.

    Raises:
        RecordError: a number is NaN or infinite.
    """
    made = Record(
        plan=plan,
        evidence=evidence,
        verdict=verdict,
        decided_at=decided_at if now is None else _decided_at(plan, evidence, now),
        revisions=revisions(plan),
    )
    return parsed(_sealed(made))


def revisions(plan: Plan) -> dict[str, int]:
    """Criterion kind → its revision in this release."""
    return {bound.criterion.kind: bound.criterion.revision for bound in plan.bound()}


def spelled(verdict: Verdict) -> bytes:
    """The canonical bytes of a verdict as a record holds it."""
    return canonical(_forms().verdict.dump_python(verdict), digits=_DIGITS)


def digest(record: Record) -> str:
    """``sha256:`` and the SHA-256 of the sealed part's canonical bytes, in lower-case hexadecimal."""
    named = record.filed_as or record._spelled_as or _digest(_sealed(record))
    object.__setattr__(record, "_spelled_as", named)
    return named


def to_bytes(record: Record, *, written_at: datetime | None = None, run_id: str | None = None) -> bytes:
    """The file of a record: the sealed part, its digest, and outside of both when and by which run it was written."""
    sealed = _sealed(record)
    unsealed = {name: value for name, value in (("run_id", run_id), ("written_at", written_at)) if value is not None}
    sha256 = _digest(sealed).removeprefix("sha256:").encode()
    # the keys in their order, so that a large part is spelled once
    return b'{"sealed":%b,"sha256":"%b","unsealed":%b}\n' % (sealed, sha256, canonical(unsealed))


def read(content: bytes) -> Record:
    """The record in a file's content.

    Raises:
        RecordError: it is empty, cut off, no JSON, of an unknown schema, not what its digest says, or holds what no
            record holds.
    """
    envelope = _json(content)
    if not isinstance(envelope, dict) or not isinstance(envelope.get("sealed"), dict):
        raise RecordError("this is JSON, but no record: it has no `sealed` part")
    sealed = envelope["sealed"]
    _refuse_other(sealed)
    stated = envelope.get("sha256")
    spelled_again = canonical(sealed)
    found = _digest(spelled_again).removeprefix("sha256:")
    if stated != found:
        raise RecordError(
            f"the record says that its SHA-256 is {stated}, and its content has {found}: it was changed after it was "
            "sealed; fetch it again from where it was recorded"
        )
    return parsed(spelled_again, f"sha256:{found}")


def parsed(sealed: bytes, filed_as: str | None = None, *, at_once: bool = True) -> Record:
    """The record in the canonical bytes of a sealed part, which are those that its digest names.

    Where it is not read ``at_once``, each answer is read when it is asked for, and may raise then.

    Raises:
        RecordError: they are no JSON, of an unknown schema, or hold what no record holds.
    """
    forms, apart = _forms(), None if at_once else deferred(sealed)
    try:
        form = forms.sealed.validate_json(sealed if apart is None else apart.rest)
        needs = forms.needs.validate_json(apart.needs) if apart is not None else ()
    except ValidationError as error:
        raise _unread(sealed, error) from None
    answers = _by_need(form.evidence) if apart is None else Answers(needs, apart.answers, _answer)
    return Record(
        plan=form.plan,
        evidence=Evidence(answers=answers, queries=form.queries),
        verdict=form.verdict,
        decided_at=form.decided_at,
        judge_version=form.judge,
        revisions=form.revisions,
        filed_as=filed_as,
    )


@dataclass(frozen=True, slots=True)
class _Answered:
    """A need with its answer, as a record holds them."""

    need: Need
    answer: Annotated[Simple | Groups | Missing, Field(discriminator="shape")]


@dataclass(frozen=True, slots=True)
class _Sealed:
    """The sealed part of a record, as it is read."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)
    schema: Literal["ratchet/record/v1"]
    judge: int
    revisions: dict[str, int]
    decided_at: datetime | None
    plan: Plan
    evidence: tuple[_Answered, ...]
    queries: dict[str, str]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Forms:
    sealed: TypeAdapter[_Sealed]
    plan: TypeAdapter[Plan]
    need: TypeAdapter[Need]
    needs: TypeAdapter[tuple[Need, ...]]
    answer: TypeAdapter[Measurement | Missing]
    answered: TypeAdapter[tuple[_Answered, ...]]
    verdict: TypeAdapter[Verdict]


@cache
def _forms() -> _Forms:
    """How each part is written and read; built once, at the first record."""
    return _Forms(
        sealed=TypeAdapter(_Sealed),
        plan=TypeAdapter(Plan),
        need=TypeAdapter(Need),
        needs=TypeAdapter(tuple[Need, ...]),
        answer=TypeAdapter(Annotated[Simple | Groups | Missing, Field(discriminator="shape")]),
        answered=TypeAdapter(tuple[_Answered, ...]),
        verdict=TypeAdapter(Verdict),
    )


def _sealed(record: Record) -> bytes:
    """The canonical bytes of the sealed part."""
    parts = {
        "schema": canonical(SCHEMA),
        "judge": canonical(record.judge_version),
        "revisions": canonical(record.revisions),
        "decided_at": canonical(record.decided_at),
        "plan": canonical(_plan(_forms().plan.dump_python(record.plan))),
        "evidence": _answers(record.evidence),
        "queries": canonical(record.evidence.queries),
        "verdict": spelled(record.verdict),
    }
    return b"{%b}" % b",".join(b'"%b":%b' % (name.encode(), parts[name]) for name in sorted(parts))


_ABSENT = ("integration", "prices")
"""Facts that came later: sealed where they are stated, so that records without them stay what they were."""


def _plan(form: dict[str, Any]) -> dict[str, Any]:
    """Without waivers and later facts where there are none, as plans were sealed before there could be any."""
    facts = {name: value for name, value in form["facts"].items() if name not in _ABSENT or value is not None}
    return {name: value for name, value in {**form, "facts": facts}.items() if name != "waivers" or value}


def _answers(evidence: Evidence) -> bytes:
    """Every need with its answer, in the order of the needs' bytes: sources answer side by side, in any order.

    Needs keep their numbers exactly, because criteria find their answers by them; measured numbers are rounded.
    """
    forms = _forms()
    pairs = sorted(
        (canonical(forms.need.dump_python(need)), canonical(forms.answer.dump_python(answer), digits=_DIGITS))
        for need, answer in evidence.answers.items()
    )
    return b"[%b]" % b",".join(b'{"answer":%b,"need":%b}' % (answer, need) for need, answer in pairs)


def _by_need(answered: Iterable[_Answered]) -> dict[Need, Measurement | Missing]:
    return {one.need: one.answer for one in answered}


def _answer(content: bytes) -> Measurement | Missing:
    try:
        return _forms().answer.validate_json(content)
    except ValidationError as error:
        raise _unlike(error) from None


def _decided_at(plan: Plan, evidence: Evidence, now: datetime) -> datetime | None:
    told = (instant for answer in evidence.answers.values() for instant in _instants(answer))
    return max((instant for instant in (*plan.changed_at, *told) if instant <= now), default=None)


def _instants(answer: Measurement | Missing) -> Iterator[datetime]:
    """When what is outside of any window happened: reviews, the ends of checks and of scans."""
    match answer:
        case Approvals(approvals=approvals, heard=heard):
            yield from (one.submitted_at for one in approvals)
            yield from (one.submitted_at for one in heard)
        case CodeReviews(pulls=pulls):
            yield from (one.submitted_at for pull in pulls for one in pull.heard)
        case Checks(reported=reported):
            yield from (one.at for one in reported if one.at is not None)
        case Scan(ended_at=ended_at) if ended_at is not None:
            yield ended_at


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(content: bytes) -> object:
    if len(content) > LARGEST:
        raise RecordError(f"the record has {len(content)} bytes, and at most {LARGEST} are read")
    if not content.strip():
        raise RecordError("the record is empty")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(f"the record is not UTF-8: byte {error.start} is {content[error.start]:#04x}") from None
    try:
        return parsed_json(text, object_pairs_hook=_once, parse_constant=_refused)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise RecordError(f"the record is cut off after {len(content)} bytes: fetch it again") from None
        raise RecordError(f"the record is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise RecordError("the record is not JSON that Ratchet wrote: it is nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RecordError("the record names a key twice, which no record does")
    return found


def _refused(word: str) -> object:
    raise RecordError(f"the record holds {word}, which no record does")


def _refuse_other(sealed: Mapping[str, Any]) -> None:
    schema = sealed.get("schema")
    if schema != SCHEMA:
        raise RecordError(
            f"the record's schema is {schema!r}, and this release reads {SCHEMA}: use the release it names"
        )


def _unread(sealed: bytes, error: ValidationError) -> RecordError:
    """What is wrong with a sealed part that does not read."""
    try:
        value = from_json(sealed, allow_inf_nan=False)
    except ValueError:
        return RecordError("the record is not JSON")
    if isinstance(value, dict):
        _refuse_other(value)
    return _unlike(error)


def _unlike(error: ValidationError) -> RecordError:
    """What is wrong with JSON that is of no record's form."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    if first["type"] == "missing" and len(first["loc"]) == 1:
        return RecordError(f"the record has no {where}")
    return RecordError(
        f"the record does not read: {first['msg']}{where and f' at {where}'}; use the release that wrote it"
    )
