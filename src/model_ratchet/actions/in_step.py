"""in_step: work on many things, some of them side by side, that are made ready shortly before they are worked on."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_step(work: Callable[[T], R], things: Iterable[T], *, at_once: int, ahead: int) -> Iterator[R]:
    """What ``work`` makes of each thing, in their order, ``at_once`` of them in threads of their own.

    No thing is taken before all but ``ahead`` of those that were taken have been worked on and given: making them ready keeps
    the interpreter from what the threads wait for, and takes memory. What ``work`` raises is raised in its place.
    """
    with ThreadPoolExecutor(max_workers=at_once) as threads:
        begun: deque[Future[R]] = deque()
        for thing in things:
            begun.append(threads.submit(work, thing))
            if len(begun) > ahead:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
