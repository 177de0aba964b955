"""Problems: what keeps a change from being merged, each with its place in a document. For annotations and SARIF."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from model_ratchet.core.finding import Location
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.compare import Weight as Direction
from model_ratchet.report.change import by_weight, difference_sentence
from model_ratchet.report.check import Check
from model_ratchet.report.notes import PolicyNote
from model_ratchet.report.view import Row, View, view

Weight = Literal["error", "warning", "note"]

_WEIGHTS: dict[Outcome, Weight] = {
    Outcome.FAILED: "error",
    Outcome.ERRORED: "error",
    Outcome.INCONCLUSIVE: "warning",
    Outcome.PENDING: "note",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to show beside a line: ``rule`` is a criterion's id or ``finding``."""

    rule: str
    weight: Weight
    place: Location
    message: str


def problems(check: Check) -> Iterator[Problem]:
    """The findings of a check, or the criteria of its promotions that have not passed, with their warnings; and what a
    change of the policies asks otherwise.

    The whole stands at the request's first line, each criterion at its line in the policy.
    """
    for one in check.findings:
        yield Problem(rule="finding", weight="error", place=one.location, message=one.message)
    for queued in check.queue.commits if check.queue is not None else ():
        for one in queued.findings:
            yield Problem(rule="finding", weight="error", place=one.location, message=one.message)
    if check.policies is not None:
        yield from _of_policies(check.policies)
    for record in check.records:
        seen = view(record)
        if seen.outcome is not Outcome.PASSED:
            place = Location(seen.request_path)
            yield Problem(rule="verdict", weight=_WEIGHTS[seen.outcome], place=place, message=seen.headline)
        for gate in seen.gates:
            for row in gate.rows:
                yield from _of_row(seen, row)


def _of_policies(note: PolicyNote) -> Iterator[Problem]:
    """What a change of the policies asks otherwise: a warning where it is not known to be stricter."""
    for one in by_weight(note):
        weight: Weight = "note" if one.weight is Direction.STRICTER else "warning"
        said = f"{one.weight}: {difference_sentence(one)}"
        yield Problem(rule=f"policy-{one.weight}", weight=weight, place=one.place, message=said)
    for found in note.notes:
        yield Problem(rule="policy-note", weight="note", place=found.location, message=found.message)


def _of_row(seen: View, row: Row) -> Iterator[Problem]:
    place = Location(seen.policy_path, row.line or 1)
    stage = f" on {row.stage}" if row.stage else ""
    if row.counted and row.mark != "✔":
        words = " ".join(word for word in (row.estimate, row.interval) if word)
        message = f"{row.name}{stage} {row.outcome}: {row.said}{f' [{words}]' if words else ''}"
        yield Problem(rule=row.name, weight=_WEIGHTS[row.outcome], place=place, message=message)
    for note in row.notes:
        yield Problem(rule=row.name, weight="warning", place=place, message=f"{row.name}{stage}: {note}")
