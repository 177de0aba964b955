"""Spread: many small pieces of pure work on all processors, their results in the order of the pieces."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from typing import TypeVar

P = TypeVar("P")
R = TypeVar("R")

FEW = 40
"""So many pieces are not worth another process."""
_AT_ONCE = 256


def spread(work: Callable[[P], R], pieces: Iterable[P], workers: int | None = None) -> Iterator[R]:
    """The result of each piece of work; few of them are done here, and of many a few hundred are held in memory.

    ``work`` is a function of a module or a partial of one. What it raises is raised here.
    """
    left = iter(pieces)
    first = tuple(islice(left, FEW))
    workers = workers if workers is not None else (os.cpu_count() or 1)
    if len(first) < FEW or workers < 2:
        yield from map(work, chain(first, left))
        return
    # each starts afresh: a fork would inherit the threads of the numeric libraries without what they hold
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        pieces = chain(first, left)
        while several := tuple(islice(pieces, _AT_ONCE)):
            yield from pool.map(work, several, chunksize=8)
