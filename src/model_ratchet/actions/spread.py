"""Spread: much pure work on pieces of a ledger, on all processors, its results in the order of the pieces."""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TypeVar

P = TypeVar("P")
R = TypeVar("R")

FEW = 40
"""So many pieces are not worth another process."""
_AT_ONCE = 64
_SHARES = 4
"""Each worker is given its pieces in at least so many shares, so that all end at about the same time."""
_AHEAD = 4
"""So many shares a worker are done ahead of those that are asked for, and not all."""
_SELDOM = (200_000, 50, 100)
"""A piece makes many objects and no circles: looking for those took a third of the time."""


def spread(work: Callable[[Sequence[P]], Iterable[R]], pieces: Sequence[P], workers: int | None = None) -> Iterator[R]:
    """The results of ``work`` on all pieces, of which it is given some at a time; few pieces are worked on here.

    ``work`` is a function of a module or a partial of one, and reads by itself what the pieces name: it is read where it is
    needed. What it raises is raised here.
    """
    workers = workers if workers is not None else (os.cpu_count() or 1)
    if len(pieces) < FEW or workers < 2:
        yield from work(pieces)
        return
    size = max(1, min(_AT_ONCE, len(pieces) // (_SHARES * workers)))
    shares = [pieces[at : at + size] for at in range(0, len(pieces), size)]
    with ProcessPoolExecutor(workers, _context(work), gc.set_threshold, _SELDOM) as pool:
        running = deque[Future[tuple[R, ...]]]()
        for share in shares:
            running.append(pool.submit(_done, work, share))
            if len(running) > _AHEAD * workers:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def _context(work: Callable[..., object]) -> BaseContext:
    """How workers are begun: forked from this process where it has one thread, which is the quickest.

    A fork of one that has more would inherit what the threads of numeric libraries hold, without the threads: it is made
    from a process that has only imported.
    """
    if _threads() == 1:
        return get_context("fork")
    context = get_context("forkserver")
    context.set_forkserver_preload([work.func.__module__ if isinstance(work, partial) else work.__module__])
    return context


def _threads() -> int:
    """How many threads this process has, those of libraries too; 0 where nobody tells."""
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return 0


def _done(work: Callable[[Sequence[P]], Iterable[R]], pieces: Sequence[P]) -> tuple[R, ...]:
    return tuple(work(pieces))
