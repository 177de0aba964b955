"""Trials: what a selftest found, one line each for the terminal, and as JSON."""

import json
from collections.abc import Sequence
from io import StringIO

from model_ratchet.engine.selftest.attack import Line, State, of_state

SCHEMA = "ratchet/selftest/v1"
_STYLES = {State.BROKEN: "bold red", State.DEFENDED: "green", State.IDLE: "dim"}


def as_lines(
    base: str,
    commit: str,
    controls: Sequence[tuple[str, str]],
    told: Sequence[Line],
    *,
    width: int | None,
    colour: bool,
) -> str:
    """A line for each control, name and outcome, and for each attack; then how many there are of each kind."""
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False)

    def line(*parts: tuple[str, str] | str) -> None:
        console.print(Text.assemble(*parts), soft_wrap=True)

    line((f"{base} at {commit[:12]}", "bold"))
    for name, how in controls:
        line((f"an honest proposal of {name} {how}", "dim"))
    for one in told:
        state = (f"{one.state:<14}", _STYLES[one.state])
        line(f"{one.attack.id}  ", state, f"  {one.attack.what}: ", (one.how, "dim" if one.state is State.IDLE else ""))
    line((_summary(told), _STYLES[State.BROKEN] if of_state(told, State.BROKEN) else "bold"))
    return out.getvalue()


def as_json(base: str, commit: str, controls: Sequence[tuple[str, str]], told: Sequence[Line]) -> str:
    """The same as one JSON object."""
    found = {
        "schema": SCHEMA,
        "base": base,
        "commit": commit,
        "controls": [{"proposal": name, "outcome": how} for name, how in controls],
        "counts": {state: len(of_state(told, state)) for state in State},
        "attacks": [{"id": one.attack.id, "what": one.attack.what, "state": one.state, "how": one.how} for one in told],
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def _summary(told: Sequence[Line]) -> str:
    counts = {state: len(of_state(told, state)) for state in State}
    return (
        f"{counts[State.DEFENDED]} defended, {counts[State.BROKEN]} NOT defended, {counts[State.IDLE]} not applicable"
    )
