"""Reports: a check in the format that its reader needs. Renderers see records and findings, nothing else."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model_ratchet.report.check import Check


def render(check: "Check", form: str, *, width: int | None = None, colour: bool = False) -> str:
    """The check as ``text``, ``markdown``, ``json``, ``junit``, ``sarif`` or ``github`` (annotations).

    ``width`` (columns, None: the terminal's) and ``colour`` matter to text alone. Raises KeyError for another format.
    """
    if form == "text":
        sentence = check.sentence if not colour else None
        if sentence is not None:  # most checks end here, and take nothing that lays out a verdict
            return _wrapped(sentence, width)
        from model_ratchet.report.terminal import as_text

        return as_text(check, width=width, colour=colour)
    return _forms()[form](check)


def _wrapped(sentence: str, width: int | None) -> str:
    from textwrap import fill

    if width is None:
        from shutil import get_terminal_size

        width = get_terminal_size().columns
    return f"{fill(sentence, width)}\n"


def _forms() -> "dict[str, Callable[[Check], str]]":
    from model_ratchet.report.annotations import as_annotations
    from model_ratchet.report.comment import as_markdown
    from model_ratchet.report.junit import as_junit
    from model_ratchet.report.machine import as_json
    from model_ratchet.report.sarif import as_sarif

    return {
        "markdown": as_markdown,
        "json": as_json,
        "junit": as_junit,
        "sarif": as_sarif,
        "github": as_annotations,
    }
