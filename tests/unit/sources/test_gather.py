"""Gather: whatever a source does, each of its needs has an answer, and the other sources keep theirs."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from builders.logs import a_window
from model_ratchet.core.errors import SourceError
from model_ratchet.core.evidence import Counts, Measurement, Missing, Need, Shape
from model_ratchet.core.reason import Why
from model_ratchet.ports import Answers
from model_ratchet.sources.gather import gather

COUNTS = Counts(successes=1, n=2)
NEEDS = [
    Need(shape=Shape.COUNTS, window=a_window(), metric=metric, stage=stage)
    for metric in ("good", "bad")
    for stage in ("shadow", "canary")
]


@dataclass(frozen=True, slots=True)
class Source:
    """A source that does what it is told."""

    name: str
    act: Callable[[Sequence[Need]], Answers]

    def answer(self, needs: Sequence[Need]) -> Answers:
        return self.act(needs)


def says(needs: Sequence[Need]) -> Answers:
    return Answers(dict.fromkeys(needs, COUNTS), queries=("one", "two"))


def fails(error: BaseException) -> Callable[[Sequence[Need]], Answers]:
    def act(needs: Sequence[Need]) -> Answers:
        raise error

    return act


def sources(bad: Callable[[Sequence[Need]], Answers]) -> dict[str, Source]:
    return {"good": Source("good", says), "bad": Source("bad", bad)}


def by_metric(need: Need) -> str:
    return need.metric


def reason_of(found: Measurement | Missing) -> tuple[Why, dict[str, object]]:
    assert isinstance(found, Missing)
    return found.reason.why, dict(found.reason.parameters)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SourceError("hunter2"), (Why.SOURCE_UNREACHABLE, {"source": "bad", "status": "no answer"})),
        (ValueError("hunter2"), (Why.CRASHED, {"what": "source bad (ValueError)"})),
        (TimeoutError("hunter2"), (Why.CRASHED, {"what": "source bad (TimeoutError)"})),
        (SystemExit("hunter2"), (Why.CRASHED, {"what": "source bad (SystemExit)"})),
        (MemoryError("hunter2"), (Why.CRASHED, {"what": "source bad (MemoryError)"})),
    ],
)
def test_a_source_that_fails_leaves_the_others_judged(error: BaseException, expected: tuple[Why, object]) -> None:
    evidence = gather(NEEDS, sources(fails(error)), by_metric)
    for need in NEEDS:
        found = evidence.answer(need)
        if need.metric == "good":
            assert found == COUNTS
        else:
            assert reason_of(found) == expected
            assert "hunter2" not in str(found)
    assert evidence.queries == {"good": "one;\ntwo"}


def test_a_source_that_forgets_a_need_is_asked_nothing_more_and_the_need_is_missing() -> None:
    first = NEEDS[2]
    evidence = gather(NEEDS, sources(lambda needs: Answers({first: COUNTS})), by_metric)
    assert evidence.answer(first) == COUNTS
    assert reason_of(evidence.answer(NEEDS[3]))[0] is Why.NOT_ASKED


def test_an_answer_to_another_need_is_not_taken() -> None:
    foreign = Need(shape=Shape.COUNTS, window=a_window(), metric="good", stage="other")
    evidence = gather(NEEDS[2:], sources(lambda needs: Answers({foreign: COUNTS})), by_metric)
    assert reason_of(evidence.answer(foreign))[0] is Why.NOT_ASKED


def test_a_source_that_is_not_there_is_named() -> None:
    evidence = gather(NEEDS, {"good": Source("good", says)}, by_metric)
    expected = (Why.SOURCE_ABSENT, {"source": "bad", "file": "policies/sources.yaml"})
    assert reason_of(evidence.answer(NEEDS[2])) == expected
    assert evidence.answer(NEEDS[0]) == COUNTS


def test_a_deadline_that_passes_is_named_and_nothing_waits_for_the_source() -> None:
    never = threading.Event()

    def hangs(needs: Sequence[Need]) -> Answers:
        never.wait(60)
        return says(needs)

    evidence = gather(NEEDS, sources(hangs), by_metric, deadlines={"bad": 0.05})
    never.set()
    assert reason_of(evidence.answer(NEEDS[2])) == (Why.SOURCE_TIMED_OUT, {"source": "bad", "seconds": 0.05})
    assert evidence.answer(NEEDS[0]) == COUNTS


def test_sources_are_asked_side_by_side_and_each_once() -> None:
    both = threading.Barrier(2, timeout=20)
    calls: list[tuple[str, int]] = []

    def meets(name: str) -> Callable[[Sequence[Need]], Answers]:
        def act(needs: Sequence[Need]) -> Answers:
            calls.append((name, len(needs)))
            both.wait()
            return says(needs)

        return act

    pair = {name: Source(name, meets(name)) for name in ("good", "bad")}
    evidence = gather([*NEEDS, *NEEDS], pair, by_metric)
    assert sorted(calls) == [("bad", 2), ("good", 2)]
    assert all(evidence.answer(need) == COUNTS for need in NEEDS)


def test_progress_names_the_source_and_how_much_it_is_asked() -> None:
    said: list[str] = []
    gather(NEEDS, sources(says), by_metric, progress=said.append)
    assert said == ["asking good for 2 measurements", "asking bad for 2 measurements"]


def test_no_needs_ask_nobody() -> None:
    evidence = gather([], sources(fails(AssertionError())), by_metric)
    unknown = Need(shape=Shape.COUNTS, window=a_window(), metric="good", stage=str(datetime.now(UTC)))
    assert reason_of(evidence.answer(unknown))[0] is Why.NOT_ASKED
