"""Outcome: the post-promotion document of a version, filled with what is known; the rest stands there as questions."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from model_ratchet.documents.events import PromotedVersion, StageClosed, StageStarted
from model_ratchet.engine.record import Record
from model_ratchet.engine.story import Attempt, Story
from model_ratchet.report import numbers
from model_ratchet.report.escape import code, text
from model_ratchet.report.view import view

TODO = "TODO"
_QUESTIONS = {
    "timeline": (
        "When did the last user move to this version, and who saw it?",
        "What did not go as planned, and what was done about it?",
    ),
    "performance": (
        "Do the numbers in production agree with those above, one day and one week after the merge?",
        "Which segment or business metric got worse, and does anybody have to know?",
    ),
    "lessons": (
        "What took longest, and would it be found sooner the next time?",
        "Which criterion should be stricter, looser, or new?",
    ),
    "procedures": (
        "Which runbook, dashboard or alert changed with this version?",
        "Is the rollback that was rehearsed still the one that would be made?",
    ),
}


def outcome_path(model: str, version: str) -> str:
    """Where the document of a version stands."""
    return f"promotions/{model}/outcomes/{version}.md"


def outcome(story: Story, promoted: PromotedVersion, record: Record | None) -> str:
    """The document as Markdown: timeline and results, performance against the version before, lessons, procedures."""
    sections = {
        "Deployment timeline and results": [*_timeline(story, promoted), *_asked("timeline")],
        "Performance against the previous version": [*_performance(promoted, record), *_asked("performance")],
        "Lessons learned and recommendations": _asked("lessons"),
        "Updated operational procedures": _asked("procedures"),
    }
    lines = [f"# {text(promoted.model)} {code(str(promoted.candidate))}: after the promotion", ""]
    lines += [f"What is known stands here, taken from the ledger; answer each {TODO}.", ""]
    for title, body in sections.items():
        lines += [f"## {title}", "", *body, ""]
    return "\n".join(lines).rstrip() + "\n"


def _asked(section: str) -> Sequence[str]:
    return ["", *(f"* {question} {TODO}" for question in _QUESTIONS[section])]


def _timeline(story: Story, promoted: PromotedVersion) -> Iterator[str]:
    yield "| when | what |"
    yield "|---|---|"
    attempt = next((one for one in story.attempts if one.ended == promoted), None)
    rows = [*(_of_attempt(attempt) if attempt is not None else ()), (promoted.at, _merged(promoted))]
    for at, what in sorted(rows, key=lambda row: row[0]):
        yield f"| {numbers.instant(at)} | {what} |"
    waived = [one for one in story.waived if one.candidate == promoted.candidate and one.at == promoted.at]
    for one in waived:
        yield ""
        yield f"Passed by the waiver {code(one.waiver)}: {code(one.criterion)}."


def _of_attempt(attempt: Attempt) -> Iterator[tuple[datetime, str]]:
    yield (
        attempt.admitted.at,
        f"admitted, attempt {attempt.number} against {code(str(attempt.admitted.baseline or 'none'))}",
    )
    for start in attempt.starts:
        yield start.at, f"{text(start.stage)} started: {_exposure(start)}"
    for closed in attempt.closed.values():
        yield closed.at, f"{text(closed.stage)} closed: {_closed(closed)}"


def _exposure(start: StageStarted) -> str:
    said = [f"{numbers.percent(start.share)} of users"] if start.share else []
    said += [f"{numbers.percent(start.mirror)} of requests mirrored"] if start.mirror else []
    return ", ".join(said) or "no traffic"


def _closed(closed: StageClosed) -> str:
    return f"{closed.outcome}, record {code(closed.record.removeprefix('sha256:')[:12])}"


def _merged(promoted: PromotedVersion) -> str:
    pull = f" as #{promoted.pull}" if promoted.pull is not None else ""
    by = f" by {text(promoted.by.login)}" if promoted.by is not None else ""
    return f"merged{pull}{by}, commit {code(promoted.commit[:12])}"


def _performance(promoted: PromotedVersion, record: Record | None) -> Iterator[str]:
    """What was measured before the merge, as it was sealed."""
    if record is None:
        yield "No verdict vouches for this version: nothing that was measured is recorded."
        return
    seen = view(record)
    before = code(str(promoted.baseline)) if promoted.baseline is not None else "no version"
    yield f"Against {before}, before the merge; record {code(seen.digest)}."
    yield ""
    yield "| criterion | stage | measured | interval | asked |"
    yield "|---|---|---|---|---|"
    for row in seen.rows:
        if row.estimate:
            cells = (row.name, row.stage or "all", row.estimate, row.interval, row.asked)
            yield f"| {' | '.join(text(cell) for cell in cells)} |"
