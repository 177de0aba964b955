"""Model track: how the promotions of a model went: how long they took, how many failed, how soon service was back. Pure.

The four key measures of software delivery (Forsgren, Humble and Kim, Accelerate, 2018), taken of what the ledger says.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from model_ratchet.documents.events import Hold, PromotedVersion, RolledBackVersion, Withdrawn
from model_ratchet.engine.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The track record of one model, or of several together. A measure of nothing is None, never zero."""

    attempts: int = 0
    promotions: int = 0
    false_starts: int = 0
    """Attempts that ended without a merge."""
    rollbacks: int = 0
    """Versions that were taken out of production because of themselves, not with another."""
    failed: int = 0
    """Promotions of which that is true."""
    waivers: int = 0
    """Criteria that merged verdicts passed by a waiver."""
    incidents: int = 0
    lead_times: tuple[timedelta, ...] = ()
    """From admission to merge, of each promotion whose admission is known; ascending."""
    restore_times: tuple[timedelta, ...] = ()
    """From the hold of an incident, which brings the traffic back, to the removal on the base branch; ascending."""
    first: datetime | None = None
    last: datetime | None = None
    """The first and the last promotion."""

    @property
    def lead_time(self) -> timedelta | None:
        """The median."""
        return _middle(self.lead_times)

    @property
    def time_to_restore(self) -> timedelta | None:
        """The median."""
        return _middle(self.restore_times)

    @property
    def change_failure_rate(self) -> float | None:
        """The share of promotions that were rolled back because of themselves, from 0 to 1."""
        return self.failed / self.promotions if self.promotions else None

    @property
    def false_start_rate(self) -> float | None:
        """The share of the attempts that have ended which ended without a merge, from 0 to 1."""
        ended = self.false_starts + self.promotions
        return self.false_starts / ended if ended else None


def track(story: Story) -> Track:
    """The track record of one model."""
    culprits = [one for one in story.rolled_back if one.cause == "culprit"]
    at = sorted(one.at for one in story.promoted)
    return Track(
        attempts=len(story.attempts),
        promotions=len(story.promoted),
        false_starts=sum(isinstance(one.ended, Withdrawn) for one in story.attempts),
        rollbacks=len(culprits),
        failed=sum(_failed(one, story, culprits) for one in story.promoted),
        waivers=len(story.waived),
        incidents=len(story.incidents),
        lead_times=tuple(sorted(_lead_times(story))),
        restore_times=tuple(sorted(_restore_times(story, culprits))),
        first=at[0] if at else None,
        last=at[-1] if at else None,
    )


def together(tracks: Iterable[Track]) -> Track:
    """The track record of several models as if they were one."""
    all_of = tuple(tracks)
    return Track(
        attempts=sum(one.attempts for one in all_of),
        promotions=sum(one.promotions for one in all_of),
        false_starts=sum(one.false_starts for one in all_of),
        rollbacks=sum(one.rollbacks for one in all_of),
        failed=sum(one.failed for one in all_of),
        waivers=sum(one.waivers for one in all_of),
        incidents=sum(one.incidents for one in all_of),
        lead_times=tuple(sorted(time for one in all_of for time in one.lead_times)),
        restore_times=tuple(sorted(time for one in all_of for time in one.restore_times)),
        first=min((one.first for one in all_of if one.first is not None), default=None),
        last=max((one.last for one in all_of if one.last is not None), default=None),
    )


def _middle(times: tuple[timedelta, ...]) -> timedelta | None:
    return timedelta(seconds=median(time.total_seconds() for time in times)) if times else None


def _failed(promoted: PromotedVersion, story: Story, culprits: list[RolledBackVersion]) -> bool:
    """Whether this promotion of a version, and not a later one of the same, was rolled back because of itself."""
    again = [one.at for one in story.promoted if one.candidate == promoted.candidate and one.at > promoted.at]
    until = min(again, default=None)
    return any(
        one.version == promoted.candidate and one.at >= promoted.at and (until is None or one.at < until)
        for one in culprits
    )


def _lead_times(story: Story) -> Iterator[timedelta]:
    for attempt in story.attempts:
        if isinstance(attempt.ended, PromotedVersion):
            yield attempt.ended.at - attempt.admitted.at


def _restore_times(story: Story, culprits: list[RolledBackVersion]) -> Iterator[timedelta]:
    for hold in story.incidents:
        if isinstance(hold, Hold):
            removals = (one.at for one in culprits if one.version == hold.refuse and one.at >= hold.at)
            removed = min(removals, default=None)
            if removed is not None:
                yield removed - hold.at
