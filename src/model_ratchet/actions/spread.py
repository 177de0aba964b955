"""Spread: many small pieces of pure work on all processors, their results in the order of the pieces."""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context
from typing import TypeVar

P = TypeVar("P")
R = TypeVar("R")

FEW = 40
"""So many pieces are not worth another process."""
_AT_ONCE = 8
_AHEAD = 4
"""So many times eight pieces a worker are held in memory: made while the workers are busy, and not all of them."""
_SELDOM = (200_000, 50, 100)
"""A piece makes many objects and no circles: looking for those took a third of the time."""


def spread(work: Callable[[P], R], pieces: Iterable[P], workers: int | None = None) -> Iterator[R]:
    """The result of each piece of work; few of them are done here, and of many some are held in memory.

    ``work`` is a function of a module or a partial of one. What it raises is raised here.
    """
    left = iter(pieces)
    first = tuple(islice(left, FEW))
    workers = workers if workers is not None else (os.cpu_count() or 1)
    if len(first) < FEW or workers < 2:
        yield from map(work, chain(first, left))
        return
    # forked from a process that has only imported: a fork of this one would inherit the threads of the numeric libraries
    # without what they hold
    context = get_context("forkserver")
    context.set_forkserver_preload([_module(work)])
    with ProcessPoolExecutor(workers, context, gc.set_threshold, _SELDOM) as pool:
        pieces, running = chain(first, left), deque[Future[tuple[R, ...]]]()
        while several := tuple(islice(pieces, _AT_ONCE)):
            running.append(pool.submit(_done, work, several))
            if len(running) > _AHEAD * workers:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def _module(work: Callable[..., object]) -> str:
    return work.func.__module__ if isinstance(work, partial) else work.__module__


def _done(work: Callable[[P], R], pieces: tuple[P, ...]) -> tuple[R, ...]:
    return tuple(map(work, pieces))
