"""Scans: the runs of all reports of a scan as one measurement, which keeps counts and the names of the gravest findings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from model_ratchet.core.code import Found, Level, Scan, Tally
from model_ratchet.core.reason import Why, because
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.report_files import Report

_MOST_NAMED = 20
_CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the clock of a scanner may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a tool; ``completed``, ``ended_at`` and ``commits`` as in ``Scan``."""

    file: str
    tool: str
    found: tuple[Found, ...]
    undecided: int
    completed: bool | None
    ended_at: datetime | None
    commits: tuple[str, ...] = ()


def as_scan(source: str, reports: Iterable[Report], runs: Sequence[Run], *, now: datetime) -> Scan:
    """What all runs together say: none of them stands in for another.

    Raises:
        UnanswerableError: one ended in the future, so that its age means nothing.
    """
    for run in runs:
        if run.ended_at is not None and run.ended_at > now + _CLOCKS_DIFFER:
            ended_at = run.ended_at.isoformat()
            raise UnanswerableError(because(Why.REPORT_IN_FUTURE, source=source, file=run.file, ended_at=ended_at))
    found = sorted((one for run in runs for one in run.found), key=_gravest_first)
    counts = Counter((one.level, one.score, one.suppressed) for one in found)
    ends = [run.ended_at for run in runs]
    told = [run.completed for run in runs]
    return Scan(
        artefacts=tuple((report.file, report.digest) for report in reports),
        tools=tuple(sorted({run.tool for run in runs})),
        tallies=tuple(
            Tally(level=level, score=score, suppressed=suppressed, count=count)
            for (level, score, suppressed), count in sorted(counts.items(), key=lambda one: _rank(*one[0]))
        ),
        worst=tuple(found[:_MOST_NAMED]),
        undecided=sum(run.undecided for run in runs),
        completed=False if False in told else None if None in told else True,
        ended_at=None if None in ends else min((end for end in ends if end is not None), default=None),
        commits=tuple(run.commits for run in runs if run.commits),
    )


def instant(text: str) -> datetime | None:
    """An instant with a zone, in UTC; None for any other text."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _gravest_first(one: Found) -> tuple[object, ...]:
    return (*_rank(one.level, one.score, one.suppressed), one.rule, one.place)


def _rank(level: Level, score: float | None, suppressed: bool) -> tuple[bool, int, float]:
    """What may be let stand comes last; then by the level, then by the score."""
    return suppressed, -level.rank, -(score if score is not None else -1.0)
