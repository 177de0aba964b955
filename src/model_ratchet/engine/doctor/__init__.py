"""Doctor: what has to be set up on GitHub for a verdict to hold, and what of it is. Pure: settings in, answers out."""

from collections.abc import Iterable
from dataclasses import dataclass

from model_ratchet.engine.doctor.app import APP
from model_ratchet.engine.doctor.branch import BRANCH
from model_ratchet.engine.doctor.repository import REPOSITORY
from model_ratchet.engine.doctor.rule import Rule, Said, State
from model_ratchet.engine.doctor.workflows import WORKFLOWS
from model_ratchet.engine.settings import Settings

RULES: tuple[Rule, ...] = (*BRANCH, *WORKFLOWS, *APP, *REPOSITORY)
"""Everything that is looked at, in the order in which it is told."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rule found."""

    rule: Rule
    said: Said


def examine(settings: Settings) -> tuple[Answer, ...]:
    """What each rule finds, in their order."""
    return tuple(Answer(rule, rule.ask(settings)) for rule in RULES)


def decisive(answers: Iterable[Answer]) -> State:
    """How the whole stands: what is missing weighs most, then what could not be verified; else all is set."""
    found = {one.said.state for one in answers}
    return next((state for state in (State.MISSING, State.UNVERIFIED) if state in found), State.SET)


def of_state(answers: Iterable[Answer], state: State) -> tuple[Answer, ...]:
    """Those that stand so."""
    return tuple(one for one in answers if one.said.state is state)
