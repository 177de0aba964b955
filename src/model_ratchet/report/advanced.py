"""Advanced: what became of a promotion's stages, as lines for a terminal or a log."""

from collections.abc import Iterable, Iterator

from model_ratchet.documents.events import Confirmed, Event
from model_ratchet.engine.advance import Close, End, Extend, Start, Step, Wait
from model_ratchet.report.numbers import percent


def step_lines(subject: str, steps: Iterable[Step], events: Iterable[Event]) -> Iterator[str]:
    """One line for each step; ``subject`` is ``model version``."""
    confirmed = any(isinstance(event, Confirmed) for event in events)
    for step in steps:
        yield f"{subject}: {_line(step, confirmed=confirmed)}"


def _line(step: Step, *, confirmed: bool) -> str:
    match step:
        case Close(stage=stage, outcome=outcome):
            return f"{stage} is closed: {outcome}"
        case Extend(stage=stage):
            return f"{stage} did not decide, and is extended"
        case Start(stage=stage, share=share, mirror=mirror):
            given = [f"traffic {percent(share)}"] if share else []
            given += [f"mirror {percent(mirror)}"] if mirror else []
            seen = "" if confirmed else ", once the router confirms it"
            return f"{stage} starts ({', '.join(given)}){seen}"
        case End(because=why):
            return f"the attempt is over: {why}"
        case Wait(because=why):
            return why
