"""What is written where: results to standard output or a file, remarks and progress to standard error."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write(text: str, output: "Path | None" = None) -> None:
    """Print a result, or write it into a file. It ends with a line's end."""
    if output is not None:
        output.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
        return
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """Say what is no part of the result."""
    print(f"ratchet: {text}", file=sys.stderr)  # noqa: T201


def width() -> int | None:
    """As wide as the terminal is; 110 columns where nobody looks."""
    return None if sys.stdout.isatty() else 110


def colour(options: argparse.Namespace) -> bool:
    """Whether the result may be coloured: it goes to a terminal that can, and nobody said that they want none."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and getattr(options, "output", None) is None and sys.stdout.isatty()


def progress() -> Callable[[str], None]:
    """Shows on the terminal what is being done, in one line; an empty text clears it. Silent when nobody looks."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda text: print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)  # noqa: T201
