"""Log: text for a job's log, where a runner reads lines as commands."""

from model_ratchet.report.terminal import safe

_GAP = "\u200b"


def log_safe(text: str) -> str:
    """The text without anything that a runner takes for a command: neither ``::command::`` nor ``##[command]``.

    Only line feeds end a line; a break that no eye sees parts what would be a command.
    """
    lines = text.split("\n")
    return "\n".join(safe(line).replace("::", f":{_GAP}:").replace("##[", f"##{_GAP}[") for line in lines)
