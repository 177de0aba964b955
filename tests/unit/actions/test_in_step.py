"""Many things worked on side by side: in their order, and none made ready long before its turn."""

from collections.abc import Iterator
from threading import Barrier

import pytest

from model_ratchet.actions.in_step import in_step


def test_what_comes_back_is_in_the_order_of_the_things() -> None:
    assert list(in_step(str, range(40), at_once=4, ahead=8)) == [str(number) for number in range(40)]


def test_a_thing_is_taken_only_a_few_ahead_of_what_was_given() -> None:
    taken: list[int] = []

    def things() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    given = in_step(str, things(), at_once=2, ahead=3)
    for number in range(10):
        next(given)
        assert len(taken) == number + 4


def test_as_many_as_asked_are_worked_on_side_by_side() -> None:
    together = Barrier(3, timeout=20)
    assert len(list(in_step(lambda _: together.wait(), range(6), at_once=3, ahead=6))) == 6


def test_what_the_work_raises_comes_in_its_place() -> None:
    given = in_step(lambda number: 6 // (2 - number), range(4), at_once=2, ahead=1)
    assert [next(given), next(given)] == [3, 6]
    with pytest.raises(ZeroDivisionError):
        next(given)
