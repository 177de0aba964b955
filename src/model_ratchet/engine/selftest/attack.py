"""Attack: one thing that is tried, what came of it, and what several trials of it come to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How an attack ended, the worst first."""

    BROKEN = "NOT defended"
    DEFENDED = "defended"
    IDLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack of a list: its number there, and what is tried."""

    id: str
    what: str


@dataclass(frozen=True, slots=True)
class Said:
    """What one trial came to: how it was stopped, what happened instead, or why it can't be tried here."""

    state: State
    how: str


@dataclass(frozen=True, slots=True)
class Line:
    """What is told of one attack."""

    attack: Attack
    state: State
    how: str


def defended(how: str) -> Said:
    """It was stopped."""
    return Said(State.DEFENDED, how)


def broken(what: str) -> Said:
    """It got through."""
    return Said(State.BROKEN, what)


def idle(why: str) -> Said:
    """It can't be tried on this repository."""
    return Said(State.IDLE, why)


def held(holds: bool, how: str, otherwise: str) -> Said:
    """Stopped where it holds, and what happened where it does not."""
    return defended(how) if holds else broken(otherwise)


def lines(attacks: Sequence[Attack], said: Mapping[str, Sequence[Said]]) -> tuple[Line, ...]:
    """One line for each attack: the worst of its trials, told by all that ended so.

    An attack that nobody tried is one that got through: nothing was shown.
    """
    return tuple(_line(attack, said.get(attack.id, ())) for attack in attacks)


def decisive(told: Iterable[Line]) -> State:
    """How the whole stands: one attack that got through outweighs all others, and where none was tried nothing was shown."""
    found = {one.state for one in told}
    return next((state for state in (State.BROKEN, State.DEFENDED) if state in found), State.BROKEN)


def of_state(told: Iterable[Line], state: State) -> tuple[Line, ...]:
    """The lines that ended so."""
    return tuple(one for one in told if one.state is state)


def _line(attack: Attack, said: Sequence[Said]) -> Line:
    if not said:
        return Line(attack, State.BROKEN, "nothing was tried")
    worst = next(state for state in State if any(one.state is state for one in said))
    return Line(attack, worst, "; ".join(dict.fromkeys(one.how for one in said if one.state is worst)))
