"""Status: a check in GitHub's words: a state, a conclusion, one line, and annotations on the lines of the documents."""

from dataclasses import dataclass
from typing import Literal

from model_ratchet.core.outcome import Outcome
from model_ratchet.engine.record import Record
from model_ratchet.report.change import rollback_sentence
from model_ratchet.report.check import Check
from model_ratchet.report.log import one_line
from model_ratchet.report.problems import Weight, problems
from model_ratchet.report.queued import queue_sentence
from model_ratchet.report.view import view

Conclusion = Literal["success", "failure", "action_required"]
Level = Literal["notice", "warning", "failure"]

MOST_ANNOTATIONS = 100
"""More are counted and left out: nobody reads them, and every fifty cost a request."""
_TITLE, _MESSAGE = 250, 4_000
_LEVELS: dict[Weight, Level] = {"error": "failure", "warning": "warning", "note": "notice"}
_ORDER: tuple[Weight, ...] = ("error", "warning", "note")
_WAYS_OUT = "ways out: extend the stage, a new attempt, a waiver, or close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One problem beside one line of a file, counted from 1."""

    path: str
    line: int
    level: Level
    title: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a check run shows. Without a conclusion it is in progress: waiting, and not mergeable.

    There is no ``neutral`` and no ``skipped``, because GitHub counts both as success.
    """

    conclusion: Conclusion | None
    title: str
    annotations: tuple[Annotation, ...] = ()
    left_out: int = 0
    """Annotations beyond ``MOST_ANNOTATIONS``; the most severe are kept."""


def status(check: Check) -> Status:
    """The status of a check."""
    conclusion, title = _said(check)
    found = sorted(problems(check), key=lambda one: _ORDER.index(one.weight))
    shown = [
        Annotation(
            path=one.place.file,
            line=one.place.line,
            level=_LEVELS[one.weight],
            title=_cut(f"ratchet: {one.rule}", _TITLE),
            message=_cut(one.message, _MESSAGE),
        )
        for one in found
        if one.place.file
    ]
    kept = tuple(shown[:MOST_ANNOTATIONS])
    return Status(conclusion=conclusion, title=_cut(title, _TITLE), annotations=kept, left_out=len(shown) - len(kept))


def _said(check: Check) -> tuple[Conclusion | None, str]:
    if check.findings:
        count = len(check.findings)
        return "failure", f"{count} finding{'s' if count > 1 else ''}, nothing was judged: {check.findings[0].message}"
    if check.trouble is not None:
        return "failure", f"errored: {check.trouble}"
    if check.queue is not None:
        return "success" if check.queue.outcome is Outcome.PASSED else "failure", queue_sentence(check.queue)
    if check.rollback is not None:
        return "success", rollback_sentence(check.rollback)
    if not check.records:
        return "success", "nothing to judge: the change touches no promotion"
    return max((_of_record(record) for record in check.records), key=lambda said: _SEVERITY.index(said[0]))


_SEVERITY: tuple[Conclusion | None, ...] = ("success", None, "action_required", "failure")


def _of_record(record: Record) -> tuple[Conclusion | None, str]:
    seen = view(record)
    match seen.outcome:
        case Outcome.PASSED:
            return "success", seen.headline
        case Outcome.FAILED | Outcome.ERRORED:
            return "failure", seen.headline
        case Outcome.INCONCLUSIVE if all(stage.decidable for stage in record.plan.stages):
            return "action_required", f"{seen.headline}; {_WAYS_OUT}"
        case Outcome.INCONCLUSIVE | Outcome.PENDING:
            return None, f"waiting: {'; '.join(said for said in (seen.headline, seen.next_step) if said)}"


def _cut(text: str, most: int) -> str:
    """At most so many characters, in one line and without what moves a cursor."""
    said = one_line(text)
    return said if len(said) <= most else f"{said[: most - 1]}…"
