"""The options that several commands share."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

FORMATS = ("text", "markdown", "json", "junit", "sarif", "github")

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a command is added to its parent."""


def add_repo(parser: argparse.ArgumentParser) -> None:
    """``--repo``."""
    parser.add_argument("--repo", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")


def add_base(parser: argparse.ArgumentParser) -> None:
    """``--base``."""
    parser.add_argument(
        "--base", metavar="REV", help="the protected branch (default: the remote's default branch, else main)"
    )


def add_force(parser: argparse.ArgumentParser) -> None:
    """``--force``."""
    parser.add_argument("--force", action="store_true", help="write over files that are there already")


def add_revisions(parser: argparse.ArgumentParser) -> None:
    """What is judged against what, and when."""
    add_repo(parser)
    add_base(parser)
    parser.add_argument("--head", default="HEAD", metavar="REV", help="what is proposed (default: HEAD)")
    parser.add_argument(
        "--now", type=instant, metavar="INSTANT", help="judge as of this instant, such as 2025-09-01T12:00:00Z"
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """How and where to print a verdict."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print (default: text)")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="print into a file")


def instant(text: str) -> datetime:
    """An instant with its zone, in UTC."""
    from model_ratchet.core.units import within_reach

    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant: write 2025-09-01T12:00:00Z") from None
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no zone: end it with Z or an offset")
    try:
        return within_reach(instant).astimezone(UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def length(text: str) -> timedelta:
    """A length of time with its unit."""
    from model_ratchet.core.units import Dimension, Duration

    try:
        return Duration.parse(text, Dimension.TIME).delta
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
