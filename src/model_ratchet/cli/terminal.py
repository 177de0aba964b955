"""What is written where: results to standard output or a file, remarks and progress to standard error."""

import argparse
import os
import sys
from collections.abc import Callable


def write(text: str, output: "os.PathLike[str] | None" = None) -> None:
    """Print a result, or write it into a file. It ends with a line's end."""
    whole = text if text.endswith("\n") else text + "\n"
    if output is None:
        sys.stdout.write(whole)
        sys.stdout.flush()
        return
    with open(output, "w", encoding="utf-8") as file:  # noqa: PTH123  (`--help` imports neither pathlib nor typing)
        file.write(whole)


def remark(text: str) -> None:
    """Say what is no part of the result, on one line that neither a terminal nor a runner obeys."""
    from model_ratchet.report.log import log_line

    print(f"ratchet: {log_line(text)}", file=sys.stderr)  # noqa: T201


def width() -> int | None:
    """As wide as the terminal is; 110 columns where nobody looks."""
    return None if sys.stdout.isatty() else 110


class Help(argparse.HelpFormatter):
    """Help as wide as the terminal. argparse would look how wide it is with ``shutil``, and imports that for any parser."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


class Parser(argparse.ArgumentParser):
    """A parser with that help, as are those of its commands."""

    def __init__(self, prog: str | None = None, description: str | None = None, epilog: str | None = None) -> None:
        super().__init__(prog, description=description, epilog=epilog, formatter_class=Help)


def colour(options: argparse.Namespace) -> bool:
    """Whether the result may be coloured: it goes to a terminal that can, and nobody said that they want none."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and getattr(options, "output", None) is None and sys.stdout.isatty()


def progress() -> Callable[[str], None]:
    """Shows on the terminal what is being done, in one line; an empty text clears it. Silent when nobody looks."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda text: print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)  # noqa: T201


def _columns() -> int:
    """What ``COLUMNS`` says, else what the terminal does; 80 where there is none."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        return int(said)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
