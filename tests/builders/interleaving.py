"""Runs that meet at the ledger's branch: every order in which they can look at it and move it, tried one after the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Condition
from typing import TypeVar

from model_ratchet.git_write import Writer

T = TypeVar("T")


@dataclass
class Turns:
    """Lets one run go on at a time: by its number as ``order`` says, and after that the first that there is."""

    order: Sequence[int]
    running: set[int]
    taken: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    """Who went on, and who could have."""
    _waiting: set[int] = field(default_factory=set)
    _turn: int | None = None
    _changed: Condition = field(default_factory=Condition)

    def take(self, me: int) -> None:
        """Wait until it is this run's turn."""
        with self._changed:
            self._waiting.add(me)
            self._choose()
            self._changed.wait_for(lambda: self._turn == me)
            self._turn = None
            self._waiting.discard(me)

    def leave(self, me: int) -> None:
        """The run has ended."""
        with self._changed:
            self.running.discard(me)
            self._choose()

    def _choose(self) -> None:
        """Once all that run wait, one of them goes on."""
        if self._turn is None and self.running and self._waiting >= self.running:
            could = tuple(sorted(self._waiting))
            at = len(self.taken)
            self._turn = self.order[at] if at < len(self.order) else could[0]
            self.taken.append((self._turn, could))
            self._changed.notify_all()


class Stepped(Writer):
    """A repository whose other runs may do anything between two looks at a branch, or before it is moved.

    All else that a run reads of git are objects, which never change.
    """

    def __init__(self, root: Path, turns: Turns, me: int) -> None:
        super().__init__(root)
        self._turns, self._me = turns, me

    def branch(self, name: str) -> str | None:
        self._turns.take(self._me)
        return super().branch(name)

    def add(self, name: str, parent: str | None, files: Mapping[str, bytes], message: str, at: datetime) -> str:
        self._turns.take(self._me)
        return super().add(name, parent, files, message, at)


def every_order(
    root: Path, begin: Callable[[], object], *runs: Callable[[Writer], T], alike: bool = False
) -> Iterator[tuple[tuple[int, ...], tuple[T, ...]]]:
    """Each order of the runs' steps with what came of each run; ``begin`` sets all of it back before the next.

    Where the runs are ``alike``, the first is the first to begin: all other orders are the same with their names exchanged.
    """
    left: list[tuple[int, ...]] = [()]
    while left:
        order = left.pop()
        begin()
        turns = Turns(order, set(range(len(runs))))

        def one(me: int, turns: Turns = turns) -> T:
            try:
                return runs[me](Stepped(root, turns, me))
            finally:
                turns.leave(me)

        with ThreadPoolExecutor(len(runs)) as pool:
            found = tuple(pool.map(one, range(len(runs))))
        steps = tuple(who for who, _ in turns.taken)
        for at in range(max(len(order), int(alike)), len(steps)):
            left += [(*steps[:at], other) for other in turns.taken[at][1] if other != steps[at]]
        yield steps, found
