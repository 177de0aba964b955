"""The command line: arguments in, exit code out. The one place that turns outcomes and exceptions into codes.

0 passed · 1 failed · 2 usage or invalid document · 3 errored · 4 pending or inconclusive · 5 judged but not published ·
130 interrupted. The codes never depend on the output format.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from model_ratchet import __version__
from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.terminal import Parser, remark
from model_ratchet.core.errors import RatchetError, UsageError

COMMANDS = {
    "check": ("judging", "judge the promotion that a branch proposes"),
    "record": ("recording", "append what was merged to the ledger"),
    "validate": ("judging", "check documents only"),
    "init": ("drafting", "make a repository ready for promotions on GitHub"),
    "propose": ("drafting", "write the folder of a new version"),
    "integrate": ("drafting", "compute what a version brings: calibration, confidence, optimizer"),
    "plan": ("judging", "how many rows and days each criterion needs"),
    "advance": ("moving", "close a stage that can be decided, and start the next"),
    "stage": ("moving", "say what happened to a candidate in traffic"),
    "rollback": ("returning", "take a version out of production, or a candidate out of its stages"),
    "explain": ("drafting", "what a criterion does and how to write it"),
    "schema": ("drafting", "print or write the JSON Schemas of the documents"),
    "sources": ("inspecting", "ask each source one cheap question"),
    "doctor": ("inspecting", "whether GitHub is set up so that a verdict holds"),
    "selftest": ("inspecting", "try the known attacks on the repository's own policies"),
    "render": ("moving", "write the configuration of routers, of Prometheus and of Grafana"),
    "watch": ("watching", "look at the versions that run, and tell people what has gone wrong"),
    "status": ("watching", "how all models stand"),
    "report": ("auditing", "make a page of a sealed record"),
    "site": ("watching", "write the pages of all models, for GitHub Pages or any other server"),
    "audit": ("auditing", "verify the ledger, and read what it holds"),
    "replay": ("auditing", "judge recorded decisions under another policy"),
    "demo": ("drafting", "three promotions of a real model on real flights"),
}
"""Command → the module that adds it, and what it is for; in the order in which ``ratchet --help`` lists them."""

__all__ = ["ExitCode", "parser", "run"]


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Nothing above this line ever shows a traceback for what a user did."""
    try:
        options = parser(*arguments[:1]).parse_args(arguments)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else ExitCode.INVALID
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.ERRORED
    except UsageError as error:
        remark(str(error))
        return ExitCode.INVALID
    except RatchetError as error:
        remark(str(error))
        return ExitCode.ERRORED
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        remark(f"the file system refuses {what}")
        return ExitCode.ERRORED


def parser(asked: str | None = None) -> argparse.ArgumentParser:
    """The parser of the command that is asked for, of all where none is named; what is no command gets the list of them."""
    top = Parser(
        prog="ratchet",
        description="Lets a model version into production only when it is shown to be strictly better.",
        epilog="Exit codes: 0 passed, 1 failed, 2 usage or invalid document, 3 errored, 4 pending or inconclusive, "
        "5 judged but not published, 130 interrupted.",
    )
    top.add_argument("--version", action="version", version=f"ratchet {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        if asked in (None, name):
            getattr(import_module(f"model_ratchet.cli.{module}"), f"add_{name}")(commands, summary)
        elif asked not in COMMANDS:
            commands.add_parser(name, help=summary)
    return top
