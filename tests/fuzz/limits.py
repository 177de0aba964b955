"""What one input may take: 1 s of CPU time, and memory that ends where it began. Counted by the process, never by the clock."""

import os
import signal
import sys
from collections.abc import Callable
from time import process_time
from types import FrameType
from typing import NoReturn
from zlib import crc32

from benchmarks.memory import peak

MOST_SECONDS = 1.0
GROWN = 2**16
"""One of 32 inputs is tried again, repeated up to so many bytes: work that grows with the square of a length shows there."""
_EVERY = 32


class Limits:
    """A target within its limits; ends the process with 0 once ``cpu_seconds`` of it are used up.

    Raises:
        AssertionError: an input took more than 1 s, or all of them together more than ``most_mib`` beyond the first.
    """

    def __init__(self, one_input: Callable[[bytes], None], *, cpu_seconds: float, most_mib: float) -> None:
        self._one_input = one_input
        self._end = process_time() + cpu_seconds
        self._most_mib = peak_mib() + most_mib
        self._start_mib = peak_mib()
        self._inputs = 0
        self._slowest = 0.0
        signal.signal(signal.SIGVTALRM, _too_slow)

    def __call__(self, data: bytes) -> None:
        self._tried(data)
        if data and crc32(data) % _EVERY == 0:
            self._tried(data * (GROWN // len(data)))
        if process_time() > self._end:
            self._report()
            os._exit(0)

    def _tried(self, data: bytes) -> None:
        started = process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
        try:
            self._one_input(data)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        took = process_time() - started
        self._inputs += 1
        self._slowest = max(self._slowest, took)
        assert took <= MOST_SECONDS, f"{len(data)} bytes took {took:.2f} s of CPU time"
        assert peak_mib() <= self._most_mib, f"inputs took {peak_mib() - self._start_mib:.0f} MiB"

    def _report(self) -> None:
        more = peak_mib() - self._start_mib
        print(f"{self._inputs} inputs, the slowest {self._slowest:.3f} s, {more:.0f} MiB more", file=sys.stderr)
        sys.stderr.flush()


def peak_mib() -> float:
    """The most memory that this process ever held, in MiB; what it inherited at its start from another is not in it."""
    return peak() / 2**20


def _too_slow(signum: int, frame: FrameType | None) -> NoReturn:
    raise AssertionError(f"an input took more than {MOST_SECONDS:g} s of CPU time")
