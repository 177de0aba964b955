"""Windows of needs, gathered under the few that must be read: parts of a stage, and blocks that stand in one row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from model_ratchet.core.evidence import EPOCH, HOUR, Clustering, Grouping, Interval, Need, Shape, Window

_OF_BLOCKS = (
    *(Shape.COUNTS, Shape.PAIRED_COUNTS, Shape.QUANTILE_COUNTS, Shape.LOG_HISTOGRAM),
    *(Shape.MOMENTS, Shape.VERSION_ROWS),
)
"""What is asked of blocks, and adds up over them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A window that is read from the rows, and the windows that are runs of its steps: (first step, step after the last).

    A step is an hour of active time, or a block. ``labels_after`` is how long after the end of each step labels are read;
    None where all are read as of one instant, that of the window.
    """

    window: Window
    parts: Mapping[Window, tuple[int, int]]
    needs: tuple[Need, ...]
    step: timedelta = HOUR
    labels_after: timedelta | None = None

    def hours(self, need: Need) -> range:
        """The steps of this base that a need asks for."""
        assert need.window is not None  # noqa: S101  (needs without a window are never put under a base)
        return range(*self.parts[need.window])

    def starts(self, *, paired: bool) -> tuple[int, ...]:
        """The hours between which segments of arms, or pairs, are told apart: at which a part starts or ends, or all."""
        by_segment = (need for need in self.needs if need.grouping is Grouping.SEGMENT and need.paired == paired)
        if any(need.clustering is Clustering.WITHIN_WINDOW for need in by_segment):
            return tuple(range(self.window.hours + 1))
        return tuple(sorted({hour for part in self.parts.values() for hour in part}))


def bases(needs: Iterable[Need]) -> tuple[Base, ...]:
    """The windows to read, rows of blocks first, then the longest, each with the needs that it answers.

    A part that does not start and end on the hours of a longer window is read by itself, and so are the row facts of any
    part: distinct units do not add up.
    """
    rows, others = _rows_of_blocks(needs)
    asked = sorted(others, key=lambda need: (-need.window.length if need.window else timedelta(), need.stage))
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
    whole = (Base(window=window, parts=parts, needs=tuple(under)) for window, parts, under in found)
    return (*rows, *whole)


def _rows_of_blocks(needs: Iterable[Need]) -> tuple[Sequence[Base], Sequence[Need]]:
    """Blocks of one length whose labels are read equally long after their end, each such row as one base; and all else."""
    alike: dict[tuple[timedelta, timedelta], list[Need]] = {}
    others: list[Need] = []
    for need in needs:
        block = _block(need)
        (others if block is None else alike.setdefault(block, [])).append(need)
    found = []
    for (length, after), of_blocks in alike.items():
        windows = sorted({need.window for need in of_blocks if need.window}, key=lambda window: window.start)
        if len(windows) == 1:
            others += of_blocks
            continue
        first, last = windows[0], windows[-1]
        numbers = {window: (window.start - first.start) // length for window in windows}
        found.append(
            Base(
                window=Window((Interval(first.start, last.end),), last.labels_until),
                parts={window: (number, number + 1) for window, number in numbers.items()},
                needs=tuple(of_blocks),
                step=length,
                labels_after=after,
            )
        )
    return found, others


def _block(need: Need) -> tuple[timedelta, timedelta] | None:
    """The length of a block, which begins at a multiple of it and is an hour at most, and how long after it labels are read."""
    window = need.window
    if window is None or len(window.intervals) != 1 or need.shape not in _OF_BLOCKS:
        return None
    if need.clustering is not Clustering.ROWS:
        return None
    length = window.length
    if not timedelta() < length <= HOUR or (window.start - EPOCH) % length or need.grouping is not Grouping.TOTAL:
        return None
    return length, window.labels_until - window.end


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
