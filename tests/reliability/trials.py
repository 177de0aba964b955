"""Every fault at every point of a step: the step is cut off there, run again undisturbed, and has to end as if nothing was."""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from difflib import unified_diff

from model_ratchet.cli.codes import ExitCode
from reliability.commands import faketime
from reliability.faults import Kind, Place, Point
from reliability.worlds import Ran, World

LATER = timedelta(minutes=3)
"""So much later the step is run again."""
WRITES = ("POST", "PATCH", "PUT", "DELETE", "push")
SOUND = frozenset({ExitCode.PASSED, ExitCode.FAILED, ExitCode.WAITING})
"""How a run ends that could do all it had to."""
SIZES = (0, 40, 256, 1024, 4096, 16384, 65536)
"""Bytes that no file can grow beyond where the disk is full."""
_NAMED = re.compile(r"\b[0-9a-f]{40}\b|\d+")
_UNREACHABLE = '"parameters":{{"source":"{}","status":'
LEFT = (0, 4096, 65536, 1 << 20)
"""Bytes that are left on a disk that is really full; mounting one takes root."""
SKEWS = (-15, -5, 5, 15)
"""Minutes by which GitHub's clock is off."""
OWN_SKEWS = (-60, -5, 5, 60)
"""Minutes by which the machine's clock is off."""


UNTOLD = (
    "what a list leaves out is not there: the merge is recorded as unverified, and an incident asks a person to look"
)
UNHEARD = "an approval that is not listed does not count: the stage is closed without it, and it has to be confirmed"
UNLISTED = "a deployment that is not listed is made again"
TURNED = (
    "the root cause is asked for before the removal could be proposed or recorded: the same events in another order, and "
    "issue and pull request have changed numbers"
)
PUSHER = "what a list leaves out is not there: the push is recorded without who pushed it"
AHEAD = "the watch looks at the hours that GitHub's clock tells, and remembers which it has seen"
EXPLAINED: Mapping[tuple[str, str, str], str] = {
    ("record", Kind.HALF_LISTS.value, "check-runs"): UNTOLD,
    ("record", Kind.HALF_LISTS.value, "reviews"): UNTOLD,
    ("record", Kind.HALF_LISTS.value, "activity"): PUSHER,
    ("advance on", Kind.HALF_LISTS.value, "reviews"): UNHEARD,
    ("advance on", Kind.HALF_LISTS.value, "deployments"): UNLISTED,
    ("rollback", Kind.DROPPED.value, "fetch"): TURNED,
    ("rollback", Kind.DROPPED.value, "ls-remote"): TURNED,
    ("rollback", Kind.DROPPED.value, "push"): TURNED,
    ("rollback", Kind.HALF_LISTS.value, "issues"): TURNED,
    ("rollback", Kind.DISK.value, ""): TURNED,
    ("watch", Kind.CLOCK.value, ""): AHEAD,
}
"""Step, fault and the end of what was asked → why it ends otherwise, and has to."""


def explained(step: str, kind: str, asked: str) -> str | None:
    """Why a step ends otherwise than undisturbed; None where it must not."""
    return EXPLAINED.get((step, kind, asked.rpartition("/")[2]))


@dataclass(frozen=True)
class Undisturbed:
    """How a step goes where nothing goes wrong."""

    ran: Ran
    end: str

    def asked(self, point: Point) -> str:
        """What is asked at a point."""
        return self.ran.reached[point.place][point.at - 1] if point.place is not None else ""


@dataclass(frozen=True)
class Trial:
    """What came of one fault."""

    kind: Kind
    asked: str
    """What was asked there; empty of a fault that lasts."""
    point: str
    first: tuple[int, ...]
    """How the disturbed run ended."""
    differs: str
    """From the undisturbed end, once it has run again; empty where it does not."""


def undisturbed(world: World) -> Undisturbed:
    """The step from its beginning to its end; that it is the same end when it is run again is a part of it."""
    world.set_back()
    ran = world.run()
    end = world.end_state()
    world.run(later=LATER)
    assert world.end_state() == end, "a second run changes what the first has left"
    return Undisturbed(ran, end)


def points(whole: Undisturbed, places: Collection[Place] = tuple(Place)) -> Iterator[Point]:
    """Everything that may go wrong at these places and, where it is all of them, through a whole run.

    What only reads leaves nothing behind, so that it is not told apart whether it was done.
    """
    for place, asked in whole.ran.reached.items():
        for at, what in enumerate(asked if place in places else (), start=1):
            yield from (Point(kind, place, at) for kind in _kinds(place, what.startswith(WRITES)))
    if len(places) < len(Place):
        return
    yield from (Point(Kind.DISK, largest=size) for size in SIZES)
    yield from (Point(Kind.FULL, left=left) for left in (LEFT if os.getuid() == 0 else ()))
    yield from (Point(Kind.CLOCK, skew=timedelta(minutes=minutes)) for minutes in SKEWS)
    yield from (Point(Kind.OWN_CLOCK, skew=timedelta(minutes=minutes)) for minutes in (OWN_SKEWS if faketime() else ()))


def one_of_each_first(whole: Undisturbed, every: Iterable[Point]) -> list[Point]:
    """The same points, first those at which a kind of request meets a kind of fault for the first time."""
    first: dict[object, Point] = {}
    rest = []
    for point in every:
        asked = _NAMED.sub("N", whole.asked(point))
        if first.setdefault((replace(point, at=0), asked), point) is not point:
            rest.append(point)
    return [*first.values(), *rest]


def _kinds(place: Place, writes: bool) -> Iterator[Kind]:
    yield from (Kind.KILLED, Kind.DROPPED)
    if writes:
        yield from (Kind.KILLED_DONE, Kind.DROPPED_DONE)
    if place is not Place.GIT:
        yield Kind.HALF_BYTES
    if place.real:
        yield from (Kind.SERVER_KILLED, Kind.SERVER_KILLED_HALF)
    if place is Place.REQUEST and not writes:
        yield Kind.HALF_LISTS


def tried(world: World, whole: Undisturbed, point: Point) -> Trial:
    """The step with a fault, and run again without, unless it has ended already as if nothing was."""
    world.set_back()
    first = world.run(point)
    end, trouble = world.end_state(), ""
    if first.codes != whole.ran.codes or end != whole.end:
        amiss = _amiss(world, point, first, end)
        again = world.run(later=LATER)
        end = world.end_state()
        trouble = amiss if SOUND.issuperset(again.codes) else f"ended with {again.codes}: {again.log}"
    differs = "\n".join(
        unified_diff(whole.end.splitlines(), end.splitlines(), "undisturbed", str(point), "", "", 1, "")
    )
    return Trial(point.kind, whole.asked(point), str(point), first.codes, differs + trouble)


def _amiss(world: World, point: Point, first: Ran, end: str) -> str:
    """What is wrong with what stands there until the step has run again; empty where nothing is.

    A source that was cut off is named, and what a criterion wanted of it is an error.
    """
    said = first.log + end
    if any(secret in said for secret in world.secrets):
        return "a secret is told"
    if point.place is None or not point.place.real or point.kind.kills:
        return ""
    source = world.sources[point.place]
    errored = first.codes == (ExitCode.ERRORED,) and f"the source {source}" in said
    unwanted = first.codes == (ExitCode.PASSED,) and _UNREACHABLE.format(source) in said.replace("\\", "")
    return "" if errored or unwanted else f"ended with {first.codes}: {first.log}"
