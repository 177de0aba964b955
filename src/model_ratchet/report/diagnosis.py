"""Diagnosis: how a repository is set up, as a table of what is missing for the terminal, and all of it as JSON."""

import json
from collections.abc import Sequence
from io import StringIO

from model_ratchet.engine.doctor import Answer, of_state
from model_ratchet.engine.doctor.rule import State
from model_ratchet.engine.settings import Settings
from model_ratchet.report.log import log_line

SCHEMA = "ratchet/doctor/v1"
_STYLES = {State.MISSING: "red", State.UNVERIFIED: "magenta", State.LATER: "cyan"}
_COLUMNS = ("", "what is missing", "why it matters", "where to set it")


def as_table(settings: Settings, answers: Sequence[Answer], *, width: int | None, colour: bool) -> str:
    """What is missing, what can't be verified, and a count of the rest; nothing of GitHub is read as markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False)
    console.print(Text(_headline(settings, answers), "bold"))
    open_ = [one for state in (State.MISSING, State.UNVERIFIED) for one in of_state(answers, state)]
    if open_:
        grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 1, 0))
        for name, ratio in zip(_COLUMNS, (None, 10, 8, 10), strict=True):
            grid.add_column(name, ratio=ratio, no_wrap=ratio is None)
        for one in open_:
            what, why, where = _words(settings, one)
            found = Text("" if one.said.state is State.MISSING else f"{what}\n").append(
                log_line(one.said.found), "bold"
            )
            head = Text(one.said.state, _STYLES[one.said.state]).append(f"\n{one.rule.id}", "dim")
            grid.add_row(head, found, Text(why), Text(where))
        console.print()
        console.print(grid)
        console.print()
    for one in of_state(answers, State.LATER):
        console.print(Text(f"{State.LATER}: {one.rule.id}: {log_line(one.said.found)}", _STYLES[State.LATER]))
    for one in answers:
        if one.said.note:
            console.print(Text(f"note: {one.rule.id}: {log_line(one.said.note)}", "dim"))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def as_json(settings: Settings, answers: Sequence[Answer]) -> str:
    """Everything that was looked at, as one JSON object."""
    told = {
        "schema": SCHEMA,
        "repository": settings.repository,
        "base": settings.base,
        "tier": _tier(settings),
        "clock_skew_seconds": round(settings.skew.total_seconds(), 1),
        "answers": [
            {
                "id": one.rule.id,
                "state": one.said.state,
                "what": what,
                "found": one.said.found or None,
                "why": why,
                "where": where,
                "note": one.said.note or None,
            }
            for one in answers
            for what, why, where in [_words(settings, one)]
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _headline(settings: Settings, answers: Sequence[Answer]) -> str:
    counts = {state: len(of_state(answers, state)) for state in State}
    said = [f"{counts[State.MISSING]} missing"]
    said += [f"{counts[State.UNVERIFIED]} can't be verified"] if counts[State.UNVERIFIED] else []
    said += [f"{counts[State.SET]} set"]
    return f"{settings.url or settings.repository}, branch {settings.base}, tier {_tier(settings)}: {', '.join(said)}"


def _tier(settings: Settings) -> str:
    return "hardened" if settings.files.hardened else "quickstart"


def _words(settings: Settings, answer: Answer) -> tuple[str, str, str]:
    """What, why and where, for this base branch."""
    rule = answer.rule
    where = f"{rule.place}: {rule.how}"
    what, why, where = (text.replace("{base}", settings.base) for text in (rule.what, rule.why, where))
    return what, why, where
