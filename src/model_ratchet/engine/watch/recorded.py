"""Recorded: how often an event was seen in each hour of the week of a promotion's windows, for the time without a reference."""

from collections.abc import Mapping
from datetime import UTC, datetime

from model_ratchet.core.evidence import HOUR, Arm, Counts, Evidence, Grouping, Groups, Shape

WEEK = 7 * 24


def hour_of_week(instant: datetime) -> int:
    """0 to 167: hours since Monday 00:00 UTC."""
    at = instant.astimezone(UTC)
    return 24 * at.weekday() + at.hour


def recorded_hours(evidence: Evidence) -> Mapping[str, Mapping[int, Counts]]:
    """Proportion → hour of the week → the candidate's rows then, over all stages; hours without a row are absent."""
    found: dict[str, dict[int, Counts]] = {}
    for need, answer in evidence.answers.items():
        if need.shape is not Shape.COUNTS or need.grouping is not Grouping.HOUR or need.arms != (Arm.CANDIDATE,):
            continue
        if need.window is None or not isinstance(answer, Groups):
            continue
        hours = found.setdefault(need.metric, {})
        for name, counts in answer:
            start = need.window.part(int(name) * HOUR, (int(name) + 1) * HOUR).start
            if isinstance(counts, Counts):
                hour = hour_of_week(start)
                hours[hour] = hours[hour] + counts if hour in hours else counts
    return found
