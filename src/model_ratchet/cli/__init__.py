"""The command line: arguments in, exit code out. The one place that turns outcomes and exceptions into codes.

0 passed · 1 failed · 2 usage or invalid document · 3 errored · 4 pending or inconclusive · 5 judged but not published ·
130 interrupted. The codes never depend on the output format.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from model_ratchet import __version__
from model_ratchet.cli.auditing import add_audit, add_replay
from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.drafting import add_demo, add_explain, add_init, add_propose, add_schema
from model_ratchet.cli.inspecting import add_doctor, add_sources
from model_ratchet.cli.judging import add_check, add_plan, add_validate
from model_ratchet.cli.moving import add_advance, add_render, add_stage
from model_ratchet.cli.recording import add_record
from model_ratchet.cli.returning import add_rollback
from model_ratchet.cli.terminal import remark
from model_ratchet.cli.watching import add_status, add_watch
from model_ratchet.core.errors import RatchetError, UsageError

COMMANDS = (
    add_check,
    add_record,
    add_validate,
    add_init,
    add_propose,
    add_plan,
    add_advance,
    add_stage,
    add_rollback,
    add_explain,
    add_schema,
    add_sources,
    add_doctor,
    add_render,
    add_watch,
    add_status,
    add_audit,
    add_replay,
    add_demo,
)
"""In the order in which ``ratchet --help`` lists them."""

__all__ = ["ExitCode", "run"]


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Nothing above this line ever shows a traceback for what a user did."""
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ratchet",
        description="Lets a model version into production only when it is shown to be strictly better.",
        epilog="Exit codes: 0 passed, 1 failed, 2 usage or invalid document, 3 errored, 4 pending or inconclusive, "
        "5 judged but not published, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"ratchet {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    return parser
