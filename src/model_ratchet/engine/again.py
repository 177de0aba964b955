"""Again: a sealed record judged by this release, and how that compares with what it says. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isclose

from pydantic_core import from_json

from model_ratchet.core.outcome import Outcome
from model_ratchet.core.verdict import Verdict
from model_ratchet.engine.judge import JUDGE_VERSION, judge
from model_ratchet.engine.record import Record, revisions, spelled

_LAST_DIGITS = 1e-6


class Again(StrEnum):
    """What judging a record again comes to."""

    SAME_BYTES = "same bytes"
    SAME_OUTCOME = "same outcome"
    """By another judge or revision, or with numbers that differ in their last digits, as those of another processor do."""
    OTHER_OUTCOME = "outcome differs"
    """By another judge or revision: a mended fault, which is no tampering."""
    UNFOUNDED = "does not follow from its evidence"
    """By the same judge and revisions, which can't be: the verdict was changed before it was sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """A record judged again."""

    again: Again
    before: Outcome
    """As it was sealed."""
    verdict: Verdict
    """As it is judged now."""
    since: tuple[str, ...] = ()
    """What judges otherwise than it did: ``judge version 2``, ``superiority revision 3``."""
    later: bool = False
    """A later release sealed it, which may know better."""


def judge_again(record: Record) -> Rejudged:
    """A record judged by this release, and compared with what it says.

    The evidence has to be all there: an answer that does not read raises ``RecordError``.
    """
    verdict = judge(record.plan, record.evidence)
    ours = revisions(record.plan)
    return Rejudged(
        again=_compared(record, verdict, moved=bool(tuple(_moved(record, ours)))),
        before=record.verdict.outcome,
        verdict=verdict,
        since=tuple(_moved(record, ours)),
        later=record.judge_version > JUDGE_VERSION
        or any(known > ours.get(kind, 0) for kind, known in record.revisions.items()),
    )


def same_judge(record: Record) -> bool:
    """Whether this release judges a record by the judge and the criteria that it was sealed by."""
    return not any(_moved(record, revisions(record.plan)))


def outcomes(verdict: Verdict) -> tuple[Outcome, ...]:
    """The outcomes of a verdict's two parts and of all its criteria."""
    leaves = (leaf.outcome for gate in verdict.gates for leaf in gate.leaves)
    return (verdict.evidence_outcome, verdict.sign_off_outcome, *leaves)


def _moved(record: Record, ours: Mapping[str, int]) -> Iterator[str]:
    if record.judge_version != JUDGE_VERSION:
        yield f"judge version {JUDGE_VERSION}"
    for kind in sorted(ours.keys() | record.revisions.keys()):
        if ours.get(kind) != record.revisions.get(kind):
            yield f"{kind} revision {ours.get(kind, 'unknown')}"


def _compared(record: Record, verdict: Verdict, *, moved: bool) -> Again:
    found, sealed = spelled(verdict), spelled(record.verdict)
    if moved:
        return Again.SAME_OUTCOME if outcomes(verdict) == outcomes(record.verdict) else Again.OTHER_OUTCOME
    if found == sealed:
        return Again.SAME_BYTES
    return Again.SAME_OUTCOME if _alike(from_json(found), from_json(sealed)) else Again.UNFOUNDED


def _alike(one: object, other: object) -> bool:
    """Whether two JSON values differ in nothing but the last digits of their numbers."""
    match one, other:
        case (dict(), dict()):
            return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
        case (list(), list()):
            return len(one) == len(other) and all(map(_alike, one, other))
        case (float() | int(), float() | int()) if not isinstance(one, bool) and not isinstance(other, bool):
            return isclose(one, other, rel_tol=_LAST_DIGITS)
        case _:
            return type(one) is type(other) and one == other
