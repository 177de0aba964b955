"""Releases: the versions of the flight-delay model, what each of them reads, and when it ran in which stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from model_ratchet.demo.flights import NEW_YORK
from model_ratchet.demo.predictor import KNOWN

STAGES: Mapping[str, tuple[float, timedelta]] = {
    "shadow": (0.0, timedelta(days=5)),
    "canary": (0.05, timedelta(days=16)),
    "blue_green": (0.5, timedelta(days=12)),
}
"""Stage → the candidate's share of the traffic, and how long it lasts; every stage is mirrored."""

SETTLE = timedelta(minutes=10)
END = datetime(2013, 9, 1, tzinfo=NEW_YORK).astimezone(UTC)
"""The end of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version: its features, how strongly it was fitted, and the stages that it ran in.

    ``lost`` are features that it was trained with and that do not reach it where it serves.
    """

    version: str
    branch: str
    says: str
    features: tuple[str, ...]
    strength: float
    lost: tuple[str, ...] = ()
    stages: Mapping[str, datetime] = field(default_factory=dict)
    judged_at: datetime = END

    def stage_at(self, instant: datetime) -> tuple[str, float] | None:
        """The stage, and the share of the traffic in it, that this version was in at an instant."""
        for name, start in self.stages.items():
            share, lasts = STAGES[name]
            if start <= instant < start + SETTLE + lasts:
                return name, share
        return None


def _day(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2013, month, day, hour, tzinfo=NEW_YORK).astimezone(UTC)


def _started(*starts: datetime) -> dict[str, datetime]:
    return dict(zip(STAGES, starts, strict=False))


_WITHOUT_DELAY = tuple(name for name in KNOWN if name != "departure_delay")

BASELINE = Release(
    version="v1.0.0_20130628_180000",
    branch="main",
    says="reads the schedule, the weather and how late the airport runs",
    features=_WITHOUT_DELAY,
    strength=1.0,
)
RELEASES = (
    Release(
        version="v1.1.0_20130630_120000",
        branch="lost-feature",
        says="was trained with the departure delay, and does not get it where it serves",
        features=KNOWN,
        strength=1.0,
        lost=("departure_delay",),
        stages=_started(_day(7, 1), _day(7, 6, 6)),
        judged_at=_day(7, 24),
    ),
    Release(
        version="v1.2.0_20130721_180000",
        branch="gained-feature",
        says="gets the departure delay",
        features=KNOWN,
        strength=1.0,
        stages=_started(_day(7, 22, 7), _day(7, 27, 8), _day(8, 12, 9)),
        judged_at=_day(8, 25, 12),
    ),
    Release(
        version="v1.3.0_20130823_180000",
        branch="still-running",
        says="gets the departure delay, and is fitted more cautiously",
        features=KNOWN,
        strength=0.1,
        stages=_started(_day(8, 24, 10), _day(8, 29, 11)),
        judged_at=_day(8, 31, 12),
    ),
)
"""The three that are proposed, in the order in which they ran."""
