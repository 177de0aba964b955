"""Windows of needs, gathered under the few that must be read: the parts of a stage are cut from its hours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from model_ratchet.core.evidence import HOUR, Clustering, Grouping, Need, Shape, Window


@dataclass(frozen=True, slots=True)
class Base:
    """A window that is read from the rows, and the windows that are runs of its hours: (first hour, hour after the last)."""

    window: Window
    parts: Mapping[Window, tuple[int, int]]
    needs: tuple[Need, ...]

    def hours(self, need: Need) -> range:
        """The hours of this base that a need asks for."""
        assert need.window is not None  # noqa: S101  (needs without a window are never put under a base)
        return range(*self.parts[need.window])

    def starts(self, *, paired: bool) -> tuple[int, ...]:
        """The hours between which segments of arms, or pairs, are told apart: at which a part starts or ends, or all."""
        by_segment = (need for need in self.needs if need.grouping is Grouping.SEGMENT and need.paired == paired)
        if any(need.clustering is Clustering.WITHIN_WINDOW for need in by_segment):
            return tuple(range(self.window.hours + 1))
        return tuple(sorted({hour for part in self.parts.values() for hour in part}))


def bases(needs: Iterable[Need]) -> tuple[Base, ...]:
    """The windows to read, longest first, each with the needs that it answers.

    A part that does not start and end on the hours of a longer window is read by itself, and so are the row facts of any
    part: distinct units do not add up.
    """
    asked = sorted(needs, key=lambda need: (-need.window.length if need.window else timedelta(), need.stage))
    found: list[tuple[Window, dict[Window, tuple[int, int]], list[Need]]] = []
    for need in asked:
        if need.window is None:
            raise ValueError(f"{need.shape} of {need.metric or 'the rows'} is asked without a window")
        for window, parts, under in found:
            run = _run(window, need.window)
            if run is not None and (need.window == window or need.shape is not Shape.ROWS):
                parts[need.window] = run
                under.append(need)
                break
        else:
            found.append((need.window, {need.window: (0, need.window.hours)}, [need]))
    return tuple(Base(window, parts, tuple(under)) for window, parts, under in found)


def _run(whole: Window, part: Window) -> tuple[int, int] | None:
    """The hours of ``whole`` that ``part`` is, None when it is not made of whole hours of it."""
    if part == whole:
        return (0, whole.hours)
    if part.labels_until != whole.labels_until or not part.intervals:
        return None
    offset = timedelta()
    for interval in whole.intervals:
        if interval.start <= part.start < interval.end:
            offset += part.start - interval.start
            break
        offset += interval.length
    end = offset + part.length
    if offset % HOUR or (end % HOUR and end != whole.length) or whole.part(offset, end) != part:
        return None
    return (offset // HOUR, -(-end // HOUR))
