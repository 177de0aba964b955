"""Log: text for a terminal, which obeys control characters, and for a job's log, where a runner reads lines as commands."""

import re

_GAP = "\u200b"
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_COMMAND = re.compile(r"^\s*:(?=:)|##(?=\[)")


def safe(text: str) -> str:
    """The text without control characters, direction marks, what some readers take for the end of a line, and what is no
    character, which neither UTF-8 nor XML can hold.
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str) -> str:
    """The same in one line."""
    return " ".join(safe(text).split())


def log_safe(text: str) -> str:
    """The text without anything that a runner takes for a command, wherever a line of it is broken or begins another.

    Only line feeds end a line; a break that no eye sees parts what would be a command.
    """
    lines = text.split("\n")
    return "\n".join(safe(line).replace("::", f":{_GAP}:").replace("##[", f"##{_GAP}[") for line in lines)


def log_line(text: str) -> str:
    """The same in one line."""
    return log_safe(" ".join(text.split()))


def no_command(line: str) -> str:
    """A whole line as it is printed, parted in the same way only where a runner would take it for a command: ``::`` is one
    first in a line, and ``##[`` anywhere.
    """
    return _COMMAND.sub(lambda found: f"{found[0]}{_GAP}", line)
