"""What goes wrong, and where: at a request, at what git asks of another repository, on the disk, or with the clock."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


class Place(Enum):
    """Where a command reaches out of its own process."""

    REQUEST = "request"
    GIT = "git"
    SERVICE = "service"
    POSTGRESQL = "postgresql"
    PROMETHEUS = "prometheus"

    @property
    def real(self) -> bool:
        """Whether a real server answers there, which can be killed as well."""
        return self in (Place.POSTGRESQL, Place.PROMETHEUS)


class Kind(Enum):
    """What goes wrong there."""

    KILLED = "killed"
    KILLED_DONE = "killed, done"
    DROPPED = "dropped"
    DROPPED_DONE = "dropped, done"
    HALF_BYTES = "half of the bytes"
    HALF_LISTS = "half of each list"
    SERVER_KILLED = "server killed"
    SERVER_KILLED_HALF = "server killed, half told"
    DISK = "disk full"
    FULL = "really full disk"
    CLOCK = "clock"
    OWN_CLOCK = "own clock"

    @property
    def done(self) -> bool:
        """Whether what was asked is carried out all the same."""
        return self in (Kind.KILLED_DONE, Kind.DROPPED_DONE)

    @property
    def kills(self) -> bool:
        """Whether the process ends there."""
        return self in (Kind.KILLED, Kind.KILLED_DONE)


@dataclass(frozen=True)
class Point:
    """One fault: the ``at``-th time, from 1, that a run reaches a place; or all through a run."""

    kind: Kind
    place: Place | None = None
    at: int = 0
    largest: int | None = None
    """Bytes that no file may grow beyond."""
    left: int | None = None
    """Bytes that a file system of its own has left."""
    skew: timedelta = timedelta()
    """How far GitHub's clock is off, or that of the machine."""

    def __str__(self) -> str:
        if self.place is not None:
            return f"{self.kind.value} at {self.place.value} {self.at}"
        sizes = [size for size in (self.largest, self.left) if size is not None]
        return f"{self.kind.value}: {sizes[0] if sizes else f'{self.skew / timedelta(minutes=1):+.0f} minutes'}"
