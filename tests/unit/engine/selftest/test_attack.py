from model_ratchet.engine.selftest.attack import Attack, State, broken, decisive, defended, held, idle, lines, of_state
from model_ratchet.engine.selftest.catalogue import ATTACKS, ELSEWHERE, EVERY, TRAPS

ONE, OTHER = Attack("T01", "one"), Attack("T02", "other")


def test_the_worst_trial_of_an_attack_is_what_is_told_of_it() -> None:
    said = {"T01": [defended("so"), broken("this"), idle("why")], "T02": [idle("why"), defended("so"), defended("so")]}
    first, second = lines([ONE, OTHER], said)
    assert (first.state, first.how) == (State.BROKEN, "this")
    assert (second.state, second.how) == (State.DEFENDED, "so")


def test_an_attack_that_nobody_tried_counts_as_one_that_got_through() -> None:
    (line,) = lines([ONE], {})
    assert (line.state, line.how) == (State.BROKEN, "nothing was tried")


def test_one_attack_that_got_through_decides_and_nothing_tried_is_no_success() -> None:
    told = lines([ONE, OTHER], {"T01": [defended("so")], "T02": [idle("why")]})
    assert decisive(told) is State.DEFENDED
    assert decisive(lines([ONE, OTHER], {"T01": [defended("so")], "T02": [held(False, "so", "this")]})) is State.BROKEN
    assert decisive(of_state(told, State.IDLE)) is State.BROKEN
    assert decisive(()) is State.BROKEN


def test_every_number_of_both_lists_is_there_once() -> None:
    assert [one.id for one in ATTACKS] == [f"T{number:02d}" for number in range(1, 36)]
    assert [one.id for one in TRAPS] == [f"E{number:02d}" for number in range(1, 64)]
    assert set(ELSEWHERE) < {one.id for one in EVERY}
