"""Reports: a check in the format that its reader needs. Renderers see records and findings, nothing else."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model_ratchet.report.check import Check

_FORMS = {
    "markdown": ("comment", "as_markdown"),
    "json": ("machine", "as_json"),
    "junit": ("junit", "as_junit"),
    "sarif": ("sarif", "as_sarif"),
    "github": ("annotations", "as_annotations"),
}
"""Format → its module, which alone is imported, and what writes it."""


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
    module, function = _FORMS[form]
    rendered: str = getattr(import_module(f"model_ratchet.report.{module}"), function)(check)
    return rendered


def _wrapped(sentence: str, width: int | None) -> str:
    from textwrap import fill

    if width is None:
        from shutil import get_terminal_size

        width = get_terminal_size().columns
    return f"{fill(sentence, width)}\n"
