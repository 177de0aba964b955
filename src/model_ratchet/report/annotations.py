"""GitHub annotations: workflow commands that put each problem beside its line."""

from model_ratchet.core.outcome import Outcome
from model_ratchet.report.change import rollback_sentence
from model_ratchet.report.check import Check
from model_ratchet.report.log import safe
from model_ratchet.report.problems import problems
from model_ratchet.report.queued import queue_sentence

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def as_annotations(check: Check) -> str:
    """One command for each problem; a notice where there is none."""
    lines = [
        f"::{_COMMANDS[one.weight]} file={_property(one.place.file)},line={one.place.line},col={one.place.column},"
        f"title={_property(f'ratchet: {one.rule}')}::{_value(one.message)}"
        for one in problems(check)
    ]
    if check.trouble is not None:
        lines.append(f"::error title=ratchet::{_value(check.trouble)}")
    if check.queue is not None and check.queue.outcome is not Outcome.PASSED:
        lines.append(f"::error title=ratchet::{_value(queue_sentence(check.queue))}")
    if check.rollback is not None:
        lines.append(f"::notice title=ratchet::{_value(rollback_sentence(check.rollback))}")
    return "\n".join(lines or ["::notice title=ratchet::nothing stands against this change"]) + "\n"


def command(name: str, text: str) -> str:
    """One line that the runner shows as an ``error``, a ``warning`` or a ``notice``."""
    return f"::{name} title=ratchet::{_value(text)}"


def _value(text: str) -> str:
    """The text of a command: a line break would start the next command."""
    kept = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return safe(kept)


def _property(text: str) -> str:
    return _value(text).replace(":", "%3A").replace(",", "%2C")
